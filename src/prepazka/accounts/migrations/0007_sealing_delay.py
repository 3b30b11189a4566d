from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models.functions import Now

# The release before may run on after the migration, or come back (docs/operations.md, Updating).
UNTIL = timedelta(days=7)


def delay_sealing(apps: Any, _editor: Any) -> None:
    """Write secrets in clear for a while, where a release that reads no others may still run."""
    if apps.get_model("accounts", "User").objects.exists():
        apps.get_model("accounts", "SealingDelay").objects.create(until=Now() + UNTIL)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_staff_screens")]

    operations = [
        migrations.CreateModel(
            name="SealingDelay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(delay_sealing, migrations.RunPython.noop),
    ]

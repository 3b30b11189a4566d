from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models.functions import Now


def end_earlier_ones(apps: Any, _editor: Any) -> None:
    """Passwords given before, which had no end, are good for one more day."""
    users = apps.get_model("accounts", "User").objects.filter(must_change_password=True)
    users.update(one_time_until=Now() + timedelta(days=1))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_sealing_delay")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="one_time_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="one_time_used_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(end_earlier_ones, migrations.RunPython.noop),
    ]

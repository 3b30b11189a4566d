"""API tokens end, and those of people who need a second factor wait for them.

Tokens from before have no end and wait for nobody; the release before makes such ones as well.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_staff_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="ends_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="waits",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

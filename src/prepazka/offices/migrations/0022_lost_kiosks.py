from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("offices", "0021_lock_after")]

    operations = [
        migrations.AddField(
            model_name="device",
            name="lost_at",
            field=models.DateTimeField(
                help_text="when the kiosk was reported lost; until it is paired anew", null=True
            ),
        ),
    ]

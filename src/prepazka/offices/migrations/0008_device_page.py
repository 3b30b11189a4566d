from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0007_answer_offers"),
    ]

    operations = [
        migrations.AddField(
            model_name="device",
            name="app_version",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="device",
            name="printed",
            field=models.CharField(blank=True, help_text="number on the last paper", max_length=12),
        ),
        migrations.AddField(
            model_name="device",
            name="printed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="device",
            name="printer_asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="device",
            name="printer_state",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="device",
            name="reload_at",
            field=models.DateTimeField(
                help_text="a screen loaded before must load anew", null=True
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="revoked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="device",
            name="waiting_events",
            field=models.PositiveIntegerField(default=0, help_text="of its log, not yet merged"),
        ),
    ]

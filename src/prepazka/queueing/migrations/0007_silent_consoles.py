from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("queueing", "0006_incidents"),
    ]

    operations = [
        migrations.AddField(
            model_name="offlinegrant",
            name="page",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="that renewed last",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="offlinegrant",
            name="left",
            field=models.BooleanField(
                db_default=False, default=False, help_text="that page gave its list back"
            ),
        ),
        migrations.AddField(
            model_name="offlineevent",
            name="counted",
            field=models.JSONField(
                help_text="of a call that does not count: counter and time of the one that does",
                null=True,
            ),
        ),
    ]

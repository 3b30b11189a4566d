from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("offices", "0018_times_at_both_ends")]

    operations = [
        migrations.AddField(
            model_name="device",
            name="answering_printer",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="device",
            name="printer_answered_at",
            field=models.DateTimeField(null=True),
        ),
    ]

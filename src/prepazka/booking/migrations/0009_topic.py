from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0008_calendar_doubts"),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="topic",
            field=models.CharField(blank=True, db_default="", default="", max_length=120),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0006_reduced_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="answer_offers_min",
            field=models.PositiveSmallIntegerField(default=1440),
        ),
    ]

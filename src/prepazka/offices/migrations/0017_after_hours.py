from django.db import migrations, models

from prepazka.offices.text import LocalText


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0016_demo_play"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="after_hours",
            field=LocalText(
                db_default=models.Value({}, output_field=models.JSONField()), default=dict
            ),
        ),
    ]

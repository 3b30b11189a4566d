"""How much people may bring to the meetings of an office."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0014_video_rooms"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="files_data",
            field=models.JSONField(default=dict),
        ),
    ]

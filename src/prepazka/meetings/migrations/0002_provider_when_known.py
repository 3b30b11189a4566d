"""A meeting gets its room when the official comes, not when it is booked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="meeting",
            name="provider",
            field=models.CharField(
                blank=True,
                choices=[
                    ("embedded", "Embedded"),
                    ("jitsi", "Jitsi"),
                    ("bigbluebutton", "Bigbluebutton"),
                    ("link", "Link"),
                    ("telephone", "Telephone"),
                ],
                max_length=16,
            ),
        ),
    ]

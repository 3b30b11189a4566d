# The column stays as it is: Django now asks a function for the channels.
from django.db import migrations, models

import prepazka.messaging.models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_stop_replies")]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="channel",
            field=models.CharField(
                choices=prepazka.messaging.models.channel_choices,
                default="email",
                max_length=8,
            ),
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0022_lost_kiosks"),
        ("queueing", "0010_wrong_pins"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="kiosk",
            field=models.ForeignKey(
                db_index=False,
                help_text="where the PIN of its booking was entered last with success",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="offices.device",
            ),
        ),
        migrations.AddField(
            model_name="offlinegrant",
            name="refused",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="entries sent after the device was disconnected"
            ),
        ),
    ]

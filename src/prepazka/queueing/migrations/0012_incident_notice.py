"""The model of warnings of incidents has another name and the same table."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("queueing", "0011_ticket_kiosk")]

    operations = [
        # Names the table as it is, so that renaming the model leaves it alone.
        migrations.AlterModelTable("Warned", "queueing_warned"),
        migrations.RenameModel("Warned", "IncidentNotice"),
        migrations.AlterField(
            "IncidentNotice",
            "incident",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notices",
                to="offices.incident",
            ),
        ),
        migrations.AlterField(
            "IncidentNotice",
            "booking",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="incident_notices",
                to="booking.booking",
            ),
        ),
    ]

"""Contacts for turn alerts in the form of today."""

from typing import Any

from django.db import migrations

from prepazka.booking.contact_rows import clean_contacts


def clean(apps: Any, _editor: Any) -> None:
    clean_contacts(apps.get_model("queueing", "TurnAlert"))


class Migration(migrations.Migration):
    atomic = False  # row by row, while people wait

    dependencies = [("queueing", "0008_missed")]

    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]

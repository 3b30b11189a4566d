"""Addresses of participants in the form of today."""

from typing import Any

from django.db import migrations

from prepazka.booking.contact_rows import clean_contacts


def clean(apps: Any, _editor: Any) -> None:
    clean_contacts(apps.get_model("meetings", "Participant"))


class Migration(migrations.Migration):
    atomic = False  # row by row, while people meet

    dependencies = [("meetings", "0004_lost_files")]

    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]

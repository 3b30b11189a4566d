"""Stored contacts in the form of today, so that limits and STOP know them again."""

from typing import Any

from django.db import migrations

from prepazka.booking.contact_rows import clean_contacts


def clean(apps: Any, _editor: Any) -> None:
    for name in ("Booking", "WaitingListEntry"):
        clean_contacts(apps.get_model("booking", name))


class Migration(migrations.Migration):
    atomic = False  # row by row, while people book

    dependencies = [("booking", "0009_topic")]

    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]

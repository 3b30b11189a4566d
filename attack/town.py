"""`python -m attack.town`: what the attacks need, in the database of DATABASE_URL; prints JSON.

Beside the offices of `faults.town`: a small town by its preset, passwords of the clerks, and one booking of tomorrow.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

import django

django.setup()

from attack.people import OWN_PIN  # noqa: E402  # needs Django set up, as all below
from faults.names import COUNTERS, OFFICE  # noqa: E402
from prepazka.accounts.models import User  # noqa: E402
from prepazka.booking.models import Booking, BookingState, Lane  # noqa: E402
from prepazka.core import calendar  # noqa: E402
from prepazka.officefile import presets  # noqa: E402
from prepazka.officefile.office_loading import load  # noqa: E402
from prepazka.offices.clock import now  # noqa: E402
from prepazka.offices.models import Office  # noqa: E402
from prepazka.offices.office_snapshot import snapshot_of  # noqa: E402


def main() -> None:
    """Load the town, give the clerks passwords, and say them."""
    load(presets.preset_text("touzim"), now=now())
    clerks = {}
    for number in range(COUNTERS):
        clerk = User.objects.get(username=f"{OFFICE}-{number}")
        clerks[clerk.username] = secrets.token_urlsafe(12)
        clerk.set_password(clerks[clerk.username])
        clerk.save()
    where = snapshot_of(Office.objects.get(slug=OFFICE))
    service = where.offered_services()[0]
    tomorrow = now() + timedelta(days=1)
    Booking.objects.create(
        office=where.row,
        service=service,
        lane=Lane.objects.filter(agenda=service.agenda_id).earliest("number"),
        date=calendar.day_of(tomorrow, where.tz),
        starts_at=tomorrow,
        ends_at=tomorrow + timedelta(minutes=15),
        state=BookingState.CONFIRMED,
        pin=OWN_PIN,
        created_at=now(),
    )
    print(json.dumps({"clerks": clerks}))


if __name__ == "__main__":
    main()

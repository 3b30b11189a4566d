"""`python -m faults.town COMMAND`: build what a campaign needs, in the database of DATABASE_URL.

Runs as a process of its own with the code of the release that is tried; prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402  # needs Django set up, as all below
from django.test import Client  # noqa: E402

from bench import town  # noqa: E402
from faults.names import COUNTERS, KIOSKS, OFFICE, OTHER_OFFICE  # noqa: E402
from prepazka.accounts.models import User  # noqa: E402
from prepazka.accounts.tokens import make_token  # noqa: E402
from prepazka.booking.models import Booking, BookingState, Lane, OutsideCalendar  # noqa: E402
from prepazka.config.serve import prepare_database  # noqa: E402
from prepazka.core import calendar  # noqa: E402
from prepazka.offices import devices  # noqa: E402
from prepazka.offices.clock import now  # noqa: E402
from prepazka.offices.models import Agenda, Device, Office, Official  # noqa: E402
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of  # noqa: E402

CONFIRM_MIN = 30  # of the service that asks for a click


def build(_: list[str]) -> dict[str, Any]:
    """Two offices, open day and night; tokens of kiosks and clerks of the main one."""
    prepare_database()
    town.office(OTHER_OFFICE, lanes=1)
    where = town.office(OFFICE, lanes=2, letters="AB")
    agenda = Agenda.objects.get(office=where.row, letter="B")
    agenda.rules_data |= {"confirm_min": CONFIRM_MIN}
    agenda.save()
    moment = now()
    clerks = town.hall(where, counters=COUNTERS, waiting=0, now=moment)
    tokens = [make_token(user=clerk, name="faults", now=moment) for clerk in clerks]
    return {"clerks": tokens, "kiosks": [_paired(where, f"k{n}") for n in range(KIOSKS)]}


def cut_off(_: list[str]) -> dict[str, Any]:
    """Pairing codes of kiosks and sessions of clerks, for browsers that will be cut off."""
    where = _main_office()
    codes = [_pairing_code(where, f"c{number}") for number in range(KIOSKS)]
    sessions = []
    for number in range(COUNTERS):
        browser = Client()
        browser.force_login(User.objects.get(username=f"{OFFICE}-{number}"))
        sessions.append(browser.cookies["sessionid"].value)
    return {"codes": codes, "sessions": sessions}


def meetings(arguments: list[str]) -> dict[str, Any]:
    """Meetings by video whose citizens bring documents, and calendars to read at the address."""
    from tests import meetings_town, officials  # noqa: PLC0415  # a release before may lack them

    number, url = int(arguments[0]), arguments[1]
    where = officials.office()
    starts = now() + timedelta(hours=2)
    held = [meetings_town.held(where, starts_at=starts + timedelta(hours=n)) for n in range(number)]
    for official in Official.objects.filter(office=where.row):
        OutsideCalendar.objects.create(
            office=where.row, official=official, kind="ics", url=f"{url}?{official.code}"
        )
    return {"pages": [one.path(one.citizen) for one in held]}


def read_calendars(arguments: list[str]) -> dict[str, Any]:
    """Have the outside calendars read at once, again and again, for so many seconds."""
    from prepazka.jobs.calendar_jobs import read_soon  # noqa: PLC0415  # see `meetings`

    until, asked = time.monotonic() + float(arguments[0]), 0
    while time.monotonic() < until:
        with transaction.atomic():
            for calendar_id in OutsideCalendar.objects.values_list("pk", flat=True):
                read_soon(calendar_id)
                asked += 1
        time.sleep(1)
    return {"asked": asked}


def visits(arguments: list[str]) -> dict[str, Any]:
    """In each office a visit whose retention ends so many hours from now; ids of the bookings."""
    moment = now()
    made = {}
    for row in Office.objects.filter(slug__in=[OFFICE, OTHER_OFFICE]):
        where = snapshot_of(row)
        ends = moment - timedelta(days=row.retention_days) + timedelta(hours=float(arguments[0]))
        service = where.offered_services()[0]
        booking = Booking.objects.create(
            office=row,
            service=service,
            lane=Lane.objects.filter(agenda=service.agenda_id).earliest("number"),
            date=calendar.day_of(ends, where.tz),
            starts_at=ends - timedelta(minutes=15),
            ends_at=ends,
            state=BookingState.SERVED,
            name="Jana Nováková",
            email="jana@example.cz",
            created_at=ends - timedelta(days=3),
            ended_at=ends,
        )
        made[row.slug] = str(booking.pk)
    return made


def _main_office() -> OfficeSnapshot:
    return snapshot_of(Office.objects.get(slug=OFFICE))


def _paired(where: OfficeSnapshot, code: str) -> str:
    return devices.pair_device(code=_pairing_code(where, code), now=now())[1]


def _pairing_code(where: OfficeSnapshot, code: str) -> str:
    device = Device.objects.create(
        office=where.row,
        code=code,
        kind="kiosk",
        name={"cs": "Kiosek"},
        options={
            "services": [service.code for service in where.offered_services()],
            "printer": {"kind": "none"},
            "languages": ["cs"],
        },
    )
    return devices.make_pairing_code(device=device, now=now())


COMMANDS: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "build": build,
    "cut-off": cut_off,
    "meetings": meetings,
    "read-calendars": read_calendars,
    "visits": visits,
}

if __name__ == "__main__":
    answer = COMMANDS[sys.argv[1]](sys.argv[2:])
    print(json.dumps(answer))

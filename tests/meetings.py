"""The office of `officials` with meetings by video, and a colleague of another department."""

from __future__ import annotations

from typing import Any

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking
from prepazka.core.contact import Contact
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import officials, town

FILE = (
    officials.FILE.replace(
        "    services:\n      ohlaseni:",
        "    modes: [person, phone, video]\n    services:\n      ohlaseni:",
        1,
    )
    .replace("lead: 0 min}", "lead: 0 min, max open bookings: 9}", 1)
    .replace("povoleni: {name", "povoleni: {modes: video, name", 1)
    .replace(
        '    hours: {mon: "8:00-10:00, 17:00-19:00"}\n',
        '    hours: {mon: "8:00-10:00, 17:00-19:00"}\n    video hours: {mon: "12:00-13:00"}\n',
        1,
    )
)


def office() -> OfficeSnapshot:
    return officials.office(FILE)


def confirmed(where: OfficeSnapshot, clock: str = "9:00", **more: Any) -> Booking:
    """A booking by video with Nováková."""
    said = {"mode": "video", "code": "novakova"} | more
    held = officials.hold(where, clock, **said)
    return booking_lifecycle.request_confirmation(
        booking=held.pk,
        contact=Contact(name="Jana Malá", email="jana@example.cz", phone="+420777123456"),
        now=town.FRIDAY_BEFORE,
    )

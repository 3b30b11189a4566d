"""The calendar files of a whole life of a booking, read back by two libraries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import vobject
from icalendar import Calendar

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking
from prepazka.messaging.mail import calendar_file, compose_mail
from prepazka.messaging.models import Message
from prepazka.offices.models import Counter, Office, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture
def lhota() -> OfficeSnapshot:
    town.office()
    Service.objects.filter(code="prepis").update(documents={"cs": "občanský průkaz\nzelená karta"})
    Counter.objects.update(place={"cs": "1. patro, dveře 12; vlevo"})
    Office.objects.update(version=2)
    return snapshot_of(Office.objects.get())


def attached(booking: Booking, kind: str, number: int = 1) -> tuple[str, bytes]:
    message = Message(pk=number, office=booking.office, booking=booking, kind=kind, event=1)
    (file,) = compose_mail(message, now=NOW).attachments
    return file.media_type, file.content


def test_each_change_is_a_newer_version_of_the_same_event(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    found: list[tuple[object, ...]] = []
    for kind in ("confirmed", "reminder", "moved", "cancelled"):
        if kind == "moved":
            booking_lifecycle.move_booking(booking=booking.pk, starts_at=town.at("10:00"), now=NOW)
        if kind == "cancelled":
            booking_lifecycle.cancel_booking(booking=booking.pk, now=NOW)
        booking.refresh_from_db()
        media_type, content = attached(booking, kind, len(found) + 1)
        read = vobject.readOne(content.decode())
        event = read.vevent
        assert f"method={read.method.value}" in media_type
        found.append(
            (
                read.method.value,
                event.uid.value.split("@")[0],
                int(event.sequence.value),
                event.status.value,
                event.dtstart.value == town.at("10:00" if len(found) > 1 else "9:00"),
                hasattr(event, "valarm"),
            )
        )
    name = str(booking.pk)
    assert found == [
        ("REQUEST", name, 0, "CONFIRMED", True, True),
        ("REQUEST", name, 0, "CONFIRMED", True, True),
        ("REQUEST", name, 1, "CONFIRMED", True, True),
        ("CANCEL", name, 2, "CANCELLED", True, False),
    ]


def test_two_libraries_read_who_where_what_to_bring_and_the_alarm(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota, email="jana@example.cz")
    _, content = attached(booking, "confirmed")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    one = vobject.readOne(content.decode()).vevent
    other: Any = Calendar.from_ical(content).walk("VEVENT")[0]
    assert not other.errors
    where = "Náměstí 1, Lhota; 1. patro, dveře 12; vlevo"
    assert one.location.value == str(other["LOCATION"]) == where
    assert one.description.value == str(other["DESCRIPTION"])
    lines = one.description.value.replace("\u00a0", " ").split("\n")
    assert lines[0] == f"PIN pro kiosek: {booking.pin}"
    assert "Co s sebou: občanský průkaz" in lines
    assert "zelená karta" in lines
    assert any(line.startswith("Kdy přijít: ") for line in lines)
    (organizer,) = one.contents["organizer"]
    assert organizer.value == str(other["ORGANIZER"]) == "mailto:urad@lhota.example"
    (attendee,) = one.contents["attendee"]
    assert attendee.value == str(other["ATTENDEE"]) == "mailto:jana@example.cz"
    assert attendee.params["RSVP"] == [other["ATTENDEE"].params["RSVP"]] == ["FALSE"]
    assert attendee.params["PARTSTAT"] == ["ACCEPTED"]
    alarm: Any = other.walk("VALARM")[0]
    assert one.valarm.trigger.value == alarm["TRIGGER"].dt == -timedelta(hours=1)
    assert alarm["ACTION"] == "DISPLAY"


def test_a_file_that_is_downloaded_asks_nobody(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    read = vobject.readOne(calendar_file(booking, lhota, now=NOW).decode())
    assert read.method.value == "PUBLISH"
    assert not hasattr(read.vevent, "attendee")
    assert hasattr(read.vevent, "valarm")

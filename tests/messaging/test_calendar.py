"""The calendar files of a whole life of a booking, read back by another library."""

from __future__ import annotations

import pytest
import vobject

from prepazka.booking import usecases
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


def test_each_change_is_a_newer_version_of_the_same_event() -> None:
    booking = town.confirmed(town.office())
    found: list[tuple[object, ...]] = []
    for kind in ("confirmed", "reminder", "moved", "cancelled"):
        if kind == "moved":
            usecases.move_booking(booking=booking.pk, starts_at=town.at("10:00"), now=NOW)
        if kind == "cancelled":
            usecases.cancel_booking(booking=booking.pk, now=NOW)
        booking.refresh_from_db()
        message = Message(
            pk=len(found) + 1, office=booking.office, booking=booking, kind=kind, event=1
        )
        (attached,) = compose_mail(message, now=NOW).attachments
        read = vobject.readOne(attached.content.decode())
        event = read.vevent
        assert f"method={read.method.value}" in attached.media_type
        assert not hasattr(event, "attendee"), "nobody's calendar answers the office"
        found.append(
            (
                read.method.value,
                event.uid.value.split("@")[0],
                int(event.sequence.value),
                event.status.value,
                event.dtstart.value == town.at("10:00" if len(found) > 1 else "9:00"),
            )
        )
    name = str(booking.pk)
    assert found == [
        ("PUBLISH", name, 0, "CONFIRMED", True),
        ("PUBLISH", name, 0, "CONFIRMED", True),
        ("PUBLISH", name, 1, "CONFIRMED", True),
        ("CANCEL", name, 2, "CANCELLED", True),
    ]

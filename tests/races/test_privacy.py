"""An erasure on request and a click on the person's own link at the same moment."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from prepazka.booking import booking_lifecycle, transitions
from prepazka.booking.models import Booking
from prepazka.booking.refusals import BookingCancelled
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy import erasure, records
from prepazka.privacy.refusals import RecordsChanged
from tests import town
from tests.races.together import meeting, together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = town.FRIDAY_BEFORE
JANA = "jana@example.cz"


def both(
    office: OfficeSnapshot, booking: Booking, erased: threading.Event | None = None
) -> list[Any]:
    """What the erasure and the click answered; `erased` is set when the erasure is committed."""
    seen = records.find_records(office, JANA)

    def act(number: int) -> object:
        if number:
            return booking_lifecycle.confirm_booking(booking=booking.pk, now=NOW)
        done = erasure.erase_person(
            office=office,
            words=JANA,
            seen_token=seen.token,
            chosen=[f"booking:{booking.pk}"],
            identity="document",
            confirmed=True,
            now=NOW,
            actor=0,
        )
        if erased:
            erased.set()
        return done

    return together(2, act)


def test_one_comes_first_and_nothing_half_erased_is_left() -> None:
    for _ in range(4):
        office = town.office(f"lhota-{_}")
        booking = town.requested(office, email=JANA)
        erased, confirmed = both(office, booking)
        booking.refresh_from_db()
        if isinstance(erased, RecordsChanged):
            # The click came first; the administrator looks once more and erases a confirmed booking.
            assert booking.state == "confirmed"
            assert booking.pin
            assert booking.email == JANA
        else:
            assert isinstance(confirmed, BookingCancelled), confirmed
            assert booking.state == "cancelled_by_citizen"
            assert (booking.name, booking.email, booking.pin) == ("", "", "")


def test_control_without_the_locks_a_booking_without_a_contact_is_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both have looked before either writes; the erased booking then has a PIN and keeps its time.

    The click is written after the erasure, or nothing would be seen.
    """
    office = town.office()
    booking = town.requested(office, email=JANA)
    monkeypatch.setattr(records, "lock_days", lambda *_: None)
    monkeypatch.setattr(records, "lock_contact", lambda *_: None)
    meet, erased = meeting(2), threading.Event()
    confirm, erase = transitions.confirm_with_pin, erasure._erase

    def confirm_late(*args: Any, **more: Any) -> None:
        meet()
        assert erased.wait(30)
        confirm(*args, **more)

    def erase_late(*args: Any, **more: Any) -> int:
        meet()
        return erase(*args, **more)

    monkeypatch.setattr(booking_lifecycle, "confirm_with_pin", confirm_late)
    monkeypatch.setattr(erasure, "_erase", erase_late)
    answers = both(office, booking, erased)
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    booking.refresh_from_db()
    wrong = (booking.erased_at and booking.state == "confirmed") or (booking.pin or booking.email)
    assert wrong, (booking.state, booking.pin, booking.email)

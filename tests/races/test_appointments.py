"""An own appointment beside a hold of the same time: the official is told, or the citizen is."""

from __future__ import annotations

from typing import Any

import pytest

from prepazka.booking import absences, private_appointments, slot_search
from prepazka.booking.absences import Affected
from prepazka.booking.models import Booking, Busy
from prepazka.booking.refusals import SlotTaken
from prepazka.core.interval import Interval
from tests import officials, town
from tests.races.together import meeting, together

pytestmark = pytest.mark.django_db(transaction=True)
TIME = Interval(town.at("9:00"), town.at("9:15"))


def both(where: Any) -> list[Any]:
    def one(number: int) -> Any:
        if number:
            return officials.hold(where, "9:00", "novakova")
        return private_appointments.add_appointment(
            office=where,
            official=officials.official(where),
            times=[TIME],
            title="",
            now=town.FRIDAY_BEFORE,
            actor=0,
        )

    return together(2, one)


def test_one_of_them_is_told() -> None:
    appointment, hold = both(officials.office())
    if isinstance(hold, Booking):
        assert isinstance(appointment, Affected)
        assert not Busy.objects.exists()
    else:
        assert isinstance(hold, SlotTaken)
        assert Busy.objects.count() == 1


def test_control_without_the_lock_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    where = officials.office()
    # Both look before either writes.
    monkeypatch.setattr(private_appointments, "lock_days", lambda *_: None)
    met = meeting(2)
    look, find = absences.future_bookings, slot_search.find_claim

    def looked(*args: Any) -> Any:
        found = look(*args)
        met()
        return found

    def found_slot(**kwargs: Any) -> Any:
        found = find(**kwargs)
        met()
        return found

    monkeypatch.setattr(private_appointments, "future_bookings", looked)
    monkeypatch.setattr(slot_search, "find_claim", found_slot)
    appointment, hold = both(where)
    assert appointment == []
    assert isinstance(hold, Booking)

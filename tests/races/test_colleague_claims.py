"""A colleague invited to a meeting beside a citizen who books that colleague's time."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from prepazka.booking import colleague_claims, slot_search
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import ColleagueNotFree, SlotTaken
from prepazka.meetings import participants
from prepazka.meetings.models import Participant
from tests import meetings, officials, town
from tests.races.together import meeting, together

pytestmark = pytest.mark.django_db(transaction=True)


def both(where: Any, made: Booking) -> list[Any]:
    dvorak = officials.official(where, "dvorak")

    def one(number: int) -> Any:
        if number:
            return officials.hold(where, "9:00", "dvorak")
        return participants.invite_colleague(
            booking=made.pk, official=dvorak, now=town.FRIDAY_BEFORE, actor=0
        )

    return together(2, one)


def claims() -> int:
    return Booking.objects.filter(lane__official__code="dvorak", state=BookingState.HELD).count()


def test_one_of_them_is_told() -> None:
    where = meetings.office()
    invited, hold = both(where, meetings.confirmed(where))
    if isinstance(invited, Participant):
        assert isinstance(hold, SlotTaken)
    else:
        assert isinstance(invited, ColleagueNotFree)
        assert isinstance(hold, Booking)
    assert claims() == 1


def test_control_without_the_look_the_constraint_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look before either writes: what no lock has told apart, the lane's constraint does."""
    where = meetings.office()
    made = meetings.confirmed(where)
    met = meeting(2)
    free, find = colleague_claims._free_spans, slot_search.find_claim
    monkeypatch.setattr(participants, "lock_booking", lambda pk: Booking.objects.get(pk=pk))

    def looked(*args: Any) -> Any:
        found = free(*args)
        met()
        return found

    def found_slot(**kwargs: Any) -> Any:
        found = find(**kwargs)
        met()
        return found

    monkeypatch.setattr(participants, "release_expired", lambda **_: 0)
    monkeypatch.setattr(colleague_claims, "_free_spans", looked)
    monkeypatch.setattr(slot_search, "find_claim", found_slot)
    answers = both(where, made)
    assert [type(one) for one in answers].count(IntegrityError) == 1
    assert claims() == 1

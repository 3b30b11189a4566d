"""A doubt that an official frees while the same calendar is being read: neither step is lost."""

from __future__ import annotations

from typing import Any

import pytest

from prepazka.booking import external_calendars
from prepazka.booking.models import Busy, OutsideCalendar
from prepazka.core.external_times import Doubt, Reading
from prepazka.core.interval import Interval
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import officials, town
from tests.races.together import meeting, together

pytestmark = pytest.mark.django_db(transaction=True)
DOUBT = Doubt("a", "mark", "rule", [Interval(town.at("9:00"), town.at("10:00"))])
EVENT = [Interval(town.at("11:00"), town.at("12:00"))]
NOW = town.FRIDAY_BEFORE


def calendar(where: OfficeSnapshot) -> OutsideCalendar:
    found = external_calendars.add_calendar(
        official=officials.official(where),
        kind=OutsideCalendar.Kind.ICS,
        url="https://x.example/a.ics",
        now=NOW,
        actor=0,
    )
    external_calendars.store_reading(calendar_id=found.pk, reading=Reading({}, [DOUBT]), now=NOW)
    return found


def both(found: OutsideCalendar) -> list[Any]:
    def step(number: int) -> None:
        if number:
            external_calendars.unblock_doubtful_event(
                outside_calendar=found, mark=DOUBT.mark, now=NOW, actor=0
            )
        else:
            external_calendars.store_reading(
                calendar_id=found.pk, reading=Reading({"b": EVENT}, [DOUBT]), now=NOW
            )

    return together(2, step)


def outcome(found: OutsideCalendar) -> tuple[bool, bool]:
    """Whether the doubt is freed, and whether the new event takes its time."""
    found.refresh_from_db()
    starts = set(Busy.objects.values_list("starts_at", flat=True))
    return external_calendars.stored_events(found).open_doubts() == [], EVENT[0].start in starts


def test_both_steps_count() -> None:
    found = calendar(officials.office())
    assert both(found) == [None, None]
    assert outcome(found) == (True, True)
    assert Busy.objects.count() == 1


def test_control_without_the_lock_one_of_them_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    found = calendar(officials.office())
    met = meeting(2)

    def unlocked(which: int) -> OutsideCalendar:
        row = OutsideCalendar.objects.get(pk=which)
        met()
        return row

    monkeypatch.setattr(external_calendars, "_lock_calendar", unlocked)
    both(found)
    assert outcome(found) != (True, True)

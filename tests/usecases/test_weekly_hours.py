"""The weekly hours of an official: from a day on, impact first, and the file tells them."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.booking import slot_search, weekly_hours
from prepazka.booking.absences import Affected
from prepazka.booking.models import Booking
from prepazka.booking.weekly_hours import WeekWithoutHours, rows_with_week
from prepazka.core.calendar import WeeklyHours, open_minutes
from prepazka.core.interval import Interval
from prepazka.officefile.office_export import export
from prepazka.officefile.office_loading import load
from prepazka.offices.models import Office, OpeningHours
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import officials, town
from tests.officials import hold, official

NOW = town.FRIDAY_BEFORE
NEXT = town.MONDAY + timedelta(days=7)
MORNINGS = {0: [Interval(540, 600), Interval(660, 720)], 2: [Interval(480, 540)]}

hours = st.builds(
    lambda weekday, opens, length, first, long: WeeklyHours(
        weekday,
        opens * 60,
        (opens + length) * 60,
        first and date(2026, 1, 1) + timedelta(days=first),
        None if long is None else date(2026, 1, 1) + timedelta(days=(first or 0) + long),
    ),
    st.integers(0, 6),
    st.integers(6, 18),
    st.integers(1, 4),
    st.none() | st.integers(1, 60),
    st.none() | st.integers(0, 60),
)
weekdays = st.dictionaries(
    st.integers(0, 6),
    st.lists(st.builds(lambda at: Interval(at * 60, at * 60 + 60), st.integers(6, 20))),
)


@given(st.lists(hours, max_size=6), weekdays, st.integers(0, 80), st.none() | st.integers(0, 40))
def test_the_week_holds_in_its_days_and_the_old_one_outside(
    rows: list[WeeklyHours], week: dict[int, Any], start: int, long: int | None
) -> None:
    first = date(2026, 1, 1) + timedelta(days=start)
    last = None if long is None else first + timedelta(days=long)
    found = rows_with_week(rows, week, first, last)
    alone = [
        WeeklyHours(weekday, one.start, one.end) for weekday, spans in week.items() for one in spans
    ]
    for n in range(140):
        day = date(2025, 12, 20) + timedelta(days=n)
        inside = first <= day and (last is None or day <= last)
        assert open_minutes(day, found) == open_minutes(day, alone if inside else rows)


def test_hours_that_stay_are_one_row() -> None:
    rows = [WeeklyHours(0, 480, 600), WeeklyHours(1, 480, 600)]
    week = {0: [Interval(480, 600)], 1: [Interval(480, 540)]}
    assert rows_with_week(rows, week, NEXT, None) == [
        WeeklyHours(0, 480, 600),
        WeeklyHours(1, 480, 540, NEXT, None),
        WeeklyHours(1, 480, 600, None, NEXT - timedelta(days=1)),
    ]


def set_week(week: Any = MORNINGS, first: date = NEXT, **more: Any) -> list[Booking]:
    where = snapshot_by_slug("lhota")
    return weekly_hours.set_week(
        office=where,
        official=official(where),
        week=week,
        first_day=first,
        last_day=more.pop("last", None),
        now=NOW,
        actor=0,
        **more,
    )


def clocks(day: date) -> list[str]:
    where = snapshot_by_slug("lhota")
    found = slot_search.search_slots(
        office=where,
        service=town.service(where, "povoleni"),
        now=NOW,
        days=[day],
        official=official(where),
    )
    return [f"{t.starts_at.astimezone(town.PRAGUE):%H:%M}" for t in found]


@pytest.mark.django_db
def test_another_week_from_a_day_on() -> None:
    officials.office()
    before = clocks(town.MONDAY)
    assert set_week() == []
    assert clocks(town.MONDAY) == before
    assert clocks(NEXT) == ["09:00", "09:15", "09:30", "11:00", "11:15", "11:30"]
    assert clocks(NEXT + timedelta(days=2)) == ["08:00", "08:15", "08:30"]
    where = snapshot_by_slug("lhota")
    assert weekly_hours.days_of_hour_changes(where, official(where), town.MONDAY) == [NEXT]
    assert weekly_hours.hours_in_week_from(where, official(where), NEXT)[0] == MORNINGS[0]


@pytest.mark.django_db
def test_who_no_longer_fits_comes_first() -> None:
    where = officials.office()
    booked = hold(where, "17:00", "novakova")
    with pytest.raises(Affected) as found:
        set_week(first=town.MONDAY)
    assert found.value.bookings == [booked]
    assert not OpeningHours.objects.filter(valid_from=town.MONDAY).exists()
    assert "17:15" in clocks(town.MONDAY)
    assert set_week(first=town.MONDAY, accept=True) == [booked]
    with pytest.raises(WeekWithoutHours):
        set_week({0: []})


@pytest.mark.django_db
def test_the_file_of_the_office_tells_it_and_loads_back() -> None:
    officials.office()
    set_week(last=NEXT + timedelta(days=13))
    text = export(Office.objects.get())
    assert "9:00-10:00, 11:00-12:00" in text
    assert f"from: {NEXT}" in text
    seen = [clocks(NEXT + timedelta(days=n)) for n in range(28)]
    load(text, now=NOW)
    assert [clocks(NEXT + timedelta(days=n)) for n in range(28)] == seen
    assert export(Office.objects.get()) == text

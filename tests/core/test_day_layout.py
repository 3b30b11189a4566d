"""One day of slots on the office's clocks, also where the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from prepazka.core import day_layout
from prepazka.core.interval import Interval
from prepazka.core.slots import Rules, Taken

PRAGUE = ZoneInfo("Europe/Prague")
MONDAY, SPRING = date(2026, 11, 23), date(2027, 3, 28)
SLOTS = Rules(kind="slot", raster_min=30)


def minute(month: int, day: int, hour: int, *, year: int = 2026) -> int:
    """Minutes since 1970 of an instant in UTC."""
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) // 60


def test_a_candidate_is_found_by_the_instant_at_which_it_starts() -> None:
    layout = day_layout.lay_out(MONDAY, PRAGUE, SLOTS, [Interval(480, 540)], duration=30, units=1)
    assert layout.minute_at(datetime(2026, 11, 23, 7, 30, tzinfo=UTC)) == 510
    assert layout.minute_at(datetime(2026, 11, 23, 7, 45, tzinfo=UTC)) is None


def test_minutes_that_spring_skips_are_no_candidates() -> None:
    layout = day_layout.lay_out(SPRING, PRAGUE, SLOTS, [Interval(60, 240)], duration=30, units=1)
    assert sorted(layout.instants) == [60, 90, 180, 210]


def test_each_diary_has_candidates_in_its_own_hours() -> None:
    openings = [[Interval(480, 540)], [Interval(510, 540)]]
    layout = day_layout.lay_out_diaries(MONDAY, PRAGUE, SLOTS, openings, duration=30, units=1)
    assert layout.laid.lanes == (0b01, 0b11)


@pytest.mark.parametrize(
    ("day", "begins", "local"),
    [(MONDAY, minute(11, 23, 7), 480), (SPRING, minute(3, 28, 1, year=2027), 180)],
)
def test_claims_are_counted_from_midnight_by_the_clock_on_the_wall(
    day: date, begins: int, local: int
) -> None:
    claims = day_layout.local_claims(day, PRAGUE, [begins], [begins + 30], [5])
    assert claims == [Taken(local, local + 30, 5)]


def test_lanes_above_the_places_left_are_closed() -> None:
    reduced = [(Interval(480, 540), 1), (Interval(600, 660), 3)]
    assert day_layout.closed_lanes(reduced, quota=3) == [Taken(480, 540, 0b110)]


def test_time_past_midnight_is_taken_on_the_next_day_too() -> None:
    starts, ends = minute(11, 23, 22), minute(11, 24, 1)
    by_day = {MONDAY: ([starts], [ends], [1], 0)}
    day_layout.carry_over_midnight(by_day, date(2026, 11, 24), PRAGUE)
    assert by_day[date(2026, 11, 24)][:3] == ([starts], [ends], [1])

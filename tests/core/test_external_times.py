"""What stays taken from one reading of an outside calendar to the next, and for how long."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.external_times import (
    HOLD,
    Doubt,
    Known,
    Reading,
    Times,
    doubts_from_json,
    doubts_to_json,
    events_from_json,
    events_to_json,
    merge_reading,
)
from prepazka.core.interval import Interval, subtract

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(*numbers: int) -> Times:
    """One hour each, so many days from now."""
    return [Interval(at, at + HOUR) for at in (NOW + timedelta(days=n) for n in numbers)]


FIRST = tuple(hours(1))


def known(count: int) -> Known:
    return merge_reading(Known(), Reading({str(n): hours(n) for n in range(1, count + 1)}), NOW)


def events(*numbers: int) -> Reading:
    return Reading({str(n): hours(n) for n in numbers})


@pytest.mark.parametrize(
    ("count", "left", "kept"),
    [
        (50, [], 50),
        (50, [1], 50),
        (50, [*range(1, 11)], 50),
        (50, [*range(1, 12)], 11),  # a good part is there: the others were cancelled
        (1, [], 1),
        (2, [1], 1),
        (5, [1], 5),
        (4, [1], 1),
    ],
)
def test_all_or_nearly_all_gone_at_once_stay_for_a_day(
    count: int, left: list[int], kept: int
) -> None:
    after = merge_reading(known(count), events(*left), NOW)
    assert len(after.busy()) == kept
    assert len(after.missing()) == kept - len(left)
    again = merge_reading(after, events(*left), NOW + HOLD - HOUR)
    assert len(again.busy()) == kept
    assert merge_reading(again, events(*left), NOW + HOLD).busy() == hours(*left)


def test_what_comes_back_is_there_and_what_does_not_waits_for_its_own_day() -> None:
    gone = merge_reading(known(10), events(), NOW)
    some = merge_reading(gone, events(1, 2, 3, 4, 5), NOW + HOUR)
    assert (some.busy(), some.missing()) == (hours(*range(1, 11)), hours(6, 7, 8, 9, 10))
    assert merge_reading(some, events(1, 2, 3, 4, 5), NOW + HOLD).busy() == hours(1, 2, 3, 4, 5)


def test_new_identifiers_of_the_same_times_are_no_loss() -> None:
    renamed = Reading({f"new {n}": hours(n) for n in range(1, 6)})
    after = merge_reading(known(5), renamed, NOW)
    assert (after.busy(), after.missing()) == (hours(1, 2, 3, 4, 5), [])


def test_what_is_over_counts_for_nothing() -> None:
    before = merge_reading(Known(), events(-2, -1, 1, 2), NOW)
    assert merge_reading(before, events(1), NOW).busy() == hours(1)


def test_who_moves_or_cancels_one_of_several_sees_it_at_once() -> None:
    moved = Reading({"1": hours(9), "2": hours(2), "3": hours(3)})
    assert merge_reading(known(3), moved, NOW).busy() == hours(2, 3, 9)
    assert merge_reading(known(1), Reading({"1": hours(9)}), NOW).busy() == hours(9)
    assert merge_reading(known(1), Reading({"1": []}), NOW).busy() == [], (
        "there, but it takes nothing"
    )


def test_a_person_may_say_that_it_is_free() -> None:
    gone = merge_reading(known(3), events(), NOW).letting_go()
    assert gone.busy() == []
    assert merge_reading(gone, events(), NOW).busy() == []


def test_a_damaged_text_takes_nothing_away() -> None:
    torn = Reading({"1": hours(1)}, damaged=True)
    after = merge_reading(known(3), torn, NOW)
    assert (after.busy(), after.missing()) == (hours(1, 2, 3), hours(2, 3))
    days_later = merge_reading(after, torn, NOW + 2 * HOLD)
    assert days_later.busy()[-1] == hours(3)[0]
    assert merge_reading(after, events(1), NOW + 2 * HOLD).busy() == hours(1)


def doubtful(
    mark: str = "m", *, times: tuple[Interval[datetime], ...] = FIRST, keeps: bool = True
) -> Reading:
    return Reading({"2": hours(2)}, [Doubt("1", mark, "rule", list(times), keeps)])


def test_a_doubt_takes_its_time_and_what_was_known() -> None:
    series = merge_reading(Known(), Reading({"1": hours(1, 8, 15), "2": hours(2)}), NOW)
    after = merge_reading(series, doubtful(), NOW)
    assert after.busy() == hours(1, 2, 8, 15)
    assert merge_reading(after, doubtful(), NOW + 9 * HOLD).busy() == hours(1, 2, 8, 15)
    assert merge_reading(after, Reading({"1": hours(4), "2": hours(2)}), NOW).busy() == hours(2, 4)
    assert merge_reading(series, doubtful(keeps=False), NOW).busy() == hours(1, 2)


def test_a_doubt_that_keeps_earlier_times_is_listed_by_them() -> None:
    series = merge_reading(Known(), Reading({"1": hours(1, 8), "2": hours(2)}), NOW)
    after = merge_reading(series, doubtful(times=()), NOW)
    assert [one.times for one in after.open_doubts()] == [hours(1, 8)]


def test_a_freed_doubt_stays_free_until_the_event_changes() -> None:
    series = merge_reading(Known(), Reading({"1": hours(1, 8), "2": hours(2)}), NOW)
    freed = merge_reading(series, doubtful(), NOW).freeing("m")
    assert (freed.busy(), freed.open_doubts()) == (hours(2), [])
    again = merge_reading(freed, doubtful(), NOW)
    assert (again.busy(), again.open_doubts()) == (hours(2), [])
    assert merge_reading(again, doubtful("other"), NOW).busy() == hours(1, 2)
    assert again.freeing("unknown") == again


def test_doubtful_times_that_vanish_are_kept_like_others() -> None:
    only = merge_reading(Known(), Reading({}, [Doubt("1", "m", "rule", hours(1))]), NOW)
    assert merge_reading(only, Reading({}), NOW).busy() == hours(1)


def test_own_events_leave_nothing_behind() -> None:
    before = known(2)
    assert merge_reading(before, events(1, 2).without(["1", "2"]), NOW).busy() == []


def test_as_json() -> None:
    after = merge_reading(merge_reading(known(3), events(), NOW), doubtful(), NOW).freeing("m")
    assert events_from_json(json.loads(json.dumps(events_to_json(after.events)))) == after.events
    assert doubts_from_json(json.loads(json.dumps(doubts_to_json(after.doubts)))) == after.doubts


readings = st.builds(
    lambda times, damaged: Reading({str(n): hours(n) for n in times}, damaged=damaged),
    st.sets(st.integers(1, 12)),
    st.booleans(),
)


@given(st.lists(readings, max_size=6))
def test_whatever_is_read_is_taken_and_sudden_loss_is_not_silent(course: list[Reading]) -> None:
    state, at = Known(), NOW
    for reading in course:
        before, state = state, merge_reading(state, reading, at)
        assert not subtract(reading.busy(), state.busy()), "what is in the calendar takes time"
        lost = subtract(before.busy(), state.busy())
        present = subtract(before.busy(), before.missing())
        if lost and present:
            assert not reading.damaged
            assert len(lost) < 0.8 * len(present) or len(before.missing())
        at += timedelta(minutes=5)

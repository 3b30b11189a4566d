"""Graduated release: which part of a day the public may have taken, and when more opens."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.interval import Interval
from prepazka.core.slots import (
    Moment,
    Rules,
    Step,
    bookable_slots,
    count_released_places,
    lay_out_day,
    next_release_of_places,
    releases_at,
    step_release_time,
)

THURSDAY = date(2026, 12, 3)
STEPS = (Step(0.2, 2, 420), Step(0.2, 0, 420))
SIXTY = Rules(
    window_min=60,
    horizon_days=30,
    lead_min=0,
    release="graduated",
    release_time_min=420,
    release_steps=STEPS,
)
TEN = lay_out_day([Interval(420, 1020)], SIXTY, duration=60)  # ten places


def moment(days_before, minute):
    return Moment(THURSDAY - timedelta(days=days_before), minute)


@pytest.mark.parametrize(
    ("now", "places"),
    [
        (moment(30, 419), 0),
        (moment(30, 420), 6),
        (moment(2, 419), 6),
        (moment(2, 420), 8),
        (moment(0, 419), 8),
        (moment(0, 420), 10),
    ],
)
def test_sixty_twenty_twenty(now, places):
    assert count_released_places(THURSDAY, now, 10, SIXTY) == places


def test_public_stops_at_the_released_part_and_the_desk_does_not():
    ask = {"day": THURSDAY, "laid": TEN, "claims": [], "rules": SIXTY, "now": moment(3, 600)}
    assert len(bookable_slots(**ask, public_taken=5)) == 10  # any slot, but one person more
    assert bookable_slots(**ask, public_taken=6) == []
    assert len(bookable_slots(**ask, public_taken=6, channel="desk")) == 10


@given(st.integers(1, 60), st.integers(0, 40), st.integers(0, 1439), st.integers(0, 60))
def test_the_public_never_has_more_than_what_is_released(places, days, minute, taken):
    laid = lay_out_day([Interval(0, places)], Rules(kind="slot", raster_min=1), duration=1)
    rules = Rules(
        kind="slot",
        raster_min=1,
        lead_min=0,
        release="graduated",
        release_steps=STEPS,
    )
    now = Moment(THURSDAY - timedelta(days=days), minute)
    open_ = bookable_slots(
        day=THURSDAY, laid=laid, claims=[], rules=rules, now=now, public_taken=taken % places
    )
    if open_:
        assert taken % places + 1 <= count_released_places(THURSDAY, now, places, rules)


@given(st.integers(1, 500), st.lists(st.integers(0, 40 * 1440), min_size=2))
def test_released_only_grows_and_ends_with_all(total, moments):
    start = Moment(THURSDAY - timedelta(days=35), 0).ordinal
    seen = [
        count_released_places(THURSDAY, Moment(date.fromordinal((start + m) // 1440), (start + m) % 1440), total,
                 SIXTY)
        for m in sorted(moments)
    ]  # fmt: skip
    assert seen == sorted(seen)
    assert count_released_places(THURSDAY, moment(0, 420), total, SIXTY) == total
    # Rounded up: a small day is not empty until its morning.
    assert count_released_places(THURSDAY, releases_at(THURSDAY, SIXTY), total, SIXTY) == -(
        -total * 6 // 10
    )


def test_next_moment_is_the_soonest_of_all_days():
    workdays = next_release_of_places(
        moment(2, 600), SIXTY, lambda day: day.weekday() < 5, ahead=31
    )
    # Tomorrow at seven: the last part of Wednesday comes before the middle part of Friday.
    assert workdays == (moment(1, 420), THURSDAY - timedelta(days=1))
    nobody = next_release_of_places(moment(2, 600), SIXTY, lambda _day: False, ahead=31)
    assert nobody is None


@given(st.integers(0, 60), st.integers(0, 1439))
def test_the_published_moment_is_true(days, minute):
    """At that moment the day has more than before it, and no other day has before."""
    now = moment(days, minute)
    found = next_release_of_places(now, SIXTY, lambda _day: True, ahead=31)
    assert found
    at, day = found
    assert at > now
    before = Moment(at.day, at.minute - 1)
    assert count_released_places(day, at, 10, SIXTY) > count_released_places(day, before, 10, SIXTY)
    for n in range(-1, 70):
        other = now.day + timedelta(days=n)
        times = [releases_at(other, SIXTY), *(step_release_time(other, s) for s in STEPS)]
        assert not any(now < one < at for one in times if other >= now.day)


@pytest.mark.parametrize(
    "steps",
    [
        (Step(0.5, 0, 420), Step(0.2, 2, 420)),  # out of order
        (Step(0.6, 2, 420), Step(0.4, 0, 420)),  # nothing left for the horizon
        (Step(0.2, 30, 0),),  # not after the horizon
        (),
    ],
)
def test_wrong_steps(steps):
    with pytest.raises(ValueError, match="step"):
        Rules(horizon_days=30, release="graduated", release_steps=steps)

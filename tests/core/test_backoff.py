"""How long the next log-in waits: nothing at first, then twice as long each time, bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.backoff import NO_WAIT, Backoff

SECOND = timedelta(seconds=1)
SHORT = Backoff(3, 10 * SECOND, 60 * SECOND, timedelta(hours=1))
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_the_wait_begins_after_the_free_ones_and_doubles() -> None:
    waits = [SHORT.wait_after(failures).seconds for failures in range(8)]
    assert waits == [0, 0, 0, 10, 20, 40, 60, 60]


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_failures_never_wait_less_and_never_beyond_the_longest(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert NO_WAIT <= SHORT.wait_after(low) <= SHORT.wait_after(high) <= SHORT.longest


@given(st.integers(0, 100), st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_no_clock_makes_anybody_wait_longer_than_the_longest(
    failures: int, since: timedelta
) -> None:
    assert NO_WAIT <= SHORT.wait_left(failures, NOON - since, NOON) <= SHORT.longest


def test_old_failures_are_forgotten() -> None:
    assert SHORT.wait_left(9, NOON, NOON + 59 * SECOND) == SECOND
    assert SHORT.failures_now(9, NOON, NOON + timedelta(hours=1)) == 9
    assert SHORT.failures_now(9, NOON, NOON + timedelta(hours=1, seconds=1)) == 0

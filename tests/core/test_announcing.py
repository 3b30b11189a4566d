"""How a wait is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.announcing import Expected, announced_minutes, latest_call_time

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
minutes = st.floats(0, 600)


@pytest.mark.parametrize(
    ("p80", "said"),
    [(0, 0), (0.4, 0), (0.6, 2), (3.1, 4), (10, 10), (10.2, 15), (26, 30), (30.1, 40), (61, 70)],
)
def test_it_is_rounded_up(p80: float, said: int) -> None:
    assert announced_minutes(p80) == said


@given(minutes, minutes, minutes)
def test_the_span_holds_what_it_is_made_of(a: float, b: float, c: float) -> None:
    p20, p50, p80 = sorted((a, b, c))
    low, high = Expected(p20, p50, p80).span
    assert low <= p20 or high == 0
    assert high >= p80 - 0.5
    assert low <= high


@given(minutes, minutes)
def test_a_shown_wait_rises_only_when_it_rose_by_much(before: float, fresh: float) -> None:
    was, new = NOW + timedelta(minutes=before), NOW + timedelta(minutes=fresh)
    shown = latest_call_time(was, new, NOW)
    assert shown in {was, new}
    if new <= was:
        assert shown == new
    else:
        much = fresh - before > max(5, 0.2 * before) + 1e-6
        assert shown == (new if much else was) or abs(fresh - before - max(5, 0.2 * before)) < 1e-6


def test_without_news_it_counts_down() -> None:
    by = NOW + timedelta(minutes=20)
    later = NOW + timedelta(minutes=4)
    assert latest_call_time(by, later + timedelta(minutes=19), later) == by

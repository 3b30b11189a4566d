"""The days of `make test-days` are what their names say, and are crossed within minutes."""

from __future__ import annotations

import os
from datetime import UTC, timedelta
from typing import Any

import pytest

from tests import days
from tests.clock import machine_time

MINUTES = timedelta(minutes=3)


@pytest.mark.parametrize(("day", "before", "after"), [("march", 1, 2), ("october", 2, 1)])
def test_the_clocks_change(day: str, before: int, after: int) -> None:
    start = days.DAYS[day]
    later = (start.astimezone(UTC) + MINUTES).astimezone(days.PRAGUE)
    assert start.utcoffset() == timedelta(hours=before)
    assert later.utcoffset() == timedelta(hours=after)


@pytest.mark.parametrize("day", ["saturday", "leap-day", "new-year"])
def test_midnight_comes(day: str) -> None:
    assert (days.DAYS[day] + MINUTES).date() == days.DAYS[day].date() + timedelta(days=1)


def test_every_run_of_ci_takes_one_and_all_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for number in range(6):
        monkeypatch.setattr(days, "machine_time", lambda n=number: 86_400.0 * (20_000 + n))
        seen.add(days.of_today())
    assert seen == set(days.DAYS)


def test_the_processes_of_pytest_start_at_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREPAZKA_TEST_CLOCK_OFFSET", "0")
    monkeypatch.setenv(days.STARTS, str(machine_time() - 3600))
    days.pytest_xdist_setupnodes()
    assert -3602 <= int(os.environ["PREPAZKA_TEST_CLOCK_OFFSET"]) <= -3599


class Item:
    """As much of a test as `tests.days` looks at."""

    def __init__(self, nodeid: str, *markers: str) -> None:
        self.nodeid, self.markers = nodeid, markers

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.markers else None


def test_what_no_day_changes_is_left_out(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    items: list[Any] = [
        Item("walk[cs]", "journey"),
        Item("walk[en]", "journey"),
        Item("hour[1]"),
        Item("hour[2]"),
        Item("sizes", "any_day"),
    ]
    monkeypatch.setattr(request.config.hook, "pytest_deselected", lambda **_: None)
    monkeypatch.delenv(days.STARTS, raising=False)
    days.pytest_collection_modifyitems(request.config, items)
    assert len(items) == 5
    monkeypatch.setenv(days.STARTS, "0")
    days.pytest_collection_modifyitems(request.config, items)
    assert [item.nodeid for item in items] == ["walk[cs]", "hour[1]", "hour[2]"]


def test_whoever_is_left_out_of_the_days_says_why(request: pytest.FixtureRequest) -> None:
    marks = [mark for item in request.session.items for mark in item.iter_markers("any_day")]
    assert all(mark.args and len(mark.args[0]) > 10 for mark in marks)

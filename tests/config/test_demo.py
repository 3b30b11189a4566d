"""The clock of a demo that is started at night, and the one supervisor that plays its days."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from prepazka.config import demo_setup, embedded, player, serve, supervisor
from prepazka.config.cli import parser
from prepazka.journal.models import Event
from prepazka.offices import clock, demo_play
from prepazka.offices.models import DemoClock, DemoPlay, Office
from prepazka.web.demo_installation import demo_offices, next_morning
from tests import town

LOADED = town.at("10:00", date(2026, 11, 20))


@pytest.fixture
def offices(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.DEMO = True
    monkeypatch.setattr(demo_setup, "now", lambda: LOADED)
    demo_setup.load_presets()
    yield
    clock._cached_clock, clock._looked_at = None, float("-inf")


@pytest.fixture(autouse=True)
def _real_time_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "real_now", lambda: LOADED)


def moment(day: date, hour: str) -> datetime:
    return town.at(hour, day)


@pytest.mark.parametrize(
    ("day", "hour", "morning"),
    [
        pytest.param(date(2026, 11, 30), "3:00", date(2026, 11, 30), id="at 3 in the morning"),
        pytest.param(date(2026, 11, 29), "12:00", date(2026, 11, 30), id="on a Sunday"),
        pytest.param(date(2026, 11, 27), "20:00", date(2026, 11, 30), id="on a Friday evening"),
        pytest.param(date(2026, 11, 26), "20:00", date(2026, 11, 27), id="most open on a Friday"),
        pytest.param(date(2026, 11, 28), "13:00", date(2026, 11, 30), id="one open on a Saturday"),
        pytest.param(date(2026, 12, 23), "21:00", date(2026, 12, 28), id="before Christmas"),
        pytest.param(date(2027, 3, 28), "1:30", date(2027, 3, 30), id="Easter, and summer time"),
    ],
)
@pytest.mark.real_time
def test_started_when_all_is_closed_it_shows_the_next_working_morning(
    offices: None, day: date, hour: str, morning: date
) -> None:
    nine = moment(morning, "9:00")
    assert demo_setup.move_to_next_morning(moment(day, hour)) == nine
    assert nine <= clock.now() < nine + timedelta(minutes=1)
    assert not clock.shows_real_time()


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        pytest.param(date(2026, 11, 30), "9:30", id="on a Monday"),
        pytest.param(date(2026, 11, 30), "11:45", id="during the lunch break of some"),
        pytest.param(date(2026, 11, 28), "10:00", id="identity cards on a Saturday"),
    ],
)
def test_started_while_an_office_is_open_nothing_is_changed(
    offices: None, day: date, hour: str
) -> None:
    assert demo_setup.move_to_next_morning(moment(day, hour)) is None
    assert not DemoClock.objects.exists()


def test_the_clock_never_goes_back_before_what_has_happened(offices: None) -> None:
    monday = date(2026, 11, 30)
    played = moment(monday, "14:00")
    Event.objects.create(office=Office.objects.get(slug="krumlov").pk, kind="Called", at=played)
    assert next_morning(demo_offices(), moment(monday, "3:00")) == moment(
        monday + timedelta(days=1), "9:00"
    )


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.real_time
def test_only_a_database_that_this_run_made_gets_another_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, existing: bool
) -> None:
    """Whether the clock may be moved, as `prepazka run` finds the folder of its data."""
    told = []
    if existing:
        (tmp_path / "postgresql" / "data").mkdir(parents=True)
    monkeypatch.setattr(embedded, "start_server", lambda _folder: "dbname=none")
    monkeypatch.setattr(embedded, "stop_server", lambda _folder: None)
    monkeypatch.setattr(
        supervisor, "_prepare_database", lambda _arguments, *, is_new: told.append(is_new)
    )
    monkeypatch.setattr(supervisor, "_serve", lambda _arguments, _stopping: None)
    # What it tells its children must not reach those of other tests.
    unwanted = ("DATABASE_URL", "PREPAZKA_", "SMTP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    monkeypatch.setattr(os, "environ", kept)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    supervisor.run(parser().parse_args(["run", "--data", str(tmp_path)]))
    assert told == [not existing]
    told.clear()
    kept["DATABASE_URL"] = "dbname=theirs"
    supervisor.run(parser().parse_args(["run", "--data", str(tmp_path / "empty")]))
    assert told == [False]


@pytest.mark.parametrize("new", [True, False])
def test_the_clock_is_set_before_anybody_looks_at_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, new: bool
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(serve, "prepare_database", lambda: steps.append("tables"))
    monkeypatch.setattr(demo_setup, "load_presets", lambda: steps.append("offices"))
    monkeypatch.setattr(demo_setup, "move_to_next_morning", lambda _now: steps.append("clock"))
    monkeypatch.setattr(
        demo_setup, "demo_addresses", lambda _base, _passwords: f"after {len(steps)} steps"
    )
    monkeypatch.setenv("PREPAZKA_URL", "http://localhost:8000")
    arguments = parser().parse_args(["run"])
    supervisor._prepare_database(arguments, is_new=new)
    assert steps == ["tables", "offices", *(["clock"] if new else [])]
    assert f"after {len(steps)} steps" in capsys.readouterr().out


# --- the player ---------------------------------------------------------------------------------


@pytest.fixture
def plays(
    transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[player.Player, list[str]]]:
    """A player whose people are a process that does nothing until it is told to end."""
    settings.DEMO = True
    town.office()
    began: list[str] = []

    def begin(wanted: DemoPlay) -> subprocess.Popen[bytes]:
        began.append(wanted.office.slug)
        return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    monkeypatch.setattr(player, "_begin", begin)
    made = player.Player(threading.Event())
    yield made, began
    made._end_child()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
    clock._cached_clock, clock._looked_at = None, float("-inf")


def ask() -> bool:
    return demo_play.request_play(office=Office.objects.get(), speed=60)


def state() -> str:
    return DemoPlay.objects.get().state


def look(made: player.Player, times: int = 2) -> None:
    for _ in range(times):
        made.look()


@pytest.mark.real_time
def test_it_begins_once_and_ends_when_somebody_stops_it(
    plays: tuple[player.Player, list[str]],
) -> None:
    made, began = plays
    assert ask()
    assert not ask()
    clock.play_period(shown_from=LOADED, lasts=timedelta(hours=3), speed=60)
    look(made, 4)
    assert (began, state()) == (["lhota"], "running")
    assert not ask()
    demo_play.request_stop()
    assert state() == "stopping"
    assert not ask()  # the people of before have to leave first
    look(made, 1)
    assert state() == "stopped"
    assert made.child is None
    assert DemoClock.objects.get().speed == 1  # goes on from there
    assert clock.now() == LOADED
    assert ask()
    look(made)
    assert began == ["lhota", "lhota"]


@pytest.mark.parametrize(("ends", "expected"), [(b"\n", "over"), (b"", "failed")])
def test_how_the_day_ended_is_kept(
    plays: tuple[player.Player, list[str]], ends: bytes, expected: str
) -> None:
    made, _ = plays
    ask()
    look(made)
    assert made.child
    made.child.communicate(ends)  # at the end of its input, input() fails
    look(made)
    assert state() == expected


def test_with_the_server_the_people_leave(plays: tuple[player.Player, list[str]]) -> None:
    made, _ = plays
    ask()
    look(made)
    child = made.child
    assert child
    made.stopping.set()
    made._run()
    assert child.poll() is not None
    assert state() == "stopped"


def test_a_second_supervisor_plays_nothing_and_takes_over_later(
    plays: tuple[player.Player, list[str]],
) -> None:
    made, began = plays
    look(made, 1)
    ask()
    seen: list[bool] = []

    def other() -> None:
        second = player.Player(threading.Event())
        look(second, 3)
        seen.append(second.alone)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(30)
    assert (seen, began, state()) == ([False], [], "asked")
    look(made, 1)
    assert state() == "running"
    connection.close()  # as when the process is killed
    later = player.Player(threading.Event())
    look(later, 1)
    assert later.alone
    assert state() == "stopped"

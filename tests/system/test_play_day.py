"""`prepazka play-day` against the whole program as `prepazka run` starts it, for two office hours."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from prepazka.offices.models import DemoClock, Device
from prepazka.queueing.models import Shift, Ticket, TicketState
from tests import programs
from tests.ports import free_port

SRC = str(Path(__file__).resolve().parents[2] / "src")
CLI = [sys.executable, "-m", "prepazka.config.cli"]


def environment() -> dict[str, str]:
    made = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    said = make_conninfo("", **{k: made[k] for k in wanted if made.get(k)})
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREPAZKA_", "SMTP_"))}
    made_up = {"PYTHONPATH": SRC, "DATABASE_URL": said, "PREPAZKA_WEB_THREADS": "4"}
    return kept | made_up | programs.moved_clock()


@pytest.fixture
def url(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """A running demo on the test's database."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    port = free_port()
    log = tmp_path / "run.log"
    with log.open("wb") as out:
        command = [*CLI, "run", "--port", str(port), "--data", str(tmp_path / "data")]
        program = subprocess.Popen(command, env=environment(), stdout=out, stderr=out)
        try:
            _wait(f"http://localhost:{port}/api/v1/offices", log)
            yield f"http://localhost:{port}"
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(30)
    assert "Traceback" not in log.read_text()


def _wait(address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  # our own
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        else:
            return


def play(url: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [*CLI, "play-day", "krumlov", "--url", url, *more]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=100, check=False
    )


def test_two_hours_of_an_office(url: str) -> None:
    what_cannot_be_played_is_said(url)
    done = play(url, "--speed", "720", "--minutes", "0.22", "--seed", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row.split()[0]: row.split() for row in done.stdout.splitlines() if row}
    booked, walk_in = rows["booked"], rows["walk-in"]
    # No more and no comparison of the waits: at this speed a busy machine costs office minutes.
    assert int(booked[3]) >= 1, done.stdout
    assert int(walk_in[3]) >= 1, done.stdout
    assert re.search(r"FAULTS:\n +none", done.stdout)

    tickets = list(Ticket.objects.filter(office__slug="krumlov"))
    assert max(Counter(one.label for one in tickets).values()) == 1
    assert {one.booking_id is not None for one in tickets} == {True, False}
    assert sum(one.state == TicketState.FINISHED for one in tickets) >= 2
    # All is as before: the real time, no open counter, the kiosk free for another browser.
    assert not DemoClock.objects.exists()
    assert not Shift.objects.filter(closed_at=None).exists()
    assert not Device.objects.filter(kind="kiosk").exclude(token_hash="").exists()


def what_cannot_be_played_is_said(url: str) -> None:
    nowhere = play("http://127.0.0.1:9", "--speed", "60")
    assert nowhere.returncode == 1
    assert "Start the program first: prepazka run" in nowhere.stderr
    command = [*CLI, "play-day", "neni", "--url", url]
    missing = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert missing.returncode == 1
    assert "no office neni" in missing.stderr
    wrong = play(url, "--speed", "0")
    assert wrong.returncode == 2

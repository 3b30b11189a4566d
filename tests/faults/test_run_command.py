"""`prepazka run`: everything starts, stops and starts again, with nothing left behind or lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from prepazka.config import embedded
from prepazka.config.postmaster import Cluster
from tests import programs
from tests.faults import program
from tests.faults.program import measured, wait_for
from tests.ports import free_port

UNWANTED = ("DATABASE_URL", "PREPAZKA_DEMO", "PREPAZKA_SECRET_KEY", "SMTP_HOST", "SMTP_PORT")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path of its own, as pytest's are private to root and long."""
    path = Path(tempfile.mkdtemp(prefix="prz-")).resolve()
    yield path
    embedded.stop_server(path / "postgresql")
    shutil.rmtree(path)


@contextmanager
def started(folder: Path, port: int) -> Iterator[program.Process]:
    """The whole system, as a newcomer starts it."""
    told = {k: v for k, v in program.environment("x").items() if k not in UNWANTED}
    told |= programs.moved_clock()
    arguments = ["run", "--port", str(port), "--data", str(folder)]
    (folder / "run.log").unlink(missing_ok=True)
    with program.running(arguments, told, folder / "run.log") as made:
        wait_for("its word that it runs", lambda: "Running" in made.said, within=150)
        yield made  # from that word on it answers


def offices(port: int) -> list[str]:
    answer = httpx.get(f"http://localhost:{port}/api/v1/offices", timeout=20)
    return [office["slug"] for office in answer.json()]


def child(process: program.Process, name: str) -> psutil.Process | None:
    for one in psutil.Process(process.child.pid).children():
        if f"prepazka.config.cli {name}" in " ".join(one.cmdline()):
            return one
    return None


@pytest.mark.real_time
def test_run_stops_cleanly_and_starts_again_with_its_data(folder: Path) -> None:
    port = free_port()
    with started(folder, port) as first:
        assert offices(port) == ["krumlov", "liberec", "praha6", "sumperk", "touzim"]
        hold = take_a_slot(port)
        a_killed_web_is_started_again(first, port)
        # Before the library of the jobs writes how it lost the database.
        assert "Traceback" not in first.said, first.said
        a_killed_database_is_started_again(first, port, Cluster(folder / "postgresql"))
        family = psutil.Process(first.child.pid).children(recursive=True)
        assert len(family) > 2
        assert first.end(signal.SIGINT, within=40) == 0
    assert "Stopped; nothing is lost." in first.said
    left = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert left == []
    assert Cluster(folder / "postgresql").server() is None
    assert "database system is shut down" in (folder / "postgresql" / "server.log").read_text()

    with started(folder, port) as second:
        assert offices(port) == ["krumlov", "liberec", "praha6", "sumperk", "touzim"]
        page = httpx.get(f"http://localhost:{port}/termin/{hold}/", timeout=20)
        assert page.status_code == 200, "the slot held before is still held"
        assert "recovery" not in second.said
        let_people_come(port)
        wait_for("the people", lambda: child(second, "play-day"), within=40)
        let_people_come(port)  # a second press starts no second day
        assert second.said.count("Virtual people come") == 1
        family = psutil.Process(second.child.pid).children(recursive=True)
        os.kill(second.child.pid, signal.SIGTERM)
        wait_for("the end", lambda: not second.runs, within=40)
    left = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert left == []
    assert "Traceback" not in second.said, second.said
    log = (folder / "postgresql" / "server.log").read_text()
    assert log.count("was not properly shut down") == 1, "only the one that was killed"


def let_people_come(port: int) -> None:
    """Press the button of the start page."""
    with httpx.Client(base_url=f"http://localhost:{port}", timeout=20) as client:
        page = client.get("/").text
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
        slug = re.findall(r'name="urad" value="([^"]+)"', page)[0]
        form = {"csrfmiddlewaretoken": token, "urad": slug, "speed": "60"}
        assert client.post("/demo/lide/", data=form).status_code == 302


def take_a_slot(port: int) -> str:
    """Hold the first slot that any service of the demo offers; its token."""
    with httpx.Client(base_url=f"http://localhost:{port}/api/v1", timeout=20) as client:
        for slug in offices(port):
            for service in client.get(f"/offices/{slug}").json()["services"]:
                path = f"/offices/{slug}/services/{service['code']}/slots"
                found = client.get(path).json()["slots"] if service["bookable"] else []
                if found:
                    wanted = {"service": service["code"], "starts_at": found[0]["starts_at"]}
                    held = client.post(
                        f"/offices/{slug}/holds",
                        json=wanted,
                        headers={"Idempotency-Key": str(uuid4())},
                    )
                    assert held.status_code == 201, held.text
                    return str(held.json()["token"])
    raise AssertionError("no demo office offers any slot")


def a_killed_web_is_started_again(process: program.Process, port: int) -> None:
    web = child(process, "web")
    assert web
    web.kill()
    wait_for("the web to be gone", lambda: not program.answers(port))
    took = program.wait_until_up(port, process)
    again = child(process, "web")
    assert again
    assert again.pid != web.pid
    assert "The web ended (-9); it starts again." in process.said
    measured.info(f"the killed web answers again after {took:.2f} s")


def a_killed_database_is_started_again(
    process: program.Process, port: int, cluster: Cluster
) -> None:
    server = cluster.server()
    assert server
    server.kill()
    wait_for("its word", lambda: "The database runs again." in process.said)
    took = wait_for("the web", lambda: program.answers(port))
    again = cluster.server()
    assert again
    assert again.pid != server.pid
    assert process.said.count("The database ended; it starts again.") == 1
    measured.info(f"the web answers {took:.2f} s after the killed database runs again")

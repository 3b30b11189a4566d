"""The database stops and starts under load: polite answers, nothing lost, no restart of ours."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from prepazka.config import embedded
from prepazka.config.postmaster import Cluster
from tests.faults import program
from tests.faults.always import coming_slots
from tests.faults.program import Kiosk, Mailbox, Stream, measured, wait_for
from tests.ports import free_port

THREADS = 4  # of each kind


@dataclass
class Load:
    """Clients that ask all the time, and repeat what got no answer, as they are told to."""

    port: int
    code: str
    stop: threading.Event = field(default_factory=threading.Event)
    answers: list[tuple[str, httpx.Response]] = field(default_factory=list)
    done: dict[UUID, httpx.Response] = field(default_factory=dict)
    faults: list[BaseException] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self.kiosk = Kiosk(self.port, self.code)
        for number in range(THREADS):
            for work in (self.book, self.queue):
                thread = threading.Thread(target=self.guard, args=(work, number), daemon=True)
                self.threads.append(thread)
                thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
        self.kiosk.client.close()
        assert not self.faults, self.faults

    def guard(self, work: Any, number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  # told by `end`
            self.faults.append(error)

    def book(self, number: int) -> None:
        """Slots one after another; all clients go through the same ones, so they collide."""
        with httpx.Client(base_url=f"http://localhost:{self.port}", timeout=30) as client:
            for starts_at in coming_slots(days=20):
                if self.stop.is_set():
                    return
                self.until_answered("hold", lambda key, at=starts_at: self.hold(client, key, at))

    @staticmethod
    def hold(client: httpx.Client, key: UUID, starts_at: datetime) -> httpx.Response:
        said = {"service": "prepis", "starts_at": starts_at.isoformat()}
        headers = {"Idempotency-Key": str(key), "Accept-Language": "cs"}
        return client.post("/api/v1/offices/lhota/holds", json=said, headers=headers)

    def queue(self, number: int) -> None:
        while not self.stop.is_set():
            self.until_answered("ticket", self.kiosk.touch)
            time.sleep(0.01)

    def until_answered(self, kind: str, ask: Any) -> None:
        key = uuid4()
        while True:
            answer = ask(key)
            self.answers.append((kind, answer))
            if answer.status_code != 503:
                self.done[key] = answer
                return
            time.sleep(0.1)  # the answer asks for 20 s; a hasty client must do no harm

    def count(self) -> int:
        return sum(a.status_code in {201, 302} for _, a in self.answers)


def restart(folder: Path, *, kill: bool) -> None:
    if kill:
        server = Cluster(folder).server()
        assert server
        server.kill()
    else:
        embedded.stop_server(folder)  # SIGINT, PostgreSQL's fast shutdown
    time.sleep(0.7)
    embedded.start_server(folder)


def build(database: str) -> str:
    """Migrate and build the town in a process; the code that pairs its kiosk."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.build"],
        env=program.environment(database),
        check=True,
        capture_output=True,
        text=True,
    )
    return str(json.loads(done.stdout)["code"])


@pytest.mark.any_day("what an outage leaves")
@pytest.mark.real_time
def test_the_database_is_stopped_and_killed_under_load(
    folder: Path, tmp_path: Path, mailbox: Mailbox
) -> None:
    database = embedded.start_server(folder)
    code = build(database)
    port = free_port()
    told = program.environment(database, SMTP_HOST="127.0.0.1", SMTP_PORT=str(mailbox.port))
    with (
        program.web(told, tmp_path / "web.log", port) as web,
        program.running(["worker"], told, tmp_path / "worker.log") as worker,
    ):
        stream = Stream(port)
        load = Load(port, code)
        load.start()
        for kill in (False, True):
            time.sleep(1.0)
            before = load.count()
            restart(folder, kill=kill)
            ready = time.monotonic()
            took = wait_for("the web to give again", lambda b=before: load.count() > b + 20)  # type: ignore[misc]
            heard = wait_for("news", lambda r=ready: stream.changes_since(r), within=15)  # type: ignore[misc]
            measured.info(
                f"kill={kill}: answers again after {took:.2f} s, news after {heard + took:.2f} s"
            )
        load.end()
        assert web.runs
        assert not stream.ended
        news_still_come(stream, database, port)
        jobs_still_run(database, port, mailbox, worker)
        assert "Traceback" not in web.said, web.said[-3000:]
        web.kill()  # at once; an ordinary stop waits for the open stream
    measured.info("%s", Counter((kind, a.status_code) for kind, a in load.answers))
    every_answer_was_polite(load)
    assert any(a.status_code == 503 for _, a in load.answers), "the restarts were never felt"
    nothing_is_lost_or_doubled(load, database)


def news_still_come(stream: Stream, database: str, port: int) -> None:
    time.sleep(0.5)
    began = time.monotonic()
    with psycopg.connect(database) as connection:
        office = connection.execute("SELECT id FROM offices_office").fetchone()
        assert office
        said = json.dumps({"office": office[0], "topics": ["queue"]})
        connection.execute("SELECT pg_notify('prepazka', %s)", [said])
    wait_for("the news", lambda: stream.changes_since(began), within=5)


def jobs_still_run(database: str, port: int, mailbox: Mailbox, worker: program.Process) -> None:
    """A mail leaves without anybody having touched the worker."""
    with httpx.Client(base_url=f"http://localhost:{port}", timeout=30) as client:
        for starts_at in reversed(coming_slots(days=20)):
            held = Load.hold(client, uuid4(), starts_at)
            if held.status_code == 201:
                break
        else:
            pytest.fail("no slot was left")
        contact = {"name": "Jana", "email": "jana@example.cz"}
        asked = client.post(f"/api/v1/holds/{held.json()['token']}/contact", json=contact)
        assert asked.status_code == 202, asked.text
    took = wait_for(
        f"the mail; worker runs: {worker.runs}\n{worker.said}", lambda: mailbox, within=40
    )
    measured.info(f"the worker {'runs' if worker.runs else 'ended'}; mail after {took:.2f} s")


def every_answer_was_polite(load: Load) -> None:
    allowed = {"hold": {201, 409, 503}, "ticket": {302, 503}}
    for kind, answer in load.answers:
        assert answer.status_code in allowed[kind], (kind, answer.status_code, answer.text)
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "20"
            assert "Služba teď není dostupná" in answer.text, answer.text


def nothing_is_lost_or_doubled(load: Load, database: str) -> None:
    with psycopg.connect(database) as connection:
        holds = Counter(
            row[0]
            for row in connection.execute(
                "SELECT request_key FROM booking_booking WHERE request_key IS NOT NULL"
            )
        )
        tickets = Counter(row[0] for row in connection.execute("SELECT touch FROM queueing_ticket"))
        numbers = [
            row[0]
            for row in connection.execute(
                "SELECT number FROM queueing_ticket ORDER BY issued_at, number"
            )
        ]
    given = {key: a for key, a in load.done.items() if a.status_code in {201, 302}}
    for key, answer in given.items():
        kept = holds if answer.status_code == 201 else tickets
        assert kept[key] == 1, (key, answer.status_code)
    assert sum(holds.values()) + sum(tickets.values()) <= len(given) + 1  # the one of the mail
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert set(tickets) <= set(load.done)

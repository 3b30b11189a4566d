"""Processes that die are replaced; a database that is stopped costs polite answers, no hanging."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest

from prepazka.config import embedded
from prepazka.config.postmaster import Cluster
from tests.faults import program
from tests.faults.program import Kiosk, Stream, measured, wait_for
from tests.faults.test_database_restart import build
from tests.ports import free_port

POLITE_WITHIN = 10.0  # seconds a person waits for the word that the service is away
HEALTH_WITHIN = 2.0


@pytest.mark.real_time
def test_a_dead_process_of_several_is_replaced_and_takes_no_other_along(
    folder: Path, tmp_path: Path
) -> None:
    database = embedded.start_server(folder)
    build(database)
    port = free_port()
    arguments = ["web", "--port", str(port), "--workers", "2"]
    with program.running(arguments, program.environment(database), tmp_path / "web.log") as web:
        program.wait_until_up(port, web)
        wait_for("two processes", lambda: len(processes(web)) == 2)
        streams = streams_of_all(web, port)
        for _ in range(2):  # the second death comes so soon that granian would end everything
            kept, victim = sorted(processes(web), key=lambda process: process.create_time())
            victim.kill()
            wait_for("another in its place", lambda v=victim: replaced(web, v))  # type: ignore[misc]
            assert kept.is_running()
        living = [stream for stream in streams if not stream.ended]
        assert 0 < len(living) < len(streams)
        for _ in range(20):
            assert program.answers(port)
        assert web.runs
        assert not any(stream.ended for stream in living)
        family = processes(web)
        web.end(within=15)  # open streams hold nothing up
        assert not any(process.is_running() for process in family)


def streams_of_all(web: program.Process, port: int) -> list[Stream]:
    """Open streams until each process has some: by chance, and one may begin to listen later."""
    streams: list[Stream] = []
    while not all(has_stream(process, port) for process in processes(web)):
        assert len(streams) < 200, "all streams are on one process"
        streams.append(Stream(port))
    return streams


def has_stream(process: psutil.Process, port: int) -> bool:
    return any(
        one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port
        for one in process.net_connections("tcp")
    )


def processes(web: program.Process) -> list[psutil.Process]:
    """The processes of the web that answer; others belong to Python's own housekeeping."""
    living = []
    for child in psutil.Process(web.child.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            housekeeping = "resource_tracker" in " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not housekeeping:
                living.append(child)
    return living


def replaced(web: program.Process, victim: psutil.Process) -> bool:
    living = processes(web)
    return len(living) == 2 and victim.pid not in {process.pid for process in living}


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    """All processes of the server, as they are when a virtual machine is held."""
    server = cluster.server()
    assert server
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in family:
            process.resume()


@pytest.mark.real_time
def test_a_stopped_database_costs_polite_answers_and_everything_goes_on(
    folder: Path, tmp_path: Path
) -> None:
    database = embedded.start_server(folder)
    code = build(database)
    port = free_port()
    told = program.environment(database)
    asked: list[Asked] = []
    with program.web(told, tmp_path / "web.log", port) as web:
        stream, kiosk, touch = Stream(port), Kiosk(port, code), uuid4()
        with httpx.Client(base_url=f"http://localhost:{port}", timeout=30) as client:
            assert client.get("/lhota/").status_code == 200
            with stopped(Cluster(folder)):
                ticket = ask(lambda: kiosk.touch(touch), asked)
                # Twice as many as there are threads: those that wait for one must not wait longer.
                pages = [ask(lambda: client.get("/lhota/"), asked) for _ in range(10)]
                board = ask(lambda: client.get("/api/v1/offices/lhota/queues"), asked)
                for _ in range(4):
                    health = ask(lambda: client.get("/api/v1/health"), asked)
                    health.join()
                    assert_health_is_told(health)
                    time.sleep(0.5)
                for question in (ticket, *pages, board):
                    question.join(POLITE_WITHIN + 10)
                assert_all_polite([ticket, *pages, board])
                # It is known by now: nobody waits any more.
                late = ask(lambda: client.get("/lhota/"), asked)
                late.join()
                assert late.took < 2, late.took
                assert_all_polite([late])
                assert threads(web) < 40
                went_on = time.monotonic()  # the news may be here before the next line runs
            wait_for("pages", lambda: client.get("/lhota/").status_code == 200, within=10)
            wait_for("news", lambda: stream.changes_since(went_on), within=15)
            measured.info(
                "answers in %s s, pages again after %.1f s",
                [round(question.took, 1) for question in asked],
                time.monotonic() - went_on,
            )
            assert not stream.ended
            again = kiosk.touch(touch)
            assert again.status_code == 302
        kiosk.client.close()
        assert "Traceback" not in web.said, web.said[-3000:]
        web.kill()
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM queueing_ticket").fetchone()
    assert row == (1,), "the touch that was answered 503 and repeated is one ticket"


class Asked(threading.Thread):
    """A question on its way, with its answer and the seconds it took."""

    def __init__(self, question: Any) -> None:
        super().__init__(daemon=True)
        self.question = question
        self.took = 0.0
        self.answer: httpx.Response | None = None
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        self.answer = self.question()
        self.took = time.monotonic() - began


def ask(question: Any, asked: list[Asked]) -> Asked:
    asked.append(Asked(question))
    return asked[-1]


def assert_health_is_told(health: Asked) -> None:
    assert health.answer is not None
    assert health.took < HEALTH_WITHIN, health.took
    assert health.answer.status_code == 503
    assert health.answer.json()["database"] is False


def assert_all_polite(questions: list[Asked]) -> None:
    for question in questions:
        assert question.answer is not None, "no answer at all"
        assert question.took < POLITE_WITHIN, question.took
        assert question.answer.status_code == 503, question.answer.text
        assert question.answer.headers["retry-after"] == "20"
        words = re.sub(r"\s+|&nbsp;", " ", question.answer.text)
        assert "Služba teď není dostupná" in words, words


def threads(web: program.Process) -> int:
    return psutil.Process(web.child.pid).num_threads()

"""One line per cause and minute, with a count; refusals are no errors."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from prepazka.config.log_folding import FoldingHandler, RefusalsAreNoErrors, ShortRefusals
from prepazka.messaging.message_types import Undeliverable
from prepazka.reporting import health
from prepazka.surfaces.api import api
from tests import town
from tests.faults.program import wait_for


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO, FoldingHandler]]:
    stream = io.StringIO()
    handler = FoldingHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(ShortRefusals())
    logger = logging.getLogger("folded")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, stream, handler
    logger.removeHandler(handler)


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_an_outage_is_two_lines(written: Any) -> None:
    logger, stream, handler = written
    handler.within = 1.0
    for number in range(100):
        logger.warning("error connecting in 'pool-%s': connection refused (%s)", number, number)
    assert len(lines(stream)) == 1
    wait_for("the count", lambda: len(lines(stream)) == 2)
    assert lines(stream)[1].endswith("… 99 more of these within a minute")
    logger.warning("error connecting in 'pool-1': connection refused (1)")
    assert len(lines(stream)) == 3, "the next minute begins with a line"


def test_different_causes_are_different_lines(written: Any) -> None:
    logger, stream, _ = written
    logger.warning("the server answered 451")
    logger.warning("the address was refused")
    logger.error("the address was refused")
    assert len(lines(stream)) == 3


def fail(kind: type[Exception]) -> None:
    raise kind("of booking 17")


def test_a_traceback_is_written_once_for_each_kind_and_place(written: Any) -> None:
    logger, stream, handler = written
    for _ in range(100):
        for kind in (KeyError, ValueError):
            try:
                fail(kind)
            except (KeyError, ValueError):
                logger.exception("Job %s failed", time.monotonic())
    assert stream.getvalue().count("Traceback") == 2
    handler.close()
    assert sum("99 more of these" in line for line in lines(stream)) == 2


def test_what_is_no_fault_of_ours_has_no_traceback(written: Any) -> None:
    logger, stream, _ = written
    try:
        raise Undeliverable("the server answered 451", permanent=False)
    except Undeliverable:
        logger.warning("Job deliver[3](message=7) ended", exc_info=True)
    assert lines(stream) == [
        "WARNING folded: Job deliver[3](message=7) ended: the server answered 451"
    ]


def test_a_process_that_counts_nothing_has_no_thread(written: Any) -> None:
    logger, *_ = written
    threads = threading.active_count()
    logger.critical("The clock is moved by 7 s for tests.")
    assert threading.active_count() == threads
    logger.critical("The clock is moved by 8 s for tests.")
    assert threading.active_count() == threads + 1


def test_a_line_after_its_minute_is_written_again(written: Any) -> None:
    logger, stream, handler = written
    handler.within = 0.0
    for _ in range(3):
        logger.warning("once an hour")
    assert len(lines(stream)) == 3


def test_a_single_line_has_no_count(written: Any) -> None:
    logger, stream, handler = written
    logger.warning("once")
    handler.close()
    assert lines(stream) == ["WARNING folded: once"]


def test_after_its_end_a_handler_writes_nothing_and_has_no_thread(written: Any) -> None:
    logger, stream, handler = written
    for _ in range(3):
        logger.warning("the server answered 451")
    thread = handler._thread
    assert thread.is_alive()
    logger.setLevel(logging.INFO)
    with handler.lock:  # as logging.shutdown holds it at the end of a process
        handler.close()
    assert lines(stream)[1:] == [
        "WARNING folded: the server answered 451 … 2 more of these within a minute"
    ]
    thread.join(20)
    assert not thread.is_alive()
    logger.warning("something else")
    logger.info("a step")
    assert len(lines(stream)) == 2


@pytest.mark.parametrize("ends_by", ["its minute", "the handler"])
def test_a_stream_that_its_owner_has_closed_is_left_alone(
    written: Any, ends_by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger, stream, handler = written
    handler.within = 0.3
    for _ in range(3):
        logger.warning("the server answered 451")
    thread = handler._thread
    stream.close()
    if ends_by == "the handler":
        handler.close()
    thread.join(20)
    assert not thread.is_alive()
    logger.warning("something else")
    assert "Logging error" not in capsys.readouterr().err


def test_who_wants_to_see_everything_does(written: Any) -> None:
    logger, stream, _ = written
    logger.setLevel(logging.INFO)
    for _ in range(3):
        logger.info("a step")
    assert len(lines(stream)) == 3


def test_many_causes_do_not_fill_the_memory(written: Any) -> None:
    logger, stream, handler = written
    for number in range(2000):
        logger.warning("cause %s", "a" * number)
    assert len(handler._repeats) <= 201
    assert len(lines(stream)) <= 201


@pytest.mark.parametrize(
    ("name", "status", "level"),
    [
        ("django.request", 503, logging.WARNING),
        ("django.request", 500, logging.ERROR),
        ("django.security.DisallowedHost", 400, logging.WARNING),
    ],
)
def test_refusals_are_no_errors(name: str, status: int, level: int) -> None:
    record = logging.makeLogRecord({"name": name, "levelno": 40, "status_code": status})
    assert RefusalsAreNoErrors().filter(record)
    assert record.levelno == level


@pytest.mark.django_db
def test_a_scanner_and_a_lost_database_are_warnings(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "now", lambda: town.FRIDAY_BEFORE)
    assert Client().get("/", headers={"host": "scan.example"}).status_code == 400
    monkeypatch.setattr(
        health,
        "health_answer",
        lambda _: (503, {"version": "", "disk_free_mb": {}, "database": False}),
    )
    assert Client().get("/api/v1/health").status_code == 503
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert len(caplog.records) == 2

"""What every test needs: compiled messages, and nothing left of the test before."""

import gc
import os
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from prepazka.looks.compile_messages import compile_messages
from prepazka.looks.compress_static import compress_static
from prepazka.offices import clock, office_snapshot
from prepazka.queueing import wait_learning
from prepazka.reporting import forecast
from tests import needs, papers
from tests.skips import pytest_sessionfinish, pytest_terminal_summary

__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]  # hooks

LONG = {"journeys", "system", "faults"}
COMMANDS = "test_bare_commands.py"  # runs all its commands before its first test ends
REAL_TIME = {"edge", "journeys", "system"}  # folders whose tests start the program's processes
KEPT = {"django_migrations", "django_content_type", "auth_permission"}  # no test changes them
JOBS = {  # of the job library, which makes its tables itself
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
}


# How long an example takes says more of what else the machine does than of the program.
hypothesis.register_profile(
    "unhurried", hypothesis(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def pytest_configure() -> None:
    compile_messages()
    # Now, for a web compresses what changed after the process that it is a fork of has noted sizes.
    compress_static()
    hypothesis.load_profile("unhurried")
    PBKDF2PasswordHasher.iterations = 1  # passwords of fictitious people need no slow hash
    # Django's own way truncates each table, which costs half a second a test however empty it is.
    TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[attr-defined]


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.path.parent.name in REAL_TIME:
        item.add_marker("real_time")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each process begins with its part of the long ones, so that none is left alone with them.

    pytest-xdist cuts the list into as many stretches as there are processes.
    """
    no_chromium = needs.mark("chromium")
    for item in items:
        if item.get_closest_marker("journey"):
            item.add_marker(no_chromium)
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    commands = [item for item in items if item.path.name == COMMANDS]  # in one process
    long = [one for one in items if one.path.parent.name in LONG]
    others = [item for item in items if item.path.name != COMMANDS]
    short = [one for one in others if one.path.parent.name not in LONG]
    items[:] = [
        *commands,
        *(
            one
            for number in range(processes)
            for one in (*long[number::processes], *short[number::processes])
        ),
    ]


def pytest_collection_finish() -> None:
    """What is loaded by now stays: let no collection of garbage walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _empty_tables(case: TransactionTestCase) -> None:
    tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT | JOBS
    deletes = "; ".join(f'DELETE FROM "{name}"' for name in sorted(tables))  # noqa: S608  # ours
    with connection.cursor() as cursor:
        # Without triggers the order of the tables does not matter.
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; COMMIT")


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test() -> Iterator[None]:
    yield
    translation.deactivate()  # a page read in English leaves its language in the thread
    office_snapshot._cached_by_id.clear()
    wait_learning._known.clear()
    forecast.clear_outlook_cache()


@pytest.fixture(autouse=True)
def _only_marked_tests_read_the_clock(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """`make test-days` runs the tests marked `real_time`; none that it should run is left out."""
    if request.node.get_closest_marker("real_time"):
        yield
        return
    read, real_now = [], clock.real_now

    def noted() -> datetime:
        read.append("".join(traceback.format_stack(limit=6)))
        return real_now()

    monkeypatch.setattr(clock, "real_now", noted)
    yield
    assert not read, f"mark the test real_time, or tell it the time; it read the clock:\n{read[0]}"


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> Path:
    """A folder of the test's own for files of meetings."""
    return papers.kept_in(tmp_path / "files", settings)


@pytest.fixture(autouse=True)
def _estimates_are_never_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests press faster than people; what they look at is of that very moment."""
    monkeypatch.setattr(forecast, "PAUSE", 0.0)
    monkeypatch.setattr(forecast, "SHARE", 0.0)
    monkeypatch.setattr(wait_learning, "LOOK_EVERY", 0.0)

"""Starts the program's processes as forks of one that has loaded everything already.

A test wants a web and perhaps a worker of its own; nearly all that their start costs is loading
what never differs. Whoever is told something else than that process was (a folder of voices, the
demo's clock) starts from nothing, as in an installation.
"""

from __future__ import annotations

import atexit
import functools
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from prepazka.looks.compress_static import compress_static
from tests.clock import real_now
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "prepazka.config.cli"]

_starter = multiprocessing.get_context("forkserver")
_starter.set_forkserver_preload(["tests.ready"])
_ready: dict[str, str] = {}  # what the process that is forked was told


def inherited() -> dict[str, str]:
    """What this process is told, without what only it and its browser care about."""
    left_out = ("PYTEST_", "DJANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def moved_clock() -> dict[str, str]:
    """What a program is told so that its clock shows the day that `make test-days` tries."""
    if not settings.TEST_CLOCK_OFFSET:
        return {}
    return {
        "PREPAZKA_TEST_CLOCK_OFFSET": str(settings.TEST_CLOCK_OFFSET),
        "PREPAZKA_SECRET_KEY": settings.SECRET_KEY,  # with a key of its own it would refuse
    }


def plain(database: str) -> dict[str, str]:
    """What every program is told."""
    return inherited() | {
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "prepazka.config.settings",
        "DATABASE_URL": database,
        "PREPAZKA_SECRET_KEY": settings.SECRET_KEY,
        "PREPAZKA_DEMO": "0",
        "PREPAZKA_WEB_THREADS": "4",
    }


@functools.cache
def told() -> dict[str, str]:
    """What programs on this process's test database are told; those told just this are forks."""
    assert connection.settings_dict["NAME"].startswith("test_"), "there is no test database yet"
    files = tempfile.mkdtemp(prefix="prz-files-")
    atexit.register(shutil.rmtree, files, ignore_errors=True)
    environment = plain(_database()) | {
        "PREPAZKA_URL": f"http://localhost:{free_port()}",
        "PREPAZKA_CALENDAR_NETWORKS": "127.0.0.0/8",  # calendars kept elsewhere are here, too
        "PREPAZKA_FILES": files,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(free_port()),
    }
    _get_ready(environment)
    return environment


def _database() -> str:
    made = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    return make_conninfo("", **{k: made[k] for k in wanted if made.get(k)})


def _get_ready(environment: dict[str, str]) -> None:
    compress_static()  # as `prepazka web` does before it reads how long the files are
    _ready.update(environment)
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(kept)


class Fork:
    """A process of the program, with what `subprocess.Popen` can do."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self.child = _starter.Process(
            target=_go_on, args=(arguments, _ready, str(log)), daemon=True
        )
        self.child.start()
        assert self.child.pid
        self.pid = self.child.pid

    def poll(self) -> int | None:
        return self.child.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.child.kill()

    def wait(self, timeout: float | None = None) -> int:
        self.child.join(timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(self.child.name, timeout or 0)
        return code


def start(
    arguments: list[str],
    environment: dict[str, str],
    log: Path,
    command: Sequence[str] = tuple(COMMAND),
) -> Fork | subprocess.Popen[bytes]:
    """`prepazka ARGUMENTS`, which writes to that log; or another program, by its command."""
    real_now()  # read for the process that will: only tests marked `real_time` may
    log.touch()  # it may be read at once
    if environment == _ready:
        return Fork(arguments, log)
    with log.open("ab") as out:
        return subprocess.Popen(
            [*command, *arguments], env=environment, stdout=out, stderr=out, start_new_session=True
        )


@contextmanager
def program(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """`prepazka ARGUMENTS`, until the end of the block."""
    child = start(arguments, environment, log)
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _go_on(arguments: list[str], environment: dict[str, str], log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(environment)
    from prepazka.config.cli import main  # noqa: PLC0415  # of the fork, not of the test

    sys.argv = ["prepazka", *arguments]
    sys.exit(main())

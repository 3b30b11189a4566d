"""Starts the program's processes as forks of one that has loaded everything already.

A journey wants a web and perhaps a worker of its own; nearly all that their start costs is loading
what never differs. Whoever is told something else than that process was (a folder of voices, the
demo's clock) starts from nothing, as in an installation.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

_starter = multiprocessing.get_context("forkserver")
_starter.set_forkserver_preload(["tests.journeys.ready"])
_ready: dict[str, str] = {}  # what the process that is forked was told


def get_ready(environment: dict[str, str]) -> None:
    """Start the process that is forked; programs with this very environment will be forks."""
    _ready.update(environment)
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(kept)


@contextmanager
def program(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[BaseProcess]:
    """`prepazka ARGUMENTS`, until the end of the block."""
    run = _go_on if environment == _ready else _begin
    child = _starter.Process(target=run, args=(arguments, environment, str(log)), daemon=True)
    child.start()
    try:
        yield child
    finally:
        child.terminate()
        child.join(10)
        if child.is_alive():
            child.kill()
            child.join()


def _write_to(log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)


def _go_on(arguments: list[str], environment: dict[str, str], log: str) -> None:
    _write_to(log)
    os.environ.clear()
    os.environ.update(environment)
    from prepazka.config.cli import main  # noqa: PLC0415  # of the fork, not of the test

    sys.argv = ["prepazka", *arguments]
    sys.exit(main())


def _begin(arguments: list[str], environment: dict[str, str], log: str) -> None:
    _write_to(log)
    command = [sys.executable, "-m", "prepazka.config.cli", *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606  # no shell

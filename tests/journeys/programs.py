"""Starts the program's processes from one that has imported the libraries already.

A journey wants a web and perhaps a worker of its own; most of what their start costs is importing
what never differs. Only libraries and the pure core are imported ahead: what reads the environment
or the settings is imported by each process itself, as in an installation.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

AHEAD = """
uvicorn uvicorn.loops.uvloop uvicorn.protocols.http.httptools_impl psycopg psycopg_pool numpy
django.core.management django.core.handlers.asgi django.core.mail django.db.models django.forms
django.db.backends.postgresql.base django.contrib.postgres.constraints django.template.defaulttags
django.contrib.postgres.fields django.template.loader_tags django.utils.translation.trans_real
django.views django.urls procrastinate escpos.printer segno icalendar recurring_ical_events holidays
yaml babel.numbers pydantic httpx httpcore jinja2 phonenumbers cryptography.x509 fido2.server altcha
whitenoise prepazka.core.replay prepazka.core.events prepazka.core.slots
""".split()

_starter = multiprocessing.get_context("forkserver")
_starter.set_forkserver_preload(AHEAD)


@contextmanager
def program(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[BaseProcess]:
    """`prepazka ARGUMENTS`, until the end of the block."""
    child = _starter.Process(target=_run, args=(arguments, environment, str(log)), daemon=True)
    child.start()
    try:
        yield child
    finally:
        child.terminate()
        child.join(10)
        if child.is_alive():
            child.kill()
            child.join()


def _run(arguments: list[str], environment: dict[str, str], log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(environment)
    from prepazka.config.cli import main  # noqa: PLC0415  # it may read the environment

    sys.argv = ["prepazka", *arguments]
    sys.exit(main())

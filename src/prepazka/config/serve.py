"""Single processes of an installation: the web, the worker, the migration."""

from __future__ import annotations

import argparse
import contextlib
import logging
import time

from django.core.management import call_command
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from prepazka.config.command_errors import CommandFailed, check_port_free
from prepazka.config.meetings_switch import check_meetings_switch
from prepazka.looks.compress_static import compress_static

log = logging.getLogger(__name__)

TABLE_WITHIN = 2.0  # seconds; requests wait for four until they are refused
AGAIN_AFTER = 3.0
ATTEMPTS = 40  # about three minutes


def web(arguments: argparse.Namespace) -> None:
    """Serve the web until told to stop: uvicorn for one process, granian for several."""
    check_port_free(arguments.host, arguments.port)
    check_meetings_switch()
    with contextlib.suppress(OSError):  # a read-only installation was compressed when it was made
        compress_static()
    if arguments.workers > 1:
        _granian(arguments)
        return
    from prepazka.config.uvicorn_server import serve  # noqa: PLC0415  # only the web needs it

    serve(arguments.host, arguments.port)


def _granian(arguments: argparse.Namespace) -> None:
    from prepazka.config.granian_server import serve  # noqa: PLC0415  # only several processes need it

    serve(arguments.host, arguments.port, arguments.workers)


def worker(arguments: argparse.Namespace) -> None:
    """Run jobs until told to stop."""
    from prepazka.config.work import work  # noqa: PLC0415  # needs Django set up

    work()


def callback(arguments: argparse.Namespace) -> None:
    """Print the secret address that a gateway calls with receipts and replies."""
    from django.conf import settings  # noqa: PLC0415  # needs Django set up
    from django.urls import reverse  # noqa: PLC0415

    from prepazka.web.inbound_sms import callback_token  # noqa: PLC0415

    gateway = arguments.gateway
    path = reverse("callbacks:sms", args=[gateway, callback_token(gateway)])
    print(settings.BASE_URL + path)


def migrate(arguments: argparse.Namespace) -> None:
    """Bring the database to this version of the program.

    A backup of an older version may have brought back people who were erased; they are erased
    again here, before any page can show them.
    """
    check_meetings_switch()
    prepare_database()
    from prepazka.jobs import periodic_steps  # noqa: PLC0415  # needs Django set up
    from prepazka.offices.clock import now  # noqa: PLC0415

    periodic_steps.run_erasing_steps(now=now())


def prepare_database() -> None:
    """Make or change the tables; Django must be set up.

    Where the programs run meanwhile, it never blocks their queries for longer than
    TABLE_WITHIN: a table that is in use longer is tried again. Raises CommandFailed when it stays
    in use; what was changed by then stays, and the command may be repeated.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _migrate()
            break
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            if attempt == ATTEMPTS:
                raise CommandFailed(
                    "A table was in use for too long, so the database was not upgraded"
                    " to this version. The programs keep running; try again at a quieter time."
                ) from error
            log.warning("A table is in use; trying again (%d of %d).", attempt, ATTEMPTS)
            time.sleep(AGAIN_AFTER)
    call_command("createcachetable", verbosity=0)


def _migrate() -> None:
    with connection.cursor() as cursor:
        # While a change waits for its table, all later queries of it wait too.
        cursor.execute(f"SET lock_timeout = {TABLE_WITHIN * 1000:.0f}")
        cursor.execute("SET statement_timeout = 0")  # filling a new column may take its time
    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        connection.close()  # it has these settings; the next one has the usual ones

"""Single processes of an installation: the web, the worker, the migration."""

from __future__ import annotations

import argparse
import contextlib
import logging

from django.core.management import call_command

from prepazka.config.listening import must_be_free
from prepazka.looks.compress_static import compress_static

log = logging.getLogger(__name__)


def web(arguments: argparse.Namespace) -> None:
    """Serve the web until told to stop: uvicorn for one process, granian for several."""
    must_be_free(arguments.host, arguments.port)
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

    from prepazka.web.heard import callback_token  # noqa: PLC0415

    gateway = arguments.gateway
    path = reverse("callbacks:sms", args=[gateway, callback_token(gateway)])
    print(settings.BASE_URL + path)


def migrate(arguments: argparse.Namespace) -> None:
    """Bring the database to this version of the program."""
    prepare_database()


def prepare_database() -> None:
    """Make or change the tables; Django must be set up."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)

"""`prepazka play-day`: virtual citizens and clerks use a running demo over HTTP alone."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading

from prepazka.playday import day
from prepazka.web.demo_people import PASSWORD, STAFF, VISITOR


def play(arguments: argparse.Namespace) -> int:
    """Play one day; Ctrl-C ends it, and the clock of the demo shows the real time again.

    From now, the clock goes on at the ordinary pace instead, and the visitor's clerk and a counter
    are left to the visitor.
    """
    if arguments.from_now:
        threading.Thread(target=_end_with_input, daemon=True).start()
    usernames = {role: name for name, _, role in reversed(STAFF)}
    staff = day.Staff(
        clerks=[
            name
            for name, _, role in STAFF
            if role == "clerk" and not (arguments.from_now and name == VISITOR)
        ],
        reception=usernames["reception"],
        administrator=usernames["administrator"],
        password=PASSWORD,
    )
    return asyncio.run(
        day.play(
            url=arguments.url,
            slug=arguments.office,
            speed=arguments.speed,
            minutes=arguments.minutes,
            seed=arguments.seed,
            staff=staff,
            from_now=arguments.from_now,
        )
    )


def _end_with_input() -> None:
    """End this process as Ctrl-C does, once the process that started it is gone."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)

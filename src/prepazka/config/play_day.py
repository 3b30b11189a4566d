"""`prepazka play-day`: virtual citizens and clerks use a running demo over HTTP alone."""

from __future__ import annotations

import argparse
import asyncio

from prepazka.config.demo_people import PASSWORD, STAFF
from prepazka.playday import day


def play(arguments: argparse.Namespace) -> int:
    """Play one day; Ctrl-C ends it, and the clock of the demo shows the real time again."""
    first = {role: name for name, _, role in reversed(STAFF)}
    staff = day.Staff(
        clerks=[name for name, _, role in STAFF if role == "clerk"],
        reception=first["reception"],
        administrator=first["administrator"],
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
        )
    )

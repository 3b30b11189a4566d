"""A sample office for evaluating estimates: eight counters, six agendas, one booking per window.

Clerks and days differ in speed, which the estimator is not told.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from prepazka.core.demand import MIDNIGHT, Asked, Bookable, Drawn, Plan, Post, draw_day
from prepazka.core.interval import Interval
from prepazka.core.simulation import Call, simulate_day
from prepazka.core.slots import windows_of_length

OPENS, CLOSES = 480, 1020
LUNCH = (660, 690, 720, 750)
SERVES = ((1,), (1, 2), (1, 2), (3,), (3, 4), (3, 4), (5, 6), (2, 5, 6))
ASKED = (
    Asked(1, 1, 97, 9, 0.45),
    Asked(2, 2, 60, 8, 0.45),
    Asked(3, 3, 76, 13, 0.6),
    Asked(4, 4, 68, 6, 0.45),
    Asked(5, 5, 37, 11, 0.55),
    Asked(6, 6, 26, 14, 0.6),
)
TICKETS = (
    *("ticket", "service", "agenda", "arrived_at", "called_at", "ended_at", "counter", "clerk"),
    *("booked_from", "booked_to", "outcome"),
)
COUNTERS = ("counter", "clerk", "services", "opens_at", "closes_at", "break_from", "break_to")


def sample_plan(quota: int = 1) -> Plan:
    """The sample office's plan."""
    laid = tuple(windows_of_length([Interval(OPENS, CLOSES)], 30))
    return Plan(
        tickets=Interval(OPENS - 15, CLOSES - 15),
        asked=ASKED,
        bookable=tuple(Bookable(agenda, laid, quota) for agenda in (1, 2, 3, 5)),
        posts=tuple(
            Post(
                n,
                frozenset(serves),
                OPENS,
                CLOSES,
                (Interval(LUNCH[n % 4], LUNCH[n % 4] + 30),),
            )
            for n, serves in enumerate(SERVES, start=1)
        ),
        demand=1.11,
    )


def write_log(folder: Path, days: int, seed: int, office: Plan | None = None) -> None:
    """Write a queue log of simulated days: tickets.csv and counters.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "tickets.csv").open("w", encoding="utf-8", newline="") as tickets,
        (folder / "counters.csv").open("w", encoding="utf-8", newline="") as counters,
    ):
        write_days(tickets, counters, days, seed, office or sample_plan())


def write_days(tickets: TextIO, counters: TextIO, days: int, seed: int, office: Plan) -> None:
    """Write a queue log of simulated days to open files."""
    out, plans = csv.writer(tickets), csv.writer(counters)
    out.writerow(TICKETS)
    plans.writerow(COUNTERS)
    for number in range(days):
        drawn = draw_day(office, number, seed)
        day_played = simulate_day(
            drawn.visits, drawn.counters, policy=office.policy, speed=drawn.speed
        )
        shift = timedelta(days=number)
        plans.writerows(_counters(drawn, shift))
        out.writerows(_ticket(call, office, shift) for call in day_played.calls)
        out.writerows(_no_shows(drawn, office, shift))


def _text(at: datetime, shift: timedelta) -> str:
    return (at + shift).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _counters(drawn: Drawn, shift: timedelta) -> Iterable[list[str]]:
    for c in drawn.counters:
        break_times = [_text(x, shift) for b in c.breaks[:1] for x in (b.start, b.end)] or ["", ""]
        closes = _text(c.closes_at, shift) if c.closes_at else ""
        opens = _text(c.opens_at or MIDNIGHT, shift)
        services = ";".join(str(s) for s in sorted(c.serves))
        yield [str(c.counter), str(c.clerk), services, opens, closes, *break_times]


def _ticket(call: Call, office: Plan, shift: timedelta) -> list[str]:
    v = call.visit
    agenda = next(a.agenda for a in office.asked if a.service == v.service)
    window = [_text(v.booked.start, shift), _text(v.booked.end, shift)] if v.booked else ["", ""]
    times = [_text(at, shift) for at in (v.arrives_at, call.called_at, call.ended_at)]
    outcome = "gone" if call.gone else "served"
    counter_and_clerk = [str(call.counter), str(call.counter)]
    return [
        str(v.ticket),
        str(v.service),
        str(agenda),
        *times,
        *counter_and_clerk,
        *window,
        outcome,
    ]


def _no_shows(drawn: Drawn, office: Plan, shift: timedelta) -> Iterable[list[str]]:
    """The rows of booked clients who never came, which have only their window."""
    for agenda, window, n in drawn.no_shows:
        span = [_text(window.start, shift), _text(window.end, shift)]
        service = next(a.service for a in office.asked if a.agenda == agenda)
        yield [f"n{agenda}-{n}", str(service), str(agenda), "", "", "", "", "", *span, "no_show"]

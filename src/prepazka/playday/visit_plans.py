"""Random plans of what everybody does, from a seed, so that a day can be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp
from random import Random

PEAKS = ((8 * 60, 10 * 60), (14 * 60, 17 * 60))  # local minutes
AT_PEAK, OFF_PEAK = 1.5, 1.0
LATE_OR_NEVER = 0.12
BEFORE = 0.70  # the share who come up to 25 minutes before the booked time; the rest within it
SHARE_OF_SLOTS = 0.7
MOST_BOOKINGS = 60
BUSY = 0.8  # the share of the counters' capacity that is used, including booked clients
SPREAD = 0.45  # of the logarithm of a service's length
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Service:
    """A service as the API describes it."""

    code: str
    name: str
    agenda: str
    minutes: int
    bookable: bool
    walk_in: bool


@dataclass(frozen=True)
class Walk:
    """A walk-in: when they come and for what."""

    number: int
    at: datetime
    service: str


@dataclass(frozen=True)
class Seat:
    """A slot that somebody books."""

    number: int
    service: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Nature:
    """The course of one visit."""

    minutes: float  # at the counter
    to_counter: float  # minutes of walking after the call
    phone: bool  # looks at the ticket's page now and then
    patience: float | None  # minutes, after which they give up
    at_desk: bool  # goes to the reception instead of the kiosk
    turns: str  # "served", "parked" or "sent_on"


def random_of_person(seed: int, kind: str, number: int) -> Random:
    """The random numbers of one person, the same in every run whatever the others do."""
    return Random(f"{seed}:{kind}:{number}")


def arrival_intensity(local: datetime) -> float:
    """The ratio of arrivals at this time to those of a quiet hour."""
    minute = local.hour * 60 + local.minute
    return AT_PEAK if any(a <= minute < b for a, b in PEAKS) else OFF_PEAK


def draw_arrivals(chance: Random, opened: Sequence[Span], count: float) -> list[datetime]:
    """Arrivals of a Poisson process with the day's peaks, `count` on average, by thinning."""
    minutes = list(_minutes(opened))
    weight = sum(arrival_intensity(minute) for minute in minutes)
    if not weight or count <= 0:
        return []
    fastest = count / weight * AT_PEAK  # a minute
    moments, minute_drawn = [], chance.expovariate(fastest)
    while minute_drawn < len(minutes):
        minute = minutes[int(minute_drawn)]
        if chance.random() * AT_PEAK < arrival_intensity(minute):
            moments.append(minute + timedelta(minutes=minute_drawn % 1))
        minute_drawn += chance.expovariate(fastest)
    return moments


def _minutes(opened: Iterable[Span]) -> Iterator[datetime]:
    for start, end in opened:
        for n in range(int((end - start).total_seconds() // 60)):
            yield start + timedelta(minutes=n)


def draw_arrival_offset(chance: Random, window: float) -> float | None:
    """Minutes after the start of the booked time at which its owner comes; None for never."""
    kind = chance.random()
    if kind < LATE_OR_NEVER:
        return None if chance.random() < 0.5 else window + chance.uniform(1, 25)  # noqa: PLR2004
    if kind < LATE_OR_NEVER + BEFORE:
        return -chance.uniform(0, 25)
    return chance.uniform(0, window * 0.8)


def draw_service_minutes(chance: Random, minutes: int) -> Nature:
    """A random visit to a service of so many minutes; its mean length is a little below them."""
    length = minutes * 0.8 * exp(chance.gauss(-SPREAD * SPREAD / 2, SPREAD))
    kind = chance.random()
    return Nature(
        minutes=max(1.0, length),
        to_counter=chance.uniform(0.3, 1.2),
        phone=chance.random() < 0.4,  # noqa: PLR2004
        patience=chance.uniform(25, 70) if chance.random() < 0.15 else None,  # noqa: PLR2004
        at_desk=chance.random() < 0.08,  # noqa: PLR2004
        turns="parked" if kind < 0.02 else "sent_on" if kind < 0.05 else "served",  # noqa: PLR2004
    )


def remaining_visit(kind: Nature) -> Nature:
    """The remaining two thirds of a visit, without another detour."""
    return replace(kind, minutes=kind.minutes * 2 / 3, turns="served")


def counters_to_open(counters: Mapping[str, frozenset[str]], clerks: int) -> list[str]:
    """The counters to open with so few clerks: first those that add the most services."""
    unstaffed, chosen, covered = dict(counters), list[str](), set[str]()
    while unstaffed and len(chosen) < clerks:
        best = max(
            unstaffed,
            key=lambda code: (len(unstaffed[code] - covered), -list(counters).index(code)),
        )
        covered |= unstaffed.pop(best)
        chosen.append(best)
    return chosen


def clients_per_hour(
    counters: Iterable[frozenset[str]], services: Iterable[Service]
) -> dict[str, float]:
    """Clients an hour of each service that the counters can take, each counter divided evenly."""
    service_by_code = {service.code: service for service in services}
    rates = dict.fromkeys(service_by_code, 0.0)
    for serves in counters:
        served_here = [service_by_code[code] for code in serves if code in service_by_code]
        for service in served_here:
            rates[service.code] += (
                60 / len(served_here) / (service.minutes * 0.8 + 1.5)
            )  # with calling and walking
    return rates


def plan_walk_ins(
    seed: int, opened: Sequence[Span], capacity: Mapping[str, float], booked: Mapping[str, int]
) -> list[Walk]:
    """The day's walk-ins: as many as the counters can serve besides the booked clients."""
    hours = sum((end - start).total_seconds() for start, end in opened) / 3600
    arrivals_drawn = []
    for code in sorted(capacity):
        count = capacity[code] * hours * BUSY - booked.get(code, 0)
        arrivals_drawn += [
            (at, code) for at in draw_arrivals(Random(f"{seed}:walk-in:{code}"), opened, count)
        ]
    return [Walk(number, at, code) for number, (at, code) in enumerate(sorted(arrivals_drawn), 1)]


def plan_booked_slots(seed: int, free: Mapping[str, Mapping[str, Sequence[Span]]]) -> list[Seat]:
    """The slots that get booked: a share of each agenda's, for any of its services."""
    chosen: list[tuple[Span, str]] = []
    for agenda in sorted(free):
        chance = Random(f"{seed}:booking:{agenda}")
        slots: dict[Span, list[str]] = {}
        for code in sorted(free[agenda]):
            for span in free[agenda][code]:
                slots.setdefault(span, []).append(code)
        chosen += [
            (span, chance.choice(slots[span]))
            for span in sorted(slots)
            if chance.random() < SHARE_OF_SLOTS
        ]
    if len(chosen) > MOST_BOOKINGS:
        chosen = Random(f"{seed}:booking").sample(chosen, MOST_BOOKINGS)
    return [Seat(n, code, *span) for n, (span, code) in enumerate(sorted(chosen), 1)]


def lunch_break(opened: Sequence[Span], clerk: int) -> Span | None:
    """A clerk's half hour for lunch, one after another; None where the office closes at noon."""
    for start, end in opened:
        noon = start.replace(hour=11, minute=0) + timedelta(minutes=30 * clerk)
        if start <= noon and noon + timedelta(minutes=60) <= end:
            return noon, noon + timedelta(minutes=30)
    return None

"""What everybody is going to do: pure draws from a seeded chance, so that a day can be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp
from random import Random

PEAKS = ((8 * 60, 10 * 60), (14 * 60, 17 * 60))  # local minutes
AT_PEAK, OFF_PEAK = 1.5, 1.0
LATE_OR_NEVER = 0.12
BEFORE = 0.70  # come up to 25 minutes before the booked time; the rest within it
SHARE_OF_TERMS = 0.7
MOST_BOOKINGS = 60
BUSY = 0.8  # of what the counters can do, counting the booked
SPREAD = 0.45  # of the logarithm of a service's length
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Service:
    """A service as the API tells of it."""

    code: str
    name: str
    agenda: str
    minutes: int
    bookable: bool
    walk_in: bool


@dataclass(frozen=True)
class Walk:
    """Somebody who comes without a booking."""

    number: int
    at: datetime
    service: str


@dataclass(frozen=True)
class Seat:
    """A term that somebody books."""

    number: int
    service: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Nature:
    """What kind of visit it will be."""

    minutes: float  # at the counter
    to_counter: float  # minutes of walking after the call
    phone: bool  # looks at the ticket's page now and then
    patience: float | None  # minutes, after which they give up
    at_desk: bool  # goes to the reception instead of the kiosk
    turns: str  # "served", "parked" or "sent_on"


def person(seed: int, kind: str, number: int) -> Random:
    """The chance of one person, the same in every run whatever the others do."""
    return Random(f"{seed}:{kind}:{number}")


def intensity(local: datetime) -> float:
    """How many come at this hour against a quiet one."""
    minute = local.hour * 60 + local.minute
    return AT_PEAK if any(a <= minute < b for a, b in PEAKS) else OFF_PEAK


def arrivals(chance: Random, opened: Sequence[Span], count: float) -> list[datetime]:
    """A Poisson stream with the day's peaks and `count` people on average, by thinning."""
    minutes = list(_minutes(opened))
    weight = sum(intensity(minute) for minute in minutes)
    if not weight or count <= 0:
        return []
    fastest = count / weight * AT_PEAK  # a minute
    found, passed = [], chance.expovariate(fastest)
    while passed < len(minutes):
        minute = minutes[int(passed)]
        if chance.random() * AT_PEAK < intensity(minute):
            found.append(minute + timedelta(minutes=passed % 1))
        passed += chance.expovariate(fastest)
    return found


def _minutes(opened: Iterable[Span]) -> Iterator[datetime]:
    for start, end in opened:
        for n in range(int((end - start).total_seconds() // 60)):
            yield start + timedelta(minutes=n)


def offset(chance: Random, window: float) -> float | None:
    """Minutes after the start of the booked time at which its owner comes; None for never."""
    kind = chance.random()
    if kind < LATE_OR_NEVER:
        return None if chance.random() < 0.5 else window + chance.uniform(1, 25)  # noqa: PLR2004
    if kind < LATE_OR_NEVER + BEFORE:
        return -chance.uniform(0, 25)
    return chance.uniform(0, window * 0.8)


def nature(chance: Random, minutes: int) -> Nature:
    """Draw one visit to a service of so many minutes; the mean is a little below them."""
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


def at_once(kind: Nature) -> Nature:
    """What is left of a visit after a third of it, without another detour."""
    return replace(kind, minutes=kind.minutes * 2 / 3, turns="served")


def staffed(counters: Mapping[str, frozenset[str]], clerks: int) -> list[str]:
    """Which counters to open with so few clerks: first those that bring in the most services."""
    left, chosen, covered = dict(counters), list[str](), set[str]()
    while left and len(chosen) < clerks:
        best = max(left, key=lambda code: (len(left[code] - covered), -list(counters).index(code)))
        covered |= left.pop(best)
        chosen.append(best)
    return chosen


def per_hour(counters: Iterable[frozenset[str]], services: Iterable[Service]) -> dict[str, float]:
    """How many clients of each service an hour the open counters can take, each fairly divided."""
    known = {one.code: one for one in services}
    able = dict.fromkeys(known, 0.0)
    for serves in counters:
        here = [known[code] for code in serves if code in known]
        for one in here:
            able[one.code] += 60 / len(here) / (one.minutes * 0.8 + 1.5)  # with calling and walking
    return able


def walks(
    seed: int, opened: Sequence[Span], able: Mapping[str, float], booked: Mapping[str, int]
) -> list[Walk]:
    """The day's people without booking: as many as the counters manage beside the booked."""
    hours = sum((end - start).total_seconds() for start, end in opened) / 3600
    came = []
    for code in sorted(able):
        count = able[code] * hours * BUSY - booked.get(code, 0)
        came += [(at, code) for at in arrivals(Random(f"{seed}:walk-in:{code}"), opened, count)]
    return [Walk(number, at, code) for number, (at, code) in enumerate(sorted(came), 1)]


def seats(seed: int, free: Mapping[str, Mapping[str, Sequence[Span]]]) -> list[Seat]:
    """Which terms get booked: of each agenda's terms a share, for any of its services."""
    found: list[tuple[Span, str]] = []
    for agenda in sorted(free):
        chance = Random(f"{seed}:booking:{agenda}")
        terms: dict[Span, list[str]] = {}
        for code in sorted(free[agenda]):
            for span in free[agenda][code]:
                terms.setdefault(span, []).append(code)
        found += [
            (span, chance.choice(terms[span]))
            for span in sorted(terms)
            if chance.random() < SHARE_OF_TERMS
        ]
    if len(found) > MOST_BOOKINGS:
        found = Random(f"{seed}:booking").sample(found, MOST_BOOKINGS)
    return [Seat(n, code, *span) for n, (span, code) in enumerate(sorted(found), 1)]


def lunch(opened: Sequence[Span], clerk: int) -> Span | None:
    """A clerk's half hour off, one after another, where the office itself has no break at noon."""
    for start, end in opened:
        noon = start.replace(hour=11, minute=0) + timedelta(minutes=30 * clerk)
        if start <= noon and noon + timedelta(minutes=60) <= end:
            return noon, noon + timedelta(minutes=30)
    return None

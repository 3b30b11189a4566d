"""Days of an office drawn at random: who comes when, how long each takes.

Every client has chance of their own, drawn from streams that depend on the seed, the day and what
they come for, and on nothing that a what-if may change. So two plans meet the same people, and
their difference is not blurred by luck (common random numbers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt

from prepazka.core.discipline import Policy
from prepazka.core.hall import MINUTE, USUAL_OFFSETS, Counter
from prepazka.core.interval import Interval
from prepazka.core.simulation import Visit

Floats = npt.NDArray[np.float64]
Minutes = Interval[int]

MOST_TIMES = 3.0  # demand can be raised up to this many times
MOST_LANES = 12
# Share of the day's walk-ins in each tenth of the time in which tickets are given.
MORNING_RUSH = (0.17, 0.14, 0.12, 0.10, 0.09, 0.08, 0.08, 0.09, 0.08, 0.05)
MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)  # any day: minutes are counted from here


@dataclass(frozen=True, slots=True)
class Asked:
    """A service and how much of it is wanted: clients a day, booked ones among them."""

    service: int
    agenda: int
    clients: float
    mean: float  # minutes
    cv: float = 0.6
    booked: bool = True  # whether it can be booked, where its agenda can


@dataclass(frozen=True, slots=True)
class Bookable:
    """The windows (minutes of the day) of an agenda and its places in each."""

    agenda: int
    windows: tuple[Minutes, ...]
    quota: int = 1
    taken: float = 0.9  # the share of places that somebody books


@dataclass(frozen=True, slots=True)
class Post:
    """A counter's day: hours and breaks in minutes of the day."""

    counter: int
    serves: frozenset[int]
    opens: int
    closes: int
    breaks: tuple[Minutes, ...] = ()
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a simulated day of an office follows from."""

    tickets: Minutes  # when walk-ins are given tickets
    asked: tuple[Asked, ...]
    bookable: tuple[Bookable, ...]
    posts: tuple[Post, ...]
    policy: Policy = field(default_factory=Policy)
    no_show: float = 0.12
    offsets: Sequence[float] = USUAL_OFFSETS  # of the booked, minutes from the window's start
    early_min: int = 30
    patience: float = 240.0  # mean minutes after which a walk-in has left
    profile: tuple[float, ...] = MORNING_RUSH
    demand: float = 1.0  # times the clients
    demand_cv: float = 0.1  # from day to day
    day_sd: float = 0.1  # of the log of the day's factor on service times
    clerk_sd: float = 0.18
    # Those who book would otherwise have come as walk-ins.
    booked_replace: bool = True


@dataclass(frozen=True, slots=True)
class Drawn:
    """A day: who comes, which counters are there, how fast they are."""

    visits: list[Visit]
    counters: list[Counter]
    speed: Mapping[int, float]
    closes_at: datetime
    day_factor: float
    no_shows: list[tuple[int, Interval[datetime], int]]  # agenda, window, place


def draw(plan: Plan, day: int, seed: int) -> Drawn:
    """The day with this number; the same for the same arguments."""
    chance = np.random.default_rng([seed, day, 0])
    slow = exp(plan.day_sd * chance.standard_normal())
    busy = plan.demand
    if plan.demand_cv:
        shape = 1 / plan.demand_cv**2
        busy *= chance.gamma(shape, 1 / shape)
    missing: list[tuple[int, Interval[datetime], int]] = []
    booked = [v for one in plan.bookable for v in _booked(plan, one, day, seed, missing)]
    walk_ins = [v for one in plan.asked for v in _walk_ins(plan, one, busy, day, seed)]
    visits = sorted([*booked, *walk_ins], key=lambda v: (v.arrives_at, v.ticket))
    if slow != 1:
        visits = [_slowed(v, slow) for v in visits]
    counters = [
        Counter(
            p.counter,
            p.serves,
            p.counter,
            opens_at=_at(p.opens),
            # Whoever has a ticket is served, unless the counter closes before the office does.
            closes_at=_at(p.closes) if p.closes < _last(plan) else None,
            breaks=tuple(Interval(_at(b.start), _at(b.end)) for b in p.breaks),
        )
        for p in plan.posts
        if not p.absent
    ]
    return Drawn(visits, counters, speeds(plan, seed), _at(_last(plan)), slow, missing)


def speeds(plan: Plan, seed: int) -> dict[int, float]:
    """Each clerk's factor on service times; the same on all days."""
    return {
        p.counter: exp(
            plan.clerk_sd * np.random.default_rng([seed, 1 << 20, p.counter]).standard_normal()
        )
        for p in plan.posts
    }


def expected_booked(plan: Plan, agenda: int) -> float:
    """How many booked clients of the agenda come in a day, on average."""
    places = sum(
        len(b.windows) * min(b.quota, MOST_LANES) * b.taken
        for b in plan.bookable
        if b.agenda == agenda
    )
    return places * (1 - plan.no_show)


def _last(plan: Plan) -> int:
    return max((p.closes for p in plan.posts), default=plan.tickets.end)


def _at(minute: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=float(minute))


def _slowed(v: Visit, factor: float) -> Visit:
    return Visit(
        v.ticket,
        v.service,
        v.arrives_at,
        v.minutes * factor,
        v.booked,
        v.late,
        v.statutory,
        v.patience,
    )


def _lasting(asked: Asked, normal: Floats) -> Floats:
    """Log-normal minutes of service."""
    sd = sqrt(log(1 + asked.cv**2))
    minutes: Floats = asked.mean * np.exp(sd * normal - sd**2 / 2)
    return minutes


def _walk_ins(plan: Plan, asked: Asked, busy: float, day: int, seed: int) -> list[Visit]:
    """A Poisson process thinned to the rate of the plan: fewer clients are some of the same."""
    most = asked.clients * MOST_TIMES
    rng = np.random.default_rng([seed, day, 1, asked.service])
    many = rng.poisson(most)
    place, mark, leaves = rng.random((3, many))
    normal = rng.standard_normal(many)
    rate = asked.clients
    if plan.booked_replace:
        agenda = sum(a.clients for a in plan.asked if a.agenda == asked.agenda)
        rate *= max(1 - expected_booked(plan, asked.agenda) / agenda, 0) if agenda else 0
    kept = mark * most < rate * busy
    minute = _moments(plan, place[kept])
    lasts = _lasting(asked, normal[kept])
    patience = -np.log1p(-leaves[kept]) * plan.patience
    first = asked.service * 1_000_000
    return [
        Visit(int(n), asked.service, _at(at), float(m), patience=float(p))
        for n, at, m, p in zip(first + np.nonzero(kept)[0], minute, lasts, patience, strict=True)
    ]


def _moments(plan: Plan, place: Floats) -> Floats:
    """Minutes of the day, spread as the profile says."""
    edges = np.concatenate([[0.0], np.cumsum(plan.profile) / sum(plan.profile)])
    span = plan.tickets.end - plan.tickets.start
    along = np.linspace(0, span, len(edges))
    return plan.tickets.start + np.interp(place, edges, along)


def _booked(
    plan: Plan,
    one: Bookable,
    day: int,
    seed: int,
    missing: list[tuple[int, Interval[datetime], int]],
) -> list[Visit]:
    """Each place has its client, taken or not, so that a larger quota only adds clients."""
    choices = [a for a in plan.asked if a.agenda == one.agenda and a.booked]
    total = sum(a.clients for a in choices)
    if not total or not one.windows:
        return []
    rng = np.random.default_rng([seed, day, 2, one.agenda])
    shape = (len(one.windows), MOST_LANES)
    taken, shows, when, which = rng.random((4, *shape))
    normal = rng.standard_normal(shape)
    booked = taken < one.taken
    booked[:, one.quota :] = False
    offsets = np.sort(np.asarray(plan.offsets, float))
    shares = np.cumsum([a.clients / total for a in choices])
    found = []
    for w, lane in zip(*np.nonzero(booked), strict=True):
        window = Interval(_at(one.windows[w].start), _at(one.windows[w].end))
        if shows[w, lane] < plan.no_show:
            missing.append((one.agenda, window, int(w) * MOST_LANES + int(lane)))
            continue
        late_by = max(float(np.quantile(offsets, when[w, lane])), -float(plan.early_min))
        arrives = max(window.start + late_by * MINUTE, _at(plan.tickets.start))
        n = min(int(np.searchsorted(shares, which[w, lane])), len(choices) - 1)
        minutes = float(_lasting(choices[n], normal[w, lane]))
        ticket = -(one.agenda * 1_000_000 + int(w) * MOST_LANES + int(lane) + 1)
        late = arrives >= window.end
        found.append(Visit(ticket, choices[n].service, arrives, minutes, window, late))
    return found

"""Random days of an office: who comes when, and how long each service takes.

Each client's random numbers come from streams that depend on the seed, the day and the service, and
on nothing that a what-if may change. So two plans meet the same people, and their difference has
less variance (common random numbers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt

from prepazka.core.discipline import Policy
from prepazka.core.hall_model import MINUTE, USUAL_OFFSETS, Counter
from prepazka.core.interval import Interval
from prepazka.core.simulation import Visit

Floats = npt.NDArray[np.float64]
Minutes = Interval[int]

MOST_TIMES = 3.0  # the largest factor on demand
MOST_LANES = 12
# Share of the day's walk-ins in each tenth of the time in which tickets are given.
MORNING_RUSH = (0.17, 0.14, 0.12, 0.10, 0.09, 0.08, 0.08, 0.09, 0.08, 0.05)
MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)  # any day: minutes are counted from here


@dataclass(frozen=True, slots=True)
class Asked:
    """A service and its demand: clients a day, including booked ones."""

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
    """The inputs of a simulated day of an office."""

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
    # True: booked clients are taken from the walk-ins, because they would have come anyway.
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


def draw_day(plan: Plan, day: int, seed: int) -> Drawn:
    """The day with this number; the same for the same arguments."""
    chance = np.random.default_rng([seed, day, 0])
    slow = exp(plan.day_sd * chance.standard_normal())
    busy = plan.demand
    if plan.demand_cv:
        shape = 1 / plan.demand_cv**2
        busy *= chance.gamma(shape, 1 / shape)
    no_shows: list[tuple[int, Interval[datetime], int]] = []
    booked = [v for bookable in plan.bookable for v in _booked(plan, bookable, day, seed, no_shows)]
    walk_ins = [v for service in plan.asked for v in _walk_ins(plan, service, busy, day, seed)]
    visits = sorted([*booked, *walk_ins], key=lambda v: (v.arrives_at, v.ticket))
    if slow != 1:
        visits = [_slowed(v, slow) for v in visits]
    counters = [
        Counter(
            p.counter,
            p.serves,
            p.counter,
            opens_at=_at(p.opens),
            # A counter that stays open until the office closes serves everybody who has a ticket.
            closes_at=_at(p.closes) if p.closes < _closing_minute(plan) else None,
            breaks=tuple(Interval(_at(b.start), _at(b.end)) for b in p.breaks),
        )
        for p in plan.posts
        if not p.absent
    ]
    return Drawn(
        visits, counters, draw_clerk_speeds(plan, seed), _at(_closing_minute(plan)), slow, no_shows
    )


def draw_clerk_speeds(plan: Plan, seed: int) -> dict[int, float]:
    """Each clerk's factor on service times; the same on all days."""
    return {
        p.counter: exp(
            plan.clerk_sd * np.random.default_rng([seed, 1 << 20, p.counter]).standard_normal()
        )
        for p in plan.posts
    }


def expected_booked(plan: Plan, agenda: int) -> float:
    """The mean number of booked clients of the agenda who come in a day."""
    booked_places = sum(
        len(b.windows) * min(b.quota, MOST_LANES) * b.taken
        for b in plan.bookable
        if b.agenda == agenda
    )
    return booked_places * (1 - plan.no_show)


def _closing_minute(plan: Plan) -> int:
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


def _service_minutes(service: Asked, normal: Floats) -> Floats:
    """Log-normal minutes of service, from standard normal numbers."""
    sd = sqrt(log(1 + service.cv**2))
    minutes: Floats = service.mean * np.exp(sd * normal - sd**2 / 2)
    return minutes


def _walk_ins(plan: Plan, service: Asked, busy: float, day: int, seed: int) -> list[Visit]:
    """Walk-ins of a Poisson process, thinned from the largest demand to the plan's.

    So a plan with less demand has a subset of the same clients.
    """
    candidates_mean = service.clients * MOST_TIMES
    rng = np.random.default_rng([seed, day, 1, service.service])
    candidates = rng.poisson(candidates_mean)
    position, mark, leaves = rng.random((3, candidates))
    normal = rng.standard_normal(candidates)
    rate = service.clients
    if plan.booked_replace:
        agenda = sum(a.clients for a in plan.asked if a.agenda == service.agenda)
        rate *= max(1 - expected_booked(plan, service.agenda) / agenda, 0) if agenda else 0
    kept_draws = mark * candidates_mean < rate * busy
    minute = _moments(plan, position[kept_draws])
    lasts = _service_minutes(service, normal[kept_draws])
    patience = -np.log1p(-leaves[kept_draws]) * plan.patience
    first_ticket = service.service * 1_000_000
    return [
        Visit(int(n), service.service, _at(at), float(m), patience=float(p))
        for n, at, m, p in zip(
            first_ticket + np.nonzero(kept_draws)[0], minute, lasts, patience, strict=True
        )
    ]


def _moments(plan: Plan, positions: Floats) -> Floats:
    """The minutes of the day of positions from 0 to 1, spread by the plan's profile."""
    edges = np.concatenate([[0.0], np.cumsum(plan.profile) / sum(plan.profile)])
    span = plan.tickets.end - plan.tickets.start
    along = np.linspace(0, span, len(edges))
    return plan.tickets.start + np.interp(positions, edges, along)


def _booked(
    plan: Plan,
    bookable: Bookable,
    day: int,
    seed: int,
    no_shows: list[tuple[int, Interval[datetime], int]],
) -> list[Visit]:
    """The booked visits of a day; no-shows are appended to `no_shows`.

    Random numbers are drawn for every place, so that a larger quota only adds clients.
    """
    choices = [a for a in plan.asked if a.agenda == bookable.agenda and a.booked]
    total = sum(a.clients for a in choices)
    if not total or not bookable.windows:
        return []
    rng = np.random.default_rng([seed, day, 2, bookable.agenda])
    shape = (len(bookable.windows), MOST_LANES)
    booking_draw, show_draw, punctuality_draw, service_draw = rng.random((4, *shape))
    normal = rng.standard_normal(shape)
    booked = booking_draw < bookable.taken
    booked[:, bookable.quota :] = False
    offsets = np.sort(np.asarray(plan.offsets, float))
    shares = np.cumsum([a.clients / total for a in choices])
    visits = []
    for w, lane in zip(*np.nonzero(booked), strict=True):
        window = Interval(_at(bookable.windows[w].start), _at(bookable.windows[w].end))
        if show_draw[w, lane] < plan.no_show:
            no_shows.append((bookable.agenda, window, int(w) * MOST_LANES + int(lane)))
            continue
        late_by = max(
            float(np.quantile(offsets, punctuality_draw[w, lane])), -float(plan.early_min)
        )
        arrives = max(window.start + late_by * MINUTE, _at(plan.tickets.start))
        n = min(int(np.searchsorted(shares, service_draw[w, lane])), len(choices) - 1)
        minutes = float(_service_minutes(choices[n], normal[w, lane]))
        ticket = -(bookable.agenda * 1_000_000 + int(w) * MOST_LANES + int(lane) + 1)
        late = arrives >= window.end
        visits.append(Visit(ticket, choices[n].service, arrives, minutes, window, late))
    return visits

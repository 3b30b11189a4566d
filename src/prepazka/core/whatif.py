"""The effect of a change of an office, from the same simulated days with and without it, paired."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from prepazka.core.demand import MOST_LANES, MOST_TIMES, Drawn, Plan, Post, draw_day
from prepazka.core.figures import CHANGE_MIN, wait_stretch_of_load
from prepazka.core.hall_model import MINUTE
from prepazka.core.interval import Interval, subtract, union
from prepazka.core.simulation import Played, simulate_day
from prepazka.core.slots import windows_of_length

Floats = npt.NDArray[np.float64]
Change = Callable[[Plan], Plan]


class NotPossible(ValueError):
    """The plan cannot be changed so."""


# --- a day in figures


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Figures of one simulated day in minutes and shares; `booked` came within their window."""

    clients: float
    walk_in_mean: float
    walk_in_p80: float
    walk_in_over_60: float
    booked_mean: float
    booked_within_15: float
    booked_in_window: float
    all_mean: float
    gone: float  # share of walk-ins who had left when called
    unserved: float
    overtime: float  # minutes after closing until the last client left
    use: float  # share of the counters' time with a client


@dataclass(frozen=True)
class Simulated:
    """Simulated days: the figures of each, and the waits of all walk-ins and booked clients."""

    days: list[DayFigures]
    walk_ins: Floats
    booked: Floats

    def and_also(self, other_days: "Simulated") -> "Simulated":
        """These days and more of them."""
        return Simulated(
            [*self.days, *other_days.days],
            np.concatenate([self.walk_ins, other_days.walk_ins]),
            np.concatenate([self.booked, other_days.booked]),
        )

    def values(self, name: str) -> Floats:
        """One figure of each day."""
        return np.array([getattr(day, name) for day in self.days])

    def mean(self, name: str) -> float:
        """The mean of a figure over the days."""
        values = self.values(name)
        finite = values[np.isfinite(values)]
        return float(finite.mean()) if len(finite) else float("nan")

    def walk_in(self, share: float) -> float:
        """The wait that this share of walk-ins does not exceed."""
        return float(np.quantile(self.walk_ins, share)) if len(self.walk_ins) else float("nan")


def simulate_days(plan: Plan, *, days: int, seed: int) -> Simulated:
    """So many simulated days of the plan."""
    return _simulated(plan, range(days), seed)


def simulate_both(
    before: Plan, after: Plan, *, limit: int, seed: int, enough: Callable[[], bool]
) -> tuple[Simulated, Simulated]:
    """The same days of both plans, at least two, until there are `limit` or `enough` says so."""
    days_before, days_after = _simulated(before, range(2), seed), _simulated(after, range(2), seed)
    for number in range(2, limit):
        if enough():
            break
        days_before = days_before.and_also(_simulated(before, [number], seed))
        days_after = days_after.and_also(_simulated(after, [number], seed))
    return days_before, days_after


def _simulated(plan: Plan, numbers: Iterable[int], seed: int) -> Simulated:
    figures, walk_ins, booked = [], list[float](), list[float]()
    for number in numbers:
        drawn = draw_day(plan, number, seed)
        day_played = simulate_day(
            drawn.visits, drawn.counters, policy=plan.policy, speed=drawn.speed
        )
        walk_in_waits = [
            c.waited for c in day_played.calls if c.visit.booked is None or c.visit.late
        ]
        booked_calls = [
            c for c in day_played.calls if c.visit.booked is not None and not c.visit.late
        ]
        figures.append(_figures(drawn, day_played, walk_in_waits))
        walk_ins += walk_in_waits
        booked += [c.waited for c in booked_calls]
    return Simulated(figures, np.array(walk_ins), np.array(booked))


def _figures(drawn: Drawn, day_played: Played, walk_in_waits: list[float]) -> DayFigures:
    booked_calls = [c for c in day_played.calls if c.visit.booked is not None and not c.visit.late]
    waits = np.array([c.waited for c in booked_calls])
    windows = (c.visit.booked for c in booked_calls)
    in_window = [
        c.called_at < w.end for c, w in zip(booked_calls, windows, strict=True) if w is not None
    ]
    last_end = max((c.ended_at for c in day_played.calls), default=drawn.closes_at)
    overtime = max((last_end - drawn.closes_at) / MINUTE, 0.0)
    served = sum((c.ended_at - c.called_at) / MINUTE for c in day_played.calls)
    staffed = sum(
        ((c.closes_at or max(drawn.closes_at, last_end)) - (c.opens_at or drawn.closes_at)) / MINUTE
        - sum((b.end - b.start) / MINUTE for b in c.breaks)
        for c in drawn.counters
    )
    gone = sum(c.gone for c in day_played.calls)
    return DayFigures(
        float(len(drawn.visits)),
        _mean(walk_in_waits),
        float(np.quantile(walk_in_waits, 0.8)) if walk_in_waits else float("nan"),
        _mean([w > 60 for w in walk_in_waits]),  # noqa: PLR2004  # an hour
        _mean(waits.tolist()),
        _mean((waits <= 15).tolist()),  # noqa: PLR2004  # the promise
        _mean(in_window),
        _mean([*walk_in_waits, *waits.tolist()]),
        gone / max(len(walk_in_waits), 1),
        float(len(day_played.unserved)),
        overtime,
        served / staffed if staffed > 0 else 0.0,
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


# --- differences


@dataclass(frozen=True, slots=True)
class Difference:
    """The change of a figure, with a 95 % interval of `half` to both sides."""

    name: str
    before: float
    after: float
    change: float
    half: float

    @property
    def sure(self) -> bool:
        """Whether the interval excludes zero."""
        return abs(self.change) > self.half


def compare_figures(before: Simulated, after: Simulated) -> list[Difference]:
    """The difference of each figure, paired by day, because both met the same people."""
    differences = []
    for figure in fields(DayFigures):
        a, b = before.values(figure.name), after.values(figure.name)
        comparable = np.isfinite(a) & np.isfinite(b)
        if comparable.sum() < 2:  # noqa: PLR2004  # no spread of a single day
            continue
        apart = (b - a)[comparable]
        spread = float(apart.std(ddof=1)) / sqrt(len(apart))
        half = t_quantile(0.975, len(apart) - 1) * spread
        differences.append(
            Difference(
                figure.name,
                before.mean(figure.name),
                after.mean(figure.name),
                float(apart.mean()),
                half,
            )
        )
    return differences


def t_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t by its normal expansion; to 1 % from 4 degrees of freedom."""
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / float(freedom**n) for n, term in enumerate(terms, start=1))


# --- changes


def add_counter(counter: int) -> Change:
    """A second counter beside this one, with the same skills and hours."""

    def change(plan: Plan) -> Plan:
        post = _post(plan, counter)
        second_post = replace(post, counter=max(p.counter for p in plan.posts) + 1)
        return replace(plan, posts=(*plan.posts, second_post))

    return change


def close_all_day(counter: int) -> Change:
    """The counter stays closed all day."""
    return lambda plan: _with_post(plan, replace(_post(plan, counter), absent=True))


def close_part_of_day(counter: int, minutes: Interval[int]) -> Change:
    """The counter is closed for a part of the day, beside its breaks."""

    def change(plan: Plan) -> Plan:
        post = _post(plan, counter)
        return _with_post(plan, replace(post, breaks=tuple(union([*post.breaks, minutes]))))

    return change


def move_breaks(counter: int, minutes: Interval[int]) -> Change:
    """The counter's breaks are moved to these minutes."""
    return lambda plan: _with_post(plan, replace(_post(plan, counter), breaks=(minutes,)))


def change_quota(agenda: int, per_window: int) -> Change:
    """So many booked clients per window."""
    if not 0 <= per_window <= MOST_LANES:
        raise NotPossible(f"a quota is from 0 to {MOST_LANES}, not {per_window}")

    def change(plan: Plan) -> Plan:
        if all(b.agenda != agenda for b in plan.bookable):
            raise NotPossible("the agenda cannot be booked")
        changed = (replace(b, quota=per_window) if b.agenda == agenda else b for b in plan.bookable)
        return replace(plan, bookable=tuple(changed))

    return change


def change_window_length(length: int) -> Change:
    """All windows get another length; each keeps its quota."""
    if length < 1:
        raise NotPossible(f"a window lasts a minute at least, not {length}")
    return lambda plan: replace(
        plan,
        bookable=tuple(
            replace(b, windows=tuple(windows_of_length(union(b.windows), length)))
            for b in plan.bookable
        ),
    )


def scale_demand(times: float) -> Change:
    """More or fewer walk-ins; the booked stay."""
    if not 0 <= times <= MOST_TIMES:
        raise NotPossible(f"demand is from 0 to {MOST_TIMES:g} times what it is, not {times:g}")
    return lambda plan: replace(plan, demand=plan.demand * times)


def scale_no_shows(times: float) -> Change:
    """So many times the share of booked clients who do not come."""
    return lambda plan: replace(plan, no_show=min(max(plan.no_show * times, 0.0), 1.0))


def _post(plan: Plan, counter: int) -> Post:
    post = next((p for p in plan.posts if p.counter == counter), None)
    if post is None:
        raise NotPossible("there is no such counter")
    return post


def _with_post(plan: Plan, changed: Post) -> Plan:
    posts = (changed if p.counter == changed.counter else p for p in plan.posts)
    return replace(plan, posts=tuple(posts))


@dataclass(frozen=True, slots=True)
class Burden:
    """The burden of an agenda's bookings on walk-ins at its counters."""

    counters: int  # the fewest that serve the agenda at any time when one does
    mean: float  # minutes of a booked service, without the change of people
    taken: float  # the share of the counters' time that all bookings take
    sharing: tuple[int, ...]  # other agendas with bookings at the same counters

    @property
    def stretch(self) -> float:
        """The factor on a walk-in's wait; infinite where bookings fill the counters."""
        return wait_stretch_of_load(self.taken)


def burden_of_agenda(plan: Plan, agenda: int) -> Burden | None:
    """The burden on the agenda's counters; None where it cannot be booked or nobody serves it.

    Capacity is that of the moment with the fewest counters. Other agendas at these counters add the
    part of their bookings that falls to them.
    """
    able = {p.counter for p in _posts_serving(plan, agenda)}
    thinnest, own = _fewest_counters(plan, agenda), _booked_mean(plan, agenda)
    if not thinnest or own is None:
        return None
    work, sharing = 0.0, []  # booked minutes of work in a minute
    for b in plan.bookable:
        able_there = [p.counter for p in _posts_serving(plan, b.agenda)]
        share_here = sum(n in able for n in able_there) / len(able_there) if able_there else 0.0
        mean = _booked_mean(plan, b.agenda)
        if share_here and mean is not None and b.windows and b.quota:
            length = b.windows[0].end - b.windows[0].start
            work += share_here * b.quota * (mean + CHANGE_MIN) / length
            if b.agenda != agenda:
                sharing.append(b.agenda)
    return Burden(thinnest, own, work / thinnest, tuple(sharing))


def stretch_with_places(plan: Plan, agenda: int, extra_places: int = 0) -> float:
    """The factor on a walk-in's wait with `extra_places` more per window than planned."""
    bookable = (
        replace(b, quota=b.quota + extra_places) if b.agenda == agenda else b for b in plan.bookable
    )
    raised_burden = burden_of_agenda(replace(plan, bookable=tuple(bookable)), agenda)
    return raised_burden.stretch if raised_burden else 1.0


def _booked_mean(plan: Plan, agenda: int) -> float | None:
    """Mean minutes of a booked service of the agenda."""
    kinds = [a for a in plan.asked if a.agenda == agenda and a.booked]
    clients = sum(a.clients for a in kinds)
    return sum(a.mean * a.clients for a in kinds) / clients if clients else None


def _posts_serving(plan: Plan, agenda: int) -> list[Post]:
    services = {a.service for a in plan.asked if a.agenda == agenda}
    return [p for p in plan.posts if not p.absent and p.serves & services]


def _fewest_counters(plan: Plan, agenda: int) -> int:
    """The fewest counters that serve the agenda while it can be booked; moments with none excluded.

    At moments with none the plan does not say who serves the bookings.
    """
    able = _posts_serving(plan, agenda)
    spans = [s for b in plan.bookable if b.agenda == agenda for s in union(b.windows)]
    changes = [m for p in able for m in (p.opens, p.closes, *(b.start for b in p.breaks))]
    moments = [*(s.start for s in spans), *changes]
    bookable = [m for m in moments if any(s.contains(m) for s in spans)]
    counts = (sum(_at_work(p, m) for p in able) for m in bookable)
    return min((n for n in counts if n), default=0)


def _at_work(post: Post, minute: int) -> bool:
    hours = subtract([Interval(post.opens, post.closes)], post.breaks)
    return any(open_time.contains(minute) for open_time in hours)

"""The plan to simulate that follows from an office's file and one of its days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from prepazka.core.calendar import DayException, czech_holidays, open_minutes
from prepazka.core.demand import Asked, Bookable, Plan, Post
from prepazka.core.discipline import Policy
from prepazka.core.interval import Interval, intersect, subtract
from prepazka.core.slots import Rules, candidates
from prepazka.officefile.plan import AgendaPlan, OfficePlan, Times

BUSY = 0.85  # of the counters' time, where nobody says how many come
LUNCH_MIN = 30


class NoSuchDay(ValueError):
    """The office is closed all day."""


@dataclass(frozen=True)
class Named:
    """A plan, and the numbers by which it calls agendas and counters."""

    plan: Plan
    agendas: dict[str, int]
    counters: dict[str, int]


def plan_of(
    office: OfficePlan,
    day: date,
    *,
    clients: float | None = None,
    lunches: bool = True,
    means: Mapping[str, float] | None = None,
) -> Named:
    """What the file says of the day. Demand is `clients` a day, or what keeps counters busy.

    `means` are minutes of services, by code, where they are known better than from the file.

    Services of an agenda are wanted alike; agendas in proportion to the counters they have.
    Officials, who are booked by name, have no hall and are left out.
    """
    hours = _open(office, office.times, day)
    if not hours:
        raise NoSuchDay("The office is closed on that day.")
    codes = {s.code: n for n, s in enumerate(office.services(), start=1)}
    numbers = {a.code: n for n, a in enumerate(office.agendas, start=1)}
    posts = tuple(_posts(office, day, hours, codes, lunches=lunches))
    walk_in = {codes[s.code] for s in office.services() if s.walk_in or s.bookable}
    asked = _demand(office, posts, codes, numbers, walk_in, clients, means or {})
    bookable = tuple(
        _bookable(office, a, a.booking, day, hours, numbers[a.code])
        for a in office.agendas
        if a.booking and not _with_officials(office, a)
    )
    tickets = Interval(
        hours[0].start - office.first_ticket_min,
        max(hours[-1].end - office.last_ticket_min, hours[0].start + 1),
    )
    head, cap = office.head_start_min, office.walkin_cap_min
    policy = Policy(
        head_start=None if head is None else timedelta(minutes=head),
        call_early=office.call_early,
        cap=None if cap is None else timedelta(minutes=cap),
    )
    plan = Plan(tickets, asked, bookable, posts, policy)
    return Named(plan, numbers, {c.number: n for n, c in enumerate(office.counters, start=1)})


def _open(office: OfficePlan, times: Times, day: date) -> list[Interval[int]]:
    holidays = czech_holidays([day.year]) if office.public_holidays == "CZ" else frozenset()
    return open_minutes(day, times.hours, _exceptions(times), holidays)


def _exceptions(times: Times) -> list[DayException]:
    return [one.days for one in times.exceptions]


def _own(
    office: OfficePlan, times: Times, day: date, hours: list[Interval[int]]
) -> list[Interval[int]]:
    """Hours of a part: its own, or the office's, cut by its exceptions."""
    if times.hours:
        return intersect(_open(office, times, day), hours)
    closed = [e.minutes_on(day) for e in _exceptions(times) if e.kind == "closed"]
    return subtract(hours, filter(None, closed))


def _posts(
    office: OfficePlan,
    day: date,
    hours: list[Interval[int]],
    codes: dict[str, int],
    *,
    lunches: bool,
) -> Iterable[Post]:
    for n, counter in enumerate(office.counters, start=1):
        own = _own(office, counter.times, day, hours)
        if not own:
            continue
        opens, closes = own[0].start, own[-1].end
        breaks = subtract([Interval(opens, closes)], own)
        if lunches and not breaks and closes - opens > 6 * 60:
            start = 11 * 60 + LUNCH_MIN * (n % 4)
            breaks = intersect([Interval(start, start + LUNCH_MIN)], own)
        serves = frozenset(codes[s] for s in counter.services)
        yield Post(n, serves, opens, closes, tuple(breaks))


def _demand(
    office: OfficePlan,
    posts: tuple[Post, ...],
    codes: dict[str, int],
    numbers: dict[str, int],
    offered: set[int],
    clients: float | None,
    means: Mapping[str, float],
) -> tuple[Asked, ...]:
    """Each counter's minutes are shared by the services it serves."""
    minutes = dict.fromkeys(codes.values(), 0.0)
    for post in posts:
        kinds = post.serves & offered
        worked = post.closes - post.opens - sum(b.end - b.start for b in post.breaks)
        for kind in kinds:
            minutes[kind] += worked / len(kinds)
    services = [(a, s) for a in office.agendas for s in a.services if minutes[codes[s.code]]]
    found = []
    for agenda, one in services:
        mean = means.get(one.code, one.duration_min)
        many = BUSY * minutes[codes[one.code]] / mean
        number = numbers[agenda.code]
        found.append(Asked(codes[one.code], number, many, mean, booked=one.bookable))
    total = sum(a.clients for a in found)
    times = clients / total if clients and total else 1.0
    return tuple(replace(a, clients=a.clients * times) for a in found)


def _with_officials(office: OfficePlan, agenda: AgendaPlan) -> bool:
    """Whether all that can be booked of the agenda is booked with officials."""
    topics = {code for official in office.officials for code in official.topics}
    return all(s.code in topics for s in agenda.services if s.bookable)


def _bookable(
    office: OfficePlan,
    agenda: AgendaPlan,
    rules: Rules,
    day: date,
    hours: list[Interval[int]],
    number: int,
) -> Bookable:
    times = agenda.times
    own = _own(office, times, day, hours)
    weekly = times.booking_hours or office.times.booking_hours
    if weekly:
        own = intersect(open_minutes(day, weekly, _exceptions(times)), own)
    duration = max((s.duration_min for s in agenda.services if s.bookable), default=15)
    if rules.kind == "slot":
        # Exact terms one after another, as a clerk's diary fills.
        laid = [w for o in own for w in candidates([o], rules, duration=duration)]
        kept: list[Interval[int]] = []
        for one in laid:
            if not kept or one.start >= kept[-1].end:
                kept.append(one)
        laid = kept
    else:
        laid = candidates(own, rules, duration=duration)
    return Bookable(number, tuple(laid), rules.quota)

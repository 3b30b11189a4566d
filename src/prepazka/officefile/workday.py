"""The plan for simulating a day of an office, made from its file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from prepazka.core.calendar import DayException, czech_holidays, open_minutes
from prepazka.core.demand import Asked, Bookable, Plan, Post
from prepazka.core.discipline import Policy
from prepazka.core.interval import Interval, intersect, subtract
from prepazka.core.slots import Rules, candidates_of_day
from prepazka.officefile.file_plan import AgendaPlan, OfficePlan
from prepazka.officefile.hours_section import Times

BUSY = 0.85  # share of the counters' time, if the number of clients is not given
LUNCH_MIN = 30


class NoSuchDay(ValueError):
    """The office is closed all day."""


@dataclass(frozen=True)
class Named:
    """A plan, and its numbers of agendas by code and of counters by their number."""

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
    """The plan of the day. Demand is `clients` a day, or what keeps the counters busy.

    `means` are minutes of services by code that replace those of the file. Services of an agenda
    are in equal demand, agendas in proportion to their counters. Agendas booked with officials are
    left out, as they have no queue. Raises NoSuchDay.
    """
    hours = _open_hours(office, office.times, day)
    if not hours:
        raise NoSuchDay("The office is closed on that day.")
    codes = {s.code: n for n, s in enumerate(office.services(), start=1)}
    numbers = {a.code: n for n, a in enumerate(office.agendas, start=1)}
    posts = tuple(_posts(office, day, hours, codes, lunches=lunches))
    walk_in = {codes[s.code] for s in office.services() if s.walk_in or s.bookable}
    demand = _demand(office, posts, codes, numbers, walk_in, clients, means or {})
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
    plan = Plan(tickets, demand, bookable, posts, policy)
    return Named(plan, numbers, {c.number: n for n, c in enumerate(office.counters, start=1)})


def _open_hours(office: OfficePlan, times: Times, day: date) -> list[Interval[int]]:
    holidays = czech_holidays([day.year]) if office.public_holidays == "CZ" else frozenset()
    return open_minutes(day, times.hours, _exceptions(times), holidays)


def _exceptions(times: Times) -> list[DayException]:
    return [exception.days for exception in times.exceptions]


def _hours_of_part(
    office: OfficePlan, times: Times, day: date, hours: list[Interval[int]]
) -> list[Interval[int]]:
    """The hours of a part: its own, or the office's without its exceptions."""
    if times.hours:
        return intersect(_open_hours(office, times, day), hours)
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
        counter_hours = _hours_of_part(office, counter.times, day, hours)
        if not counter_hours:
            continue
        opens, closes = counter_hours[0].start, counter_hours[-1].end
        breaks = subtract([Interval(opens, closes)], counter_hours)
        if lunches and not breaks and closes - opens > 6 * 60:
            start = 11 * 60 + LUNCH_MIN * (n % 4)
            breaks = intersect([Interval(start, start + LUNCH_MIN)], counter_hours)
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
    """The demand by service; each counter's minutes are divided among its services."""
    minutes = dict.fromkeys(codes.values(), 0.0)
    for post in posts:
        kinds = post.serves & offered
        worked = post.closes - post.opens - sum(b.end - b.start for b in post.breaks)
        for kind in kinds:
            minutes[kind] += worked / len(kinds)
    services = [(a, s) for a in office.agendas for s in a.services if minutes[codes[s.code]]]
    demand = []
    for agenda, service in services:
        mean = means.get(service.code, service.duration_min)
        clients_of_service = BUSY * minutes[codes[service.code]] / mean
        number = numbers[agenda.code]
        demand.append(
            Asked(codes[service.code], number, clients_of_service, mean, booked=service.bookable)
        )
    total = sum(a.clients for a in demand)
    factor = clients / total if clients and total else 1.0
    return tuple(replace(a, clients=a.clients * factor) for a in demand)


def _with_officials(office: OfficePlan, agenda: AgendaPlan) -> bool:
    """Whether all bookable services of the agenda are booked with officials."""
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
    agenda_hours = _hours_of_part(office, times, day, hours)
    weekly = times.booking_hours or office.times.booking_hours
    if weekly:
        agenda_hours = intersect(open_minutes(day, weekly, _exceptions(times)), agenda_hours)
    duration = max((s.duration_min for s in agenda.services if s.bookable), default=15)
    if rules.kind == "slot":
        # Consecutive slots without overlap, as a clerk's diary fills.
        laid = [w for o in agenda_hours for w in candidates_of_day([o], rules, duration=duration)]
        consecutive: list[Interval[int]] = []
        for window in laid:
            if not consecutive or window.start >= consecutive[-1].end:
                consecutive.append(window)
        laid = consecutive
    else:
        laid = candidates_of_day(agenda_hours, rules, duration=duration)
    return Bookable(number, tuple(laid), rules.quota)

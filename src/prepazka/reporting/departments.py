"""Departments as the public sees them: whom to meet there, for what, and when they are open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain

from prepazka.booking.terms import is_bookable
from prepazka.core import interval
from prepazka.core.interval import Interval
from prepazka.offices.directory import Directory
from prepazka.offices.models import Department, Official, Service

Minutes = list[Interval[int]]
Hours = Callable[[Directory, date], Minutes]
WEEK, AHEAD = 7, 60  # days


@dataclass
class Group:
    """A department with those of its officials who can be booked; or those of none."""

    department: Department | None
    officials: list[Official] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """Days on which the hours are not the usual ones; why is nobody's business."""

    first: date
    last: date
    minutes: Minutes


def departments_of(office: Directory) -> list[Group]:
    """Departments whose officials can be booked, in the order of the file."""
    found = {d.pk: Group(d) for d in office.departments.values() if not d.retired}
    alone = Group(None)
    for official in office.open_officials():
        if office.topics_of(official):
            found.get(official.department_id or 0, alone).officials.append(official)
    return [group for group in (*found.values(), alone) if group.officials]


def officials_in(office: Directory, department: Department) -> list[Official]:
    """Everybody of the department, in the order of the file."""
    return [one for one in office.open_officials() if one.department_id == department.pk]


def services_in(office: Directory, department: Department) -> list[Service]:
    """What can be booked there, with its officials or at its counters."""
    topics = {s.pk for one in officials_in(office, department) for s in office.topics_of(one)}
    return [
        s
        for s in office.offered_services()
        if is_bookable(office, s)
        and (s.pk in topics or office.agenda_of(s).department_id == department.pk)
    ]


def hours_of_official(official: Official) -> Hours:
    """When the official takes people."""
    return lambda office, day: office.diary_hours(official, day)


def hours_of_department(department: Department) -> Hours:
    """When anybody or any counter of the department takes people."""

    def hours(office: Directory, day: date) -> Minutes:
        people = [office.diary_hours(one, day) for one in officials_in(office, department)]
        services = [
            office.service_hours(one, day)
            for one in office.offered_services()
            if office.agenda_of(one).department_id == department.pk
            and not office.officials_for(one.pk)
        ]
        return interval.union(chain.from_iterable(people + services))

    return hours


def weekly(office: Directory, hours: Hours, today: date) -> list[tuple[list[int], Minutes]]:
    """The usual hours as of today: weekdays with the same hours together, from Monday."""
    found: list[tuple[list[int], Minutes]] = []
    for day in sorted((today + timedelta(days=n) for n in range(WEEK)), key=date.weekday):
        minutes = hours(office.regular, day)
        same = next((days for days, known in found if known == minutes), None)
        if same is not None:
            same.append(day.weekday())
        elif minutes:
            found.append(([day.weekday()], minutes))
    return found


def changes(office: Directory, hours: Hours, today: date, ahead: int = AHEAD) -> list[Change]:
    """What will be different; a stretch without hours is one change, over days off too."""
    return list(_changes(office, hours, [today + timedelta(days=n) for n in range(ahead)]))


def _changes(office: Directory, hours: Hours, days: list[date]) -> Iterator[Change]:
    away: Change | None = None
    for day in days:
        usual, real = hours(office.regular, day), hours(office, day)
        if not usual and not real:
            continue  # a day off anyway
        if real != usual and not real:
            away = Change(away.first if away else day, day, [])
            continue
        if away:
            yield away
            away = None
        if real != usual:
            yield Change(day, day, real)
    if away:
        yield away

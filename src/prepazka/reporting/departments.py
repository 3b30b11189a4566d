"""Departments for the public: officials, services that can be booked, opening hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain

from prepazka.booking.slot_search import is_bookable
from prepazka.core import interval
from prepazka.core.interval import Interval
from prepazka.offices.models import Department, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot

Minutes = list[Interval[int]]
Hours = Callable[[OfficeSnapshot, date], Minutes]
WEEK, AHEAD = 7, 60  # days


@dataclass
class Group:
    """A department with its officials who can be booked; None: those of no department."""

    department: Department | None
    officials: list[Official] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """Days on which the hours differ from the usual ones, without the reason."""

    first: date
    last: date
    minutes: Minutes


def departments_of(office: OfficeSnapshot) -> list[Group]:
    """Departments whose officials can be booked, in the order of the file."""
    groups = {d.pk: Group(d) for d in office.departments.values() if not d.retired}
    without_department = Group(None)
    for official in office.open_officials():
        if office.topics_of(official):
            groups.get(official.department_id or 0, without_department).officials.append(official)
    return [group for group in (*groups.values(), without_department) if group.officials]


def officials_in(office: OfficeSnapshot, department: Department) -> list[Official]:
    """The department's officials, in the order of the file."""
    return [
        official for official in office.open_officials() if official.department_id == department.pk
    ]


def services_in(office: OfficeSnapshot, department: Department) -> list[Service]:
    """Services that can be booked with the department's officials or at its counters."""
    topics = {
        s.pk for official in officials_in(office, department) for s in office.topics_of(official)
    }
    return [
        s
        for s in office.offered_services()
        if is_bookable(office, s)
        and (s.pk in topics or office.agenda_of(s).department_id == department.pk)
    ]


def hours_of_office(office: OfficeSnapshot, day: date) -> Minutes:
    """The hours of a day in which anything at all is open."""
    return office.opening_hours.of_office(day)


def hours_of_official(official: Official) -> Hours:
    """A function that gives the official's hours of a day."""
    return lambda office, day: office.opening_hours.of_diary(official.pk, day)


def hours_of_department(department: Department) -> Hours:
    """A function that gives the hours of a day of anybody or any counter of the department."""

    def hours(office: OfficeSnapshot, day: date) -> Minutes:
        people = [
            office.opening_hours.of_diary(official.pk, day)
            for official in officials_in(office, department)
        ]
        services = [
            office.opening_hours.of_service(service.pk, day)
            for service in office.offered_services()
            if office.agenda_of(service).department_id == department.pk
            and not office.officials_for(service.pk)
        ]
        return interval.union(chain.from_iterable(people + services))

    return hours


def usual_weekly_hours(
    office: OfficeSnapshot, hours: Hours, today: date
) -> list[tuple[list[int], Minutes]]:
    """The usual weekly hours as of today: weekdays with the same hours together, from Monday."""
    groups: list[tuple[list[int], Minutes]] = []
    for day in sorted((today + timedelta(days=n) for n in range(WEEK)), key=date.weekday):
        minutes = hours(office.regular, day)
        group_days = next(
            (days for days, group_minutes in groups if group_minutes == minutes), None
        )
        if group_days is not None:
            group_days.append(day.weekday())
        elif minutes:
            groups.append(([day.weekday()], minutes))
    return groups


def coming_hour_changes(
    office: OfficeSnapshot, hours: Hours, today: date, ahead: int = AHEAD
) -> list[Change]:
    """Coming changes of the hours; consecutive days without hours are one change."""
    return list(_changes(office, hours, [today + timedelta(days=n) for n in range(ahead)]))


def _changes(office: OfficeSnapshot, hours: Hours, days: list[date]) -> Iterator[Change]:
    away: Change | None = None
    for day in days:
        usual, real = hours(office.regular, day), hours(office, day)
        if not usual and not real:
            continue  # a usual day off
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

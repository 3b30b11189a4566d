"""The recurring week of an official, as it holds from a day on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta

from django.db import transaction

from prepazka.booking.absences import change_hours
from prepazka.booking.models import Booking
from prepazka.core import interval
from prepazka.core.calendar import WeeklyHours
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official, OpeningHours

DAY = timedelta(days=1)
Week = Mapping[int, Sequence[Interval[int]]]


class WeekWithoutHours(Refused):
    """Write the hours of one day at least. Mark an absence where somebody is away."""


@transaction.atomic
def set_week(
    *,
    office: Directory,
    official: Official,
    week: Week,
    first: date,
    last: date | None,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Let the official take people by this week from `first` on, or until `last` only.

    Bookings that no longer fit are kept and answered with, if that is accepted. Raises Affected,
    WeekWithoutHours.
    """
    if not any(week.values()):
        raise WeekWithoutHours

    def change() -> None:
        # Hours for one mode only are kept as they are.
        rows = OpeningHours.objects.filter(official=official, booking=False, mode=None)
        wanted = replaced([_hours(row) for row in rows], week, first, last)
        rows.delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(office=office.office, official=official, **asdict(one)) for one in wanted
        )

    return change_hours(office, official, (first, last), change, now, actor, accept)


def week_on(office: Directory, official: Official, day: date) -> dict[int, list[Interval[int]]]:
    """The hours of each weekday as they hold in the week from that day on."""
    week = [day + n * DAY for n in range(7)]
    return {
        one.weekday(): interval.union(
            Interval(row.opens, row.closes)
            for row in map(_hours, rows_of(office, official))
            if row.holds_on(one)
        )
        for one in sorted(week, key=date.weekday)
    }


def rows_of(office: Directory, official: Official) -> list[OpeningHours]:
    """The official's rows of weekly hours."""
    return [
        row
        for row in office.hours
        if row.official_id == official.pk and not row.booking and row.mode is None
    ]


def coming_changes(office: Directory, official: Official, today: date) -> list[date]:
    """The later days from which another week holds."""
    starts = {row.valid_from for row in rows_of(office, official) if row.valid_from}
    ends = {row.valid_to + DAY for row in rows_of(office, official) if row.valid_to}
    return sorted(day for day in starts | ends if day > today)


def replaced(
    rows: Iterable[WeeklyHours], week: Week, first: date, last: date | None
) -> list[WeeklyHours]:
    """The rows with another week in these days; hours that do not change stay one row."""
    found = []
    for row in rows:
        found += _outside(row, first, last)
    found += [
        WeeklyHours(weekday, one.start, one.end, first, last)
        for weekday, spans in week.items()
        for one in interval.union(spans)
    ]
    return _joined(found)


def _outside(row: WeeklyHours, first: date, last: date | None) -> list[WeeklyHours]:
    """What of the row holds before and after the days."""
    found = []
    if row.valid_from is None or row.valid_from < first:
        until = first - DAY if row.valid_to is None else min(row.valid_to, first - DAY)
        found.append(replace(row, valid_to=until))
    if last and (row.valid_to is None or row.valid_to > last):
        since = last + DAY if row.valid_from is None else max(row.valid_from, last + DAY)
        found.append(replace(row, valid_from=since))
    return found


def _joined(rows: Iterable[WeeklyHours]) -> list[WeeklyHours]:
    """Equal hours whose validity follows on without a gap, as one row."""
    found: list[WeeklyHours] = []
    for row in sorted(rows, key=_order):
        before = found[-1] if found else None
        if before and _same(before, row) and before.valid_to == _eve(row):
            found[-1] = replace(before, valid_to=row.valid_to)
        else:
            found.append(row)
    return found


def _order(row: WeeklyHours) -> tuple[int, int, int, date]:
    return row.weekday, row.opens, row.closes, row.valid_from or date.min


def _same(one: WeeklyHours, other: WeeklyHours) -> bool:
    return _order(one)[:3] == _order(other)[:3] and one.valid_to is not None


def _eve(row: WeeklyHours) -> date | None:
    return row.valid_from and row.valid_from - DAY


def _hours(row: OpeningHours) -> WeeklyHours:
    return WeeklyHours(row.weekday, row.opens, row.closes, row.valid_from, row.valid_to)

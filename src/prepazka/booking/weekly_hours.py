"""Weekly hours of an official, valid from a day on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.booking.absences import change_hours
from prepazka.booking.models import Booking
from prepazka.core import interval
from prepazka.core.calendar import WeeklyHours
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.offices.models import Official, OpeningHours
from prepazka.offices.office_snapshot import OfficeSnapshot

DAY = timedelta(days=1)
Week = Mapping[int, Sequence[Interval[int]]]


class WeekWithoutHours(Refused):
    """The week has no hours on any day; enter an absence instead of an empty week."""

    message = gettext_noop(
        "Enter hours for at least one day. If somebody is away, enter an absence instead."
    )


@transaction.atomic
def set_week(
    *,
    office: OfficeSnapshot,
    official: Official,
    week: Week,
    first_day: date,
    last_day: date | None,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Set the official's weekly hours from `first_day` on, with `last_day` until then only.

    Returns the bookings that no longer fit; they are kept if `accept` is set, otherwise Affected is
    raised. Raises WeekWithoutHours.
    """
    if not any(week.values()):
        raise WeekWithoutHours

    def change() -> None:
        # Hours for a single mode stay as they are.
        rows = OpeningHours.objects.filter(official=official, booking=False, mode=None)
        new_rows = rows_with_week([row.weekly for row in rows], week, first_day, last_day)
        rows.delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(office=office.row, official=official, **asdict(hours))
            for hours in new_rows
        )

    return change_hours(office, official, (first_day, last_day), change, now, actor, accept)


def hours_in_week_from(
    office: OfficeSnapshot, official: Official, day: date
) -> dict[int, list[Interval[int]]]:
    """The official's hours by weekday (0 is Monday) in the seven days from that day on."""
    week = [day + n * DAY for n in range(7)]
    return {
        week_day.weekday(): interval.union(
            Interval(row.opens, row.closes)
            for row in (row.weekly for row in weekly_rows(office, official))
            if row.holds_on(week_day)
        )
        for week_day in sorted(week, key=date.weekday)
    }


def weekly_rows(office: OfficeSnapshot, official: Official) -> list[OpeningHours]:
    """The official's rows of weekly hours for all modes."""
    return [
        row
        for row in office.hours
        if row.official_id == official.pk and not row.booking and row.mode is None
    ]


def days_of_hour_changes(office: OfficeSnapshot, official: Official, today: date) -> list[date]:
    """The days after today from which other weekly hours hold."""
    starts = {row.valid_from for row in weekly_rows(office, official) if row.valid_from}
    ends = {row.valid_to + DAY for row in weekly_rows(office, official) if row.valid_to}
    return sorted(day for day in starts | ends if day > today)


def rows_with_week(
    rows: Iterable[WeeklyHours], week: Week, first_day: date, last_day: date | None
) -> list[WeeklyHours]:
    """The rows with the week's hours put in for these days; unchanged hours stay one row."""
    new_rows = []
    for row in rows:
        new_rows += _outside_days(row, first_day, last_day)
    new_rows += [
        WeeklyHours(weekday, span.start, span.end, first_day, last_day)
        for weekday, spans in week.items()
        for span in interval.union(spans)
    ]
    return _joined_rows(new_rows)


def _outside_days(row: WeeklyHours, first_day: date, last_day: date | None) -> list[WeeklyHours]:
    """The row cut to its validity before and after the days."""
    remaining = []
    if row.valid_from is None or row.valid_from < first_day:
        until = first_day - DAY if row.valid_to is None else min(row.valid_to, first_day - DAY)
        remaining.append(replace(row, valid_to=until))
    if last_day and (row.valid_to is None or row.valid_to > last_day):
        since = last_day + DAY if row.valid_from is None else max(row.valid_from, last_day + DAY)
        remaining.append(replace(row, valid_from=since))
    return remaining


def _joined_rows(rows: Iterable[WeeklyHours]) -> list[WeeklyHours]:
    """The rows with equal hours of adjoining validity joined into one."""
    joined: list[WeeklyHours] = []
    for row in sorted(rows, key=_sort_key):
        previous = joined[-1] if joined else None
        if previous and _has_same_hours(previous, row) and previous.valid_to == _day_before(row):
            joined[-1] = replace(previous, valid_to=row.valid_to)
        else:
            joined.append(row)
    return joined


def _sort_key(row: WeeklyHours) -> tuple[int, int, int, date]:
    return row.weekday, row.opens, row.closes, row.valid_from or date.min


def _has_same_hours(earlier: WeeklyHours, later: WeeklyHours) -> bool:
    return _sort_key(earlier)[:3] == _sort_key(later)[:3] and earlier.valid_to is not None


def _day_before(row: WeeklyHours) -> date | None:
    return row.valid_from and row.valid_from - DAY

"""Opening hours for contact pages, in words and as schema.org data for search engines."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from prepazka.core import calendar
from prepazka.looks import typography
from prepazka.offices.models import Department, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.departments import (
    Change,
    Hours,
    Minutes,
    coming_hour_changes,
    hours_of_department,
    hours_of_official,
    usual_weekly_hours,
)
from prepazka.surfaces.citizen.page_frame import language, times_in_line
from prepazka.web.shortcuts import now

IN_A_ROW = 3  # from so many days on "Monday to Wednesday" is shorter
WEEK = range(7)
SCHEMA_DAYS = [typography.weekday_name(day, "en") for day in WEEK]
Row = tuple[str, str]


def official_hours(office: OfficeSnapshot, official: Official) -> dict[str, list[Row]]:
    """The official's weekly hours and coming changes in words, without the changes' reasons."""
    return _in_words(office, hours_of_official(official))


def department_hours(office: OfficeSnapshot, department: Department) -> dict[str, list[Row]]:
    """The weekly hours and coming changes of a whole department in words."""
    return _in_words(office, hours_of_department(department))


def department_data(office: OfficeSnapshot, department: Department, path: str) -> dict[str, Any]:
    """The department as schema.org data."""
    return _place(office, str(department.name), path) | _opening(
        office, hours_of_department(department)
    )


def official_data(
    office: OfficeSnapshot, official: Official, department: Department | None, path: str
) -> dict[str, Any]:
    """The official as schema.org data: a contact point of the department, which has the hours."""
    name = str(department.name) if department else str(office.row.name)
    point = {
        "@type": "ContactPoint",
        "name": str(official.name),
        "telephone": official.phone,
        "email": official.email,
    }
    return (
        _place(office, name, path)
        | _opening(office, hours_of_official(official))
        | {"contactPoint": {key: value for key, value in point.items() if value}}
    )


def _in_words(office: OfficeSnapshot, hours: Hours) -> dict[str, list[Row]]:
    today = calendar.day_of(now(), office.tz)
    return {
        "weekly": [
            (_days(days), times_in_line(minutes))
            for days, minutes in usual_weekly_hours(office, hours, today)
        ],
        "changes": [
            (_period(change), times_in_line(change.minutes) or _("closed to visitors"))
            for change in coming_hour_changes(office, hours, today)
        ],
    }


def _days(numbers: list[int]) -> str:
    """Monday to Thursday; Monday and Wednesday."""
    names = [typography.weekday_name(day, language()) for day in WEEK]
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    phrases: list[str] = []
    for run in runs:
        if len(run) >= IN_A_ROW:
            between = {"first": names[run[0]], "last": names[run[-1]]}
            phrases.append(_("%(first)s to %(last)s") % between)
        else:
            phrases += [names[number] for number in run]
    if len(phrases) == 1:
        return phrases[0]
    return _("%(days)s and %(last)s") % {"days": ", ".join(phrases[:-1]), "last": phrases[-1]}


def _period(change: Change) -> str:
    if change.first == change.last:
        return typography.long_date(change.first, language())
    return typography.date_span(change.first, change.last, language())


def _place(office: OfficeSnapshot, name: str, path: str) -> dict[str, Any]:
    row = office.row
    fields = {
        "@context": "https://schema.org",
        "@type": "GovernmentOffice",
        "name": name,
        "url": settings.BASE_URL + path,
        "address": str(row.address),
        "telephone": row.phone,
        "email": row.email,
        "parentOrganization": {"@type": "GovernmentOrganization", "name": str(row.name)},
    }
    return {key: value for key, value in fields.items() if value}


def _opening(office: OfficeSnapshot, hours: Hours) -> dict[str, Any]:
    today = calendar.day_of(now(), office.tz)
    usual = [
        _spec(start, end, dayOfWeek=[SCHEMA_DAYS[number] for number in days])
        for days, minutes in usual_weekly_hours(office, hours, today)
        for start, end in _edges(minutes)
    ]
    special = [
        _spec(start, end, validFrom=_iso(change.first), validThrough=_iso(change.last))
        for change in coming_hour_changes(office, hours, today)
        for start, end in _edges(change.minutes) or [(0, 0)]  # schema.org's notation for closed
    ]
    opening: dict[str, Any] = {"openingHoursSpecification": usual}
    return opening | ({"specialOpeningHoursSpecification": special} if special else {})


def _spec(start: int, end: int, **validity: Any) -> dict[str, Any]:
    clocks = {"opens": _clock(start), "closes": _clock(end)}
    return {"@type": "OpeningHoursSpecification", **validity, **clocks}


def _edges(minutes: Minutes) -> list[tuple[int, int]]:
    return [(interval.start, interval.end) for interval in minutes]


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _iso(day: date) -> str:
    return day.isoformat()

"""Departments and officials as the public may know them, and hours as instants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from prepazka.core import calendar
from prepazka.offices.directory import Directory
from prepazka.offices.models import Department, Official
from prepazka.reporting import links
from prepazka.reporting.departments import (
    Hours,
    hours_of_department,
    hours_of_official,
    officials_in,
    services_in,
)
from prepazka.reporting.soonest import Wanted

AHEAD = 14  # days


def department(where: Directory, row: Department, now: datetime) -> dict[str, Any]:
    """One department, with codes of what belongs to it."""
    return {
        "code": row.code,
        "name": row.name,
        "officials": [one.code for one in officials_in(where, row)],
        "services": [one.code for one in services_in(where, row)],
        "hours": hours(where, hours_of_department(row), now),
        "path": links.choose(where.office.slug, Wanted(department=row)),
    }


def official(where: Directory, row: Official, now: datetime) -> dict[str, Any]:
    """One official; why somebody is away is not public."""
    belongs = where.departments.get(row.department_id or 0)
    return {
        "code": row.code,
        "name": row.name,
        "department": belongs.code if belongs and not belongs.retired else None,
        "place": row.place,
        "phone": row.phone,
        "email": row.email,
        "services": [one.code for one in where.topics_of(row)],
        "hours": hours(where, hours_of_official(row), now),
        "path": links.choose(where.office.slug, Wanted(official=row)),
    }


def hours(where: Directory, of: Hours, now: datetime) -> list[dict[str, Any]]:
    """The hours of the coming two weeks, in the office's own time."""
    today = calendar.day_of(now, where.tz)
    days = [today + timedelta(days=n) for n in range(AHEAD)]
    return [
        {
            "opens_at": calendar.local_instant(day, one.start, where.tz).astimezone(where.tz),
            "closes_at": calendar.local_instant(day, one.end, where.tz).astimezone(where.tz),
        }
        for day in days
        for one in of(where, day)
    ]

"""What the API shows of rows: public facts, and instants in the office's own time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from prepazka.booking import links as signed
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking
from prepazka.booking.terms import is_bookable
from prepazka.core import calendar
from prepazka.offices.directory import Directory, directory
from prepazka.offices.models import Department, Official, Service
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
            "opens_at": local(where, calendar.local_instant(day, one.start, where.tz)),
            "closes_at": local(where, calendar.local_instant(day, one.end, where.tz)),
        }
        for day in days
        for one in of(where, day)
    ]


def office(where: Directory) -> dict[str, Any]:
    """The office in the list."""
    row = where.office
    return {
        "slug": row.slug,
        "name": row.name,
        "address": row.address,
        "phone": row.phone,
        "email": row.email,
        "timezone": row.timezone,
        "languages": row.languages,
    }


def service(where: Directory, one: Service) -> dict[str, Any]:
    """What people come for."""
    return {
        "code": one.code,
        "name": one.name,
        "hint": one.hint,
        "documents": one.documents,
        "fee": one.fee,
        "agenda": where.agenda_of(one).code,
        "duration_min": one.duration_min,
        "modes": one.modes,
        "bookable": is_bookable(where, one),
        "walk_in": one.walk_in,
        "max_persons": where.rules_of(one).max_persons,
        "officials": [official.code for official in where.officials_for(one.pk)],
    }


def booking(found: Booking) -> dict[str, Any]:
    """A booking, to whoever has its token."""
    where = directory(found.office)
    kind = where.services[found.service_id]
    rules = where.rules_of(kind)
    return {
        "token": signed.sign(found.pk, "personal"),
        "office": where.office.slug,
        "service": kind.code,
        "official": whose(where, found),
        "mode": found.mode,
        "state": found.state,
        "starts_at": local(where, found.starts_at),
        "ends_at": local(where, found.ends_at),
        "counts_from": local(where, rules.counts_from(found.starts_at)),
        "counts_until": local(where, rules.counts_until(found.ends_at)),
        "persons": found.persons,
        "pin": found.pin,
    }


def whose(where: Directory, found: Booking) -> str | None:
    """The code of the official whom the booking is with."""
    one = official_of(where, found)
    return one.code if one else None


def local(where: Directory, instant: datetime) -> datetime:
    """The instant with the offset of the office."""
    return instant.astimezone(where.tz)

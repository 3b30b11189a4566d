"""Rows as dictionaries of the API's schemas; instants have the office's offset."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from prepazka.booking import booking_links
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking
from prepazka.booking.slot_search import is_bookable
from prepazka.booking.transitions import is_cancelled
from prepazka.core import calendar
from prepazka.messaging.contexts import room_url, url_of
from prepazka.offices.models import Department, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.reporting import soonest
from prepazka.reporting.departments import (
    Hours,
    hours_of_department,
    hours_of_official,
    officials_in,
    services_in,
)
from prepazka.reporting.soonest import Wanted

AHEAD = 14  # days


def department(office: OfficeSnapshot, row: Department, now: datetime) -> dict[str, Any]:
    """A department with the codes of its officials and services."""
    return {
        "code": row.code,
        "name": row.name,
        "officials": [o.code for o in officials_in(office, row)],
        "services": [s.code for s in services_in(office, row)],
        "hours": hours(office, hours_of_department(row), now),
        "path": soonest.choice_address(office.slug, Wanted(department=row)),
    }


def official(office: OfficeSnapshot, row: Official, now: datetime) -> dict[str, Any]:
    """An official with public data only, without reasons of absences."""
    department = office.departments.get(row.department_id or 0)
    return {
        "code": row.code,
        "name": row.name,
        "department": department.code if department and not department.retired else None,
        "place": row.place,
        "phone": row.phone,
        "email": row.email,
        "services": [s.code for s in office.topics_of(row)],
        "hours": hours(office, hours_of_official(row), now),
        "path": soonest.choice_address(office.slug, Wanted(official=row)),
    }


def hours(office: OfficeSnapshot, hours_on: Hours, now: datetime) -> list[dict[str, Any]]:
    """The opening hours of the coming two weeks, with the office's offset."""
    today = calendar.day_of(now, office.tz)
    days = [today + timedelta(days=n) for n in range(AHEAD)]
    return [
        {
            "opens_at": local(office, calendar.local_instant(day, interval.start, office.tz)),
            "closes_at": local(office, calendar.local_instant(day, interval.end, office.tz)),
        }
        for day in days
        for interval in hours_on(office, day)
    ]


def office(office: OfficeSnapshot) -> dict[str, Any]:
    """An office for the list of offices."""
    row = office.row
    return {
        "slug": row.slug,
        "name": row.name,
        "address": row.address,
        "phone": row.phone,
        "email": row.email,
        "timezone": row.timezone,
        "languages": row.languages,
    }


def service(office: OfficeSnapshot, row: Service) -> dict[str, Any]:
    """A service of the office."""
    return {
        "code": row.code,
        "name": row.name,
        "hint": row.hint,
        "documents": row.documents,
        "fee": row.fee,
        "agenda": office.agenda_of(row).code,
        "duration_min": row.duration_min,
        "modes": row.modes,
        "bookable": is_bookable(office, row),
        "walk_in": row.walk_in,
        "max_persons": office.rules_of(row).max_persons,
        "officials": [official.code for official in office.officials_for(row.pk)],
    }


def booking(row: Booking) -> dict[str, Any]:
    """A booking for the holder of its token, with the PIN unless it is cancelled."""
    office = snapshot_of(row.office)
    token = booking_links.sign_token(row.pk, "personal")
    service = office.services[row.service_id]
    rules = office.rules_of(service)
    return {
        "token": token,
        "office": office.slug,
        "service": service.code,
        "official": whose(office, row),
        "mode": row.mode,
        "state": row.state,
        "starts_at": local(office, row.starts_at),
        "ends_at": local(office, row.ends_at),
        "counts_from": local(office, rules.counts_from(row.starts_at)),
        "counts_until": local(office, rules.counts_until(row.ends_at)),
        "persons": row.persons,
        "pin": "" if is_cancelled(row) else row.pin,
        "manage_url": url_of("citizen:booking", token),
        "ics_url": url_of("citizen:calendar", token),
        "join_url": room_url(row, office) or None,
    }


def whose(office: OfficeSnapshot, booking: Booking) -> str | None:
    """The code of the booking's official; None for a booking at a counter."""
    official = official_of(office, booking)
    return official.code if official else None


def local(office: OfficeSnapshot, instant: datetime) -> datetime:
    """The instant with the offset of the office."""
    return instant.astimezone(office.tz)

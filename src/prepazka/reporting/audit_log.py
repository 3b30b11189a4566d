"""The audit log: staff's steps of a day from the journal, with their present names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from prepazka.booking.models import Booking
from prepazka.core import calendar
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot

MOST = 1_000
# Steps that only look at clients' data.
LOOKS = ("ContactShown", "PeopleListed")
# Steps done to an account by somebody unknown.
BY_STRANGERS = ("LogInFailed", "LogInDelayed", "TokenMade")


@dataclass(frozen=True)
class Deed:
    """One step of a member of staff; actor 0 is somebody unknown, or the operator."""

    at: datetime
    actor: int
    kind: str
    data: dict[str, Any]
    booking: Booking | None


def steps_of_day(
    office: OfficeSnapshot, *, day: date, actor: int | None = None, looks_only: bool = False
) -> list[Deed]:
    """The steps of the day, newest first. Two SQL statements."""
    start = calendar.local_instant(day, 0, office.tz)
    end = calendar.local_instant(day + timedelta(days=1), 0, office.tz)
    rows = Event.objects.filter(office=office.office_id, at__gte=start, at__lt=end)
    rows = rows.filter(Q(actor__isnull=False) | Q(kind__in=BY_STRANGERS))
    if actor is not None:
        rows = rows.filter(Q(actor=actor) | Q(kind__in=BY_STRANGERS, data__user=actor))
    if looks_only:
        rows = rows.filter(kind__in=LOOKS)
    event_rows = list(rows.order_by("-at", "-id")[:MOST])
    ids = {UUID(row.data["booking"]) for row in event_rows if row.data.get("booking")}
    bookings = Booking.objects.filter(office=office.row).in_bulk(ids)
    return [
        Deed(row.at, row.actor or 0, row.kind, row.data, _booking_of(row, bookings))
        for row in event_rows
    ]


def _booking_of(row: Event, bookings: dict[Any, Booking]) -> Booking | None:
    booking_id = row.data.get("booking")
    return bookings.get(UUID(booking_id)) if booking_id else None

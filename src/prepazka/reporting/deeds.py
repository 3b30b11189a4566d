"""Who of the staff did what on which day; the journal holds ids, the names are those of today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from prepazka.booking.models import Booking
from prepazka.core import calendar
from prepazka.journal.models import Event
from prepazka.offices.directory import Directory

MOST = 1_000
# Which steps are looks at clients, and change nothing.
LOOKS = ("ContactShown", "PeopleListed")
# Done to an account by whoever tried it, whom nobody knows.
BY_STRANGERS = ("LogInFailed", "LogInDelayed", "TokenMade")


@dataclass(frozen=True)
class Deed:
    """One step of a member of staff; of somebody unknown, who is actor 0, or the operator."""

    at: datetime
    actor: int
    kind: str
    data: dict[str, Any]
    booking: Booking | None


def deeds(
    office: Directory, *, day: date, actor: int | None = None, looks_only: bool = False
) -> list[Deed]:
    """The steps of the day, the newest first. Two SQL statements."""
    start = calendar.local_instant(day, 0, office.tz)
    end = calendar.local_instant(day + timedelta(days=1), 0, office.tz)
    rows = Event.objects.filter(office=office.office.pk, at__gte=start, at__lt=end)
    rows = rows.filter(Q(actor__isnull=False) | Q(kind__in=BY_STRANGERS))
    if actor is not None:
        rows = rows.filter(Q(actor=actor) | Q(kind__in=BY_STRANGERS, data__user=actor))
    if looks_only:
        rows = rows.filter(kind__in=LOOKS)
    found = list(rows.order_by("-at", "-id")[:MOST])
    ids = {UUID(row.data["booking"]) for row in found if row.data.get("booking")}
    bookings = Booking.objects.filter(office=office.office).in_bulk(ids)
    return [Deed(row.at, row.actor or 0, row.kind, row.data, _of(row, bookings)) for row in found]


def _of(row: Event, bookings: dict[Any, Booking]) -> Booking | None:
    said = row.data.get("booking")
    return bookings.get(UUID(said)) if said else None

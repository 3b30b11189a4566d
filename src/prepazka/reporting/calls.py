"""Why each of today's clients was called when they were, and whom they went before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prepazka.core import calendar
from prepazka.journal.models import Event
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Service
from prepazka.queueing.models import Ticket

MOST_CALLS = 500


@dataclass(frozen=True)
class Call:
    """One call, as the journal keeps it."""

    at: datetime
    ticket: Ticket
    service: Service
    counter: Counter | None
    clerk: int | None
    reason: Mapping[str, Any]
    waited: timedelta
    overtook: tuple[str, ...]  # numbers that came earlier, could go there, and still waited


def calls_of_today(office: Directory, *, now: datetime) -> list[Call]:
    """Today's calls, newest first. Two SQL statements."""
    day = calendar.day_of(now, office.tz)
    rows = list(
        Event.objects.filter(
            office=office.office.pk,
            kind="TicketCalled",
            at__gte=calendar.local_instant(day, 0, office.tz),
            at__lte=now,
        ).order_by("-at", "-id")[:MOST_CALLS]
    )
    tickets = {t.pk: t for t in Ticket.objects.filter(office=office.office, date=day)}
    first: dict[int, datetime] = {}
    for row in rows:
        first[row.data["ticket"]] = row.at
    return [_call(office, row, tickets, first) for row in rows if row.data["ticket"] in tickets]


def _call(
    office: Directory, row: Event, tickets: Mapping[int, Ticket], first: Mapping[int, datetime]
) -> Call:
    ticket = tickets[row.data["ticket"]]
    serves = office.serves.get(row.data["counter"], frozenset())
    overtaken = [
        other
        for other in tickets.values()
        if other.issued_at < ticket.issued_at
        and other.service_id in serves
        and row.at < first.get(other.pk, other.ended_at or row.at + timedelta(seconds=1))
    ]
    return Call(
        at=row.at,
        ticket=ticket,
        service=office.services[ticket.service_id],
        counter=office.counters.get(row.data["counter"]),
        clerk=row.data.get("clerk"),
        reason=row.data.get("reason") or {},
        waited=max(timedelta(0), row.at - ticket.issued_at),
        overtook=tuple(o.label for o in sorted(overtaken, key=lambda o: o.issued_at)),
    )

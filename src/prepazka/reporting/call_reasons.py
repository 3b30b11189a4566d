"""Today's calls with their reasons, and the tickets that each overtook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prepazka.core import calendar
from prepazka.journal.models import Event
from prepazka.offices.models import Counter, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import IN_QUEUE, Ticket
from prepazka.reporting.overtakes import Wait, waits_of

MOST_CALLS = 500
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """One call from the journal."""

    at: datetime
    ticket: Ticket
    service: Service
    counter: Counter | None
    clerk: int | None
    reason: Mapping[str, Any]
    waited: timedelta
    overtook: tuple[str, ...]  # labels that came earlier, are served there and still waited


def calls_of_today(office: OfficeSnapshot, *, now: datetime) -> list[Call]:
    """Today's calls, newest first. Two SQL statements."""
    day = calendar.day_of(now, office.tz)
    rows = list(
        Event.objects.filter(
            office=office.office_id,
            kind__in=("TicketCalled", "MissedReturned"),
            at__gte=calendar.local_instant(day, 0, office.tz),
            at__lte=now,
        ).order_by("-at", "-id")[:MOST_CALLS]
    )
    tickets = {t.pk: t for t in Ticket.objects.filter(office=office.row, date=day)}
    events: dict[int, list[Event]] = {pk: [] for pk in tickets}
    for row in reversed(rows):
        events.setdefault(row.data["ticket"], []).append(row)
    waits = {pk: _waits(ticket, events[pk]) for pk, ticket in tickets.items()}
    return [
        _call(office, row, tickets, waits)
        for row in rows
        if row.kind == "TicketCalled" and row.data["ticket"] in tickets
    ]


def _waits(ticket: Ticket, events: list[Event]) -> list[Wait]:
    """The ticket's waits; the last ends at NEVER while it still waits."""
    ended = ticket.ended_at if ticket.state not in IN_QUEUE else None
    return waits_of(ticket.issued_at, events, ended or NEVER)


def _call(
    office: OfficeSnapshot,
    row: Event,
    tickets: Mapping[int, Ticket],
    waits: Mapping[int, list[Wait]],
) -> Call:
    ticket = tickets[row.data["ticket"]]
    serves = office.serves.get(row.data["counter"], frozenset())
    overtaken = [
        waiting_ticket
        for waiting_ticket in tickets.values()
        if waiting_ticket.issued_at < ticket.issued_at
        and waiting_ticket.service_id in serves
        and any(wait.contains(row.at) for wait in waits[waiting_ticket.pk])
    ]
    return Call(
        at=row.at,
        ticket=ticket,
        service=office.services[ticket.service_id],
        counter=office.counters.get(row.data["counter"]),
        clerk=row.data.get("clerk"),
        reason=row.data.get("reason") or {},
        waited=max(timedelta(0), row.at - _waiting_since(row, waits[ticket.pk])),
        overtook=tuple(o.label for o in sorted(overtaken, key=lambda o: o.issued_at)),
    )


def _waiting_since(row: Event, waits: list[Wait]) -> datetime:
    """Since when the called ticket had waited; the call itself where it had not."""
    return max((wait.start for wait in waits if wait.start <= row.at), default=row.at)

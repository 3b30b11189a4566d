"""Why others were called before a ticket although they came later, and how many may be at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prepazka.core import calendar
from prepazka.core.discipline import overtake_bound
from prepazka.journal.models import Event
from prepazka.offices.directory import Directory
from prepazka.queueing.models import IN_QUEUE, Ticket


@dataclass(frozen=True)
class Overtake:
    """Somebody who came later and was called before, at a counter that serves the ticket too."""

    label: str
    at: datetime
    issued_at: datetime
    reason: Mapping[str, Any]


@dataclass(frozen=True)
class Before:
    """All that went before a ticket which came later."""

    waited: timedelta
    overtakes: tuple[Overtake, ...]
    # How many booked people at most may go before somebody who waits so long; the same of one
    # who waits an hour.
    bound: int
    bound_hour: int
    reason: Mapping[str, Any]  # of the ticket's own first call; empty until then


def before(office: Directory, ticket: Ticket, *, now: datetime) -> Before:
    """Look up who went before the ticket. Two SQL statements."""
    start = calendar.local_instant(ticket.date, 0, office.tz)
    rows = list(
        Event.objects.filter(
            office=office.office.pk,
            kind="TicketCalled",
            at__gte=max(start, ticket.issued_at),
            at__lte=now,
        ).order_by("at", "id")
    )
    own = next((row for row in rows if row.data["ticket"] == ticket.pk), None)
    ended = None if ticket.state in IN_QUEUE else ticket.ended_at
    until = own.at if own else ended or now
    able = {c for c in office.counters if ticket.service_id in office.serves.get(c, ())}
    seen = [r for r in rows if r.at < until and r.data["counter"] in able and r is not own]
    later = Ticket.objects.filter(
        pk__in={r.data["ticket"] for r in seen}, issued_at__gt=ticket.issued_at
    ).in_bulk()
    first: dict[int, Overtake] = {}
    for row in seen:
        other = later.get(row.data["ticket"])
        if other is not None and other.pk != ticket.pk:
            found = Overtake(other.label, row.at, other.issued_at, row.data.get("reason") or {})
            first.setdefault(other.pk, found)
    waited = max(until - ticket.issued_at, timedelta(0))
    return Before(
        waited,
        tuple(first.values()),
        bound(office, ticket.service_id, waited),
        bound(office, ticket.service_id, timedelta(hours=1)),
        (own.data.get("reason") or {}) if own else {},
    )


def bound(office: Directory, service: int, waited: timedelta) -> int:
    """How many booked people at most go before somebody for the service who waits so long."""
    counters = [c.pk for c in office.counters_for(service)]
    there = frozenset[int]().union(*(office.serves[c] for c in counters))
    kinds = [s for s in office.offered_services() if s.pk in there and s.bookable]
    many = 0
    for agenda in {s.agenda_id for s in kinds}:
        own = [s for s in kinds if s.agenda_id == agenda]
        rules = office.rules_of(own[0])
        length = rules.window_min if rules.kind == "window" else min(s.duration_min for s in own)
        lanes = rules.quota + sum(len(office.officials_for(s.pk)) for s in own)
        many += overtake_bound(lanes, 1, length, waited)
    return many

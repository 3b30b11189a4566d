"""Why others were called before a ticket although they came later, and how many may be at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
class Wait:
    """A stretch in which a ticket waited, and the reason of the call that ended it."""

    start: datetime
    end: datetime
    reason: Mapping[str, Any]

    def contains(self, at: datetime) -> bool:
        """Whether it waited then; who is called at the moment of the end did not go before it."""
        return self.start <= at < self.end


@dataclass(frozen=True)
class Before:
    """All that went before a ticket which came later."""

    waited: timedelta
    overtakes: tuple[Overtake, ...]
    # How many booked people at most may go before somebody who waits so long; the same of one
    # who waits an hour.
    bound: int
    bound_hour: int
    reason: Mapping[str, Any]  # of the call that ended the last wait; empty until then


def before(office: Directory, ticket: Ticket, *, now: datetime) -> Before:
    """Look up who went before the ticket. Two SQL statements.

    Of a ticket that came back after a call in vain both waits count, not the time between them.
    """
    start = calendar.local_instant(ticket.date, 0, office.tz)
    events = list(
        Event.objects.filter(
            office=office.office.pk,
            kind__in=("TicketCalled", "MissedReturned"),
            at__gte=max(start, ticket.issued_at),
            at__lte=now,
        ).order_by("at", "id")
    )
    of_ticket = [event for event in events if event.data["ticket"] == ticket.pk]
    ended = None if ticket.state in IN_QUEUE else ticket.ended_at
    waits = waits_of(ticket.issued_at, of_ticket, ended or now)
    able = {c for c in office.counters if ticket.service_id in office.serves.get(c, ())}
    seen = [
        r
        for r in events
        if r.kind == "TicketCalled"
        and r.data["counter"] in able
        and r.data["ticket"] != ticket.pk
        and any(wait.contains(r.at) for wait in waits)
    ]
    later = Ticket.objects.filter(
        pk__in={r.data["ticket"] for r in seen}, issued_at__gt=ticket.issued_at
    ).in_bulk()
    first: dict[int, Overtake] = {}
    for row in seen:
        other = later.get(row.data["ticket"])
        if other is not None and other.pk != ticket.pk:
            found = Overtake(other.label, row.at, other.issued_at, row.data.get("reason") or {})
            first.setdefault(other.pk, found)
    waited = sum((wait.end - wait.start for wait in waits), timedelta(0))
    return Before(
        waited,
        tuple(first.values()),
        bound(office, ticket.service_id, waited),
        bound(office, ticket.service_id, timedelta(hours=1)),
        waits[-1].reason,
    )


def waits_of(issued_at: datetime, events: Iterable[Event], until: datetime) -> list[Wait]:
    """The waits of a ticket, from its calls and returns in their order.

    The first ends with the first call, each other goes from a return after a call in vain to the
    next call; the last may still go on at `until`.
    """
    waits: list[Wait] = []
    since: datetime | None = issued_at
    for event in events:
        if event.kind == "MissedReturned":
            since = event.at
        elif event.kind == "TicketCalled" and since is not None:
            waits.append(Wait(since, event.at, event.data.get("reason") or {}))
            since = None
    return waits if since is None else [*waits, Wait(since, max(since, until), {})]


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

"""Overtakes: tickets that came later and were called before one, and the bound on their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prepazka.core import calendar
from prepazka.core.discipline import overtake_bound
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import IN_QUEUE, Ticket


@dataclass(frozen=True)
class Overtake:
    """A ticket that came later and was called before, at a counter that serves this one too."""

    label: str
    at: datetime
    issued_at: datetime
    reason: Mapping[str, Any]


@dataclass(frozen=True)
class Wait:
    """An interval in which a ticket waited, and the reason of the call that ended it."""

    start: datetime
    end: datetime
    reason: Mapping[str, Any]

    def contains(self, at: datetime) -> bool:
        """Whether the ticket waited at that moment; the end itself does not count."""
        return self.start <= at < self.end


@dataclass(frozen=True)
class Before:
    """The overtakes of a ticket, and their bound."""

    waited: timedelta
    overtakes: tuple[Overtake, ...]
    # The most booked people who may go before somebody who waits so long, and an hour.
    bound: int
    bound_hour: int
    reason: Mapping[str, Any]  # of the call that ended the last wait; empty until then


def overtakes_of(office: OfficeSnapshot, ticket: Ticket, *, now: datetime) -> Before:
    """The overtakes of the ticket. Two SQL statements.

    Of a ticket that came back after a call in vain both waits count, without the time between them.
    """
    start = calendar.local_instant(ticket.date, 0, office.tz)
    events = list(
        Event.objects.filter(
            office=office.office_id,
            kind__in=("TicketCalled", "MissedReturned"),
            at__gte=max(start, ticket.issued_at),
            at__lte=now,
        ).order_by("at", "id")
    )
    of_ticket = [event for event in events if event.data["ticket"] == ticket.pk]
    ended = None if ticket.state in IN_QUEUE else ticket.ended_at
    waits = waits_of(ticket.issued_at, of_ticket, ended or now)
    able = {c for c in office.counters if ticket.service_id in office.serves.get(c, ())}
    calls = [
        r
        for r in events
        if r.kind == "TicketCalled"
        and r.data["counter"] in able
        and r.data["ticket"] != ticket.pk
        and any(wait.contains(r.at) for wait in waits)
    ]
    later = Ticket.objects.filter(
        pk__in={r.data["ticket"] for r in calls}, issued_at__gt=ticket.issued_at
    ).in_bulk()
    first_overtakes: dict[int, Overtake] = {}
    for row in calls:
        later_ticket = later.get(row.data["ticket"])
        if later_ticket is not None and later_ticket.pk != ticket.pk:
            overtake = Overtake(
                later_ticket.label, row.at, later_ticket.issued_at, row.data.get("reason") or {}
            )
            first_overtakes.setdefault(later_ticket.pk, overtake)
    waited = sum((wait.end - wait.start for wait in waits), timedelta(0))
    return Before(
        waited,
        tuple(first_overtakes.values()),
        bound_of_overtakes(office, ticket.service_id, waited),
        bound_of_overtakes(office, ticket.service_id, timedelta(hours=1)),
        waits[-1].reason,
    )


def waits_of(issued_at: datetime, events: Iterable[Event], until: datetime) -> list[Wait]:
    """The waits of a ticket, from its calls and returns in their order.

    The first ends with the first call; each further one goes from a return to the next call. The
    last may still go on at `until`.
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


def bound_of_overtakes(office: OfficeSnapshot, service: int, waited: timedelta) -> int:
    """The most booked people who go before somebody for the service who waits so long."""
    counters = [c.pk for c in office.counters_for(service)]
    services_there = frozenset[int]().union(*(office.serves[c] for c in counters))
    kinds = [s for s in office.offered_services() if s.pk in services_there and s.bookable]
    total = 0
    for agenda in {s.agenda_id for s in kinds}:
        own = [s for s in kinds if s.agenda_id == agenda]
        rules = office.rules_of(own[0])
        length = rules.window_min if rules.kind == "window" else min(s.duration_min for s in own)
        lanes = rules.quota + sum(len(office.officials_for(s.pk)) for s in own)
        total += overtake_bound(lanes, 1, length, waited)
    return total

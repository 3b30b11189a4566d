"""Today's tickets that were called in vain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from prepazka.core import calendar
from prepazka.offices.models import Counter, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import IN_QUEUE, Ticket, TicketState
from prepazka.queueing.validity import pin_returns_until, valid_until


@dataclass(frozen=True)
class Missed:
    """A ticket that was called in vain and is out of the queue."""

    ticket: Ticket
    service: Service
    called_at: datetime
    counter: Counter
    may_return: bool  # whether staff may put it back now
    pin_until: datetime | None  # until when its booking's PIN puts it back as well


def missed_of_today(office: OfficeSnapshot, *, now: datetime, number: str = "") -> list[Missed]:
    """Today's missed tickets, the last called first; `number` such as V12 or 12 selects some.

    One SQL statement.
    """
    tickets = _tickets(office, now)
    label = number.strip().replace(" ", "").upper()
    rows = []
    for ticket in tickets.select_related("booking").order_by("-called_at", "-pk"):
        call = ticket.missed_call
        if call is None or (label and label not in {ticket.label, str(ticket.number)}):
            continue
        until = pin_returns_until(office, ticket)
        rows.append(
            Missed(
                ticket=ticket,
                service=office.services[ticket.service_id],
                called_at=call[0],
                counter=office.counters[call[1]],
                may_return=valid_until(office, ticket) > now,
                pin_until=until if until and until > now else None,
            )
        )
    return rows


def count_missed(office: OfficeSnapshot, *, now: datetime) -> int:
    """How many tickets were called in vain today."""
    return _tickets(office, now).count()


def _tickets(office: OfficeSnapshot, now: datetime) -> QuerySet[Ticket]:
    today = calendar.day_of(now, office.tz)
    return Ticket.objects.filter(office=office.row, date=today, state=TicketState.NO_SHOW)


def returned_waiting(office: OfficeSnapshot, *, now: datetime) -> int:
    """How many returned tickets wait, which go before the next one that returns."""
    returned = Ticket.objects.filter(
        office=office.row,
        date=calendar.day_of(now, office.tz),
        state__in=IN_QUEUE,
        returned_at__isnull=False,
    )
    return returned.count()

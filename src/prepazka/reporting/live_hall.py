"""The hall at one moment with its outlook: the queue, clients at counters, expected waits."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from prepazka.core import calendar
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, Ticket
from prepazka.queueing.turns import waiting_of_ticket
from prepazka.reporting.forecast import Outlook, hall_outlook
from prepazka.reporting.hall_state import HallState


class Hall(HallState):
    """The live state of an office with the waits expected in it."""

    @cached_property
    def outlook(self) -> Outlook:
        """The expected waits of everybody in the queue and of a newcomer to each service."""
        return hall_outlook(self)


def hall_at(office: OfficeSnapshot, *, now: datetime) -> Hall:
    """The office's hall at `now`. Two SQL statements."""
    today = calendar.day_of(now, office.tz)
    tickets = list(
        Ticket.objects.filter(office=office.row, date=today, state__in=(*IN_QUEUE, *AT_COUNTER))
    )
    shifts = list(
        Shift.objects.filter(office=office.row, closed_at=None).order_by("counter__position")
    )
    if not _knows(office, tickets, shifts):
        # A file was loaded since. Parts are never deleted, so an office read now has all of them.
        office = snapshot_by_id(office.office_id)
    return Hall(
        office=office,
        now=now,
        waiting=[waiting_of_ticket(t) for t in tickets if t.state in IN_QUEUE],
        tickets={t.pk: t for t in tickets},
        shifts=shifts,
    )


def _knows(office: OfficeSnapshot, tickets: list[Ticket], shifts: list[Shift]) -> bool:
    services, counters = office.services, office.counters
    return all(t.service_id in services for t in tickets) and all(
        counter is None or counter in counters
        for counter in (
            *(s.counter_id for s in shifts),
            *(t.counter_id for t in tickets),
            *(t.for_counter_id for t in tickets),
        )
    )

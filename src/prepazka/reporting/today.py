"""Today's counts of an office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, F, Q
from django.db.models.functions import Coalesce

from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import IN_QUEUE, Ticket, TicketState


@dataclass(frozen=True)
class Today:
    """Counts of one day, and the mean wait until the call."""

    tickets: int
    waiting: int
    served: int
    no_shows: int
    left: int
    waited: timedelta | None
    booked: int
    arrived: int
    booked_no_shows: int
    cancelled: int


def today_of(office: OfficeSnapshot, *, now: datetime) -> Today:
    """The counts as of now. Two SQL statements."""
    day = calendar.day_of(now, office.tz)
    tickets = Ticket.objects.filter(office=office.row, date=day).aggregate(
        tickets=Count("pk"),
        waiting=Count("pk", filter=Q(state__in=IN_QUEUE)),
        served=Count("pk", filter=Q(state=TicketState.FINISHED)),
        no_shows=Count("pk", filter=Q(state=TicketState.NO_SHOW)),
        left=Count("pk", filter=Q(state=TicketState.CANCELLED)),
        # The wait of a ticket that came back after a call in vain ended with that call.
        waited=Avg(
            Coalesce("missed_at", "called_at") - F("issued_at"),
            filter=Q(called_at__isnull=False) | Q(missed_at__isnull=False),
        ),
    )
    came = (BookingState.ARRIVED, BookingState.SERVED)
    cancelled = (BookingState.CANCELLED_BY_CITIZEN, BookingState.CANCELLED_BY_OFFICE)
    bookings = Booking.objects.filter(office=office.row, date=day).aggregate(
        booked=Count(
            "pk", filter=Q(state__in=(BookingState.CONFIRMED, *came, BookingState.NO_SHOW))
        ),
        arrived=Count("pk", filter=Q(state__in=came)),
        booked_no_shows=Count("pk", filter=Q(state=BookingState.NO_SHOW)),
        cancelled=Count("pk", filter=Q(state__in=cancelled)),
    )
    return Today(**tickets, **bookings)

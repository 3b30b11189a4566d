"""How long a ticket is valid, and how long the PIN of a missed one puts it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from prepazka.booking.models import BookingState
from prepazka.core import calendar
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket, TicketState


def valid_until(office: OfficeSnapshot, ticket: Ticket) -> datetime:
    """When the service closes on the ticket's day; the end of the day where it is not open."""
    hours = office.opening_hours.of_service(ticket.service_id, ticket.date)
    if hours:
        closes = calendar.local_instant(ticket.date, hours[-1].end, office.tz)
        if closes > ticket.issued_at:
            return closes
    return calendar.local_instant(ticket.date + timedelta(days=1), 0, office.tz)


def pin_returns_until(office: OfficeSnapshot, ticket: Ticket) -> datetime | None:
    """Until when the PIN puts the missed ticket back into the queue; None where only staff can."""
    booking = ticket.booking
    if ticket.state != TicketState.NO_SHOW or ticket.pin_returned_at or booking is None:
        return None
    if booking.state != BookingState.ARRIVED:
        return None
    rules = office.rules_of(office.services[booking.service_id])
    return rules.counts_until(booking.ends_at)

"""Ending bookings of clients who were called in vain and did not come back in time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from prepazka.booking.booking_locks import lock_days
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.transitions import end_booking
from prepazka.core import events
from prepazka.journal.record import record
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import TicketState
from prepazka.queueing.queue_locks import lock_queue


@transaction.atomic
def end_missed(*, office: OfficeSnapshot, now: datetime) -> int:
    """End arrived bookings whose ticket is missed and whose PIN is no longer valid, of any day.

    Their lanes become free. Returns how many there were.
    """
    missed = Booking.objects.filter(
        office=office.row,
        state=BookingState.ARRIVED,
        ends_at__lte=now,
        ticket__state=TicketState.NO_SHOW,
    )
    days = list(missed.values_list("date", flat=True).distinct())
    if not days:
        return 0
    # The day is always locked before the queue.
    lock_days(office.office_id, days)
    lock_queue(office.office_id)
    ended = 0
    for booking in missed.filter(date__in=days):
        rules = office.rules_of(office.services[booking.service_id])
        if rules.counts_until(booking.ends_at) <= now:
            end_booking(booking, BookingState.NO_SHOW, now)
            record(events.BookingNoShow(office=office.office_id, booking=str(booking.pk), at=now))
            ended += 1
    return ended

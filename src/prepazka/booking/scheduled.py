"""Time-driven transitions of bookings: expiry, no-shows, reminders, erasure.

Each function is one transaction; `now` is an argument.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from prepazka.booking.booking_locks import lock_booking, lock_days
from prepazka.booking.models import Booking, BookingState, ReplacedPin
from prepazka.booking.transitions import NO_NETWORK, end_booking, mark_served, release_expired
from prepazka.core import events
from prepazka.journal.record import record
from prepazka.offices.models import Mode, Office
from prepazka.offices.office_snapshot import OfficeSnapshot

NO_REMINDER_WITHIN = timedelta(hours=30)
SOON, NO_SECOND_REMINDER_WITHIN = timedelta(hours=2), timedelta(hours=6)
# Personal columns of a booking, with the values that erase them.
ERASED: dict[str, Any] = {
    "name": "",
    "email": "",
    "phone": "",
    "contact_hash": "",
    "pin": "",
    "short_code": None,
    "cancel_reason": "",
    "topic": "",
    **NO_NETWORK,
}
NEVER_TOOK_PLACE = (
    BookingState.EXPIRED,
    BookingState.CANCELLED_BY_CITIZEN,
    BookingState.CANCELLED_BY_OFFICE,
)


@transaction.atomic
def mark_no_shows(*, office: OfficeSnapshot, day: date, now: datetime) -> int:
    """Mark bookings of that day as no-shows when their late limit has passed; returns how many.

    Joining the room of a video meeting counts as arrival. A booking by telephone counts as served,
    because it is the office that calls.
    """
    lock_days(office.office_id, [day])
    ended = 0
    rows = Booking.objects.filter(office=office.row, date=day, state=BookingState.CONFIRMED)
    for booking in rows:
        rules = office.rules_of(office.services[booking.service_id])
        if rules.counts_until(booking.ends_at) > now:
            continue
        if booking.mode == Mode.PHONE:
            mark_served(booking, now)
        else:
            end_booking(booking, BookingState.NO_SHOW, now)
            record(events.BookingNoShow(office=office.office_id, booking=str(booking.pk), at=now))
            ended += 1
    return ended


@transaction.atomic
def expire_day(*, office: int, day: date, now: datetime) -> int:
    """End the expired holds of a day; returns how many.

    Expired holds block nothing even before this runs; it only updates their state.
    """
    lock_days(office, [day])
    return release_expired(office=office, day=day, now=now)


@transaction.atomic
def remind_due(*, booking: UUID, now: datetime) -> None:
    """Request the reminder of a booking, once, unless it was made less than 30 hours ahead."""
    locked = lock_booking(booking)
    if locked.state != BookingState.CONFIRMED or locked.reminded_at or locked.starts_at <= now:
        return
    locked.reminded_at = now
    locked.save(update_fields=["reminded_at"])
    if locked.starts_at - _known_since(locked) > NO_REMINDER_WITHIN:
        record(events.ReminderDue(office=locked.office_id, booking=str(locked.pk), at=now))


@transaction.atomic
def remind_soon(*, booking: UUID, now: datetime) -> None:
    """Request the reminder two hours before, once, unless it was made less than 6 hours ahead."""
    locked = lock_booking(booking)
    opens = locked.starts_at - SOON
    if locked.state != BookingState.CONFIRMED or not opens <= now < locked.starts_at:
        return
    if locked.reminded_at and locked.reminded_at >= opens:
        return
    locked.reminded_at = now
    locked.save(update_fields=["reminded_at"])
    if locked.starts_at - _known_since(locked) > NO_SECOND_REMINDER_WITHIN:
        record(events.SoonReminderDue(office=locked.office_id, booking=str(locked.pk), at=now))


def _known_since(booking: Booking) -> datetime:
    return booking.moved_at or booking.confirmed_at or booking.created_at


@transaction.atomic
def erase_personal_data(*, office: Office, now: datetime) -> int:
    """Erase name, contact, PIN, topic and reason of past bookings; returns how many.

    The office's retention counts from the end of the visit. Cancelled and expired bookings are
    erased after a day.
    """
    over = Q(ends_at__lt=now - timedelta(days=office.retention_days))
    came_to_nothing = Q(state__in=NEVER_TOOK_PLACE, ended_at__lt=now - timedelta(days=1))
    rows = Booking.objects.filter(over | came_to_nothing, office=office, erased_at=None)
    erased = rows.update(**ERASED, erased_at=now)
    ReplacedPin.objects.filter(office=office, booking__erased_at__isnull=False).delete()
    if erased:
        record(events.PersonalDataErased(office=office.pk, bookings=erased, at=now))
    return erased

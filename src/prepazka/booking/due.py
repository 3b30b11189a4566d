"""What time does to bookings. Each function is one transaction and reads no clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from prepazka.booking.locks import lock_booking, lock_days
from prepazka.booking.models import Booking, ReplacedPin, State
from prepazka.booking.parts import NO_NETWORK, end, release_expired, serve
from prepazka.core import events
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Mode, Office

NO_REMINDER_WITHIN = timedelta(hours=30)
SOON, NO_SECOND_REMINDER_WITHIN = timedelta(hours=2), timedelta(hours=6)
# What of a booking is personal, and what it is emptied to.
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
NOTHING = (State.EXPIRED, State.CANCELLED_BY_CITIZEN, State.CANCELLED_BY_OFFICE)


@transaction.atomic
def mark_no_shows(*, office: Directory, day: date, now: datetime) -> int:
    """End the bookings of that day whose late time has passed; their capacity is free again.

    Who has entered the room of a meeting by video counts as arrived. It is the office that
    telephones, so nobody can miss a call. Returns how many there were.
    """
    lock_days(office.office.pk, [day])
    ended = 0
    rows = Booking.objects.filter(office=office.office, date=day, state=State.CONFIRMED)
    for booking in rows:
        rules = office.rules_of(office.services[booking.service_id])
        if rules.counts_until(booking.ends_at) > now:
            continue
        if booking.mode == Mode.PHONE:
            serve(booking, now)
        else:
            end(booking, State.NO_SHOW, now)
            record(events.BookingNoShow(office=office.office.pk, booking=str(booking.pk), at=now))
            ended += 1
    return ended


@transaction.atomic
def expire_day(*, office: int, day: date, now: datetime) -> int:
    """Tidy the expired holds of a day; nothing waits for this, it only keeps the rows honest."""
    lock_days(office, [day])
    return release_expired(office=office, day=day, now=now)


@transaction.atomic
def remind_due(*, booking: UUID, now: datetime) -> None:
    """Ask for the reminder of a booking, once; those made less than a day ahead need none."""
    found = lock_booking(booking)
    if found.state != State.CONFIRMED or found.reminded_at or found.starts_at <= now:
        return
    found.reminded_at = now
    found.save(update_fields=["reminded_at"])
    if found.starts_at - _known_since(found) > NO_REMINDER_WITHIN:
        record(events.ReminderDue(office=found.office_id, booking=str(found.pk), at=now))


@transaction.atomic
def remind_soon(*, booking: UUID, now: datetime) -> None:
    """Ask for the reminder two hours before, once; those made the same morning need none."""
    found = lock_booking(booking)
    opens = found.starts_at - SOON
    if found.state != State.CONFIRMED or not opens <= now < found.starts_at:
        return
    if found.reminded_at and found.reminded_at >= opens:
        return
    found.reminded_at = now
    found.save(update_fields=["reminded_at"])
    if found.starts_at - _known_since(found) > NO_SECOND_REMINDER_WITHIN:
        record(events.SoonReminderDue(office=found.office_id, booking=str(found.pk), at=now))


def _known_since(booking: Booking) -> datetime:
    return booking.moved_at or booking.confirmed_at or booking.created_at


@transaction.atomic
def erase_personal_data(*, office: Office, now: datetime) -> int:
    """Erase name, contact, PIN, topic and reason of visits long over and of bookings that came to nothing.

    The retention of the office counts from the visit; cancelled and expired ones keep a day.
    Returns how many bookings were erased.
    """
    over = Q(ends_at__lt=now - timedelta(days=office.retention_days))
    came_to_nothing = Q(state__in=NOTHING, ended_at__lt=now - timedelta(days=1))
    rows = Booking.objects.filter(over | came_to_nothing, office=office, erased_at=None)
    erased = rows.update(**ERASED, erased_at=now)
    ReplacedPin.objects.filter(office=office, booking__erased_at__isnull=False).delete()
    if erased:
        record(events.PersonalDataErased(office=office.pk, bookings=erased, at=now))
    return erased

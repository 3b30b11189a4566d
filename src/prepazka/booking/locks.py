"""The locks of booking; each is taken before the look and held until the transaction ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection

from prepazka.booking.models import Booking, OfficeDay


def lock_days(office: int, days: Iterable[date]) -> None:
    """Lock the office's days, always in the order of their dates so that nobody deadlocks."""
    wanted = sorted(set(days))
    if _locked(office, wanted) < len(wanted):
        OfficeDay.objects.bulk_create(
            [OfficeDay(office_id=office, date=day) for day in wanted], ignore_conflicts=True
        )
        _locked(office, wanted)


def _locked(office: int, days: list[date]) -> int:
    rows = OfficeDay.objects.filter(office=office, date__in=days).order_by("date")
    return len(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def lock_booking(booking: UUID, *other_days: date) -> Booking:
    """Lock the day of a booking (and other days of its office), then read it.

    The booking may have moved to another day between the look for its day and the lock; then
    the lock is taken once more. Raises Booking.DoesNotExist.
    """
    while True:
        office, day = Booking.objects.values_list("office_id", "date").get(pk=booking)
        lock_days(office, (day, *other_days))
        found = Booking.objects.select_related("service", "office").get(pk=booking)
        if found.date == day:
            return found


def lock_contact(contact_hash: str) -> None:
    """Serialise the bookings of one contact, so that its limit holds across days.

    Taken last and only while holding a single day, so it never waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [contact_hash])

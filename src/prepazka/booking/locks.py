"""The locks of booking; each is taken before the look and held until the transaction ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection

from prepazka.booking.models import Booking, OfficeDay
from prepazka.journal.rows import one


def lock_days(office: int, days: Iterable[date]) -> None:
    """Lock the office's days, always in the order of their dates so that nobody deadlocks."""
    wanted = sorted(set(days))
    if _locked(office, wanted) < len(wanted):
        OfficeDay.objects.bulk_create(
            [OfficeDay(office_id=office, date=day) for day in wanted], ignore_conflicts=True
        )
        _locked(office, wanted)


def _locked(office: int, days: list[date]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM booking_officeday WHERE office_id = %s AND date = ANY(%s)"
            " ORDER BY date FOR NO KEY UPDATE",
            [office, days],
        )
        return len(cursor.fetchall())


def lock_booking(booking: UUID, *other_days: date) -> Booking:
    """Lock the day of a booking (and other days of its office), then read it.

    The booking may have moved to another day between the look for its day and the lock; then
    the lock is taken once more. Raises Booking.DoesNotExist.
    """
    while True:
        day = _lock_day_of(booking, other_days)
        found = one(Booking, "FROM booking_booking WHERE id = %s", [booking])
        if found is None:
            raise Booking.DoesNotExist
        if found.date == day:
            return found


def _lock_day_of(booking: UUID, other_days: tuple[date, ...]) -> date | None:
    """Lock the days of a booking that is about to be read; the day's row exists since its hold."""
    if other_days:
        row = Booking.objects.filter(pk=booking).values_list("office_id", "date").first()
        if row:
            lock_days(row[0], (row[1], *other_days))
        return row and row[1]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.date FROM booking_booking b"
            " JOIN booking_officeday d ON d.office_id = b.office_id AND d.date = b.date"
            " WHERE b.id = %s FOR NO KEY UPDATE OF d",
            [booking],
        )
        found = cursor.fetchone()
    return found[0] if found else None


def lock_contact(contact_hash: str) -> None:
    """Serialise the bookings of one contact, so that its limit holds across days.

    Taken last and only while holding a single day, so it never waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [contact_hash])


def lock_list(agenda: int) -> None:
    """Let one at a time decide who on the agenda's waiting list is next; taken before any day."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"list:{agenda}"])

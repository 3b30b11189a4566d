"""Transitions of bookings shared by use-cases.

The caller is in a transaction, has locked the booking's day and checked that it may change.
"""

from __future__ import annotations

from datetime import date, datetime
from random import SystemRandom
from typing import Literal

from django.db import connection

from prepazka.booking import colleague_claims, slot_release, slot_search, sql
from prepazka.booking.booking_locks import lock_contact
from prepazka.booking.models import OPEN, Booking, BookingState, ReplacedPin
from prepazka.booking.refusals import TooManyBookings, TooManyUnconfirmed
from prepazka.core import events, pins
from prepazka.journal import rows
from prepazka.journal.record import record

PINS_TRIED = 8
# People whose first message does not arrive book again and confirm one of the two.
SPARE_UNCONFIRMED = 2
# The network of a booking is erased when it ends.
NO_NETWORK = {"network": "", "network_56": "", "network_48": ""}
# Written by every request and confirmation, so that they share one statement; whatever else was
# changed is added to it (`TrackedRow`).
CHANGED_BY_CONFIRMING = (
    "state",
    "confirmed_at",
    "requested_at",
    "expires_at",
    "pin",
    "name",
    "email",
    "phone",
    "contact_hash",
    "short_code",
    *NO_NETWORK,
)


def move_to_claim(
    booking: Booking,
    claim: slot_search.Claim,
    day: date,
    *,
    now: datetime,
    by: Literal["citizen", "office"],
    actor: int | None = None,
) -> None:
    """Move the booking to another claim; the caller has locked both days."""
    freed = slot_release.Freed.of(booking)
    booking.lane_id = claim.lane
    booking.starts_at, booking.ends_at = claim.during.start, claim.during.end
    if booking.date != day:
        booking.date = day
        if booking.pin:
            booking.pin = draw_pin(booking)
    booking.moved_at = now
    booking.sequence += 1
    booking.reminded_at = None
    booking.save()
    colleague_claims.move_colleagues(booking, now=now)
    if not freed.overlaps(booking):
        slot_release.delay_return(freed, now=now)
    record(
        events.BookingMoved(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor, by=by
        )
    )


def confirm_with_pin(
    booking: Booking, now: datetime, actor: int | None = None, *, keep_network: bool = False
) -> None:
    """Confirm the booking and give it a PIN.

    With `keep_network` the network's hashes stay for a day: bookings without a click are limited
    only by them.
    """
    if not keep_network:
        clear_network_hashes(booking)
    booking.state = BookingState.CONFIRMED
    booking.confirmed_at = now
    booking.expires_at = None
    booking.pin = draw_pin(booking)
    rows.update_row(booking, CHANGED_BY_CONFIRMING)
    record(
        events.BookingConfirmed(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor
        )
    )


def change_pin(booking: Booking, *, now: datetime, actor: int | None = None) -> None:
    """Give a confirmed booking another PIN; the old one is not reused on that day.

    The event makes the person be told the new PIN.
    """
    ReplacedPin.objects.create(
        office_id=booking.office_id, booking=booking, date=booking.date, pin=booking.pin, at=now
    )
    booking.pin = draw_pin(booking)
    booking.save(update_fields=["pin"])
    record(
        events.PinChanged(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor, by="office"
        )
    )


def draw_pin(booking: Booking) -> str:
    """A PIN unused on the booking's day, and if possible by any open booking of another day.

    Replaced PINs of the day count as used. A few random PINs are checked first; only if all of
    them are in use are the office's PINs read.
    """
    tried = {pins.pick_pin((), (), SystemRandom()) for _ in range(PINS_TRIED)}
    with connection.cursor() as cursor:
        cursor.execute(
            sql.PINS_IN_USE,
            [
                *(booking.office_id, list(tried), booking.date),
                *(booking.office_id, booking.date, list(tried)),
            ],
        )
        if free := tried - {pin for (pin,) in cursor.fetchall()}:
            return free.pop()
    with_pin = Booking.objects.filter(office=booking.office_id).exclude(pin="")
    unavailable = set(with_pin.filter(date=booking.date).values_list("pin", flat=True))
    replaced = ReplacedPin.objects.filter(office=booking.office_id, date=booking.date)
    unavailable |= set(replaced.values_list("pin", flat=True))
    avoid = set(with_pin.filter(state__in=OPEN).values_list("pin", flat=True))
    return pins.pick_pin(unavailable, avoid, SystemRandom())


def mark_served(booking: Booking, now: datetime, actor: int | None = None) -> None:
    """Mark the booking as served."""
    booking.state, booking.served_at = BookingState.SERVED, now
    booking.save(update_fields=["state", "served_at"])
    ids = {"office": booking.office_id, "booking": str(booking.pk)}
    record(events.BookingServed(at=now, actor=actor, **ids))  # type: ignore[arg-type]


def end_booking(booking: Booking, state: BookingState, now: datetime) -> None:
    """End the booking in that state; releases its colleagues and erases its network."""
    booking.state = state
    booking.ended_at = now
    booking.expires_at = None
    clear_network_hashes(booking)
    booking.save(update_fields=["state", "ended_at", "expires_at", "sequence", *NO_NETWORK])
    colleague_claims.remove_colleagues(booking, now=now)


def clear_network_hashes(booking: Booking) -> None:
    """Clear the network's hashes of the booking; the caller saves it."""
    booking.network = booking.network_56 = booking.network_48 = ""


def release_expired(*, office: int, day: date, now: datetime) -> int:
    """End the expired holds of a locked day; returns how many.

    The lane's constraint counts them until then. Time of bookings that were requested and never
    confirmed returns to the public with the agenda's delay, as after a cancellation.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.END_EXPIRED, [office, day, now, now])
        expired = cursor.fetchall()
    colleague_claims.remove_colleagues_of_all([pk for pk, *_ in expired], now=now)
    for pk, expired_at, was_asked in expired:
        if was_asked:
            slot_release.delay_return(
                slot_release.Freed.of(Booking.objects.get(pk=pk)), now=now, since=expired_at
            )
        record(events.BookingExpired(office=office, booking=str(pk), at=now))
    return len(expired)


def check_open_limit(booking: Booking, agenda: int, *, limit: int, now: datetime) -> None:
    """Lock the contact and check its confirmed bookings of the agenda. Raises TooManyBookings."""
    check_open_limit_of_hash(booking.contact_hash, booking.office_id, agenda, limit=limit, now=now)


def check_unconfirmed_limit(booking: Booking, *, limit: int, now: datetime) -> None:
    """Check the contact's unconfirmed bookings; `check_open_limit` has locked the contact.

    Raises TooManyUnconfirmed.
    """
    waiting = Booking.objects.filter(
        office=booking.office_id,
        contact_hash=booking.contact_hash,
        service__agenda=booking.service.agenda_id,
        state=BookingState.UNCONFIRMED,
        expires_at__gt=now,
    )
    if waiting.count() >= limit + SPARE_UNCONFIRMED:
        raise TooManyUnconfirmed


def check_open_limit_of_hash(
    key: str, office: int, agenda: int, *, limit: int, now: datetime
) -> None:
    """The same as `check_open_limit` for the hash of a contact."""
    lock_contact(key)
    with connection.cursor() as cursor:
        cursor.execute(sql.CONFIRMED_OF_CONTACT, [office, key, agenda, now])
        if cursor.fetchone()[0] >= limit:
            raise TooManyBookings(most=limit)


def is_cancelled(booking: Booking) -> bool:
    """Whether the person or the office cancelled the booking."""
    return booking.state in {BookingState.CANCELLED_BY_CITIZEN, BookingState.CANCELLED_BY_OFFICE}


def is_deadline_over(booking: Booking, now: datetime) -> bool:
    """Whether the deadline of a hold or an unconfirmed booking has passed."""
    return booking.expires_at is not None and booking.expires_at <= now

"""Parts of use-cases: the caller's transaction has locked the booking's day, and looked."""

from __future__ import annotations

from datetime import date, datetime
from random import SystemRandom
from typing import Literal

from django.db import connection

from prepazka.booking import companions, returns, terms
from prepazka.booking.locks import lock_contact
from prepazka.booking.models import EXPIRING, OPEN, Booking, ReplacedPin, State
from prepazka.booking.refusals import TooManyBookings, TooManyUnconfirmed
from prepazka.core import events, pins
from prepazka.journal import rows
from prepazka.journal.record import record

PINS_TRIED = 8
# Somebody whose first message does not come asks again, and confirms one of them.
SPARE_UNCONFIRMED = 2
# Whose hold it was is erased when it ends.
NO_NETWORK = {"network": "", "network_56": "", "network_48": ""}
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


def put(
    booking: Booking,
    claim: terms.Claim,
    day: date,
    *,
    now: datetime,
    by: Literal["citizen", "office"],
    actor: int | None = None,
) -> None:
    """Let the booking have another claim; the caller has locked both days and looked."""
    left = returns.Freed.of(booking)
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
    companions.carry(booking, now=now)
    if not left.overlaps(booking):
        returns.give_back(left, now=now)
    record(
        events.BookingMoved(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor, by=by
        )
    )


def confirm(
    booking: Booking, now: datetime, actor: int | None = None, *, keep_network: bool = False
) -> None:
    """Let the booking be confirmed, with its PIN; the caller has locked its day and looked.

    Without a click the network is kept for a day, because only it limits such bookings.
    """
    if not keep_network:
        forget_network(booking)
    booking.state = State.CONFIRMED
    booking.confirmed_at = now
    booking.expires_at = None
    booking.pin = draw_pin(booking)
    rows.update(booking, CHANGED_BY_CONFIRMING)
    record(
        events.BookingConfirmed(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor
        )
    )


def change_pin(booking: Booking, *, now: datetime, actor: int | None = None) -> None:
    """Give a confirmed booking another PIN; the caller has locked its day and looked.

    The person is told the new one, and the old one is nobody else's on that day.
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
    """A PIN free on the booking's day, and not in use on any other open day if possible.

    One that a booking of the day had before is not free.

    A few drawn at random are looked up; only where all are in use are all of them read.
    """
    tried = {pins.draw((), (), SystemRandom()) for _ in range(PINS_TRIED)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pin FROM booking_booking WHERE office_id = %s AND pin = ANY(%s)"
            " AND (date = %s OR state IN ('unconfirmed', 'confirmed'))"
            " UNION ALL SELECT pin FROM booking_replacedpin"
            " WHERE office_id = %s AND date = %s AND pin = ANY(%s)",
            [
                *(booking.office_id, list(tried), booking.date),
                *(booking.office_id, booking.date, list(tried)),
            ],
        )
        if free := tried - {pin for (pin,) in cursor.fetchall()}:
            return free.pop()
    known = Booking.objects.filter(office=booking.office_id).exclude(pin="")
    taken = set(known.filter(date=booking.date).values_list("pin", flat=True))
    replaced = ReplacedPin.objects.filter(office=booking.office_id, date=booking.date)
    taken |= set(replaced.values_list("pin", flat=True))
    avoid = set(known.filter(state__in=OPEN).values_list("pin", flat=True))
    return pins.draw(taken, avoid, SystemRandom())


def serve(booking: Booking, now: datetime, actor: int | None = None) -> None:
    booking.state, booking.served_at = State.SERVED, now
    booking.save(update_fields=["state", "served_at"])
    ids = {"office": booking.office_id, "booking": str(booking.pk)}
    record(events.BookingServed(at=now, actor=actor, **ids))  # type: ignore[arg-type]


def end(booking: Booking, state: State, now: datetime) -> None:
    """Let the booking be over; the caller has locked its day and looked."""
    booking.state = state
    booking.ended_at = now
    booking.expires_at = None
    forget_network(booking)
    booking.save(update_fields=["state", "ended_at", "expires_at", "sequence", *NO_NETWORK])
    companions.free(booking, now=now)


def forget_network(booking: Booking) -> None:
    """Clear the hashes of who kept the time; the caller writes the row."""
    booking.network = booking.network_56 = booking.network_48 = ""


def release_expired(*, office: int, day: date, now: datetime) -> int:
    """End the expired holds of a day that the caller has locked, so that the net lets go too.

    A term that nobody confirmed comes back as a cancelled one does.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH due AS (SELECT id, expires_at FROM booking_booking"
            " WHERE office_id = %s AND date = %s AND state IN (%s, %s) AND expires_at <= %s)"
            " UPDATE booking_booking b SET state = %s, ended_at = %s, expires_at = NULL,"
            " network = '', network_56 = '', network_48 = ''"
            " FROM due WHERE b.id = due.id"
            " RETURNING b.id, due.expires_at, b.requested_at IS NOT NULL OR b.offer_id IS NOT NULL",
            [office, day, *EXPIRING, now, State.EXPIRED, now],
        )
        expired = cursor.fetchall()
    companions.free_all([pk for pk, *_ in expired], now=now)
    for pk, at, was_asked in expired:
        if was_asked:
            returns.give_back(returns.Freed.of(Booking.objects.get(pk=pk)), now=now, since=at)
        record(events.BookingExpired(office=office, booking=str(pk), at=now))
    return len(expired)


def limit_open(booking: Booking, agenda: int, *, most: int, now: datetime) -> None:
    """Lock the contact and count its confirmed bookings of the agenda. Raises TooManyBookings."""
    limit_open_of(booking.contact_hash, booking.office_id, agenda, most=most, now=now)


def limit_unconfirmed(booking: Booking, *, most: int, now: datetime) -> None:
    """Count those that wait for their confirmation too; `limit_open` has locked the contact.

    Raises TooManyUnconfirmed.
    """
    waiting = Booking.objects.filter(
        office=booking.office_id,
        contact_hash=booking.contact_hash,
        service__agenda=booking.service.agenda_id,
        state=State.UNCONFIRMED,
        expires_at__gt=now,
    )
    if waiting.count() >= most + SPARE_UNCONFIRMED:
        raise TooManyUnconfirmed


def limit_open_of(key: str, office: int, agenda: int, *, most: int, now: datetime) -> None:
    """The same of a contact's hash alone."""
    lock_contact(key)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM booking_booking b JOIN offices_service s ON s.id = b.service_id"
            " WHERE b.office_id = %s AND b.contact_hash = %s AND s.agenda_id = %s"
            " AND b.ends_at > %s AND b.state = 'confirmed'",
            [office, key, agenda, now],
        )
        if cursor.fetchone()[0] >= most:
            raise TooManyBookings(most=most)


def is_cancelled(booking: Booking) -> bool:
    """Whether somebody cancelled it."""
    return booking.state in {State.CANCELLED_BY_CITIZEN, State.CANCELLED_BY_OFFICE}


def ran_out(booking: Booking, now: datetime) -> bool:
    return booking.expires_at is not None and booking.expires_at <= now

"""The call list: people whom operators telephone; one operator takes one person at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from prepazka.booking.booking_locks import lock_booking
from prepazka.booking.models import OPEN, Booking, BookingState, CallListEntry, Offer
from prepazka.booking.open_offers import withdraw_offers
from prepazka.booking.refusals import CallTaken, NotWaitingForSlot
from prepazka.booking.transitions import end_booking
from prepazka.core import events
from prepazka.journal.record import record
from prepazka.offices.models import Office

TAKEN_FOR = timedelta(minutes=10)
ATTEMPTS = 3
AGAIN_AFTER = timedelta(hours=2)
Outcome = CallListEntry.Outcome
# Somebody whose visit is over or who cancelled it needs no call.
TO_BE_TOLD = (*OPEN, BookingState.DISPLACED, BookingState.CANCELLED_BY_OFFICE)


def request_call(
    *, booking: Booking, reason: str, now: datetime, offer: Offer | None = None
) -> CallListEntry:
    """Put the person on the call list, or return the open entry if there is one already.

    The caller is in a transaction and has locked the booking's day.
    """
    entry, is_new = CallListEntry.objects.get_or_create(
        booking=booking,
        closed_at=None,
        defaults={
            "office_id": booking.office_id,
            "offer": offer,
            "reason": reason,
            "created_at": now,
        },
    )
    if is_new:
        record(events.CallRequested(office=booking.office_id, booking=str(booking.pk), at=now))
    elif offer and entry.offer_id != offer.pk:
        CallListEntry.objects.filter(pk=entry.pk).update(offer=offer)
    return entry


def close_calls(*, booking: Booking, outcome: str, now: datetime) -> None:
    """Close the booking's open entry with the outcome. The caller has locked the booking's day."""
    CallListEntry.objects.filter(booking=booking, closed_at=None).update(
        outcome=outcome, closed_at=now, taken_by=None, taken_at=None
    )


def entries_to_call(office: Office, now: datetime) -> QuerySet[CallListEntry]:
    """The entries to telephone now, fewest attempts first; leaves out those an operator has."""
    rows = CallListEntry.objects.filter(office=office, closed_at=None)
    rows = rows.filter(Q(not_before=None) | Q(not_before__lte=now))
    return rows.filter(Q(taken_at=None) | Q(taken_at__lt=now - TAKEN_FOR)).order_by(
        "attempts", "booking__starts_at", "pk"
    )


def put_on_call_list(
    *, booking: UUID, reason: str, now: datetime, offer: UUID | None = None
) -> None:
    """Put the person on the call list unless they are on it or the visit is over.

    People without a number are listed too: the list shows what else can be done for them. An
    unconfirmed booking without a number is left out, because its time is released automatically.
    """
    bookings = Booking.objects.filter(pk=booking, state__in=TO_BE_TOLD, ends_at__gt=now)
    bookings = bookings.exclude(phone="", state=BookingState.UNCONFIRMED)
    for office in bookings.values_list("office_id", flat=True):
        # An open entry keeps its first reason.
        CallListEntry.objects.bulk_create(
            [
                CallListEntry(
                    office_id=office,
                    booking_id=booking,
                    offer_id=offer,
                    reason=reason,
                    created_at=now,
                )
            ],
            ignore_conflicts=True,
        )


@transaction.atomic
def take_call(*, entry: int, actor: int, now: datetime) -> CallListEntry:
    """Reserve an entry for the operator for ten minutes. Raises CallTaken, NotWaitingForSlot."""
    rows = CallListEntry.objects.filter(pk=entry, closed_at=None)
    free = Q(taken_at=None) | Q(taken_at__lt=now - TAKEN_FOR) | Q(taken_by=actor)
    if rows.filter(free).update(taken_by=actor, taken_at=now):
        return CallListEntry.objects.select_related("booking", "offer").get(pk=entry)
    raise CallTaken if rows.exists() else NotWaitingForSlot


@transaction.atomic
def return_call(*, entry: int, actor: int, now: datetime) -> None:
    """Return an entry to the list without a call."""
    CallListEntry.objects.filter(pk=entry, closed_at=None, taken_by=actor).update(
        taken_by=None, taken_at=None
    )


@transaction.atomic
def note_unreached(*, entry: int, actor: int, now: datetime) -> CallListEntry:
    """Record an unanswered call; the entry comes back in two hours, after three attempts it closes.

    Closing cancels a displaced booking, with a message where one can be sent. Does nothing if the
    entry is closed or another operator has it.
    """
    booking = lock_booking(CallListEntry.objects.only("booking_id").get(pk=entry).booking_id)
    changed = CallListEntry.objects.filter(pk=entry, closed_at=None, taken_by=actor).update(
        attempts=F("attempts") + 1,
        not_before=now + AGAIN_AFTER,
        taken_by=None,
        taken_at=None,
    )
    call_entry = CallListEntry.objects.get(pk=entry)
    if changed:
        record(_call_event(booking, Outcome.UNREACHED, actor, now))
    if changed and call_entry.attempts >= ATTEMPTS:
        _give_up_calling(booking, actor, now)
        call_entry.refresh_from_db()
    return call_entry


@transaction.atomic
def wait_for_visit(*, entry: int, actor: int, now: datetime) -> CallListEntry:
    """Put the entry off until the visit, for a person who cannot be telephoned.

    It comes back at the booked time, in two hours at the earliest. Does nothing if the entry is
    closed or another operator has it.
    """
    booking = lock_booking(CallListEntry.objects.only("booking_id").get(pk=entry).booking_id)
    until = max(booking.starts_at, now + AGAIN_AFTER)
    changed = CallListEntry.objects.filter(pk=entry, closed_at=None, taken_by=actor).update(
        not_before=until, taken_by=None, taken_at=None
    )
    if changed:
        record(
            events.CallPutOff(
                office=booking.office_id,
                booking=str(booking.pk),
                at=now,
                actor=actor,
                until=until.isoformat(),
            )
        )
    return CallListEntry.objects.get(pk=entry)


@transaction.atomic
def mark_informed(*, entry: int, actor: int, now: datetime) -> None:
    """Close the entry: the person has been informed. Does nothing if it is closed already."""
    booking = lock_booking(CallListEntry.objects.only("booking_id").get(pk=entry).booking_id)
    changed = CallListEntry.objects.filter(pk=entry, closed_at=None).update(
        outcome=Outcome.ANSWERED, closed_at=now, taken_by=None, taken_at=None
    )
    if changed:
        record(_call_event(booking, Outcome.ANSWERED, actor, now))


def note_call(*, booking: Booking, outcome: str, actor: int, now: datetime) -> None:
    """Record the outcome of a call in the journal; the caller has closed the entry."""
    record(_call_event(booking, outcome, actor, now))


def _call_event(booking: Booking, outcome: str, actor: int, now: datetime) -> events.CalledByPhone:
    return events.CalledByPhone(
        office=booking.office_id, booking=str(booking.pk), at=now, actor=actor, outcome=outcome
    )


def _give_up_calling(booking: Booking, actor: int, now: datetime) -> None:
    close_calls(booking=booking, outcome=Outcome.UNREACHED, now=now)
    if booking.state != BookingState.DISPLACED:
        return
    withdraw_offers(booking, now)
    booking.sequence += 1
    end_booking(booking, BookingState.CANCELLED_BY_OFFICE, now)
    record(
        events.BookingCancelled(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor, by="office"
        )
    )

"""Substitute slots: up to three slots held for a displaced person until one is accepted.

An offer and its booking are changed only under the lock of the booking's day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction

from prepazka.booking import colleague_claims, impact_preview, slot_search
from prepazka.booking.booking_links import random_short_code
from prepazka.booking.booking_locks import lock_booking
from prepazka.booking.call_entries import Outcome, close_calls, note_call, request_call
from prepazka.booking.contacts import can_be_written_to
from prepazka.booking.impact_preview import (
    MOST_SLOTS,
    During,
    interval_of_booking,
    substitute_slots,
)
from prepazka.booking.models import Booking, BookingState, CallListEntry, Offer, OfferState
from prepazka.booking.open_offers import end_offer, open_offer, withdraw_offers
from prepazka.booking.refusals import NotWaitingForSlot, OfferedSlotGone, OfferOver, SlotNotOffered
from prepazka.booking.transitions import draw_pin, end_booking, release_expired
from prepazka.core import calendar, displacement, events
from prepazka.journal.record import record
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

By = Literal["citizen", "sms", "office"]
LAST_WORD = timedelta(minutes=30)  # an offered slot is held until this long before its start
Reason = CallListEntry.Reason


def make_offer(
    *,
    booking: Booking,
    slots: Iterable[tuple[int, During]],
    office: OfficeSnapshot,
    now: datetime,
    actor: int | None = None,
) -> Offer | None:
    """Hold the slots for a displaced person and offer them; None if there are no slots.

    People who cannot be written to and people without any free slot come on the call list. The
    caller has locked the days of the booking and of the slots.
    """
    offered_slots = list(slots)
    if not offered_slots:
        request_call(booking=booking, reason=Reason.NO_SLOT, now=now)
        return None
    offer = _hold_slots(booking, offered_slots, office, now)
    if can_be_written_to(booking, office.row):
        kind: type[events.OfferMade | events.OfferChanged] = events.OfferMade
    else:
        offer.escalated_at = now
        offer.save(update_fields=["escalated_at"])
        request_call(booking=booking, reason=Reason.NO_CONTACT, now=now, offer=offer)
        kind = events.OfferChanged
    record(
        kind(
            office=booking.office_id,
            booking=str(booking.pk),
            offer=str(offer.pk),
            at=now,
            actor=actor,
        )
    )
    return offer


@transaction.atomic
def accept_offer(
    *, offer: UUID, choice: int, now: datetime, by: By = "citizen", actor: int | None = None
) -> Booking:
    """Move the booking to the offered slot of that number and release the other slots.

    `choice` counts from 1, by time. An accepted offer returns the booking as it is. Raises
    OfferOver, OfferedSlotGone.
    """
    locked = _lock_offer(offer)
    booking = _booking_of(locked)
    if locked.state == OfferState.ACCEPTED:
        return booking
    if locked.state != OfferState.OPEN or booking.state != BookingState.DISPLACED:
        raise OfferOver
    if locked.expires_at <= now:
        raise OfferOver
    claims = list(holds_of_offer(locked))
    if not 1 <= choice <= len(claims):
        raise OfferedSlotGone
    claim = claims[choice - 1]
    if not is_slot_held(claim, now):
        raise OfferedSlotGone
    end_offer(locked, OfferState.ACCEPTED, now)
    _move_to(booking, claim.lane_id, interval_of_booking(claim), now)
    _record_acceptance(booking, locked, Outcome.ACCEPTED, now, by, actor)
    return booking


@transaction.atomic
def move_to_other_slot(
    *,
    booking: UUID,
    starts_at: datetime,
    now: datetime,
    by: By = "citizen",
    actor: int | None = None,
) -> Booking:
    """Move a displaced booking to any free slot instead of those offered.

    A repeated request returns the booking as it is. Raises NotWaitingForSlot, SlotNotOffered,
    SlotTaken.
    """
    office = snapshot_by_id(Booking.objects.only("office_id").get(pk=booking).office_id)
    day = calendar.day_of(starts_at, office.tz)
    locked = lock_booking(booking, day)
    if locked.state == BookingState.CONFIRMED and locked.starts_at == starts_at:
        return locked
    if locked.state != BookingState.DISPLACED:
        raise NotWaitingForSlot
    office = snapshot_by_id(locked.office_id)
    release_expired(office=locked.office_id, day=day, now=now)
    offer = open_offer(locked)
    if offer:
        end_offer(offer, OfferState.ACCEPTED, now)
    claim = slot_search.find_claim(
        office=office,
        service=office.services[locked.service_id],
        starts_at=starts_at,
        persons=locked.persons,
        channel="desk" if by == "office" else "web",
        now=now,
        mode=locked.mode,
    )
    _move_to(locked, claim.lane, claim.during, now)
    _record_acceptance(locked, offer, Outcome.ANOTHER_SLOT, now, by, actor)
    return locked


@transaction.atomic
def decline_offer(*, offer: UUID, now: datetime, by: By = "citizen") -> Booking:
    """Decline all offered slots; they are released, and the person comes on the call list.

    Does nothing if the offer is no longer open.
    """
    locked = _lock_offer(offer)
    booking = _booking_of(locked)
    if locked.state == OfferState.OPEN:
        end_offer(locked, OfferState.DECLINED, now)
        record(
            events.OfferDeclined(
                office=locked.office_id,
                booking=str(booking.pk),
                offer=str(locked.pk),
                at=now,
                by=by,
            )
        )
        if booking.state == BookingState.DISPLACED:
            request_call(booking=booking, reason=Reason.DECLINED, now=now)
    return booking


@transaction.atomic
def ask_for_call(*, booking: UUID, now: datetime) -> Booking:
    """Put the person on the call list at their request; the offered slots stay held.

    Raises NotWaitingForSlot.
    """
    locked = lock_booking(booking)
    if locked.state != BookingState.DISPLACED:
        raise NotWaitingForSlot
    request_call(booking=locked, reason=Reason.CALL_ME, now=now, offer=open_offer(locked))
    return locked


@transaction.atomic
def cancel_by_person(
    *, booking: UUID, now: datetime, by: By = "citizen", actor: int | None = None
) -> Booking:
    """Cancel a displaced booking because the person needs no other slot.

    Does nothing if the person has cancelled it. Raises NotWaitingForSlot.
    """
    locked = lock_booking(booking)
    if locked.state == BookingState.CANCELLED_BY_CITIZEN:
        return locked
    if locked.state != BookingState.DISPLACED:
        raise NotWaitingForSlot
    withdraw_offers(locked, now, state=OfferState.DECLINED)
    outcome = Outcome.CANCELLED if by == "office" else Outcome.ANSWERED
    close_calls(booking=locked, outcome=outcome, now=now)
    if by == "office" and actor:
        note_call(booking=locked, outcome=outcome, actor=actor, now=now)
    locked.sequence += 1
    end_booking(locked, BookingState.CANCELLED_BY_CITIZEN, now)
    record(
        events.BookingCancelled(
            office=locked.office_id, booking=str(locked.pk), at=now, actor=actor, by="citizen"
        )
    )
    return locked


@transaction.atomic
def offer_other_slots(*, booking: UUID, now: datetime, actor: int) -> Offer | None:
    """Replace the offered slots by three others, for an operator who speaks with the person.

    None if nothing else is free; the offer then stays as it was. Raises NotWaitingForSlot.
    """
    office = snapshot_by_id(Booking.objects.only("office_id").get(pk=booking).office_id)
    service = office.services[Booking.objects.only("service_id").get(pk=booking).service_id]
    locked = lock_booking(booking, *slot_search.days_of_horizon(office, service, now))
    if locked.state != BookingState.DISPLACED:
        raise NotWaitingForSlot
    offered_before = {
        (claim.starts_at)
        for claim in Booking.objects.filter(offer__booking=locked).only("starts_at")
    }
    free = [
        slot
        for slot in substitute_slots(office, locked.service_id, locked.persons, locked.mode, now)
        if slot.during.start not in offered_before
    ]
    visit = displacement.Visit(locked.pk, interval_of_booking(locked), (locked.lane_id,))
    chosen = displacement.choose_substitutes(
        [visit],
        {locked.pk: free},
        displacement.Calendar.of(buffers=impact_preview.buffers_by_lane(office)),
        MOST_SLOTS,
        lambda at: at.astimezone(office.tz),
    )[locked.pk]
    if not chosen:
        return None
    for day in {calendar.day_of(during.start, office.tz) for _, during in chosen}:
        release_expired(office=locked.office_id, day=day, now=now)
    withdraw_offers(locked, now)
    new_offer = _hold_slots(locked, chosen, office, now)
    new_offer.escalated_at = now
    new_offer.save(update_fields=["escalated_at"])
    CallListEntry.objects.filter(booking=locked, closed_at=None).update(offer=new_offer)
    record(
        events.OfferChanged(
            office=locked.office_id,
            booking=str(locked.pk),
            offer=str(new_offer.pk),
            at=now,
            actor=actor,
        )
    )
    return new_offer


@transaction.atomic
def escalate_to_operators(*, offer: UUID, now: datetime) -> None:
    """Escalate an unanswered offer at half its time: call list, and the slots are held longer."""
    locked = _lock_offer(offer)
    if locked.state != OfferState.OPEN or locked.escalated_at or locked.expires_at <= now:
        return
    booking = _booking_of(locked)
    office = snapshot_by_id(locked.office_id)
    claims = [claim for claim in holds_of_offer(locked) if is_slot_held(claim, now)]
    locked.escalated_at = now
    _keep_until(locked, claims, now + office.row.answer_within)
    request_call(booking=booking, reason=Reason.UNANSWERED, now=now, offer=locked)


@transaction.atomic
def expire_offer(*, offer: UUID, now: datetime) -> None:
    """End an unanswered offer at its deadline and cancel the booking, with a message.

    People who cannot be written to stay on the call list and are not cancelled.
    """
    locked = _lock_offer(offer)
    if locked.state != OfferState.OPEN or now < locked.expires_at:
        return
    booking = _booking_of(locked)
    end_offer(locked, OfferState.EXPIRED, now)
    ids = {"office": locked.office_id, "booking": str(booking.pk), "at": now}
    record(events.OfferExpired(offer=str(locked.pk), **ids))  # type: ignore[arg-type]
    if booking.state != BookingState.DISPLACED:
        return
    office = snapshot_by_id(locked.office_id)
    if not can_be_written_to(booking, office.row):
        request_call(booking=booking, reason=Reason.NO_CONTACT, now=now)
        return
    close_calls(booking=booking, outcome=Outcome.WITHDRAWN, now=now)
    booking.sequence += 1
    end_booking(booking, BookingState.CANCELLED_BY_OFFICE, now)
    record(events.BookingCancelled(by="office", **ids))  # type: ignore[arg-type]


def holds_of_offer(offer: Offer) -> Iterable[Booking]:
    """The holds of the offered slots in the order of their numbers: by time, then by lane."""
    return offer.claims.order_by("starts_at", "lane_id")


def is_slot_held(claim: Booking, now: datetime) -> bool:
    """Whether the offered slot is still held."""
    return (
        claim.state == BookingState.HELD and claim.expires_at is not None and now < claim.expires_at
    )


def _lock_offer(offer: UUID) -> Offer:
    """Lock the days of the booking and of the slots; returns the offer, read then."""
    before_lock = Offer.objects.get(pk=offer, kind=Offer.Kind.SUBSTITUTE)
    days = list(before_lock.claims.values_list("date", flat=True).distinct())
    booking = lock_booking(before_lock.booking_id, *days) if before_lock.booking_id else None
    locked = Offer.objects.get(pk=offer)
    locked.booking = booking
    return locked


def _booking_of(offer: Offer) -> Booking:
    assert offer.booking is not None  # noqa: S101  # offer_to_somebody
    return offer.booking


def _hold_slots(
    booking: Booking, offered_slots: list[tuple[int, During]], office: OfficeSnapshot, now: datetime
) -> Offer:
    until = now + office.row.answer_within
    offer = Offer.objects.create(
        office_id=booking.office_id,
        kind=Offer.Kind.SUBSTITUTE,
        booking=booking,
        short_code=random_short_code(),
        created_at=now,
        expires_at=_end_of_offer(until, (during.start for _, during in offered_slots)),
    )
    Booking.objects.bulk_create(
        Booking(
            office_id=booking.office_id,
            service_id=booking.service_id,
            lane_id=lane,
            date=calendar.day_of(during.start, office.tz),
            starts_at=during.start,
            ends_at=during.end,
            expires_at=min(until, during.start - LAST_WORD),
            persons=booking.persons,
            mode=booking.mode,
            channel="desk",
            language=booking.language,
            offer=offer,
            created_at=now,
        )
        for lane, during in offered_slots
    )
    return offer


def _end_of_offer(until: datetime, starts: Iterable[datetime]) -> datetime:
    """The deadline of an offer, at the latest when its last slot can no longer be taken."""
    return min(until, max(starts) - LAST_WORD)


def _keep_until(offer: Offer, claims: list[Booking], until: datetime) -> None:
    if claims:
        offer.expires_at = max(
            offer.expires_at, _end_of_offer(until, (c.starts_at for c in claims))
        )
    offer.save(update_fields=["expires_at", "escalated_at"])
    for claim in claims:
        claim.expires_at = min(offer.expires_at, claim.starts_at - LAST_WORD)
    Booking.objects.bulk_update(claims, ["expires_at"])


def _move_to(booking: Booking, lane: int, during: During, now: datetime) -> None:
    if during.start <= now:
        raise SlotNotOffered
    office = snapshot_by_id(booking.office_id)
    day = calendar.day_of(during.start, office.tz)
    booking.lane_id = lane
    booking.starts_at, booking.ends_at = during.start, during.end
    if booking.date != day or not booking.pin:
        booking.date = day
        booking.pin = draw_pin(booking)
    booking.state = BookingState.CONFIRMED
    booking.confirmed_at = booking.confirmed_at or now
    booking.expires_at = booking.ended_at = booking.reminded_at = None
    booking.moved_at = now
    booking.cancel_reason = ""  # of the slot that was taken back
    booking.sequence += 1
    booking.save()
    colleague_claims.move_colleagues(booking, now=now)


def _record_acceptance(
    booking: Booking,
    offer: Offer | None,
    outcome: str,
    now: datetime,
    by: By,
    actor: int | None,
) -> None:
    if by == "office" and actor:
        note_call(booking=booking, outcome=outcome, actor=actor, now=now)
    else:
        outcome = Outcome.ANSWERED
    close_calls(booking=booking, outcome=outcome, now=now)
    record(
        events.OfferAccepted(
            office=booking.office_id,
            booking=str(booking.pk),
            offer=str(offer.pk) if offer else "",
            at=now,
            actor=actor,
            by=by,
        )
    )

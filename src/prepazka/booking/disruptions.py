"""Disruptions: closing booked hours, with a decision per booking, and undo within an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from prepazka.booking import colleague_claims
from prepazka.booking.booking_locks import lock_days
from prepazka.booking.call_entries import Outcome, close_calls, request_call
from prepazka.booking.impact_preview import Choice, Decision, Impact, Row, days_affected, impact_of
from prepazka.booking.models import (
    EXPIRING,
    LIVE,
    OPEN,
    Booking,
    BookingState,
    CallListEntry,
    DisruptedBooking,
    Disruption,
    Lane,
    Offer,
    OfferState,
)
from prepazka.booking.offers import make_offer
from prepazka.booking.open_offers import open_offer, withdraw_offers
from prepazka.booking.refusals import ImpactChanged, UndoTooLate
from prepazka.booking.transitions import draw_pin, end_booking, release_expired
from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices import office_snapshot
from prepazka.offices.models import HoursException, Office
from prepazka.offices.office_snapshot import OfficeSnapshot

UNDO_WITHIN = timedelta(hours=1)


@transaction.atomic
def apply_disruption(
    *,
    office: OfficeSnapshot,
    exceptions: Sequence[HoursException],
    seen_token: str,
    now: datetime,
    actor: int,
    choices: Mapping[UUID, Choice] | None = None,
    note: str = "",
    public_reason: str = "",
) -> Disruption:
    """Add the hours' exceptions and apply the decision for each affected booking.

    A booking without a choice gets the proposed decision. The `note` is for the staff; people who
    lose their time read the `public_reason`. `seen_token` identifies the list that was on the
    screen. Raises ImpactChanged if the list has changed since, NoSuchLane if a chosen colleague
    is no longer free.
    """
    locked_office = Office.objects.select_for_update(no_key=True).get(pk=office.office_id)
    # Nobody can book, move or cancel in the office while new places are assigned.
    days = _days_to_lock(office, exceptions, now)
    lock_days(locked_office.pk, days)
    snapshot_before = office_snapshot.read_snapshot(locked_office)
    for day in _expiring_days(locked_office, now) & days:
        release_expired(office=locked_office.pk, day=day, now=now)
    impact = impact_of(office=snapshot_before, exceptions=exceptions, now=now, choices=choices)
    if impact.token != seen_token:
        raise ImpactChanged
    disruption = Disruption.objects.create(
        office=locked_office, actor_id=actor, created_at=now, note=note
    )
    disruption.exceptions.set(HoursException.objects.bulk_create(exceptions))
    Office.objects.filter(pk=locked_office.pk).update(version=F("version") + 1)
    colleague_claims.release_companions(impact.companions, now=now, actor=actor)
    release_holds(impact.holds, now)
    for row in impact.rows:
        if row.decision in {Decision.OFFER, Decision.CANCEL} and public_reason:
            row.booking.cancel_reason = public_reason
            row.booking.save(update_fields=["cancel_reason"])
        _apply(disruption, row, impact, now, actor)
    record(
        events.OfficeDisrupted(
            office=locked_office.pk,
            at=now,
            actor=actor,
            disruption=disruption.pk,
            bookings=len(impact.rows),
        )
    )
    return disruption


@transaction.atomic
def undo_disruption(*, disruption: int, now: datetime, actor: int) -> int:
    """Remove the exceptions and restore the bookings of people who have not answered yet.

    Returns how many were restored; a second call restores none. Raises UndoTooLate.
    """
    stored = Disruption.objects.get(pk=disruption)
    Office.objects.select_for_update(no_key=True).get(pk=stored.office_id)
    stored.refresh_from_db()
    if stored.undone_at:
        return 0
    if stored.created_at + UNDO_WITHIN < now:
        raise UndoTooLate
    rows = list(stored.bookings.order_by("was_starts_at", "pk"))
    lock_days(
        stored.office_id,
        _days_to_lock_for_undo(rows, office_snapshot.snapshot_by_id(stored.office_id)),
    )
    HoursException.objects.filter(disruptions=stored).delete()
    Office.objects.filter(pk=stored.office_id).update(version=F("version") + 1)
    stored.undone_at = now
    stored.save(update_fields=["undone_at"])
    bookings = Booking.objects.in_bulk([row.booking_id for row in rows])
    restored = sum(_restore(row, bookings[row.booking_id], now, actor) for row in rows)
    record(
        events.DisruptionUndone(
            office=stored.office_id,
            at=now,
            actor=actor,
            disruption=stored.pk,
            bookings=restored,
        )
    )
    return restored


def _apply(disruption: Disruption, row: Row, impact: Impact, now: datetime, actor: int) -> None:
    booking = row.booking
    was = {
        "was_lane": booking.lane_id,
        "was_starts_at": booking.starts_at,
        "was_ends_at": booking.ends_at,
    }
    ids: dict[str, Any] = {
        "office": booking.office_id,
        "booking": str(booking.pk),
        "at": now,
        "actor": actor,
    }
    if row.decision == Decision.REASSIGN and row.lane is not None:
        _reassign(booking, row.lane, ids)
    elif row.decision == Decision.OFFER:
        booking.sequence += 1
        end_booking(booking, BookingState.DISPLACED, now)
        record(events.BookingDisplaced(**ids))
        make_offer(booking=booking, slots=row.slots, office=impact.after, now=now, actor=actor)
    elif row.decision == Decision.CANCEL:
        booking.sequence += 1
        end_booking(booking, BookingState.CANCELLED_BY_OFFICE, now)
        record(events.BookingCancelled(by="office", **ids))
    DisruptedBooking.objects.create(
        disruption=disruption,
        booking=booking,
        decision=row.decision,
        sequence=booking.sequence,
        **was,
    )


def _reassign(booking: Booking, lane: int, ids: dict[str, Any]) -> None:
    """Put the booking on another lane; it is announced only when the official changes."""
    official = Lane.objects.only("official_id").get(pk=lane).official_id
    booking.lane_id = lane
    if official:
        booking.sequence += 1
    booking.save(update_fields=["lane_id", "sequence"])
    if official:
        record(events.BookingReassigned(**ids))


def release_holds(holds: Sequence[Booking], now: datetime) -> None:
    """End the holds; a person whose offer loses its last slot comes on the call list."""
    for hold in holds:
        end_booking(hold, BookingState.EXPIRED, now)
        record(events.HoldReleased(office=hold.office_id, booking=str(hold.pk), at=now))
    offers = {hold.offer_id for hold in holds if hold.offer_id}
    for offer in Offer.objects.filter(pk__in=offers, state=OfferState.OPEN).select_related(
        "booking"
    ):
        if offer.booking and not offer.claims.filter(state=BookingState.HELD).exists():
            withdraw_offers(offer.booking, now)
            request_call(booking=offer.booking, reason=CallListEntry.Reason.NO_SLOT, now=now)


def _restore(row: DisruptedBooking, booking: Booking, now: datetime, actor: int) -> bool:
    """Give the booking its previous time; False if it is taken or the person has another one."""
    if row.decision == Decision.KEEP or booking.sequence != row.sequence:
        return False
    if booking.lane_id == row.was_lane and booking.state in OPEN:
        return False
    if row.decision == Decision.REASSIGN:
        official = Lane.objects.only("official_id").get(pk=row.was_lane).official_id
        if booking.state not in OPEN or not official:
            return False  # lanes of an agenda are interchangeable
    elif not _is_unanswered(row, booking):
        return False
    if row.was_starts_at <= now or not _previous_time_is_free(row, booking, now):
        return False
    if row.decision == Decision.OFFER:
        withdraw_offers(booking, now)
        close_calls(booking=booking, outcome=Outcome.WITHDRAWN, now=now)
    booking.lane_id = row.was_lane
    booking.sequence += 1
    if booking.state not in OPEN:
        booking.state = BookingState.CONFIRMED
        booking.confirmed_at = booking.confirmed_at or now
        booking.pin = booking.pin or draw_pin(booking)
        booking.ended_at = None
        booking.cancel_reason = ""
    booking.save()
    colleague_claims.move_colleagues(booking, now=now)
    record(
        events.BookingRestored(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor
        )
    )
    return True


def _is_unanswered(row: DisruptedBooking, booking: Booking) -> bool:
    """Whether the person has neither answered nor booked again."""
    if row.decision == Decision.OFFER:
        return booking.state == BookingState.DISPLACED and (
            open_offer(booking) is not None
            or CallListEntry.objects.filter(booking=booking, closed_at=None).exists()
        )
    if booking.state != BookingState.CANCELLED_BY_OFFICE or booking.erased_at:
        return False
    return not (
        booking.contact_hash
        and Booking.objects.filter(
            office=booking.office_id,
            contact_hash=booking.contact_hash,
            service=booking.service_id,
            state__in=OPEN,
        ).exists()
    )


def _previous_time_is_free(row: DisruptedBooking, booking: Booking, now: datetime) -> bool:
    overlapping = Booking.objects.filter(
        office=booking.office_id,
        lane=row.was_lane,
        starts_at__lt=row.was_ends_at,
        ends_at__gt=row.was_starts_at,
        state__in=LIVE,
    )
    release_expired(office=booking.office_id, day=booking.date, now=now)
    return not overlapping.exclude(pk=booking.pk).exists()


def _days_to_lock(
    office: OfficeSnapshot, exceptions: Sequence[HoursException], now: datetime
) -> set[date]:
    """Every day on which a booking may lose its time or get another."""
    today = calendar.day_of(now, office.tz)
    first_day, last_day = days_affected(exceptions, today)
    farthest = max((r.horizon_days for r in office.rules.values()), default=0)
    first_day, last_day = min(first_day, today), max(last_day, today + timedelta(days=farthest))
    return {first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)}


def _days_to_lock_for_undo(rows: Sequence[DisruptedBooking], office: OfficeSnapshot) -> set[date]:
    days = {calendar.day_of(row.was_starts_at, office.tz) for row in rows}
    ids = [row.booking_id for row in rows]
    concerned = Q(pk__in=ids) | Q(offer__booking__in=ids)
    return days | set(Booking.objects.filter(concerned).values_list("date", flat=True))


def _expiring_days(office: Office, now: datetime) -> set[date]:
    """Days with expired holds, which the lane's constraint would still count."""
    rows = Booking.objects.filter(office=office, state__in=EXPIRING, expires_at__lte=now)
    return set(rows.values_list("date", flat=True).distinct())

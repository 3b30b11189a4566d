"""Taking time back: one decision for each person concerned, and its undoing within the hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from prepazka.booking import companions
from prepazka.booking.calls import Outcome, close_calls, request_call
from prepazka.booking.impact import Choice, Decision, Impact, Row, impact_of, span_of
from prepazka.booking.locks import lock_days
from prepazka.booking.models import (
    EXPIRING,
    LIVE,
    OPEN,
    Booking,
    CallListEntry,
    DisruptedBooking,
    Disruption,
    Lane,
    Offer,
    State,
)
from prepazka.booking.offers import make_offer, open_offer, withdraw_offers
from prepazka.booking.parts import draw_pin, end, release_expired
from prepazka.booking.refusals import ImpactChanged, UndoTooLate
from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices import directory
from prepazka.offices.directory import Directory
from prepazka.offices.models import HoursException, Office

UNDO_WITHIN = timedelta(hours=1)


@transaction.atomic
def disrupt(
    *,
    office: Directory,
    exceptions: Sequence[HoursException],
    seen: str,
    now: datetime,
    actor: int,
    choices: Mapping[UUID, Choice] | None = None,
    note: str = "",
    public_reason: str = "",
) -> Disruption:
    """Add the exceptions and do what was decided; without a choice, what is proposed.

    The `note` is for the staff; whose term is taken back reads the `public_reason`.
    `seen` is the token of the list that the head saw. Raises ImpactChanged if somebody has come
    on it or left it since, NoSuchLane if a chosen colleague is no longer free.
    """
    row = Office.objects.select_for_update(no_key=True).get(pk=office.office.pk)
    # Nobody books, moves or cancels in the office while places are found for all.
    locked = _days(office, exceptions, now)
    lock_days(row.pk, locked)
    before = directory.read(row)
    for day in _expiring_days(row, now) & locked:
        release_expired(office=row.pk, day=day, now=now)
    found = impact_of(office=before, exceptions=exceptions, now=now, choices=choices)
    if found.token != seen:
        raise ImpactChanged
    disruption = Disruption.objects.create(office=row, actor_id=actor, created_at=now, note=note)
    disruption.exceptions.set(HoursException.objects.bulk_create(exceptions))
    Office.objects.filter(pk=row.pk).update(version=F("version") + 1)
    companions.lose(found.companions, now=now, actor=actor)
    free_holds(found.holds, now)
    for one in found.rows:
        if one.decision in {Decision.OFFER, Decision.CANCEL} and public_reason:
            one.booking.cancel_reason = public_reason
            one.booking.save(update_fields=["cancel_reason"])
        _apply(disruption, one, found, now, actor)
    record(
        events.OfficeDisrupted(
            office=row.pk,
            at=now,
            actor=actor,
            disruption=disruption.pk,
            bookings=len(found.rows),
        )
    )
    return disruption


@transaction.atomic
def undo_disruption(*, disruption: int, now: datetime, actor: int) -> int:
    """Take the exceptions back, and give the old term to everybody who has not answered yet.

    Returns how many got it back. Pressed twice, it changes nothing. Raises UndoTooLate.
    """
    known = Disruption.objects.get(pk=disruption)
    Office.objects.select_for_update(no_key=True).get(pk=known.office_id)
    known.refresh_from_db()
    if known.undone_at:
        return 0
    if known.created_at + UNDO_WITHIN < now:
        raise UndoTooLate
    rows = list(known.bookings.order_by("was_starts_at", "pk"))
    lock_days(known.office_id, _undo_days(rows, directory.directory_by_id(known.office_id)))
    HoursException.objects.filter(disruptions=known).delete()
    Office.objects.filter(pk=known.office_id).update(version=F("version") + 1)
    known.undone_at = now
    known.save(update_fields=["undone_at"])
    bookings = Booking.objects.in_bulk([one.booking_id for one in rows])
    restored = sum(_restore(one, bookings[one.booking_id], now, actor) for one in rows)
    record(
        events.DisruptionUndone(
            office=known.office_id,
            at=now,
            actor=actor,
            disruption=known.pk,
            bookings=restored,
        )
    )
    return restored


def _apply(disruption: Disruption, row: Row, found: Impact, now: datetime, actor: int) -> None:
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
        end(booking, State.DISPLACED, now)
        record(events.BookingDisplaced(**ids))
        make_offer(booking=booking, terms=row.terms, office=found.after, now=now, actor=actor)
    elif row.decision == Decision.CANCEL:
        booking.sequence += 1
        end(booking, State.CANCELLED_BY_OFFICE, now)
        record(events.BookingCancelled(by="office", **ids))
    DisruptedBooking.objects.create(
        disruption=disruption,
        booking=booking,
        decision=row.decision,
        sequence=booking.sequence,
        **was,
    )


def _reassign(booking: Booking, lane: int, ids: dict[str, Any]) -> None:
    """Another lane of the agenda is nothing to the person; another official is."""
    official = Lane.objects.only("official_id").get(pk=lane).official_id
    booking.lane_id = lane
    if official:
        booking.sequence += 1
    booking.save(update_fields=["lane_id", "sequence"])
    if official:
        record(events.BookingReassigned(**ids))


def free_holds(holds: Sequence[Booking], now: datetime) -> None:
    """Terms still being filled in end; an offer that loses its last term goes to a telephone."""
    for hold in holds:
        end(hold, State.EXPIRED, now)
        record(events.HoldReleased(office=hold.office_id, booking=str(hold.pk), at=now))
    offers = {one.offer_id for one in holds if one.offer_id}
    for offer in Offer.objects.filter(pk__in=offers, state=Offer.State.OPEN).select_related(
        "booking"
    ):
        if offer.booking and not offer.claims.filter(state=State.HELD).exists():
            withdraw_offers(offer.booking, now)
            request_call(booking=offer.booking, reason=CallListEntry.Reason.NO_TERM, now=now)


def _restore(row: DisruptedBooking, booking: Booking, now: datetime, actor: int) -> bool:
    """Give the old term back, unless the person has another one by now or it is taken."""
    if row.decision == Decision.KEEP or booking.sequence != row.sequence:
        return False
    if booking.lane_id == row.was_lane and booking.state in OPEN:
        return False
    if row.decision == Decision.REASSIGN:
        official = Lane.objects.only("official_id").get(pk=row.was_lane).official_id
        if booking.state not in OPEN or not official:
            return False  # a lane of an agenda is as good as another
    elif not _waits(row, booking):
        return False
    if row.was_starts_at <= now or not _was_is_free(row, booking, now):
        return False
    if row.decision == Decision.OFFER:
        withdraw_offers(booking, now)
        close_calls(booking=booking, outcome=Outcome.WITHDRAWN, now=now)
    booking.lane_id = row.was_lane
    booking.sequence += 1
    if booking.state not in OPEN:
        booking.state = State.CONFIRMED
        booking.confirmed_at = booking.confirmed_at or now
        booking.pin = booking.pin or draw_pin(booking)
        booking.ended_at = None
        booking.cancel_reason = ""
    booking.save()
    companions.carry(booking, now=now)
    record(
        events.BookingRestored(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor
        )
    )
    return True


def _waits(row: DisruptedBooking, booking: Booking) -> bool:
    """Whether the person is still without any answer of their own."""
    if row.decision == Decision.OFFER:
        return booking.state == State.DISPLACED and (
            open_offer(booking) is not None
            or CallListEntry.objects.filter(booking=booking, closed_at=None).exists()
        )
    if booking.state != State.CANCELLED_BY_OFFICE or booking.erased_at:
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


def _was_is_free(row: DisruptedBooking, booking: Booking, now: datetime) -> bool:
    taken = Booking.objects.filter(
        office=booking.office_id,
        lane=row.was_lane,
        starts_at__lt=row.was_ends_at,
        ends_at__gt=row.was_starts_at,
        state__in=LIVE,
    )
    release_expired(office=booking.office_id, day=booking.date, now=now)
    return not taken.exclude(pk=booking.pk).exists()


def _days(office: Directory, exceptions: Sequence[HoursException], now: datetime) -> set[date]:
    """Every day on which anybody may lose or get a term."""
    today = calendar.day_of(now, office.tz)
    first, last = span_of(exceptions, today)
    farthest = max((r.horizon_days for r in office.rules.values()), default=0)
    first, last = min(first, today), max(last, today + timedelta(days=farthest))
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def _undo_days(rows: Sequence[DisruptedBooking], office: Directory) -> set[date]:
    days = {calendar.day_of(one.was_starts_at, office.tz) for one in rows}
    ids = [one.booking_id for one in rows]
    mine = Q(pk__in=ids) | Q(offer__booking__in=ids)
    return days | set(Booking.objects.filter(mine).values_list("date", flat=True))


def _expiring_days(office: Office, now: datetime) -> set[date]:
    """Days with holds that have run out, which the net would still count."""
    rows = Booking.objects.filter(office=office, state__in=EXPIRING, expires_at__lte=now)
    return set(rows.values_list("date", flat=True).distinct())

"""Offers of free slots to people on the waiting list: made, accepted, declined, expired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from prepazka.booking import slot_release, slot_search
from prepazka.booking.booking_links import random_short_code
from prepazka.booking.booking_locks import lock_booking, lock_days, lock_list
from prepazka.booking.models import (
    OPEN,
    RETURNING,
    Booking,
    BookingState,
    Channel,
    Offer,
    OfferState,
    WaitingListEntry,
    WaitingListState,
)
from prepazka.booking.refusals import BookingOver, PlaceOver, PlaceTaken, SlotNotOffered, SlotTaken
from prepazka.booking.transitions import (
    check_open_limit,
    confirm_with_pin,
    end_booking,
    move_to_claim,
    release_expired,
)
from prepazka.core import calendar, events, waiting_list_rules
from prepazka.core.interval import Interval
from prepazka.core.slots import Slot
from prepazka.journal.record import record
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

MOST_AT_ONCE = 200  # offers per agenda and round; the next round comes in a minute


def offer_freed_slots(*, office: Office, now: datetime) -> int:
    """Offer free slots to people on the waiting list in its order; returns how many offers.

    It reads the calendar rather than events, so a late or repeated run misses no freed slot. It is
    run by a job after each event, and every minute.
    """
    rows = WaitingListEntry.objects.filter(office=office, state=WaitingListState.WAITING)
    agendas = rows.order_by("service__agenda").values_list("service__agenda", flat=True)
    offer_count = 0
    for agenda in agendas.distinct():
        for _ in range(MOST_AT_ONCE):
            offered = _offer_next(office, agenda, now)
            if offered is None:
                break
            offer_count += offered
    return offer_count


@transaction.atomic
def _offer_next(office: Office, agenda: int, now: datetime) -> bool | None:
    """Make the first possible offer; False if its slot was taken meanwhile, None if there is none.

    One transaction per offer: locks the list, then the day of the slot.
    """
    lock_list(agenda)
    snapshot = snapshot_by_id(office.pk)
    for entry, slot, until in _possible_offers(snapshot, agenda, now):
        lock_days(office.pk, [slot.day])
        release_expired(office=office.pk, day=slot.day, now=now)
        try:
            _make_offer(snapshot, entry, slot, until, now)
        except (SlotNotOffered, SlotTaken):
            return False  # the next call reads the calendar again
        return True
    return None


def _possible_offers(
    office: OfficeSnapshot, agenda: int, now: datetime
) -> Iterable[tuple[WaitingListEntry, Slot, datetime]]:
    """Entries with the slot each could be offered and its deadline, in the order of the list."""
    rows = WaitingListEntry.objects.filter(
        office=office.row, service__agenda=agenda, state=WaitingListState.WAITING
    ).select_related("booking")
    free_slots: dict[object, list[Slot]] = {}
    for entry in waiting_list_rules.in_order_of_offers(rows):
        if entry.booking and (entry.booking.state not in OPEN or entry.booking.starts_at <= now):
            continue
        key = (entry.service_id, entry.persons, entry.official_id, _mode_for(office, entry))
        if key not in free_slots:
            free_slots[key] = _free_slots(office, entry, now)
        wish = _wish(entry)
        for slot in free_slots[key]:
            until = _keep_until(office, entry, slot.starts_at, now)
            if until and _suits(office, wish, slot):
                yield entry, slot, until
                break


def _free_slots(office: OfficeSnapshot, entry: WaitingListEntry, now: datetime) -> list[Slot]:
    return slot_search.search_slots(
        office=office,
        service=office.services[entry.service_id],
        now=now,
        persons=entry.persons,
        channel=Channel.LIST,
        official=office.officials[entry.official_id] if entry.official_id else None,
        mode=_mode_for(office, entry),
    )


def _mode_for(office: OfficeSnapshot, entry: WaitingListEntry) -> str:
    """The mode of the booking that would move; for a new booking the service's usual one."""
    return entry.booking.mode if entry.booking else office.services[entry.service_id].usual_mode


def _wish(entry: WaitingListEntry) -> waiting_list_rules.Wish:
    offered_before = Booking.objects.filter(offer__entry=entry).values_list("starts_at", flat=True)
    return waiting_list_rules.Wish(
        first=entry.from_date,
        last=entry.to_date,
        weekdays=frozenset(entry.weekdays),
        from_min=entry.from_min,
        to_min=entry.to_min,
        before=entry.booking.starts_at if entry.booking else None,
        not_at=frozenset(offered_before),
    )


def _suits(office: OfficeSnapshot, wish: waiting_list_rules.Wish, slot: Slot) -> bool:
    start = calendar.minute_of(slot.starts_at, office.tz)
    length = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
    return wish.suits(
        day=slot.day,
        start_min=start,
        end_min=start + length,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
    )


def _keep_until(
    office: OfficeSnapshot, entry: WaitingListEntry, starts_at: datetime, now: datetime
) -> datetime | None:
    rules = office.rules_of(office.services[entry.service_id])
    return waiting_list_rules.offer_deadline(
        now=now,
        quiet_until=office.row.message_rules.quiet_until(now, office.tz),
        starts_at=starts_at,
        lead=timedelta(minutes=rules.lead_min),
        lasts=timedelta(minutes=rules.offer_min),
    )


def _make_offer(
    office: OfficeSnapshot,
    entry: WaitingListEntry,
    slot: Slot,
    until: datetime,
    now: datetime,
) -> None:
    """Hold the slot for the entry and record the offer; its day is locked.

    Raises SlotNotOffered, SlotTaken.
    """
    service = office.services[entry.service_id]
    claim = slot_search.find_claim(
        office=office,
        service=service,
        starts_at=slot.starts_at,
        persons=entry.persons,
        channel=Channel.LIST,
        now=now,
        official=office.officials[entry.official_id] if entry.official_id else None,
        mode=_mode_for(office, entry),
    )
    _end_returning_holds(claim.lane, claim.during, now)
    offer = Offer.objects.create(
        office=office.row,
        kind=Offer.Kind.WAITING_LIST,
        entry=entry,
        short_code=random_short_code(),
        created_at=now,
        expires_at=until,
    )
    Booking.objects.create(
        office=office.row,
        service=service,
        lane_id=claim.lane,
        date=slot.day,
        starts_at=claim.during.start,
        ends_at=claim.during.end,
        expires_at=until + slot_release.longest_return_delay(office.rules_of(service)),
        persons=entry.persons,
        channel=Channel.LIST,
        mode=_mode_for(office, entry),
        language=entry.language,
        offer=offer,
        created_at=now,
    )
    entry.state = WaitingListState.OFFERED
    entry.save(update_fields=["state"])
    record(
        events.PlaceOffered(
            office=office.office_id, entry=str(entry.pk), offer=str(offer.pk), at=now
        )
    )


def _end_returning_holds(lane: int, during: Interval[datetime], now: datetime) -> None:
    """End the holds without a person that delayed the slot's return to the public."""
    Booking.objects.filter(
        RETURNING, lane=lane, starts_at__lt=during.end, ends_at__gt=during.start
    ).update(state=BookingState.EXPIRED, ended_at=now, expires_at=None)


@transaction.atomic
def accept_waiting_list_offer(*, offer: UUID, now: datetime) -> Booking:
    """Accept the offered slot: its hold becomes a booking, or the existing booking moves to it.

    An accepted offer returns the same booking. Raises PlaceOver, TooManyBookings, BookingOver.
    """
    locked_offer, claim = _lock_offer(offer)
    entry = locked_offer.entry
    assert entry is not None  # noqa: S101  # of the waiting list
    if locked_offer.state == OfferState.ACCEPTED:
        return entry.booking or claim
    _must_be_open(locked_offer, claim, now)
    if entry.booking:
        booking = _move_to_claim(entry.booking, claim, now)
    else:
        booking = _book_claim(entry, claim, now)
    _close_offer(locked_offer, OfferState.ACCEPTED, now)
    _set_entry_state(entry, WaitingListState.FULFILLED, now)
    record(
        events.PlaceAccepted(
            office=locked_offer.office_id,
            entry=str(entry.pk),
            offer=str(locked_offer.pk),
            booking=str(booking.pk),
            at=now,
        )
    )
    return booking


def _book_claim(entry: WaitingListEntry, claim: Booking, now: datetime) -> Booking:
    rules = snapshot_by_id(claim.office_id).rules_of(claim.service)
    claim.contact_hash = entry.contact_hash
    check_open_limit(claim, claim.service.agenda_id, limit=rules.max_open_per_contact, now=now)
    claim.contact = entry.contact
    claim.short_code = random_short_code() if claim.contact.by_phone_only else None
    claim.requested_at = now
    confirm_with_pin(claim, now)
    return claim


def _move_to_claim(booking: Booking, claim: Booking, now: datetime) -> Booking:
    """End the offer's hold and move the booking to its time; both days are locked."""
    if booking.state not in OPEN or booking.starts_at <= now:
        raise BookingOver
    end_booking(claim, BookingState.EXPIRED, now)
    during = Interval(claim.starts_at, claim.ends_at)
    move_to_claim(
        booking, slot_search.Claim(claim.lane_id, during), claim.date, now=now, by="citizen"
    )
    return booking


@transaction.atomic
def decline_waiting_list_offer(*, offer: UUID, now: datetime) -> None:
    """Decline the offer and release its slot; the person keeps the place on the list.

    Does nothing if the offer is no longer open. Raises PlaceTaken if it was accepted.
    """
    locked_offer, claim = _lock_offer(offer)
    if locked_offer.state == OfferState.ACCEPTED:
        raise PlaceTaken
    if locked_offer.state == OfferState.OPEN and locked_offer.expires_at > now:
        _decline(locked_offer, claim, now)


def close_open_offer(entry: WaitingListEntry, *, now: datetime) -> None:
    """Decline the open offer of an entry that ends, if any; the list is locked."""
    opened = Offer.objects.filter(entry=entry, state=OfferState.OPEN).first()
    if opened:
        locked_offer, claim = _lock_offer(opened.pk)
        if locked_offer.state == OfferState.OPEN:
            _decline(locked_offer, claim, now)


def _decline(offer: Offer, claim: Booking, now: datetime) -> None:
    assert offer.entry is not None  # noqa: S101  # of the waiting list
    _release_hold(claim, now, now)
    _close_offer(offer, OfferState.DECLINED, now)
    offer.entry.unanswered = 0
    _set_entry_state(offer.entry, WaitingListState.WAITING)
    record(
        events.PlaceDeclined(
            office=offer.office_id, entry=str(offer.entry.pk), offer=str(offer.pk), at=now
        )
    )


def withdraw_offers_beyond_quota(office: OfficeSnapshot, *, now: datetime) -> int:
    """End offered holds on lanes beyond the agendas' reduced quotas; returns how many.

    People on the waiting list keep their place. Displaced people keep their other offered slots, or
    come on the call list if none is left. The caller has locked the office, its waiting lists and
    its days.
    """
    from prepazka.booking.disruptions import release_holds  # noqa: PLC0415  # they know each other

    rows = Booking.objects.filter(
        office=office.row,
        state=BookingState.HELD,
        offer__state=OfferState.OPEN,
        starts_at__gt=now,
    )
    beyond = [
        claim
        for claim in rows.filter(lane__agenda__isnull=False).select_related("lane", "offer__entry")
        if claim.lane.number >= office.agendas[claim.lane.agenda_id or 0].rules.quota
    ]
    for claim in beyond:
        offer = claim.offer
        if offer and offer.entry:
            end_booking(claim, BookingState.EXPIRED, now)
            _close_offer(offer, OfferState.WITHDRAWN, now)
            _set_entry_state(offer.entry, WaitingListState.WAITING)
            record(
                events.PlaceWithdrawn(
                    office=office.office_id,
                    entry=str(offer.entry.pk),
                    offer=str(offer.pk),
                    at=now,
                )
            )
    release_holds([claim for claim in beyond if claim.offer and not claim.offer.entry], now)
    return len(beyond)


def unanswered_offers(office: int, now: datetime) -> list[UUID]:
    """The ids of waiting-list offers whose deadline has passed without an answer."""
    due = Offer.objects.filter(
        office=office,
        kind=Offer.Kind.WAITING_LIST,
        state=OfferState.OPEN,
        expires_at__lte=now,
    )
    return list(due.values_list("pk", flat=True))


@transaction.atomic
def expire_waiting_list_offer(offer: UUID, now: datetime) -> bool:
    """End an unanswered offer and release its slot; False if it was answered meanwhile.

    The entry moves to the end of the list, or is dropped after too many unanswered offers.
    """
    locked_offer, claim = _lock_offer(offer)
    if locked_offer.state != OfferState.OPEN or locked_offer.expires_at > now:
        return False
    entry = locked_offer.entry
    assert entry is not None  # noqa: S101  # of the waiting list
    _release_hold(claim, now, locked_offer.expires_at)
    _close_offer(locked_offer, OfferState.EXPIRED, now)
    entry.unanswered += 1
    entry.queued_at = now
    dropped = waiting_list_rules.is_dropped(entry.unanswered)
    _set_entry_state(
        entry,
        WaitingListState.DROPPED if dropped else WaitingListState.WAITING,
        now if dropped else None,
    )
    office, pk = locked_offer.office_id, str(entry.pk)
    record(events.PlaceUnanswered(office=office, entry=pk, offer=str(locked_offer.pk), at=now))
    if dropped:
        record(events.ListDropped(office=office, entry=pk, at=now))
    return True


def _lock_offer(offer: UUID) -> tuple[Offer, Booking]:
    """Lock the days of the offer's hold and of the booking that would move; returns offer and hold.

    Locks again if the booking has moved to another day in the meantime.
    """
    claim = Booking.objects.only("pk").get(offer=offer)
    while True:
        moving = Booking.objects.filter(waiting_list__offers=offer).first()
        locked_claim = lock_booking(claim.pk, *([moving.date] if moving else []))
        locked_offer = Offer.objects.select_related("entry__booking").get(pk=offer)
        assert locked_offer.entry is not None  # noqa: S101  # of the waiting list
        current_booking = locked_offer.entry.booking
        if current_booking is None or moving is None or current_booking.date == moving.date:
            return locked_offer, locked_claim


def _must_be_open(offer: Offer, claim: Booking, now: datetime) -> None:
    if (
        offer.state != OfferState.OPEN
        or offer.expires_at <= now
        or claim.state != BookingState.HELD
    ):
        raise PlaceOver


def _release_hold(claim: Booking, now: datetime, since: datetime) -> None:
    if claim.state == BookingState.HELD:
        end_booking(claim, BookingState.EXPIRED, now)
        slot_release.delay_return(slot_release.Freed.of(claim), now=now, since=since)


def _close_offer(offer: Offer, state: OfferState, now: datetime) -> None:
    offer.state, offer.ended_at = state, now
    offer.save(update_fields=["state", "ended_at"])


def _set_entry_state(
    entry: WaitingListEntry, state: WaitingListState, ended_at: datetime | None = None
) -> None:
    entry.state, entry.ended_at = state, ended_at
    entry.save(update_fields=["state", "ended_at", "queued_at", "unanswered"])

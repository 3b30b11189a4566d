"""Entries of the waiting list: join, confirm, leave, end. `waiting_list_offers` makes them offers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from prepazka.booking import slot_search
from prepazka.booking.booking_links import random_short_code
from prepazka.booking.booking_locks import lock_booking, lock_contact, lock_list
from prepazka.booking.contacts import contact_hash
from prepazka.booking.diaries import official_of
from prepazka.booking.models import OPEN, WaitingListEntry, WaitingListState
from prepazka.booking.refusals import (
    AlreadyWaiting,
    BookingOver,
    NoWaitingList,
    TooManyPersons,
    WaitingOver,
    WishNotPossible,
)
from prepazka.booking.transitions import check_open_limit_of_hash
from prepazka.booking.waiting_list_offers import close_open_offer
from prepazka.core import calendar, events
from prepazka.core.contact import Contact
from prepazka.journal.record import record
from prepazka.offices.models import Office, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

EVERY_DAY = tuple(range(7))
# Nothing is held for an unconfirmed entry, so a long deadline does no harm.
CONFIRM_WITHIN = timedelta(hours=24)
FARTHEST = timedelta(days=366)
ENDED = (
    WaitingListState.FULFILLED,
    WaitingListState.LEFT,
    WaitingListState.DROPPED,
    WaitingListState.LAPSED,
)
ERASED = {"name": "", "email": "", "phone": "", "contact_hash": ""}


@dataclass(frozen=True)
class Wanted:
    """The days and local times that suit the person."""

    first: date
    last: date
    weekdays: tuple[int, ...] = EVERY_DAY
    from_min: int = 0
    to_min: int = calendar.DAY_MIN


@transaction.atomic
def join_waiting_list(
    *,
    office: OfficeSnapshot,
    service: Service,
    wish: Wanted,
    contact: Contact,
    now: datetime,
    persons: int = 1,
    official: Official | None = None,
    language: str = "cs",
) -> WaitingListEntry:
    """Create an unconfirmed entry; its place in the list counts from now.

    Offers come once the entry is confirmed. A contact has one entry per agenda; an earlier
    unconfirmed one ends.
    Raises NoWaitingList, TooManyPersons, WishNotPossible, AlreadyWaiting, TooManyBookings.
    """
    rules = office.rules_of(service)
    if not rules.waiting_list or not slot_search.is_bookable(office, service):
        raise NoWaitingList
    if persons > rules.max_persons:
        raise TooManyPersons(most=rules.max_persons)
    if not has_matching_slots(office, service, wish, persons, official, now=now):
        raise WishNotPossible
    key = contact_hash(contact.key)
    check_open_limit_of_hash(
        key, office.office_id, service.agenda_id, limit=rules.max_open_per_contact, now=now
    )
    _end_unconfirmed_entries(key, office.office_id, service.agenda_id, now)
    entry = _create(
        office,
        service,
        wish,
        now,
        state=WaitingListState.UNCONFIRMED,
        official=official,
        persons=persons,
        language=language,
        contact_hash=key,
        **contact.fields,
    )
    record(events.ListJoined(office=office.office_id, entry=str(entry.pk), at=now))
    return entry


@transaction.atomic
def join_list_for_sooner_slot(*, booking: UUID, now: datetime) -> WaitingListEntry:
    """Create an entry for a sooner slot; the booking stays until an offer is accepted.

    The entry needs no confirmation, as the booking is confirmed. Raises NoWaitingList, BookingOver,
    AlreadyWaiting.
    """
    locked = lock_booking(booking)
    office = snapshot_by_id(locked.office_id)
    service = office.services[locked.service_id]
    if not office.rules_of(service).waiting_list:
        raise NoWaitingList
    if not locked.confirmed_at or locked.state not in OPEN or locked.starts_at <= now:
        raise BookingOver
    key = locked.contact_hash or contact_hash(f"booking:{locked.pk}")
    lock_contact(key)
    _end_unconfirmed_entries(key, locked.office_id, service.agenda_id, now)
    entry = _create(
        office,
        service,
        Wanted(calendar.day_of(now, office.tz), locked.date),
        now,
        state=WaitingListState.WAITING,
        booking=locked,
        official=official_of(office, locked),
        persons=locked.persons,
        language=locked.language,
        contact_hash=key,
        **locked.contact.fields,
    )
    record(events.ListJoined(office=locked.office_id, entry=str(entry.pk), at=now))
    record(events.ListConfirmed(office=locked.office_id, entry=str(entry.pk), at=now))
    return entry


@transaction.atomic
def confirm_entry(*, entry: UUID, now: datetime) -> WaitingListEntry:
    """Confirm an entry by the link in the message. Raises WaitingOver."""
    locked = _lock_entry(entry)
    if locked.state in ENDED or is_confirmation_too_late(locked, now):
        raise WaitingOver
    if locked.state == WaitingListState.UNCONFIRMED:
        if not _set_state(locked, WaitingListState.WAITING):
            raise WaitingOver  # a newer entry of the same contact has just taken its place
        record(events.ListConfirmed(office=locked.office_id, entry=str(locked.pk), at=now))
    return locked


@transaction.atomic
def leave_waiting_list(*, entry: UUID, now: datetime) -> WaitingListEntry:
    """End an entry at the person's request; declines its open offer. Does nothing if ended."""
    locked = _lock_entry(entry)
    close_open_offer(locked, now=now)
    locked.refresh_from_db()  # the offer may have been accepted before its day was locked
    if locked.state not in ENDED:
        _end_entry(locked, WaitingListState.LEFT, "citizen", now)
    return locked


@transaction.atomic
def lapse_entries(*, office: OfficeSnapshot, now: datetime) -> int:
    """End entries that nobody confirmed or whose days or booking have passed; returns how many."""
    today = calendar.day_of(now, office.tz)
    past = Q(to_date__lt=today) | Q(booking__isnull=False, booking__starts_at__lte=now)
    gone = Q(booking__isnull=False) & ~Q(booking__state__in=OPEN)
    late = Q(state=WaitingListState.UNCONFIRMED, created_at__lte=now - CONFIRM_WITHIN)
    waiting = Q(state__in=(WaitingListState.WAITING, WaitingListState.UNCONFIRMED))
    rows = WaitingListEntry.objects.filter(waiting & (past | gone | late), office=office.row)
    ended = 0
    for pk in rows.order_by("service__agenda", "pk").values_list("pk", flat=True):
        locked = _lock_entry(pk)
        if locked.state in {WaitingListState.WAITING, WaitingListState.UNCONFIRMED}:
            ended += _end_entry(locked, WaitingListState.LAPSED, "past", now)
    return ended


def erase_entries(*, office: Office, now: datetime) -> int:
    """Erase name and contact of entries that ended more than a day ago; returns how many."""
    rows = WaitingListEntry.objects.filter(
        office=office, state__in=ENDED, ended_at__lt=now - timedelta(days=1), erased_at=None
    )
    return rows.update(**ERASED, erased_at=now)


def has_matching_slots(
    office: OfficeSnapshot,
    service: Service,
    wish: Wanted,
    persons: int,
    official: Official | None,
    *,
    now: datetime,
) -> bool:
    """Whether the office has any slot within the wish, free or not."""
    today = calendar.day_of(now, office.tz)
    first_day, last_day = max(wish.first, today), min(wish.last, today + FARTHEST)
    if wish.first > wish.last or wish.from_min >= wish.to_min:
        return False
    for n in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=n)
        if day.weekday() in wish.weekdays and any(
            wish.from_min <= during.start and during.end <= wish.to_min
            for during in slot_search.slots_of_day(office, service, day, persons, official)
        ):
            return True
    return False


def end_entries_without_service(*, office: int, entries: Iterable[UUID], now: datetime) -> int:
    """End entries for services no longer offered, each with a message; returns how many.

    People whom no message reaches and who have a booking come on the call list. The caller has
    locked the lists.
    """
    rows = WaitingListEntry.objects.filter(office=office, pk__in=list(entries)).exclude(
        state__in=ENDED
    )
    ended = 0
    for entry in rows.order_by("queued_at", "pk"):
        close_open_offer(entry, now=now)
        entry.refresh_from_db()
        if entry.state not in ENDED and _set_state(entry, WaitingListState.DROPPED, now):
            record(events.ListEnded(office=office, entry=str(entry.pk), at=now))
            ended += 1
    return ended


def is_confirmation_too_late(entry: WaitingListEntry, now: datetime) -> bool:
    """Whether the entry's deadline for confirming has passed."""
    return entry.state == WaitingListState.UNCONFIRMED and entry.created_at <= now - CONFIRM_WITHIN


def _create(
    office: OfficeSnapshot,
    service: Service,
    wish: Wanted,
    now: datetime,
    **person: object,
) -> WaitingListEntry:
    return WaitingListEntry.objects.create(
        office=office.row,
        service=service,
        from_date=wish.first,
        to_date=wish.last,
        weekdays=sorted(set(wish.weekdays)),
        from_min=wish.from_min,
        to_min=wish.to_min,
        short_code=random_short_code(),
        queued_at=now,
        created_at=now,
        **person,
    )


def _end_unconfirmed_entries(key: str, office: int, agenda: int, now: datetime) -> None:
    """End the contact's unconfirmed entries in the agenda; the contact is locked.

    Raises AlreadyWaiting.
    """
    rows = WaitingListEntry.objects.filter(office=office, service__agenda=agenda, contact_hash=key)
    # One statement for all states: with two, an entry confirmed in between would be in neither.
    entries = list(rows.exclude(state__in=ENDED))
    if any(entry.state != WaitingListState.UNCONFIRMED for entry in entries):
        raise AlreadyWaiting
    for entry in entries:
        if not _end_entry(entry, WaitingListState.LEFT, "citizen", now):
            raise AlreadyWaiting  # confirmed in the meantime


def _lock_entry(entry: UUID) -> WaitingListEntry:
    """Lock the list of the entry; returns the entry, read then. Raises DoesNotExist."""
    agenda = WaitingListEntry.objects.values_list("service__agenda", flat=True).get(pk=entry)
    lock_list(agenda)
    return WaitingListEntry.objects.get(pk=entry)


def _set_state(
    entry: WaitingListEntry, state: WaitingListState, ended_at: datetime | None = None
) -> bool:
    """Store the state unless it has changed since it was read; returns whether it was stored."""
    same = WaitingListEntry.objects.filter(pk=entry.pk, state=entry.state)
    entry.state, entry.ended_at = state, ended_at
    return bool(same.update(state=state, ended_at=ended_at))


def _end_entry(
    entry: WaitingListEntry,
    state: WaitingListState,
    why: Literal["citizen", "past"],
    now: datetime,
) -> bool:
    changed = _set_state(entry, state, now)
    if changed:
        record(events.ListLeft(office=entry.office_id, entry=str(entry.pk), at=now, why=why))
    return changed

"""Joining the waiting list, confirming, leaving. Who is offered what is in `places`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from prepazka.booking import terms
from prepazka.booking.contacts import contact_hash, contact_of
from prepazka.booking.diaries import official_of
from prepazka.booking.links import short_code
from prepazka.booking.locks import lock_booking, lock_contact, lock_list
from prepazka.booking.models import OPEN, WaitingListEntry
from prepazka.booking.parts import limit_open_of
from prepazka.booking.places import close_open_offer
from prepazka.booking.refusals import (
    AlreadyWaiting,
    BookingOver,
    NoWaitingList,
    TooManyPersons,
    WaitingOver,
    WishNotPossible,
)
from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Office, Official, Service

Entry = WaitingListEntry
EVERY_DAY = tuple(range(7))
# Nothing is kept for an unconfirmed entry, so its mail may take its time.
CONFIRM_WITHIN = timedelta(hours=24)
FARTHEST = timedelta(days=366)
ENDED = (Entry.State.FULFILLED, Entry.State.LEFT, Entry.State.DROPPED, Entry.State.LAPSED)
ERASED = {"name": "", "email": "", "phone": "", "contact_hash": ""}


@dataclass(frozen=True)
class Wanted:
    """Which terms suit somebody, as they said it."""

    first: date
    last: date
    weekdays: tuple[int, ...] = EVERY_DAY
    from_min: int = 0
    to_min: int = calendar.DAY_MIN


@transaction.atomic
def join_list(
    *,
    office: Directory,
    service: Service,
    wanted: Wanted,
    name: str,
    email: str,
    now: datetime,
    phone: str = "",
    persons: int = 1,
    official: Official | None = None,
    language: str = "cs",
) -> WaitingListEntry:
    """Wait for a term; the place in the order counts from now, offers come once it is confirmed.

    A contact waits once in an agenda; an earlier entry that it never confirmed gives way.
    Raises NoWaitingList, TooManyPersons, WishNotPossible, AlreadyWaiting, TooManyBookings.
    """
    rules = office.rules_of(service)
    if not rules.waiting_list or not terms.is_bookable(office, service):
        raise NoWaitingList
    if persons > rules.max_persons:
        raise TooManyPersons(most=rules.max_persons)
    if not is_possible(office, service, wanted, persons, official, now=now):
        raise WishNotPossible
    key = contact_hash(contact_of(email, phone))
    limit_open_of(
        key, office.office.pk, service.agenda_id, most=rules.max_open_per_contact, now=now
    )
    _once_in_agenda(key, office.office.pk, service.agenda_id, now)
    entry = _create(
        office,
        service,
        wanted,
        now,
        state=Entry.State.UNCONFIRMED,
        official=official,
        persons=persons,
        language=language,
        name=name,
        email=email,
        phone=phone,
        contact_hash=key,
    )
    record(events.ListJoined(office=office.office.pk, entry=str(entry.pk), at=now))
    return entry


@transaction.atomic
def want_sooner(*, booking: UUID, now: datetime) -> WaitingListEntry:
    """Wait for a term sooner than the one already booked, which stays until another is accepted.

    The booking's own link is the confirmation. Raises NoWaitingList, BookingOver, AlreadyWaiting.
    """
    found = lock_booking(booking)
    office = directory_by_id(found.office_id)
    service = office.services[found.service_id]
    if not office.rules_of(service).waiting_list:
        raise NoWaitingList
    if not found.confirmed_at or found.state not in OPEN or found.starts_at <= now:
        raise BookingOver
    key = found.contact_hash or contact_hash(f"booking:{found.pk}")
    lock_contact(key)
    _once_in_agenda(key, found.office_id, service.agenda_id, now)
    entry = _create(
        office,
        service,
        Wanted(calendar.day_of(now, office.tz), found.date),
        now,
        state=Entry.State.WAITING,
        booking=found,
        official=official_of(office, found),
        persons=found.persons,
        language=found.language,
        name=found.name,
        email=found.email,
        phone=found.phone,
        contact_hash=key,
    )
    record(events.ListJoined(office=found.office_id, entry=str(entry.pk), at=now))
    record(events.ListConfirmed(office=found.office_id, entry=str(entry.pk), at=now))
    return entry


@transaction.atomic
def confirm_entry(*, entry: UUID, now: datetime) -> WaitingListEntry:
    """The contact has answered. Repeated, it answers with the same. Raises WaitingOver."""
    found = _lock(entry)
    if found.state in ENDED or is_too_late(found, now):
        raise WaitingOver
    if found.state == Entry.State.UNCONFIRMED:
        if not _change(found, Entry.State.WAITING):
            raise WaitingOver  # a newer entry of the same contact has just taken its place
        record(events.ListConfirmed(office=found.office_id, entry=str(found.pk), at=now))
    return found


@transaction.atomic
def leave_list(*, entry: UUID, now: datetime) -> WaitingListEntry:
    """Wait no longer; an open offer is declined with it. Repeated, nothing happens."""
    found = _lock(entry)
    close_open_offer(found, now=now)
    found.refresh_from_db()  # the offer may have been accepted before we came to its day
    if found.state not in ENDED:
        _leave(found, Entry.State.LEFT, "citizen", now)
    return found


@transaction.atomic
def lapse_entries(*, office: Directory, now: datetime) -> int:
    """End the entries whose days or booking have passed, or that nobody confirmed; how many."""
    today = calendar.day_of(now, office.tz)
    past = Q(to_date__lt=today) | Q(booking__isnull=False, booking__starts_at__lte=now)
    gone = Q(booking__isnull=False) & ~Q(booking__state__in=OPEN)
    late = Q(state=Entry.State.UNCONFIRMED, created_at__lte=now - CONFIRM_WITHIN)
    waiting = Q(state__in=(Entry.State.WAITING, Entry.State.UNCONFIRMED))
    rows = Entry.objects.filter(waiting & (past | gone | late), office=office.office)
    ended = 0
    for pk in rows.order_by("service__agenda", "pk").values_list("pk", flat=True):
        found = _lock(pk)
        if found.state in {Entry.State.WAITING, Entry.State.UNCONFIRMED}:
            ended += _leave(found, Entry.State.LAPSED, "past", now)
    return ended


def erase_entries(*, office: Office, now: datetime) -> int:
    """Erase name and contact of who has not been waiting for a day."""
    rows = Entry.objects.filter(
        office=office, state__in=ENDED, ended_at__lt=now - timedelta(days=1), erased_at=None
    )
    return rows.update(**ERASED, erased_at=now)


def is_possible(
    office: Directory,
    service: Service,
    wanted: Wanted,
    persons: int,
    official: Official | None,
    *,
    now: datetime,
) -> bool:
    """Whether the office lays any term within the wish at all, taken or not."""
    today = calendar.day_of(now, office.tz)
    first, last = max(wanted.first, today), min(wanted.last, today + FARTHEST)
    if wanted.first > wanted.last or wanted.from_min >= wanted.to_min:
        return False
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        if day.weekday() in wanted.weekdays and any(
            wanted.from_min <= during.start and during.end <= wanted.to_min
            for during in terms.laid(office, service, day, persons, official)
        ):
            return True
    return False


def end_waits(*, office: int, entries: Iterable[UUID], now: datetime) -> int:
    """End the waits for what the office no longer offers, each with a message; returns how many.

    Who is reached by no message and has a booking is telephoned. The caller has locked the lists.
    """
    rows = Entry.objects.filter(office=office, pk__in=list(entries)).exclude(state__in=ENDED)
    ended = 0
    for entry in rows.order_by("queued_at", "pk"):
        close_open_offer(entry, now=now)
        entry.refresh_from_db()
        if entry.state not in ENDED and _change(entry, Entry.State.DROPPED, now):
            record(events.ListEnded(office=office, entry=str(entry.pk), at=now))
            ended += 1
    return ended


def is_too_late(entry: WaitingListEntry, now: datetime) -> bool:
    """Whether it can be confirmed no more."""
    return entry.state == Entry.State.UNCONFIRMED and entry.created_at <= now - CONFIRM_WITHIN


def _create(
    office: Directory,
    service: Service,
    wanted: Wanted,
    now: datetime,
    **person: object,
) -> WaitingListEntry:
    return Entry.objects.create(
        office=office.office,
        service=service,
        from_date=wanted.first,
        to_date=wanted.last,
        weekdays=sorted(set(wanted.weekdays)),
        from_min=wanted.from_min,
        to_min=wanted.to_min,
        short_code=short_code(),
        queued_at=now,
        created_at=now,
        **person,
    )


def _once_in_agenda(key: str, office: int, agenda: int, now: datetime) -> None:
    """The contact is locked. Raises AlreadyWaiting."""
    rows = Entry.objects.filter(office=office, service__agenda=agenda, contact_hash=key)
    # All states by one statement: between two, one that is just being confirmed would be in neither.
    found = list(rows.exclude(state__in=ENDED))
    if any(one.state != Entry.State.UNCONFIRMED for one in found):
        raise AlreadyWaiting
    for old in found:
        if not _leave(old, Entry.State.LEFT, "citizen", now):
            raise AlreadyWaiting  # confirmed at this very moment


def _lock(entry: UUID) -> WaitingListEntry:
    """Lock the list of the entry, then read it. Raises WaitingListEntry.DoesNotExist."""
    agenda = Entry.objects.values_list("service__agenda", flat=True).get(pk=entry)
    lock_list(agenda)
    return Entry.objects.get(pk=entry)


def _change(entry: WaitingListEntry, state: Entry.State, ended_at: datetime | None = None) -> bool:
    """Write the state, unless somebody has changed it since it was read."""
    same = Entry.objects.filter(pk=entry.pk, state=entry.state)
    entry.state, entry.ended_at = state, ended_at
    return bool(same.update(state=state, ended_at=ended_at))


def _leave(
    entry: WaitingListEntry,
    state: Entry.State,
    why: Literal["citizen", "past"],
    now: datetime,
) -> bool:
    changed = _change(entry, state, now)
    if changed:
        record(events.ListLeft(office=entry.office_id, entry=str(entry.pk), at=now, why=why))
    return changed

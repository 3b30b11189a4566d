"""Places for those on the waiting list: a freed term is offered, accepted, declined, passed on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from prepazka.booking import returns, terms
from prepazka.booking.links import short_code
from prepazka.booking.locks import lock_booking, lock_days, lock_list
from prepazka.booking.models import (
    OPEN,
    RETURNING,
    Booking,
    Channel,
    Offer,
    State,
    WaitingListEntry,
)
from prepazka.booking.parts import confirm, end, limit_open, put, release_expired
from prepazka.booking.refusals import BookingOver, PlaceOver, PlaceTaken, TermNotOffered, TermTaken
from prepazka.core import calendar, events, waiting
from prepazka.core.interval import Interval
from prepazka.journal.record import record
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Office

Entry = WaitingListEntry
MOST_AT_ONCE = 200  # offers of one round; the next round is a minute away


def offer_freed(*, office: Office, now: datetime) -> int:
    """Offer what is free to those who wait for it, in the fair order; how many offers were made.

    It looks at the calendar and not at what has happened, so whoever runs it, however late, finds
    every freed term: a job after each event, and the round of every minute.
    """
    rows = Entry.objects.filter(office=office, state=Entry.State.WAITING)
    agendas = rows.order_by("service__agenda").values_list("service__agenda", flat=True)
    made = 0
    for agenda in agendas.distinct():
        for _ in range(MOST_AT_ONCE):
            offered = _offer_next(office, agenda, now)
            if offered is None:
                break
            made += offered
    return made


@transaction.atomic
def _offer_next(office: Office, agenda: int, now: datetime) -> bool | None:
    """Make the first offer that can be made; False if somebody was quicker, None if there is none.

    One transaction for one offer: the list is locked, then the one day of the term.
    """
    lock_list(agenda)
    where = directory_by_id(office.pk)
    for entry, term, until in _pairs(where, agenda, now):
        lock_days(office.pk, [term.day])
        release_expired(office=office.pk, day=term.day, now=now)
        try:
            _offer(where, entry, term, until, now)
        except (TermNotOffered, TermTaken):
            return False  # the next look at the calendar knows it
        return True
    return None


def _pairs(
    office: Directory, agenda: int, now: datetime
) -> Iterable[tuple[Entry, terms.Term, datetime]]:
    """Who would be offered which term, and until when it would be kept, first to last."""
    rows = Entry.objects.filter(
        office=office.office, service__agenda=agenda, state=Entry.State.WAITING
    ).select_related("booking")
    known: dict[object, list[terms.Term]] = {}
    for entry in waiting.in_order(rows):
        if entry.booking and (entry.booking.state not in OPEN or entry.booking.starts_at <= now):
            continue
        key = (entry.service_id, entry.persons, entry.official_id, _mode(office, entry))
        if key not in known:
            known[key] = _free(office, entry, now)
        wish = _wish(entry)
        for term in known[key]:
            until = _until(office, entry, term.starts_at, now)
            if until and _suits(office, wish, term):
                yield entry, term, until
                break


def _free(office: Directory, entry: Entry, now: datetime) -> list[terms.Term]:
    return terms.offered(
        office=office,
        service=office.services[entry.service_id],
        now=now,
        persons=entry.persons,
        channel=Channel.LIST,
        official=office.officials[entry.official_id] if entry.official_id else None,
        mode=_mode(office, entry),
    )


def _mode(office: Directory, entry: Entry) -> str:
    """A booking that moves stays in its mode; a new one is in the usual one."""
    return entry.booking.mode if entry.booking else office.services[entry.service_id].usual_mode


def _wish(entry: Entry) -> waiting.Wish:
    before = Booking.objects.filter(offer__entry=entry).values_list("starts_at", flat=True)
    return waiting.Wish(
        first=entry.from_date,
        last=entry.to_date,
        weekdays=frozenset(entry.weekdays),
        from_min=entry.from_min,
        to_min=entry.to_min,
        before=entry.booking.starts_at if entry.booking else None,
        not_at=frozenset(before),
    )


def _suits(office: Directory, wish: waiting.Wish, term: terms.Term) -> bool:
    start = calendar.minute_of(term.starts_at, office.tz)
    length = int((term.ends_at - term.starts_at).total_seconds()) // 60
    return wish.suits(
        day=term.day,
        start_min=start,
        end_min=start + length,
        starts_at=term.starts_at,
        ends_at=term.ends_at,
    )


def _until(office: Directory, entry: Entry, starts_at: datetime, now: datetime) -> datetime | None:
    rules = office.rules_of(office.services[entry.service_id])
    return waiting.keep_until(
        now=now,
        quiet_until=office.office.message_rules.quiet_until(now, office.tz),
        starts_at=starts_at,
        lead=timedelta(minutes=rules.lead_min),
        lasts=timedelta(minutes=rules.offer_min),
    )


def _offer(
    office: Directory, entry: Entry, term: terms.Term, until: datetime, now: datetime
) -> None:
    """Keep the term for the person; its day is locked. Raises TermNotOffered, TermTaken."""
    service = office.services[entry.service_id]
    claim = terms.find(
        office=office,
        service=service,
        starts_at=term.starts_at,
        persons=entry.persons,
        channel=Channel.LIST,
        now=now,
        official=office.officials[entry.official_id] if entry.official_id else None,
        mode=_mode(office, entry),
    )
    _take_back(claim.lane, claim.during, now)
    offer = Offer.objects.create(
        office=office.office,
        kind=Offer.Kind.WAITING_LIST,
        entry=entry,
        short_code=short_code(),
        created_at=now,
        expires_at=until,
    )
    Booking.objects.create(
        office=office.office,
        service=service,
        lane_id=claim.lane,
        date=term.day,
        starts_at=claim.during.start,
        ends_at=claim.during.end,
        expires_at=until + returns.longest(office.rules_of(service)),
        persons=entry.persons,
        channel=Channel.LIST,
        mode=_mode(office, entry),
        language=entry.language,
        offer=offer,
        created_at=now,
    )
    entry.state = Entry.State.OFFERED
    entry.save(update_fields=["state"])
    record(
        events.PlaceOffered(
            office=office.office.pk, entry=str(entry.pk), offer=str(offer.pk), at=now
        )
    )


def _take_back(lane: int, during: Interval[datetime], now: datetime) -> None:
    """End the claims without a person that kept the term until now."""
    Booking.objects.filter(
        RETURNING, lane=lane, starts_at__lt=during.end, ends_at__gt=during.start
    ).update(state=State.EXPIRED, ended_at=now, expires_at=None)


@transaction.atomic
def accept_place(*, offer: UUID, now: datetime) -> Booking:
    """Take the offered term: its claim becomes the booking, or the booking moves to it.

    Repeated, it answers with the same booking. Raises PlaceOver, TooManyBookings, BookingOver.
    """
    found, claim = _lock(offer)
    entry = found.entry
    assert entry is not None  # noqa: S101  # of the waiting list
    if found.state == Offer.State.ACCEPTED:
        return entry.booking or claim
    _must_be_open(found, claim, now)
    if entry.booking:
        booking = _move(entry.booking, claim, now)
    else:
        booking = _book(entry, claim, now)
    _close(found, Offer.State.ACCEPTED, now)
    _entry(entry, Entry.State.FULFILLED, now)
    record(
        events.PlaceAccepted(
            office=found.office_id,
            entry=str(entry.pk),
            offer=str(found.pk),
            booking=str(booking.pk),
            at=now,
        )
    )
    return booking


def _book(entry: Entry, claim: Booking, now: datetime) -> Booking:
    rules = directory_by_id(claim.office_id).rules_of(claim.service)
    claim.contact_hash = entry.contact_hash
    limit_open(claim, claim.service.agenda_id, most=rules.max_open_per_contact, now=now)
    claim.name, claim.email, claim.phone = entry.name, entry.email, entry.phone
    claim.short_code = short_code() if entry.phone and not entry.email else None
    claim.requested_at = now
    confirm(claim, now)
    return claim


def _move(booking: Booking, claim: Booking, now: datetime) -> Booking:
    """The kept claim gives way to the booking, within the lock of both days."""
    if booking.state not in OPEN or booking.starts_at <= now:
        raise BookingOver
    end(claim, State.EXPIRED, now)
    during = Interval(claim.starts_at, claim.ends_at)
    put(booking, terms.Claim(claim.lane_id, during), claim.date, now=now, by="citizen")
    return booking


@transaction.atomic
def decline_place(*, offer: UUID, now: datetime) -> None:
    """Pass the term on; the person keeps their place. Repeated, nothing happens.

    Raises PlaceTaken if it was accepted before.
    """
    found, claim = _lock(offer)
    if found.state == Offer.State.ACCEPTED:
        raise PlaceTaken
    if found.state == Offer.State.OPEN and found.expires_at > now:
        _decline(found, claim, now)


def close_open_offer(entry: Entry, *, now: datetime) -> None:
    """Decline the open offer of somebody who leaves; the list is locked."""
    opened = Offer.objects.filter(entry=entry, state=Offer.State.OPEN).first()
    if opened:
        found, claim = _lock(opened.pk)
        if found.state == Offer.State.OPEN:
            _decline(found, claim, now)


def _decline(offer: Offer, claim: Booking, now: datetime) -> None:
    assert offer.entry is not None  # noqa: S101  # of the waiting list
    _free_claim(claim, now, now)
    _close(offer, Offer.State.DECLINED, now)
    offer.entry.unanswered = 0
    _entry(offer.entry, Entry.State.WAITING)
    record(
        events.PlaceDeclined(
            office=offer.office_id, entry=str(offer.entry.pk), offer=str(offer.pk), at=now
        )
    )


def withdraw_beyond(office: Directory, *, now: datetime) -> int:
    """Free what is kept for somebody on places that the agendas no longer have; returns how many.

    Who waits stays in the order; who was displaced keeps the other terms, or is telephoned where
    none is left. The caller has locked the office, its waiting lists and its days.
    """
    from prepazka.booking.disruptions import free_holds  # noqa: PLC0415  # they know each other

    rows = Booking.objects.filter(
        office=office.office, state=State.HELD, offer__state=Offer.State.OPEN, starts_at__gt=now
    )
    beyond = [
        claim
        for claim in rows.filter(lane__agenda__isnull=False).select_related("lane", "offer__entry")
        if claim.lane.number >= office.agendas[claim.lane.agenda_id or 0].rules.quota
    ]
    for claim in beyond:
        offer = claim.offer
        if offer and offer.entry:
            end(claim, State.EXPIRED, now)
            _close(offer, Offer.State.WITHDRAWN, now)
            _entry(offer.entry, Entry.State.WAITING)
            record(
                events.PlaceWithdrawn(
                    office=office.office.pk,
                    entry=str(offer.entry.pk),
                    offer=str(offer.pk),
                    at=now,
                )
            )
    free_holds([claim for claim in beyond if claim.offer and not claim.offer.entry], now)
    return len(beyond)


def unanswered_places(office: int, now: datetime) -> list[UUID]:
    """The offers of terms that nobody answered in time."""
    due = Offer.objects.filter(
        office=office,
        kind=Offer.Kind.WAITING_LIST,
        state=Offer.State.OPEN,
        expires_at__lte=now,
    )
    return list(due.values_list("pk", flat=True))


@transaction.atomic
def expire_place(offer: UUID, now: datetime) -> bool:
    """Pass on the term of an offer that nobody answered; False where it was answered meanwhile."""
    found, claim = _lock(offer)
    if found.state != Offer.State.OPEN or found.expires_at > now:
        return False
    entry = found.entry
    assert entry is not None  # noqa: S101  # of the waiting list
    _free_claim(claim, now, found.expires_at)
    _close(found, Offer.State.EXPIRED, now)
    entry.unanswered += 1
    entry.queued_at = now
    dropped = waiting.is_dropped(entry.unanswered)
    _entry(entry, Entry.State.DROPPED if dropped else Entry.State.WAITING, now if dropped else None)
    office, pk = found.office_id, str(entry.pk)
    record(events.PlaceUnanswered(office=office, entry=pk, offer=str(found.pk), at=now))
    if dropped:
        record(events.ListDropped(office=office, entry=pk, at=now))
    return True


def _lock(offer: UUID) -> tuple[Offer, Booking]:
    """Lock the day of the kept claim, and that of the booking that would move; then read."""
    claim = Booking.objects.only("pk").get(offer=offer)
    while True:
        moving = Booking.objects.filter(waiting_list__offers=offer).first()
        locked = lock_booking(claim.pk, *([moving.date] if moving else []))
        found = Offer.objects.select_related("entry__booking").get(pk=offer)
        assert found.entry is not None  # noqa: S101  # of the waiting list
        now_at = found.entry.booking
        if now_at is None or moving is None or now_at.date == moving.date:
            return found, locked


def _must_be_open(offer: Offer, claim: Booking, now: datetime) -> None:
    if offer.state != Offer.State.OPEN or offer.expires_at <= now or claim.state != State.HELD:
        raise PlaceOver


def _free_claim(claim: Booking, now: datetime, since: datetime) -> None:
    if claim.state == State.HELD:
        end(claim, State.EXPIRED, now)
        returns.give_back(returns.Freed.of(claim), now=now, since=since)


def _close(offer: Offer, state: Offer.State, now: datetime) -> None:
    offer.state, offer.ended_at = state, now
    offer.save(update_fields=["state", "ended_at"])


def _entry(entry: Entry, state: Entry.State, ended_at: datetime | None = None) -> None:
    entry.state, entry.ended_at = state, ended_at
    entry.save(update_fields=["state", "ended_at", "queued_at", "unanswered"])

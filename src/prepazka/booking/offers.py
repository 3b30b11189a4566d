"""Substitute terms: three claims kept for one displaced person, until one of them is taken.

An offer and its booking are changed only under the lock of the booking's day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction

from prepazka.booking import companions, terms
from prepazka.booking import impact as impacts
from prepazka.booking.calls import Outcome, close_calls, note_call, request_call
from prepazka.booking.contacts import can_be_written_to
from prepazka.booking.impact import MOST_TERMS, During, during_of, other_terms
from prepazka.booking.links import short_code
from prepazka.booking.locks import lock_booking
from prepazka.booking.models import Booking, CallListEntry, Offer, State
from prepazka.booking.parts import draw_pin, end, release_expired
from prepazka.booking.refusals import NotWaitingForTerm, OfferOver, OfferTermGone, TermNotOffered
from prepazka.core import calendar, events, impact
from prepazka.journal.record import record
from prepazka.offices.directory import Directory, directory_by_id

By = Literal["citizen", "sms", "office"]
LAST_WORD = timedelta(minutes=30)  # before the term itself
Reason = CallListEntry.Reason


def make_offer(
    *,
    booking: Booking,
    terms: Iterable[tuple[int, During]],
    office: Directory,
    now: datetime,
    actor: int | None = None,
) -> Offer | None:
    """Keep the terms for a displaced person and ask which one suits.

    Who cannot be written to comes on the call list at once, and so does one for whom no term is
    free. The caller has locked the days of the booking and of the terms.
    """
    found = list(terms)
    if not found:
        request_call(booking=booking, reason=Reason.NO_TERM, now=now)
        return None
    offer = _keep(booking, found, office, now)
    if can_be_written_to(booking, office.office):
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
    """Take the term of that number (1 is the first by time); the other terms are free again.

    Clicked again, it answers with the booking as it is. Raises OfferOver, OfferTermGone.
    """
    found = _lock(offer)
    booking = _booking(found)
    if found.state == Offer.State.ACCEPTED:
        return booking
    if found.state != Offer.State.OPEN or booking.state != State.DISPLACED:
        raise OfferOver
    if found.expires_at <= now:
        raise OfferOver
    claims = list(claims_of(found))
    if not 1 <= choice <= len(claims):
        raise OfferTermGone
    claim = claims[choice - 1]
    if not is_kept(claim, now):
        raise OfferTermGone
    _end_offer(found, Offer.State.ACCEPTED, now)
    _take(booking, claim.lane_id, during_of(claim), now)
    _settle(booking, found, Outcome.ACCEPTED, now, by, actor)
    return booking


@transaction.atomic
def take_another(
    *,
    booking: UUID,
    starts_at: datetime,
    now: datetime,
    by: By = "citizen",
    actor: int | None = None,
) -> Booking:
    """Give a displaced person any free term instead of those offered.

    Clicked again, it answers with the booking as it is. Raises NotWaitingForTerm, TermNotOffered,
    TermTaken.
    """
    office = directory_by_id(Booking.objects.only("office_id").get(pk=booking).office_id)
    day = calendar.day_of(starts_at, office.tz)
    found = lock_booking(booking, day)
    if found.state == State.CONFIRMED and found.starts_at == starts_at:
        return found
    if found.state != State.DISPLACED:
        raise NotWaitingForTerm
    office = directory_by_id(found.office_id)
    release_expired(office=found.office_id, day=day, now=now)
    offer = open_offer(found)
    if offer:
        _end_offer(offer, Offer.State.ACCEPTED, now)
    claim = terms.find(
        office=office,
        service=office.services[found.service_id],
        starts_at=starts_at,
        persons=found.persons,
        channel="desk" if by == "office" else "web",
        now=now,
        mode=found.mode,
    )
    _take(found, claim.lane, claim.during, now)
    _settle(found, offer, Outcome.ANOTHER_TERM, now, by, actor)
    return found


@transaction.atomic
def decline_offer(*, offer: UUID, now: datetime, by: By = "citizen") -> Booking:
    """No term suits: its claims are free again, and the person is telephoned.

    Said again, or too late, it changes nothing.
    """
    found = _lock(offer)
    booking = _booking(found)
    if found.state == Offer.State.OPEN:
        _end_offer(found, Offer.State.DECLINED, now)
        record(
            events.OfferDeclined(
                office=found.office_id, booking=str(booking.pk), offer=str(found.pk), at=now, by=by
            )
        )
        if booking.state == State.DISPLACED:
            request_call(booking=booking, reason=Reason.DECLINED, now=now)
    return booking


@transaction.atomic
def ask_for_call(*, booking: UUID, now: datetime) -> Booking:
    """The person would rather be telephoned; the offered terms stay kept. Raises NotWaitingForTerm."""
    found = lock_booking(booking)
    if found.state != State.DISPLACED:
        raise NotWaitingForTerm
    request_call(booking=found, reason=Reason.CALL_ME, now=now, offer=open_offer(found))
    return found


@transaction.atomic
def give_up(
    *, booking: UUID, now: datetime, by: By = "citizen", actor: int | None = None
) -> Booking:
    """The displaced person needs no term any more. Repeated, it changes nothing.

    Raises NotWaitingForTerm.
    """
    found = lock_booking(booking)
    if found.state == State.CANCELLED_BY_CITIZEN:
        return found
    if found.state != State.DISPLACED:
        raise NotWaitingForTerm
    withdraw_offers(found, now, state=Offer.State.DECLINED)
    outcome = Outcome.CANCELLED if by == "office" else Outcome.ANSWERED
    close_calls(booking=found, outcome=outcome, now=now)
    if by == "office" and actor:
        note_call(booking=found, outcome=outcome, actor=actor, now=now)
    found.sequence += 1
    end(found, State.CANCELLED_BY_CITIZEN, now)
    record(
        events.BookingCancelled(
            office=found.office_id, booking=str(found.pk), at=now, actor=actor, by="citizen"
        )
    )
    return found


@transaction.atomic
def more_terms(*, booking: UUID, now: datetime, actor: int) -> Offer | None:
    """Keep three other terms instead, while an operator speaks with the person.

    None if nothing else is free; the offer then stays as it was. Raises NotWaitingForTerm.
    """
    office = directory_by_id(Booking.objects.only("office_id").get(pk=booking).office_id)
    service = office.services[Booking.objects.only("service_id").get(pk=booking).service_id]
    found = lock_booking(booking, *terms.horizon(office, service, now))
    if found.state != State.DISPLACED:
        raise NotWaitingForTerm
    shown = {
        (one.starts_at) for one in Booking.objects.filter(offer__booking=found).only("starts_at")
    }
    free = [
        one
        for one in other_terms(office, found.service_id, found.persons, found.mode, now)
        if one.during.start not in shown
    ]
    visit = impact.Visit(found.pk, during_of(found), (found.lane_id,))
    chosen = impact.substitutes(
        [visit],
        {found.pk: free},
        impact.Calendar.of(buffers=impacts.buffers_of(office)),
        MOST_TERMS,
        lambda at: at.astimezone(office.tz),
    )[found.pk]
    if not chosen:
        return None
    for day in {calendar.day_of(during.start, office.tz) for _, during in chosen}:
        release_expired(office=found.office_id, day=day, now=now)
    withdraw_offers(found, now)
    made = _keep(found, chosen, office, now)
    made.escalated_at = now
    made.save(update_fields=["escalated_at"])
    CallListEntry.objects.filter(booking=found, closed_at=None).update(offer=made)
    record(
        events.OfferChanged(
            office=found.office_id, booking=str(found.pk), offer=str(made.pk), at=now, actor=actor
        )
    )
    return made


@transaction.atomic
def pass_on(*, offer: UUID, now: datetime) -> None:
    """Half of the time is over without an answer: the operators telephone, the terms wait longer."""
    found = _lock(offer)
    if found.state != Offer.State.OPEN or found.escalated_at or found.expires_at <= now:
        return
    booking = _booking(found)
    office = directory_by_id(found.office_id)
    claims = [one for one in claims_of(found) if is_kept(one, now)]
    found.escalated_at = now
    _keep_until(found, claims, now + office.office.answer_within)
    request_call(booking=booking, reason=Reason.UNANSWERED, now=now, offer=found)


@transaction.atomic
def expire_offer(*, offer: UUID, now: datetime) -> None:
    """Nobody answered: the terms are free again, and the office says so and how to book anew.

    Whom nobody can write to stays on the call list.
    """
    found = _lock(offer)
    if found.state != Offer.State.OPEN or now < found.expires_at:
        return
    booking = _booking(found)
    _end_offer(found, Offer.State.EXPIRED, now)
    ids = {"office": found.office_id, "booking": str(booking.pk), "at": now}
    record(events.OfferExpired(offer=str(found.pk), **ids))  # type: ignore[arg-type]
    if booking.state != State.DISPLACED:
        return
    office = directory_by_id(found.office_id)
    if not can_be_written_to(booking, office.office):
        request_call(booking=booking, reason=Reason.NO_CONTACT, now=now)
        return
    close_calls(booking=booking, outcome=Outcome.WITHDRAWN, now=now)
    booking.sequence += 1
    end(booking, State.CANCELLED_BY_OFFICE, now)
    record(events.BookingCancelled(by="office", **ids))  # type: ignore[arg-type]


def withdraw_offers(
    booking: Booking, now: datetime, state: Offer.State = Offer.State.WITHDRAWN
) -> None:
    """Free what is kept for the booking. The caller has locked its day."""
    offer = open_offer(booking)
    if offer is None:
        return
    _end_offer(offer, state, now)
    kind = events.OfferDeclined if state == Offer.State.DECLINED else events.OfferWithdrawn
    record(kind(office=offer.office_id, booking=str(booking.pk), offer=str(offer.pk), at=now))


def open_offer(booking: Booking) -> Offer | None:
    """The offer that waits for an answer."""
    return Offer.objects.filter(booking=booking, state=Offer.State.OPEN).first()


def claims_of(offer: Offer) -> Iterable[Booking]:
    """The terms as they are numbered everywhere: by time, then by lane."""
    return offer.claims.order_by("starts_at", "lane_id")


def is_kept(claim: Booking, now: datetime) -> bool:
    """Whether the term can still be taken."""
    return claim.state == State.HELD and claim.expires_at is not None and now < claim.expires_at


def _lock(offer: UUID) -> Offer:
    """Lock the days of the booking and of the terms, then read the offer."""
    known = Offer.objects.get(pk=offer, kind=Offer.Kind.SUBSTITUTE)
    days = list(known.claims.values_list("date", flat=True).distinct())
    booking = lock_booking(known.booking_id, *days) if known.booking_id else None
    found = Offer.objects.get(pk=offer)
    found.booking = booking
    return found


def _booking(offer: Offer) -> Booking:
    assert offer.booking is not None  # noqa: S101  # offer_to_somebody
    return offer.booking


def _keep(
    booking: Booking, found: list[tuple[int, During]], office: Directory, now: datetime
) -> Offer:
    until = now + office.office.answer_within
    offer = Offer.objects.create(
        office_id=booking.office_id,
        kind=Offer.Kind.SUBSTITUTE,
        booking=booking,
        short_code=short_code(),
        created_at=now,
        expires_at=_last(until, (during.start for _, during in found)),
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
        for lane, during in found
    )
    return offer


def _last(until: datetime, starts: Iterable[datetime]) -> datetime:
    """The offer is over when the last of its terms is."""
    return min(until, max(starts) - LAST_WORD)


def _keep_until(offer: Offer, claims: list[Booking], until: datetime) -> None:
    if claims:
        offer.expires_at = max(offer.expires_at, _last(until, (c.starts_at for c in claims)))
    offer.save(update_fields=["expires_at", "escalated_at"])
    for claim in claims:
        claim.expires_at = min(offer.expires_at, claim.starts_at - LAST_WORD)
    Booking.objects.bulk_update(claims, ["expires_at"])


def _end_offer(offer: Offer, state: Offer.State, now: datetime) -> None:
    """Free all claims; one of them may be taken by the booking in the same transaction."""
    offer.state, offer.ended_at = state, now
    offer.save(update_fields=["state", "ended_at"])
    offer.claims.filter(state=State.HELD).update(state=State.EXPIRED, ended_at=now, expires_at=None)


def _take(booking: Booking, lane: int, during: During, now: datetime) -> None:
    if during.start <= now:
        raise TermNotOffered
    office = directory_by_id(booking.office_id)
    day = calendar.day_of(during.start, office.tz)
    booking.lane_id = lane
    booking.starts_at, booking.ends_at = during.start, during.end
    if booking.date != day or not booking.pin:
        booking.date = day
        booking.pin = draw_pin(booking)
    booking.state = State.CONFIRMED
    booking.confirmed_at = booking.confirmed_at or now
    booking.expires_at = booking.ended_at = booking.reminded_at = None
    booking.moved_at = now
    booking.cancel_reason = ""  # of the term that was taken back
    booking.sequence += 1
    booking.save()
    companions.carry(booking, now=now)


def _settle(
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

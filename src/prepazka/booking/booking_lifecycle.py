"""Use-cases of a booking: hold, request, confirm, move, cancel.

Each function is one transaction; `now` is an argument.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction

from prepazka.booking import colleague_claims, networks, slot_release, slot_search
from prepazka.booking.booking_links import random_short_code
from prepazka.booking.booking_locks import lock_booking, lock_days
from prepazka.booking.contacts import contact_hash
from prepazka.booking.diaries import official_of
from prepazka.booking.models import OPEN, Booking, BookingState, Channel
from prepazka.booking.refusals import (
    AlreadyArrived,
    BookingCancelled,
    BookingOver,
    CannotExtend,
    ConfirmationTooLate,
    HoldExpired,
    ModeNotOffered,
    PhoneNeeded,
    TooManyPersons,
)
from prepazka.booking.transitions import (
    CHANGED_BY_CONFIRMING,
    check_open_limit,
    check_unconfirmed_limit,
    confirm_with_pin,
    end_booking,
    is_cancelled,
    is_deadline_over,
    mark_served,
    move_to_claim,
    release_expired,
)
from prepazka.core import calendar, events
from prepazka.core.contact import Contact
from prepazka.core.hold_limits import FULL_LENGTH, Asker
from prepazka.journal import rows as written
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.offices.models import Mode, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

# WCAG 2.2, 2.2.1: a time limit can be extended at least ten times.
EXTENSIONS = 10
# How much longer in all a person can keep the time by asking for the message again.
KEPT_LONGER = timedelta(hours=1)
MAIL_LATE_MOST = timedelta(hours=2)  # how much longer when our own mail is late
# Fields that a corrected booking copies.
ANSWERS = (
    *("office_id", "service_id", "lane_id", "date", "starts_at", "ends_at", "persons", "channel"),
    *("mode", "language", "name", "email", "phone", "topic"),
    *("network", "network_56", "network_48", "crowds"),
)


@transaction.atomic
def hold_slot(
    *,
    office: OfficeSnapshot,
    service: Service,
    starts_at: datetime,
    now: datetime,
    persons: int = 1,
    channel: str = "web",
    language: str = "cs",
    request_key: UUID | None = None,
    official: Official | None = None,
    instead_of: UUID | None = None,
    mode: str | None = None,
    actor: int | None = None,
    asker: Asker | None = None,
) -> Booking:
    """Hold a slot for a person who is filling in the form; returns the held booking.

    Without an `official`, a service of officials is held with any that is free; without a `mode`,
    in the usual one. The hold `instead_of` is released in the same transaction. A repeated
    `request_key` returns the same booking. The `asker` may have a limited number of holds, the
    later ones for three minutes instead of ten; None is not limited.
    Raises SlotNotOffered, SlotTaken, TooManyPersons, TooManyHolds.
    """
    if persons > office.rules_of(service).max_persons:
        raise TooManyPersons(most=office.rules_of(service).max_persons)
    office_id, day = office.office_id, calendar.day_of(starts_at, office.tz)
    replaced_hold = (
        Booking.objects.filter(pk=instead_of, office=office.row).first() if instead_of else None
    )
    lock_days(office_id, [day, replaced_hold.date] if replaced_hold else [day])
    if request_key and (existing := _asked_before(office, request_key)):
        return existing
    if replaced_hold:
        release_hold(booking=replaced_hold.pk, now=now, actor=actor)
    release_expired(office=office_id, day=day, now=now)
    # Re-read under the lock: a disruption may have closed this time since the page was rendered.
    office = snapshot_by_id(office_id)
    service = office.services[service.pk]
    lasts = networks.limit_hold(office, asker, now=now)
    claim = slot_search.find_claim(
        office=office,
        service=service,
        starts_at=starts_at,
        persons=persons,
        channel=channel,
        now=now,
        official=official,
        mode=mode,
    )
    booking = Booking(
        office=office.row,
        service=service,
        lane_id=claim.lane,
        date=day,
        starts_at=claim.during.start,
        ends_at=claim.during.end,
        expires_at=now + lasts,
        persons=persons,
        channel=channel,
        mode=mode or service.usual_mode,
        language=language,
        request_key=request_key,
        created_at=now,
    )
    if asker:
        booking.network, booking.network_56, booking.network_48 = asker.keys
        booking.crowds = asker.crowd
    written.insert_row(booking)
    record(events.BookingHeld(office=office_id, booking=str(booking.pk), at=now, actor=actor))
    return booking


@transaction.atomic
def extend_hold(
    *, booking: UUID, now: datetime, actor: int | None = None, asker: Asker | None = None
) -> Booking:
    """Extend a hold by ten minutes from now, or by three if its network has many holds.

    Raises HoldExpired, CannotExtend.
    """
    locked = lock_booking(booking)
    _must_be_held(locked, now)
    if locked.extended >= EXTENSIONS:
        raise CannotExtend
    office = snapshot_by_id(locked.office_id)
    locked.extended += 1
    lasts = networks.limit_extension(locked, office, asker, now=now)
    locked.expires_at = max(locked.expires_at or now, now + lasts)
    locked.save(update_fields=["extended", "expires_at"])
    record(
        events.HoldExtended(office=locked.office_id, booking=str(locked.pk), at=now, actor=actor)
    )
    return locked


@transaction.atomic
def release_hold(
    *, booking: UUID, now: datetime, actor: int | None = None, requested: bool = False
) -> None:
    """End a hold at once; with `requested`, also a booking that is not confirmed yet.

    Does nothing in any other state.
    """
    locked = lock_booking(booking)
    states = {BookingState.HELD, BookingState.UNCONFIRMED} if requested else {BookingState.HELD}
    if locked.state in states:
        end_booking(locked, BookingState.EXPIRED, now)
        record(
            events.HoldReleased(
                office=locked.office_id, booking=str(locked.pk), at=now, actor=actor
            )
        )


def was_released(booking: Booking) -> bool:
    """Whether the hold was released before its end, by its holder or by staff."""
    return (
        booking.state == BookingState.EXPIRED
        and Event.objects.filter(
            office=booking.office_id,
            kind=events.HoldReleased.__name__,
            at__gte=booking.created_at,
            data__booking=str(booking.pk),
        ).exists()
    )


@transaction.atomic
def note_contact(
    *,
    booking: UUID,
    contact: Contact,
    now: datetime,
    topic: str = "",
) -> Booking:
    """Store the answers given so far with the hold, so that going back in the form keeps them.

    Works on an expired hold too, because the next hold copies the answers. Nothing is validated;
    a booking that has been requested is left as it is.
    """
    locked = lock_booking(booking)
    if locked.state in {BookingState.HELD, BookingState.EXPIRED} and not (
        locked.requested_at or locked.erased_at
    ):
        locked.contact, locked.topic = contact, topic
        locked.save(update_fields=["name", "email", "phone", "topic"])
    return locked


@transaction.atomic
def request_confirmation(
    *,
    booking: UUID,
    contact: Contact,
    now: datetime,
    actor: int | None = None,
    asker: Asker | None = None,
) -> Booking:
    """Request a held booking with the person's contact; it is then unconfirmed or confirmed.

    Bookings by staff, and those of agendas that ask for no click in a message, are confirmed at
    once; the `asker` may have a limited number of the latter an hour and a day. Does nothing if it
    was requested before.
    Raises HoldExpired, PhoneNeeded, TooManyBookings, TooManyUnconfirmed, TooManyHolds.
    """
    locked = lock_booking(booking)
    if locked.requested_at:
        return locked  # the form was sent twice
    _must_be_held(locked, now)
    if locked.mode == Mode.PHONE and not contact.phone:
        raise PhoneNeeded
    office = snapshot_by_id(locked.office_id)
    service = office.services[locked.service_id]
    rules = office.rules_of(service)
    locked.contact_hash = contact_hash(contact.key) if contact.key else ""
    if contact.key and Channel(locked.channel).is_public:
        check_open_limit(locked, service.agenda_id, limit=rules.max_open_per_contact, now=now)
        check_unconfirmed_limit(locked, limit=rules.max_open_per_contact, now=now)
    unclicked = not rules.confirm_min and Channel(locked.channel).is_public
    if unclicked:
        networks.limit_confirmed_without_click(locked, office, asker, now=now)
    locked.contact = contact
    locked.short_code = random_short_code() if contact.by_phone_only else None
    locked.requested_at = now
    if rules.confirm_min and Channel(locked.channel).is_public:
        locked.state = BookingState.UNCONFIRMED
        locked.expires_at = now + timedelta(minutes=rules.confirm_min)
        written.update_row(locked, CHANGED_BY_CONFIRMING)
        record(
            events.ConfirmationRequested(
                office=locked.office_id, booking=str(locked.pk), at=now, actor=actor
            )
        )
    else:
        confirm_with_pin(locked, now, actor, keep_network=unclicked)
    return locked


@transaction.atomic
def confirm_booking(*, booking: UUID, now: datetime) -> Booking:
    """Confirm a booking by the link in the message; it gets its PIN.

    A confirmed booking is returned as it is. Raises ConfirmationTooLate, BookingCancelled,
    HoldExpired, and TooManyBookings if the contact has reached its limit meanwhile.
    """
    locked = lock_booking(booking)
    if locked.confirmed_at and not is_cancelled(locked):
        return locked
    if is_cancelled(locked):
        raise BookingCancelled
    if locked.state == BookingState.HELD:
        raise HoldExpired
    if (
        locked.state != BookingState.UNCONFIRMED
        or is_deadline_over(locked, now)
        or locked.starts_at <= now
    ):
        raise ConfirmationTooLate
    if locked.contact_hash and Channel(locked.channel).is_public:
        service = snapshot_by_id(locked.office_id).services[locked.service_id]
        limit = snapshot_by_id(locked.office_id).rules_of(service).max_open_per_contact
        check_open_limit(locked, service.agenda_id, limit=limit, now=now)
    confirm_with_pin(locked, now)
    return locked


@transaction.atomic
def ask_again_to_confirm(*, booking: UUID, now: datetime) -> Booking:
    """Send the confirmation message again and restart the deadline.

    The deadline moves by an hour at most in all, so that nobody keeps a slot by asking. Raises
    ConfirmationTooLate.
    """
    locked = lock_booking(booking)
    _must_be_unconfirmed(locked, now)
    assert locked.expires_at  # noqa: S101  # an unconfirmed booking has one, by constraint
    assert locked.requested_at  # noqa: S101  # and this, since it was requested
    office = snapshot_by_id(locked.office_id)
    allowed = timedelta(minutes=office.rules_of(office.services[locked.service_id]).confirm_min)
    latest = locked.requested_at + allowed + KEPT_LONGER
    locked.expires_at = max(locked.expires_at, min(now + allowed, latest))
    locked.save(update_fields=["expires_at"])
    record(events.ConfirmationRequested(office=locked.office_id, booking=str(locked.pk), at=now))
    return locked


@transaction.atomic
def correct_request(*, booking: UUID, now: datetime) -> Booking:
    """Replace an unconfirmed booking by a new hold with the same answers, to correct them.

    A mistyped address may belong to somebody else, so the links sent there must not open the new
    booking. A repeated call returns the same hold. Raises ConfirmationTooLate.
    """
    locked = lock_booking(booking)
    if existing := replacement_of(locked):
        return existing
    _must_be_unconfirmed(locked, now)
    answers = {name: getattr(locked, name) for name in ANSWERS}
    end_booking(locked, BookingState.EXPIRED, now)
    record(events.HoldReleased(office=locked.office_id, booking=str(locked.pk), at=now))
    corrected = Booking(
        **answers,
        expires_at=now + FULL_LENGTH,
        request_key=_key_of_correction(locked),
        created_at=now,
    )
    written.insert_row(corrected)
    record(events.BookingHeld(office=locked.office_id, booking=str(corrected.pk), at=now))
    return corrected


def replacement_of(booking: Booking) -> Booking | None:
    """The booking that replaced this one by `correct_request`, if any."""
    key = _key_of_correction(booking)
    return Booking.objects.filter(office=booking.office_id, request_key=key).first()


def _key_of_correction(booking: Booking) -> UUID:
    return uuid5(booking.pk, "corrected")


@transaction.atomic
def restart_deadline_for_mail(*, booking: UUID, now: datetime) -> None:
    """Restart the deadline of an unconfirmed booking, because our own mail was late.

    It moves by `MAIL_LATE_MOST` at most, so that a mail server that never answers keeps no slot for
    days.
    """
    locked = lock_booking(booking)
    if locked.state != BookingState.UNCONFIRMED or is_deadline_over(locked, now):
        return
    office = snapshot_by_id(locked.office_id)
    rules = office.rules_of(office.services[locked.service_id])
    allowed = timedelta(minutes=rules.confirm_min)
    assert locked.expires_at  # noqa: S101  # an unconfirmed booking has one, by constraint
    assert locked.requested_at  # noqa: S101  # and this, since it was requested
    latest = locked.requested_at + allowed + MAIL_LATE_MOST
    locked.expires_at = max(locked.expires_at, min(now + allowed, latest))
    locked.save(update_fields=["expires_at"])


@transaction.atomic
def move_booking(
    *,
    booking: UUID,
    starts_at: datetime,
    now: datetime,
    by_office: bool = False,
    actor: int | None = None,
) -> Booking:
    """Move a booking to another slot of the same service and official.

    A booking that is already there is returned as it is. Raises SlotNotOffered, SlotTaken,
    BookingOver, AlreadyArrived, BookingCancelled.
    """
    office = snapshot_by_id(Booking.objects.only("office_id").get(pk=booking).office_id)
    day = calendar.day_of(starts_at, office.tz)
    locked = lock_booking(booking, day)
    if locked.starts_at == starts_at and locked.state in OPEN:
        return locked
    _must_be_changeable(locked, now)
    office = snapshot_by_id(locked.office_id)
    release_expired(office=locked.office_id, day=day, now=now)
    claim = slot_search.find_claim(
        office=office,
        service=office.services[locked.service_id],
        starts_at=starts_at,
        persons=locked.persons,
        channel=locked.channel,
        now=now,
        besides=locked.pk,
        official=official_of(office, locked),
        mode=locked.mode,
    )
    move_to_claim(locked, claim, day, now=now, by="office" if by_office else "citizen", actor=actor)
    return locked


@transaction.atomic
def change_mode(
    *,
    booking: UUID,
    mode: str,
    now: datetime,
    phone: str = "",
    by_office: bool = False,
    actor: int | None = None,
) -> Booking:
    """Change the mode of a booking at the same time; it keeps its PIN.

    A booking in that mode is returned as it is. Raises ModeNotOffered, PhoneNeeded, BookingOver,
    AlreadyArrived, BookingCancelled.
    """
    locked = lock_booking(booking)
    if locked.mode == mode and locked.state in OPEN:
        return locked
    _must_be_changeable(locked, now)
    if not slot_search.allows_mode(snapshot_by_id(locked.office_id), locked, mode):
        raise ModeNotOffered
    locked.phone = phone or locked.phone
    if mode == Mode.PHONE and not locked.phone:
        raise PhoneNeeded
    colleague_claims.remove_colleagues(locked, now=now)  # only video meetings have companions
    locked.mode = mode
    locked.sequence += 1
    locked.save(update_fields=["mode", "phone", "sequence"])
    record(
        events.BookingModeChanged(
            office=locked.office_id,
            booking=str(locked.pk),
            at=now,
            actor=actor,
            by="office" if by_office else "citizen",
        )
    )
    return locked


@transaction.atomic
def mark_served_remotely(*, booking: UUID, now: datetime, actor: int | None = None) -> Booking:
    """Mark a video meeting or a call as served. Does nothing in any other mode or state."""
    locked = lock_booking(booking)
    if locked.mode != Mode.PERSON and locked.state in {
        BookingState.CONFIRMED,
        BookingState.ARRIVED,
    }:
        mark_served(locked, now, actor)
    return locked


@transaction.atomic
def cancel_booking(
    *,
    booking: UUID,
    now: datetime,
    by_office: bool = False,
    actor: int | None = None,
    reason: str = "",
) -> Booking:
    """Cancel a booking and free its time: at once for the waiting list, later for the public.

    The person reads the `reason` in the message and on the page of the booking. A cancelled booking
    is returned as it is. Raises BookingOver, AlreadyArrived.
    """
    locked = lock_booking(booking)
    if is_cancelled(locked):
        return locked
    _must_be_changeable(locked, now)
    locked.sequence += 1
    if reason:
        locked.cancel_reason = reason
        locked.save(update_fields=["cancel_reason"])
    end_booking(
        locked,
        BookingState.CANCELLED_BY_OFFICE if by_office else BookingState.CANCELLED_BY_CITIZEN,
        now,
    )
    slot_release.delay_return(slot_release.Freed.of(locked), now=now)
    record(
        events.BookingCancelled(
            office=locked.office_id,
            booking=str(locked.pk),
            at=now,
            actor=actor,
            by="office" if by_office else "citizen",
        )
    )
    return locked


def _asked_before(office: OfficeSnapshot, request_key: UUID) -> Booking | None:
    return Booking.objects.filter(office=office.row, request_key=request_key).first()


def _must_be_held(booking: Booking, now: datetime) -> None:
    if booking.state != BookingState.HELD or is_deadline_over(booking, now):
        raise HoldExpired


def _must_be_unconfirmed(booking: Booking, now: datetime) -> None:
    if (
        booking.state != BookingState.UNCONFIRMED
        or is_deadline_over(booking, now)
        or booking.starts_at <= now
    ):
        raise ConfirmationTooLate


def _must_be_changeable(booking: Booking, now: datetime) -> None:
    if is_cancelled(booking):
        raise BookingCancelled
    if booking.state in {BookingState.ARRIVED, BookingState.SERVED}:
        raise AlreadyArrived
    if booking.state not in OPEN or booking.starts_at <= now:
        raise BookingOver
    if booking.state == BookingState.UNCONFIRMED and is_deadline_over(booking, now):
        raise ConfirmationTooLate

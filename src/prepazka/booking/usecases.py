"""What may be done with a term. Each function is one transaction and reads no clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction

from prepazka.booking import companions, networks, returns, terms
from prepazka.booking.contacts import contact_hash, contact_of
from prepazka.booking.diaries import official_of
from prepazka.booking.links import short_code
from prepazka.booking.locks import lock_booking, lock_days
from prepazka.booking.models import OPEN, Booking, State
from prepazka.booking.parts import (
    CHANGED_BY_CONFIRMING,
    confirm,
    end,
    is_cancelled,
    limit_open,
    limit_unconfirmed,
    put,
    ran_out,
    release_expired,
    serve,
)
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
from prepazka.core import calendar, events
from prepazka.core.hold_limits import FULL_LENGTH, Asker
from prepazka.journal import rows as written
from prepazka.journal.record import record
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Mode, Official, Service

# WCAG 2.2, 2.2.1: a time limit can be extended at least ten times.
EXTENSIONS = 10
# By how much a person who asks for the message again can move the deadline, in all.
KEPT_LONGER = timedelta(hours=1)
MAIL_LATE_MOST = timedelta(hours=2)  # so much of our delay does not cost the person the term
# What a corrected booking takes over.
ANSWERS = (
    *("office_id", "service_id", "lane_id", "date", "starts_at", "ends_at", "persons", "channel"),
    *("mode", "language", "name", "email", "phone", "topic"),
    *("network", "network_56", "network_48", "crowds"),
)


@transaction.atomic
def hold_term(
    *,
    office: Directory,
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
    """Keep a term for somebody who is still filling in the form.

    A service of officials is held with the one named, else with whoever is free; without a `mode`
    it is the usual one of the service. The hold that
    this one is `instead_of` is given back in the same step. Asked again with the same
    `request_key`, it answers with the same booking. The `asker` has only so many at a time, and
    the later ones for three minutes instead of ten; None is not limited.
    Raises TermNotOffered, TermTaken, TooManyPersons, TooManyHolds.
    """
    if persons > office.rules_of(service).max_persons:
        raise TooManyPersons(most=office.rules_of(service).max_persons)
    day = calendar.day_of(starts_at, office.tz)
    old = (
        Booking.objects.filter(pk=instead_of, office=office.office).first() if instead_of else None
    )
    lock_days(office.office.pk, [day, old.date] if old else [day])
    if request_key and (known := _asked_before(office, request_key)):
        return known
    if old:
        release_hold(booking=old.pk, now=now, actor=actor)
    release_expired(office=office.office.pk, day=day, now=now)
    # Somebody may have taken the time back since the page was read; that waits for no load.
    office = directory_by_id(office.office.pk)
    service = office.services[service.pk]
    lasts = networks.limit_hold(office, asker, now=now)
    claim = terms.find(
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
        office=office.office,
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
    written.insert(booking)
    record(
        events.BookingHeld(office=office.office.pk, booking=str(booking.pk), at=now, actor=actor)
    )
    return booking


@transaction.atomic
def extend_hold(
    *, booking: UUID, now: datetime, actor: int | None = None, asker: Asker | None = None
) -> Booking:
    """Give the person as long again for the form: ten minutes, or three where a network keeps many.

    Raises HoldExpired, CannotExtend.
    """
    found = lock_booking(booking)
    _must_be_held(found, now)
    if found.extended >= EXTENSIONS:
        raise CannotExtend
    office = directory_by_id(found.office_id)
    found.extended += 1
    lasts = networks.limit_extension(found, office, asker, now=now)
    found.expires_at = max(found.expires_at or now, now + lasts)
    found.save(update_fields=["extended", "expires_at"])
    record(events.HoldExtended(office=found.office_id, booking=str(found.pk), at=now, actor=actor))
    return found


@transaction.atomic
def release_hold(*, booking: UUID, now: datetime, actor: int | None = None) -> None:
    """Give a held term back at once; one that is no longer a hold is left as it is."""
    found = lock_booking(booking)
    if found.state == State.HELD:
        end(found, State.EXPIRED, now)
        record(
            events.HoldReleased(office=found.office_id, booking=str(found.pk), at=now, actor=actor)
        )


@transaction.atomic
def note_contact(
    *,
    booking: UUID,
    name: str,
    email: str,
    now: datetime,
    phone: str = "",
    topic: str = "",
) -> Booking:
    """Keep with the hold what the person has filled in so far, so that no way back loses it.

    It is allowed after the hold has run out too, because the next hold takes the answers over;
    nothing is checked, and nothing is written to what is no longer a hold.
    """
    found = lock_booking(booking)
    if found.state in {State.HELD, State.EXPIRED} and not (found.requested_at or found.erased_at):
        found.name, found.email, found.phone, found.topic = name, email, phone, topic
        found.save(update_fields=["name", "email", "phone", "topic"])
    return found


@transaction.atomic
def request_confirmation(
    *,
    booking: UUID,
    name: str,
    email: str,
    now: datetime,
    phone: str = "",
    actor: int | None = None,
    asker: Asker | None = None,
) -> Booking:
    """Take the contact; the booking then waits for the click in the mail, if its rules ask.

    Bookings taken by staff, and those of agendas that ask no click, are confirmed at once; of the
    latter the `asker` may have only so many an hour and a day.
    Raises HoldExpired, PhoneNeeded, TooManyBookings, TooManyUnconfirmed, TooManyHolds.
    """
    found = lock_booking(booking)
    if found.requested_at:
        return found  # pressed twice
    _must_be_held(found, now)
    if found.mode == Mode.PHONE and not phone:
        raise PhoneNeeded
    office = directory_by_id(found.office_id)
    service = office.services[found.service_id]
    rules = office.rules_of(service)
    contact = contact_of(email, phone)
    found.contact_hash = contact_hash(contact) if contact else ""
    if contact and found.channel in {"web", "api"}:
        limit_open(found, service.agenda_id, most=rules.max_open_per_contact, now=now)
        limit_unconfirmed(found, most=rules.max_open_per_contact, now=now)
    unclicked = not rules.confirm_min and found.channel in {"web", "api"}
    if unclicked:
        networks.limit_unclicked(found, office, asker, now=now)
    found.name, found.email, found.phone = name, email, phone
    found.short_code = short_code() if phone and not email else None
    found.requested_at = now
    if rules.confirm_min and found.channel in {"web", "api"}:
        found.state = State.UNCONFIRMED
        found.expires_at = now + timedelta(minutes=rules.confirm_min)
        written.update(found, CHANGED_BY_CONFIRMING)
        record(
            events.ConfirmationRequested(
                office=found.office_id, booking=str(found.pk), at=now, actor=actor
            )
        )
    else:
        confirm(found, now, actor, keep_network=unclicked)
    return found


@transaction.atomic
def confirm_booking(*, booking: UUID, now: datetime) -> Booking:
    """Confirm by the link in the mail: the booking gets its PIN.

    Of several unconfirmed bookings of a contact only as many can be confirmed as it may have.
    Repeated, it answers with the same booking and PIN. Raises ConfirmationTooLate,
    BookingCancelled, HoldExpired, TooManyBookings.
    """
    found = lock_booking(booking)
    if found.confirmed_at and not is_cancelled(found):
        return found
    if is_cancelled(found):
        raise BookingCancelled
    if found.state == State.HELD:
        raise HoldExpired
    if found.state != State.UNCONFIRMED or ran_out(found, now) or found.starts_at <= now:
        raise ConfirmationTooLate
    if found.contact_hash and found.channel in {"web", "api"}:
        service = directory_by_id(found.office_id).services[found.service_id]
        most = directory_by_id(found.office_id).rules_of(service).max_open_per_contact
        limit_open(found, service.agenda_id, most=most, now=now)
    confirm(found, now)
    return found


@transaction.atomic
def ask_again_to_confirm(*, booking: UUID, now: datetime) -> Booking:
    """Send the message with the link once more, and start the deadline anew.

    The deadline never lies later than an hour after it would have been at first, so nobody keeps a
    slot by asking. Raises ConfirmationTooLate.
    """
    found = lock_booking(booking)
    _must_be_unconfirmed(found, now)
    assert found.expires_at  # noqa: S101  # an unconfirmed booking has one, by constraint
    assert found.requested_at  # noqa: S101  # and this, since it was requested
    office = directory_by_id(found.office_id)
    allowed = timedelta(minutes=office.rules_of(office.services[found.service_id]).confirm_min)
    latest = found.requested_at + allowed + KEPT_LONGER
    found.expires_at = max(found.expires_at, min(now + allowed, latest))
    found.save(update_fields=["expires_at"])
    record(events.ConfirmationRequested(office=found.office_id, booking=str(found.pk), at=now))
    return found


@transaction.atomic
def correct_request(*, booking: UUID, now: datetime) -> Booking:
    """Give the slot of an unconfirmed booking to a new hold with the same answers.

    A mistyped address belongs to somebody else: the links sent there open nothing of the new
    booking. Repeated, it answers with the same hold. Raises ConfirmationTooLate.
    """
    found = lock_booking(booking)
    if existing := correction_of(found):
        return existing
    _must_be_unconfirmed(found, now)
    answers = {name: getattr(found, name) for name in ANSWERS}
    end(found, State.EXPIRED, now)
    record(events.HoldReleased(office=found.office_id, booking=str(found.pk), at=now))
    corrected = Booking(
        **answers,
        expires_at=now + FULL_LENGTH,
        request_key=_key_of_correction(found),
        created_at=now,
    )
    written.insert(corrected)
    record(events.BookingHeld(office=found.office_id, booking=str(corrected.pk), at=now))
    return corrected


def correction_of(booking: Booking) -> Booking | None:
    """The booking that has taken the slot of this one over, if its request was corrected."""
    key = _key_of_correction(booking)
    return Booking.objects.filter(office=booking.office_id, request_key=key).first()


def _key_of_correction(booking: Booking) -> UUID:
    return uuid5(booking.pk, "corrected")


@transaction.atomic
def wait_for_mail(*, booking: UUID, now: datetime) -> None:
    """Start the deadline of an unconfirmed booking anew, because our own mail was late.

    At most so far as `MAIL_LATE_MOST` allows, so a server that never answers keeps no term for days.
    """
    found = lock_booking(booking)
    if found.state != State.UNCONFIRMED or ran_out(found, now):
        return
    office = directory_by_id(found.office_id)
    rules = office.rules_of(office.services[found.service_id])
    allowed = timedelta(minutes=rules.confirm_min)
    assert found.expires_at  # noqa: S101  # an unconfirmed booking has one, by constraint
    assert found.requested_at  # noqa: S101  # and this, since it was requested
    latest = found.requested_at + allowed + MAIL_LATE_MOST
    found.expires_at = max(found.expires_at, min(now + allowed, latest))
    found.save(update_fields=["expires_at"])


@transaction.atomic
def move_booking(
    *,
    booking: UUID,
    starts_at: datetime,
    now: datetime,
    by_office: bool = False,
    actor: int | None = None,
) -> Booking:
    """Move a booking to another term of the same service and official, in one step.

    Moving to where it already is answers with the booking as it is. Raises TermNotOffered,
    TermTaken, BookingOver, AlreadyArrived, BookingCancelled.
    """
    office = directory_by_id(Booking.objects.only("office_id").get(pk=booking).office_id)
    day = calendar.day_of(starts_at, office.tz)
    found = lock_booking(booking, day)
    if found.starts_at == starts_at and found.state in OPEN:
        return found
    _must_be_changeable(found, now)
    office = directory_by_id(found.office_id)
    release_expired(office=found.office_id, day=day, now=now)
    claim = terms.find(
        office=office,
        service=office.services[found.service_id],
        starts_at=starts_at,
        persons=found.persons,
        channel=found.channel,
        now=now,
        besides=found.pk,
        official=official_of(office, found),
        mode=found.mode,
    )
    put(found, claim, day, now=now, by="office" if by_office else "citizen", actor=actor)
    return found


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
    """Let the booking keep its term and be in another mode; the PIN stays for a visit in person.

    Asked for the mode that it has, it answers with the booking as it is. Raises ModeNotOffered,
    PhoneNeeded, BookingOver, AlreadyArrived, BookingCancelled.
    """
    found = lock_booking(booking)
    if found.mode == mode and found.state in OPEN:
        return found
    _must_be_changeable(found, now)
    if not terms.allows(directory_by_id(found.office_id), found, mode):
        raise ModeNotOffered
    found.phone = phone or found.phone
    if mode == Mode.PHONE and not found.phone:
        raise PhoneNeeded
    companions.free(found, now=now)  # colleagues come to a meeting by video only
    found.mode = mode
    found.sequence += 1
    found.save(update_fields=["mode", "phone", "sequence"])
    record(
        events.BookingModeChanged(
            office=found.office_id,
            booking=str(found.pk),
            at=now,
            actor=actor,
            by="office" if by_office else "citizen",
        )
    )
    return found


@transaction.atomic
def serve_remotely(*, booking: UUID, now: datetime, actor: int | None = None) -> Booking:
    """The meeting or the call has taken place. Repeated, or too late, it changes nothing."""
    found = lock_booking(booking)
    if found.mode != Mode.PERSON and found.state in {State.CONFIRMED, State.ARRIVED}:
        serve(found, now, actor)
    return found


@transaction.atomic
def cancel_booking(
    *,
    booking: UUID,
    now: datetime,
    by_office: bool = False,
    actor: int | None = None,
    reason: str = "",
) -> Booking:
    """Cancel, which frees the term at once. Repeated, it answers with the same booking.

    The client reads the `reason` in the message and on the page of the booking. Raises BookingOver, AlreadyArrived.
    """
    found = lock_booking(booking)
    if is_cancelled(found):
        return found
    _must_be_changeable(found, now)
    found.sequence += 1
    if reason:
        found.cancel_reason = reason
        found.save(update_fields=["cancel_reason"])
    end(
        found,
        State.CANCELLED_BY_OFFICE if by_office else State.CANCELLED_BY_CITIZEN,
        now,
    )
    returns.give_back(returns.Freed.of(found), now=now)
    record(
        events.BookingCancelled(
            office=found.office_id,
            booking=str(found.pk),
            at=now,
            actor=actor,
            by="office" if by_office else "citizen",
        )
    )
    return found


def _asked_before(office: Directory, request_key: UUID) -> Booking | None:
    return Booking.objects.filter(office=office.office, request_key=request_key).first()


def _must_be_held(booking: Booking, now: datetime) -> None:
    if booking.state != State.HELD or ran_out(booking, now):
        raise HoldExpired


def _must_be_unconfirmed(booking: Booking, now: datetime) -> None:
    if booking.state != State.UNCONFIRMED or ran_out(booking, now) or booking.starts_at <= now:
        raise ConfirmationTooLate


def _must_be_changeable(booking: Booking, now: datetime) -> None:
    if is_cancelled(booking):
        raise BookingCancelled
    if booking.state in {State.ARRIVED, State.SERVED}:
        raise AlreadyArrived
    if booking.state not in OPEN or booking.starts_at <= now:
        raise BookingOver
    if booking.state == State.UNCONFIRMED and ran_out(booking, now):
        raise ConfirmationTooLate

"""What may be done with a term. Each function is one transaction and reads no clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import SystemRandom
from typing import Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from prepazka.booking import companions, returns, terms
from prepazka.booking.contacts import contact_hash, contact_of
from prepazka.booking.diaries import official_of
from prepazka.booking.links import short_code
from prepazka.booking.locks import lock_booking, lock_contact, lock_days
from prepazka.booking.models import EXPIRING, OPEN, Booking, State
from prepazka.booking.refusals import (
    AlreadyArrived,
    BookingCancelled,
    BookingOver,
    CannotExtend,
    ConfirmationTooLate,
    HoldExpired,
    ModeNotOffered,
    PhoneNeeded,
    TooManyBookings,
    TooManyPersons,
)
from prepazka.core import calendar, events, pins
from prepazka.journal import rows as written
from prepazka.journal.record import record
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Mode, Office, Official, Service

HOLD_LASTS = timedelta(minutes=10)
# WCAG 2.2, 2.2.1: a time limit can be extended at least ten times.
EXTENSIONS = 10
PINS_TRIED = 8
CHANGED_BY_CONFIRMING = (
    "state",
    "confirmed_at",
    "requested_at",
    "expires_at",
    "pin",
    "name",
    "email",
    "phone",
    "contact_hash",
    "short_code",
)
NO_REMINDER_WITHIN = timedelta(hours=30)
SOON, NO_SECOND_REMINDER_WITHIN = timedelta(hours=2), timedelta(hours=6)
NOTHING = (State.EXPIRED, State.CANCELLED_BY_CITIZEN, State.CANCELLED_BY_OFFICE)


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
) -> Booking:
    """Keep a term for somebody who is still filling in the form.

    A service of officials is held with the one named, else with whoever is free; without a `mode`
    it is the usual one of the service. The hold that
    this one is `instead_of` is given back in the same step. Asked again with the same
    `request_key`, it answers with the same booking.
    Raises TermNotOffered, TermTaken, TooManyPersons.
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
        expires_at=now + HOLD_LASTS,
        persons=persons,
        channel=channel,
        mode=mode or service.usual_mode,
        language=language,
        request_key=request_key,
        created_at=now,
    )
    written.insert(booking)
    record(
        events.BookingHeld(office=office.office.pk, booking=str(booking.pk), at=now, actor=actor)
    )
    return booking


@transaction.atomic
def extend_hold(*, booking: UUID, now: datetime, actor: int | None = None) -> Booking:
    """Give the person ten more minutes for the form. Raises HoldExpired, CannotExtend."""
    found = lock_booking(booking)
    _must_be_held(found, now)
    if found.extended >= EXTENSIONS:
        raise CannotExtend
    found.extended += 1
    found.expires_at = now + HOLD_LASTS
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
    *, booking: UUID, name: str, email: str, now: datetime, phone: str = ""
) -> Booking:
    """Keep with the hold what the person has filled in so far, so that no way back loses it.

    It is allowed after the hold has run out too, because the next hold takes the answers over;
    nothing is checked, and nothing is written to what is no longer a hold.
    """
    found = lock_booking(booking)
    if found.state in {State.HELD, State.EXPIRED} and not (found.requested_at or found.erased_at):
        found.name, found.email, found.phone = name, email, phone
        found.save(update_fields=["name", "email", "phone"])
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
) -> Booking:
    """Take the contact; the booking then waits for the click in the mail, if its rules ask.

    Bookings taken by staff, and those of agendas that ask no click, are confirmed at once.
    Raises HoldExpired, PhoneNeeded, TooManyBookings.
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
        confirm(found, now, actor)
    return found


@transaction.atomic
def confirm_booking(*, booking: UUID, now: datetime) -> Booking:
    """Confirm by the link in the mail: the booking gets its PIN.

    Repeated, it answers with the same booking and PIN. Raises ConfirmationTooLate,
    BookingCancelled, HoldExpired.
    """
    found = lock_booking(booking)
    if found.confirmed_at and not is_cancelled(found):
        return found
    if is_cancelled(found):
        raise BookingCancelled
    if found.state == State.HELD:
        raise HoldExpired
    if found.state != State.UNCONFIRMED or _ran_out(found, now) or found.starts_at <= now:
        raise ConfirmationTooLate
    confirm(found, now)
    return found


@transaction.atomic
def wait_for_mail(*, booking: UUID, now: datetime) -> None:
    """Start the deadline of an unconfirmed booking anew, because our own mail was late."""
    found = lock_booking(booking)
    if found.state != State.UNCONFIRMED or _ran_out(found, now):
        return
    office = directory_by_id(found.office_id)
    rules = office.rules_of(office.services[found.service_id])
    found.expires_at = now + timedelta(minutes=rules.confirm_min)
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


def put(
    booking: Booking,
    claim: terms.Claim,
    day: date,
    *,
    now: datetime,
    by: Literal["citizen", "office"],
    actor: int | None = None,
) -> None:
    """Let the booking have another claim; the caller has locked both days and looked."""
    left = returns.Freed.of(booking)
    booking.lane_id = claim.lane
    booking.starts_at, booking.ends_at = claim.during.start, claim.during.end
    if booking.date != day:
        booking.date = day
        if booking.pin:
            booking.pin = draw_pin(booking)
    booking.moved_at = now
    booking.sequence += 1
    booking.reminded_at = None
    booking.save()
    companions.carry(booking, now=now)
    if not left.overlaps(booking):
        returns.give_back(left, now=now)
    record(
        events.BookingMoved(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor, by=by
        )
    )


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
        _serve(found, now, actor)
    return found


def _serve(booking: Booking, now: datetime, actor: int | None = None) -> None:
    booking.state, booking.served_at = State.SERVED, now
    booking.save(update_fields=["state", "served_at"])
    ids = {"office": booking.office_id, "booking": str(booking.pk)}
    record(events.BookingServed(at=now, actor=actor, **ids))  # type: ignore[arg-type]


@transaction.atomic
def cancel_booking(
    *, booking: UUID, now: datetime, by_office: bool = False, actor: int | None = None
) -> Booking:
    """Cancel, which frees the term at once. Repeated, it answers with the same booking.

    Raises BookingOver, AlreadyArrived.
    """
    found = lock_booking(booking)
    if is_cancelled(found):
        return found
    _must_be_changeable(found, now)
    found.sequence += 1
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


@transaction.atomic
def mark_no_shows(*, office: Directory, day: date, now: datetime) -> int:
    """End the bookings of that day whose late time has passed; their capacity is free again.

    Who has entered the room of a meeting by video counts as arrived. It is the office that
    telephones, so nobody can miss a call. Returns how many there were.
    """
    lock_days(office.office.pk, [day])
    ended = 0
    rows = Booking.objects.filter(office=office.office, date=day, state=State.CONFIRMED)
    for booking in rows:
        grace = timedelta(minutes=office.rules_of(office.services[booking.service_id]).late_min)
        if booking.ends_at + grace <= now and booking.mode == Mode.PHONE:
            _serve(booking, now)
        elif booking.ends_at + grace <= now:
            end(booking, State.NO_SHOW, now)
            record(events.BookingNoShow(office=office.office.pk, booking=str(booking.pk), at=now))
            ended += 1
    return ended


@transaction.atomic
def expire_day(*, office: int, day: date, now: datetime) -> int:
    """Tidy the expired holds of a day; nothing waits for this, it only keeps the rows honest."""
    lock_days(office, [day])
    return release_expired(office=office, day=day, now=now)


@transaction.atomic
def remind_due(*, booking: UUID, now: datetime) -> None:
    """Ask for the reminder of a booking, once; those made less than a day ahead need none."""
    found = lock_booking(booking)
    if found.state != State.CONFIRMED or found.reminded_at or found.starts_at <= now:
        return
    found.reminded_at = now
    found.save(update_fields=["reminded_at"])
    if found.starts_at - _known_since(found) > NO_REMINDER_WITHIN:
        record(events.ReminderDue(office=found.office_id, booking=str(found.pk), at=now))


@transaction.atomic
def remind_soon(*, booking: UUID, now: datetime) -> None:
    """Ask for the reminder two hours before, once; those made the same morning need none."""
    found = lock_booking(booking)
    opens = found.starts_at - SOON
    if found.state != State.CONFIRMED or not opens <= now < found.starts_at:
        return
    if found.reminded_at and found.reminded_at >= opens:
        return
    found.reminded_at = now
    found.save(update_fields=["reminded_at"])
    if found.starts_at - _known_since(found) > NO_SECOND_REMINDER_WITHIN:
        record(events.SoonReminderDue(office=found.office_id, booking=str(found.pk), at=now))


def _known_since(booking: Booking) -> datetime:
    return booking.moved_at or booking.confirmed_at or booking.created_at


@transaction.atomic
def erase_personal_data(*, office: Office, now: datetime) -> int:
    """Erase name, contact and PIN of visits long over and of bookings that came to nothing.

    The retention of the office counts from the visit; cancelled and expired ones keep a day.
    Returns how many bookings were erased.
    """
    over = Q(ends_at__lt=now - timedelta(days=office.retention_days))
    came_to_nothing = Q(state__in=NOTHING, ended_at__lt=now - timedelta(days=1))
    rows = Booking.objects.filter(over | came_to_nothing, office=office, erased_at=None)
    erased = rows.update(
        name="", email="", phone="", contact_hash="", pin="", short_code=None, erased_at=now
    )
    if erased:
        record(events.PersonalDataErased(office=office.pk, bookings=erased, at=now))
    return erased


def release_expired(*, office: int, day: date, now: datetime) -> int:
    """End the expired holds of a day that the caller has locked, so that the net lets go too.

    A term that nobody confirmed comes back as a cancelled one does.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH due AS (SELECT id, expires_at FROM booking_booking"
            " WHERE office_id = %s AND date = %s AND state IN (%s, %s) AND expires_at <= %s)"
            " UPDATE booking_booking b SET state = %s, ended_at = %s, expires_at = NULL"
            " FROM due WHERE b.id = due.id"
            " RETURNING b.id, due.expires_at, b.requested_at IS NOT NULL OR b.offer_id IS NOT NULL",
            [office, day, *EXPIRING, now, State.EXPIRED, now],
        )
        expired = cursor.fetchall()
    companions.free_all([pk for pk, *_ in expired], now=now)
    for pk, at, was_asked in expired:
        if was_asked:
            returns.give_back(returns.Freed.of(Booking.objects.get(pk=pk)), now=now, since=at)
        record(events.BookingExpired(office=office, booking=str(pk), at=now))
    return len(expired)


def _asked_before(office: Directory, request_key: UUID) -> Booking | None:
    return Booking.objects.filter(office=office.office, request_key=request_key).first()


def is_cancelled(booking: Booking) -> bool:
    """Whether somebody cancelled it."""
    return booking.state in {State.CANCELLED_BY_CITIZEN, State.CANCELLED_BY_OFFICE}


def _ran_out(booking: Booking, now: datetime) -> bool:
    return booking.expires_at is not None and booking.expires_at <= now


def _must_be_held(booking: Booking, now: datetime) -> None:
    if booking.state != State.HELD or _ran_out(booking, now):
        raise HoldExpired


def _must_be_changeable(booking: Booking, now: datetime) -> None:
    if is_cancelled(booking):
        raise BookingCancelled
    if booking.state in {State.ARRIVED, State.SERVED}:
        raise AlreadyArrived
    if booking.state not in OPEN or booking.starts_at <= now:
        raise BookingOver
    if booking.state == State.UNCONFIRMED and _ran_out(booking, now):
        raise ConfirmationTooLate


def limit_open(booking: Booking, agenda: int, *, most: int, now: datetime) -> None:
    """Lock the contact and count its open bookings of the agenda. Raises TooManyBookings."""
    limit_open_of(booking.contact_hash, booking.office_id, agenda, most=most, now=now)


def limit_open_of(key: str, office: int, agenda: int, *, most: int, now: datetime) -> None:
    """The same of a contact's hash alone."""
    lock_contact(key)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM booking_booking b JOIN offices_service s ON s.id = b.service_id"
            " WHERE b.office_id = %s AND b.contact_hash = %s AND s.agenda_id = %s"
            " AND b.ends_at > %s AND (b.state = 'confirmed'"
            " OR (b.state = 'unconfirmed' AND b.expires_at > %s))",
            [office, key, agenda, now, now],
        )
        if cursor.fetchone()[0] >= most:
            raise TooManyBookings


def confirm(booking: Booking, now: datetime, actor: int | None = None) -> None:
    """Let the booking be confirmed, with its PIN; the caller has locked its day and looked."""
    booking.state = State.CONFIRMED
    booking.confirmed_at = now
    booking.expires_at = None
    booking.pin = draw_pin(booking)
    written.update(booking, CHANGED_BY_CONFIRMING)
    record(
        events.BookingConfirmed(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor
        )
    )


def draw_pin(booking: Booking) -> str:
    """A PIN free on the booking's day, and not in use on any other open day if possible.

    A few drawn at random are looked up; only where all are in use are all of them read.
    """
    tried = {pins.draw((), (), SystemRandom()) for _ in range(PINS_TRIED)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pin FROM booking_booking WHERE office_id = %s AND pin = ANY(%s)"
            " AND (date = %s OR state IN ('unconfirmed', 'confirmed'))",
            [booking.office_id, list(tried), booking.date],
        )
        if free := tried - {pin for (pin,) in cursor.fetchall()}:
            return free.pop()
    known = Booking.objects.filter(office=booking.office_id).exclude(pin="")
    taken = set(known.filter(date=booking.date).values_list("pin", flat=True))
    avoid = set(known.filter(state__in=OPEN).values_list("pin", flat=True))
    return pins.draw(taken, avoid, SystemRandom())


def end(booking: Booking, state: State, now: datetime) -> None:
    """Let the booking be over; the caller has locked its day and looked."""
    booking.state = state
    booking.ended_at = now
    booking.expires_at = None
    booking.save(update_fields=["state", "ended_at", "expires_at", "sequence"])
    companions.free(booking, now=now)

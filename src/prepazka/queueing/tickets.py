"""Issuing tickets at a kiosk, checking in by PIN or at the desk, postponing, leaving the queue."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from prepazka.booking.booking_locks import lock_booking, lock_days
from prepazka.booking.diaries import official_of
from prepazka.booking.models import LIVE, Booking, BookingState, ReplacedPin
from prepazka.booking.transitions import release_expired
from prepazka.core import calendar, events, pins, slots
from prepazka.core.interval import Interval
from prepazka.core.pin_guard import Asks
from prepazka.journal import rows
from prepazka.journal.record import record
from prepazka.offices.models import Device, Mode, Service, TicketsRule
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import sql, wrong_pins
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, Ticket, TicketState, TurnAlert
from prepazka.queueing.queue_locks import lock_queue, next_number
from prepazka.queueing.refusals import (
    CannotPostpone,
    CodeNeeded,
    DevicePaused,
    NoTicketsNow,
    NotWaiting,
    SecondAnswerNeeded,
    SystemDown,
)
from prepazka.queueing.turn_alerts import erase_contact
from prepazka.queueing.turns import requeue_missed

# Without 0/O and 1/I/L, so that the address can be read aloud and typed.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
WRONG_PINS = 5
PAUSE = timedelta(seconds=30)
LONGEST_SHIFT = timedelta(hours=16)
STOPPING = (TicketsRule.FULL, TicketsRule.STOPPED)
# Outcomes of a PIN whose booking has a ticket already.
OF_TICKET = frozenset(
    {
        pins.Outcome.USED,
        pins.Outcome.AGAIN,
        pins.Outcome.RETURNED,
        pins.Outcome.MISSED,
        pins.Outcome.VOID,
    }
)
POSTPONE_BY = (20, 40)  # minutes a citizen may choose from


NO_TICKETS: Mapping[UUID, Ticket] = {}


@dataclass(frozen=True)
class CheckIn:
    """The result of a check-in: the verdict, and the ticket that was issued, put back or meant."""

    verdict: pins.Verdict
    ticket: Ticket | None = None


def issues_tickets(office: OfficeSnapshot, service: Service, now: datetime) -> bool:
    """Whether walk-in tickets of the service are issued at this moment."""
    day = calendar.day_of(now, office.tz)
    if service.retired or not service.walk_in or service.pk in office.stopped:
        return False
    if service.tickets_today(day) in STOPPING:
        return False
    minute = calendar.minute_of(now, office.tz)
    hours = office.opening_hours.of_service(service.pk, day)
    settings = office.row
    return any(
        opening.start - settings.first_ticket_min <= minute < opening.end - settings.last_ticket_min
        for opening in hours
    )


def tickets_ended(office: OfficeSnapshot, service: Service, now: datetime) -> bool:
    """Whether the service took walk-ins today, but no longer issues tickets."""
    if service.retired or not service.walk_in:
        return False
    day = calendar.day_of(now, office.tz)
    hours = office.opening_hours.of_service(service.pk, day)
    if hours and service.tickets_today(day) in STOPPING:
        return True
    minute = calendar.minute_of(now, office.tz)
    return bool(hours) and minute >= hours[-1].end - office.row.last_ticket_min


@transaction.atomic
def issue_ticket(
    *,
    office: OfficeSnapshot,
    service: Service,
    touch: UUID,
    now: datetime,
    language: str = "cs",
    persons: int = 1,
    statutory: bool = False,
    by_staff: int | None = None,
) -> Ticket:
    """Issue a walk-in the next number; the same touch again returns the same ticket.

    Raises NoTicketsNow outside the hours, SystemDown while a system that the service needs is down;
    staff may issue at any time.
    """
    if by_staff is None and not issues_tickets(office, service, now):
        repeated = Ticket.objects.filter(office=office.row, touch=touch).first()
        if repeated is None:
            raise _no_tickets(office, service)
        return repeated
    return _issue(
        office,
        service,
        touch,
        now,
        actor=by_staff,
        language=language,
        persons=persons,
        statutory=statutory,
    )


def _no_tickets(office: OfficeSnapshot, service: Service) -> NoTicketsNow:
    down = office.stopped.get(service.pk)
    return SystemDown(system=down.system.name) if down else NoTicketsNow()


@transaction.atomic
def check_in(
    *,
    office: OfficeSnapshot,
    device: Device,
    pin: str,
    touch: UUID,
    now: datetime,
    language: str = "cs",
    second_answer: str = "",
) -> CheckIn:
    """Check a booked client in by their PIN at a kiosk.

    Five wrong PINs pause the kiosk for half a minute; a PIN never cancels anything. After many
    wrong ones (see `core.pin_guard`) `second_answer` is needed too, and a PIN without a ticket is
    answered as unknown. Raises DevicePaused, SecondAnswerNeeded, CodeNeeded.
    """
    tickets_of_touch = Ticket.objects.filter(office=office.row, touch=touch).select_related(
        "booking"
    )
    if ticket := tickets_of_touch.first():
        return CheckIn(pins.Verdict(pins.Outcome.INSIDE), ticket)
    kiosk = Device.objects.select_for_update(no_key=True).get(pk=device.pk)
    if kiosk.paused_until and kiosk.paused_until > now:
        raise DevicePaused(seconds=(kiosk.paused_until - now).seconds + 1)
    today = calendar.day_of(now, office.tz)
    lock_days(office.office_id, [today])
    guard = wrong_pins.questions_of(office, kiosk, now=now)
    if guard is not Asks.NOTHING and not second_answer:
        raise CodeNeeded if guard is Asks.CODE else SecondAnswerNeeded
    release_expired(office=office.office_id, day=today, now=now)
    with_pin = _bookings_with_pin(pin, office, today)
    if guard is not Asks.NOTHING:
        with_pin = wrong_pins.matching_bookings(with_pin, second_answer, guard)
    bookings = {str(b.pk): b for b in with_pin}
    tickets_of_bookings = _lock_tickets_of(office, bookings.values())
    replaced = ReplacedPin.objects.filter(office=office.row, date=today, pin=pin)
    verdict = _verdict(
        *(office, bookings.values(), today, now, tickets_of_bookings),
        kiosk=kiosk,
        replaced=replaced.select_related("booking__service"),
    )
    if guard is not Asks.NOTHING and not shows_ticket(verdict):
        verdict = pins.Verdict(pins.Outcome.UNKNOWN)  # so that guessing reveals no booking
    _count_wrong(office, kiosk, verdict, guard, now)
    record(
        events.PinTried(
            office=office.office_id, at=now, device=device.pk, outcome=verdict.outcome.value
        )
    )
    return _act_on_verdict(office, bookings, verdict, touch, now, language, kiosk=kiosk)


@transaction.atomic
def check_in_at_desk(
    *, office: OfficeSnapshot, booking: UUID, touch: UUID, now: datetime, actor: int
) -> CheckIn:
    """Check a booked client in at the desk instead of the kiosk.

    A client who was called in vain goes back into the queue, as often as staff wish.
    """
    booking_row = lock_booking(booking)
    tickets_of_bookings = _lock_tickets_of(office, [booking_row])
    today = calendar.day_of(now, office.tz)
    verdict = _verdict(office, [booking_row], today, now, tickets_of_bookings, may_repeat=True)
    return _act_on_verdict(
        office,
        {str(booking_row.pk): booking_row},
        verdict,
        touch,
        now,
        booking_row.language,
        actor=actor,
    )


@transaction.atomic
def leave_queue(*, ticket: int, now: datetime, actor: int | None = None) -> Ticket:
    """Cancel a waiting ticket, by the citizen or by staff (`actor`). May be repeated."""
    office = Ticket.objects.values_list("office_id", flat=True).get(pk=ticket)
    lock_queue(office)
    ticket_row = Ticket.objects.get(pk=ticket)
    if ticket_row.state == TicketState.CANCELLED:
        return ticket_row
    if ticket_row.state not in IN_QUEUE:
        raise NotWaiting
    ticket_row.state, ticket_row.ended_at = TicketState.CANCELLED, now
    ticket_row.save(update_fields=["state", "ended_at"])
    erase_contact(ticket_row.pk)
    record(
        events.TicketCancelled(
            office=office,
            ticket=ticket_row.pk,
            at=now,
            actor=actor,
            by="office" if actor else "citizen",
        )
    )
    return ticket_row


@transaction.atomic
def replace_ticket_code(
    *, office: OfficeSnapshot, ticket: int, now: datetime, actor: int
) -> Ticket:
    """Give the ticket a page with a new address; the old address and the alert's contact are void.

    For a ticket that somebody else took with the PIN; the number and the place stay. Raises
    NotWaiting once the ticket is over, Ticket.DoesNotExist.
    """
    lock_queue(office.office_id)
    row = Ticket.objects.get(pk=ticket, office=office.row)
    if row.state not in (*IN_QUEUE, *AT_COUNTER):
        raise NotWaiting
    row.code = new_code()
    row.save(update_fields=["code"])
    erase_contact(row.pk)
    record(events.TicketCodeReplaced(office=office.office_id, ticket=row.pk, at=now, actor=actor))
    return row


@transaction.atomic
def postpone_ticket(*, ticket: int, minutes: int, now: datetime) -> Ticket:
    """Park a ticket for some minutes, once; afterwards it has its old place again.

    Raises NotWaiting, CannotPostpone.
    """
    office = Ticket.objects.values_list("office_id", flat=True).get(pk=ticket)
    lock_queue(office)
    ticket_row = Ticket.objects.get(pk=ticket)
    if ticket_row.state not in IN_QUEUE:
        raise NotWaiting
    if minutes not in POSTPONE_BY or not may_postpone(ticket_row):
        raise CannotPostpone
    ticket_row.state, ticket_row.parked_until = TicketState.PARKED, now + timedelta(minutes=minutes)
    # The announced wait no longer holds, and the calibration must not judge it.
    ticket_row.p20 = ticket_row.p50 = ticket_row.p80 = None
    ticket_row.judged = True
    ticket_row.before = None  # the clerk who sent the ticket here can no longer undo it
    ticket_row.save(
        update_fields=["state", "parked_until", "p20", "p50", "p80", "judged", "before"]
    )
    TurnAlert.objects.filter(ticket=ticket_row).update(near_at=None)  # the turn is far again
    record(
        events.TicketPostponed(
            office=office, ticket=ticket_row.pk, at=now, until=ticket_row.parked_until.isoformat()
        )
    )
    return ticket_row


def may_postpone(ticket: Ticket) -> bool:
    """Whether the citizen may still postpone: a ticket once put aside is parked until called."""
    return ticket.state == TicketState.WAITING


@transaction.atomic
def close_past_days(*, office: int, today: date, now: datetime) -> int:
    """End tickets and shifts that past days left open; returns how many tickets there were."""
    left_open = Ticket.objects.filter(
        office=office, date__lt=today, state__in=(*IN_QUEUE, *AT_COUNTER)
    )
    forgotten = Shift.objects.filter(
        office=office, closed_at=None, opened_at__lt=now - LONGEST_SHIFT
    )
    if not left_open.exists() and not forgotten.exists():
        return 0
    lock_queue(office)
    for shift in forgotten:
        shift.closed_at = now
        shift.save(update_fields=["closed_at"])
        record(
            events.CounterClosed(
                office=office, counter=shift.counter_id, clerk=shift.clerk_id, at=now
            )
        )
    for ticket in left_open:
        ticket.state, ticket.ended_at, ticket.before = TicketState.CANCELLED, now, None
        ticket.save(update_fields=["state", "ended_at", "before"])
        erase_contact(ticket.pk)
        record(events.TicketCancelled(office=office, ticket=ticket.pk, at=now, by="office"))
    return len(left_open)


def _bookings_with_pin(pin: str, office: OfficeSnapshot, today: date) -> list[Booking]:
    """Bookings with the PIN: of any day at this office, of today at other offices."""
    at_this_office = Booking.objects.filter(office=office.row, pin=pin)
    at_other_offices = Booking.objects.filter(pin=pin, date=today, state__in=LIVE).exclude(
        office=office.row
    )
    return [
        *at_this_office.select_related("service", "office"),
        *at_other_offices.select_related("office"),
    ]


def _lock_tickets_of(office: OfficeSnapshot, bookings: Iterable[Booking]) -> dict[UUID, Ticket]:
    """The tickets of arrived bookings, by booking; locks the queue if there may be one.

    The caller has locked the day before.
    """
    arrived = [b.pk for b in bookings if b.state == BookingState.ARRIVED]
    if not arrived:
        return {}
    lock_queue(office.office_id)
    tickets = Ticket.objects.filter(office=office.row, booking__in=arrived)
    return {ticket.booking_id: ticket for ticket in tickets if ticket.booking_id}


def _verdict(
    office: OfficeSnapshot,
    bookings: Iterable[Booking],
    today: date,
    now: datetime,
    tickets: Mapping[UUID, Ticket] = NO_TICKETS,
    *,
    kiosk: Device | None = None,
    may_repeat: bool = False,
    replaced: Iterable[ReplacedPin] = (),
) -> pins.Verdict:
    missed = {pk: ticket for pk, ticket in tickets.items() if ticket.state == TicketState.NO_SHOW}
    candidates = [
        pins.PinCandidate(
            booking=str(booking.pk),
            office=booking.office_id,
            day=booking.date,
            window=Interval(booking.starts_at, booking.ends_at),
            state=booking.state,
            remote=booking.mode != Mode.PERSON,
            missed=booking.pk in missed,
            returned=not may_repeat
            and booking.pk in missed
            and missed[booking.pk].pin_returned_at is not None,
            given_here_at=_issued_here_at(tickets.get(booking.pk), kiosk),
            rules=office.rules_of(booking.service)
            if booking.office_id == office.office_id
            else None,
        )
        for booking in bookings
    ]
    candidates += [
        pins.PinCandidate(
            booking=str(row.booking_id),
            office=row.office_id,
            day=row.date,
            window=Interval(row.booking.starts_at, row.booking.ends_at),
            state="pin_changed",
            rules=office.rules_of(row.booking.service),
        )
        for row in replaced
    ]
    return pins.judge_pin(
        candidates, office=office.office_id, today=today, rules=slots.Rules(), now=now
    )


def _issued_here_at(ticket: Ticket | None, kiosk: Device | None) -> datetime | None:
    """When this kiosk issued or put back the ticket, if it is not over; else None."""
    if ticket is None or kiosk is None or ticket.kiosk_id != kiosk.pk:
        return None
    if ticket.state not in (*IN_QUEUE, *AT_COUNTER):
        return None
    return ticket.pin_returned_at or ticket.issued_at


def _act_on_verdict(
    office: OfficeSnapshot,
    bookings: Mapping[str, Booking],
    verdict: pins.Verdict,
    touch: UUID,
    now: datetime,
    language: str,
    *,
    actor: int | None = None,
    kiosk: Device | None = None,
) -> CheckIn:
    """Issue or put back the ticket that the verdict allows; a used PIN returns its own ticket."""
    if verdict.found is None or verdict.outcome is pins.Outcome.CHANGED:
        return CheckIn(verdict)
    booking = bookings[verdict.found.booking]
    if verdict.outcome in OF_TICKET:
        ticket = Ticket.objects.filter(booking=booking).first()
        if ticket and verdict.outcome is pins.Outcome.RETURNED:
            ticket = requeue_missed(ticket, now=now, by="staff" if actor else "pin", actor=actor)
            ticket.kiosk = kiosk
            ticket.save(update_fields=["kiosk"])
        return CheckIn(verdict, ticket)
    if not verdict.accepted:
        return CheckIn(verdict)
    ticket = _arrive(office, booking, verdict, touch, now, language, actor=actor, kiosk=kiosk)
    return CheckIn(verdict, ticket)


def _gives_ticket(verdict: pins.Verdict) -> bool:
    return verdict.accepted or verdict.outcome is pins.Outcome.RETURNED


def shows_ticket(verdict: pins.Verdict) -> bool:
    """Whether the person who entered the PIN may see the ticket and the link to its page."""
    return _gives_ticket(verdict) or verdict.outcome is pins.Outcome.AGAIN


def _count_wrong(
    office: OfficeSnapshot, kiosk: Device, verdict: pins.Verdict, guard: Asks, now: datetime
) -> None:
    """Count a wrong PIN and pause the kiosk after several; a PIN that gives a ticket resets it."""
    if _gives_ticket(verdict):
        kiosk.wrong_pins = 0
    elif verdict.outcome is pins.Outcome.UNKNOWN:
        wrong_pins.note_wrong_pin(office, kiosk, guard, now=now)
        kiosk.wrong_pins += 1
        if kiosk.wrong_pins >= WRONG_PINS:
            kiosk.wrong_pins, kiosk.paused_until = 0, now + PAUSE
    kiosk.save(update_fields=["wrong_pins", "paused_until"])


def _arrive(
    office: OfficeSnapshot,
    booking: Booking,
    verdict: pins.Verdict,
    touch: UUID,
    now: datetime,
    language: str,
    *,
    actor: int | None,
    kiosk: Device | None,
) -> Ticket:
    booking.state, booking.arrived_at = BookingState.ARRIVED, now
    booking.late = verdict.late
    booking.save(update_fields=["state", "arrived_at", "late"])
    record(events.BookingArrived(office=office.office_id, booking=str(booking.pk), at=now))
    return _issue(
        office,
        office.services[booking.service_id],
        touch,
        now,
        booking=booking,
        actor=actor,
        language=language,
        persons=booking.persons,
        for_counter_id=counter_of_official(office, booking),
        kiosk=kiosk,
    )


def counter_of_official(office: OfficeSnapshot, booking: Booking) -> int | None:
    """The id of the booked official's own counter, the only one that calls this client, or None."""
    official = official_of(office, booking)
    counter = office.counters.get(official.counter_id or 0) if official else None
    return counter.pk if counter and not counter.retired else None


def _issue(
    office: OfficeSnapshot,
    service: Service,
    touch: UUID,
    now: datetime,
    *,
    booking: Booking | None = None,
    actor: int | None = None,
    **fields: object,
) -> Ticket:
    day = calendar.day_of(now, office.tz)
    letter = office.agenda_of(service).letter
    number = next_number(office.office_id, day, letter)
    # The touch is looked up under the lock of the series, which serialises its repeats.
    by_touch = "FROM queueing_ticket WHERE office_id = %s AND touch = %s"
    if repeated := rows.select_one(Ticket, by_touch, [office.office_id, touch]):
        _give_back(office.office_id, day, letter)
        return repeated
    ticket = Ticket(
        office=office.row,
        date=day,
        letter=letter,
        number=number,
        service=service,
        booking=booking,
        booked_from=booking.starts_at if booking else None,
        booked_to=booking.ends_at if booking else None,
        late=bool(booking and booking.late),
        code=new_code(),
        touch=touch,
        issued_at=now,
        **fields,
    )
    rows.insert_row(ticket)
    record(
        events.TicketIssued(
            office=office.office_id,
            ticket=ticket.pk,
            service=service.pk,
            at=now,
            actor=actor,
            booking=str(booking.pk) if booking else None,
        )
    )
    return ticket


def new_code() -> str:
    """A random code for the address of a ticket's page."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def _give_back(office: int, day: date, letter: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.GIVE_NUMBER_BACK, [office, day, letter])

"""Whose turn it is, and what a clerk does with a client: call, serve, finish, park, transfer."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from prepazka.booking.models import Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar, discipline, events
from prepazka.core.interval import Interval
from prepazka.journal.record import change, record
from prepazka.journal.rows import columns, of_row, one
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Service
from prepazka.queueing.alerts import WITH_CONTACT, forget_contact, tell_called
from prepazka.queueing.held import HELD, held_elsewhere
from prepazka.queueing.locks import lock_queue
from prepazka.queueing.models import AT_COUNTER, HEARD, IN_QUEUE, Shift, State, Ticket
from prepazka.queueing.refusals import (
    CounterBusy,
    CounterNotOpen,
    CounterPausedNow,
    HeldOffline,
    NobodyWaiting,
    NotAtCounter,
    NothingToUndo,
    NotMissed,
    NotServedHere,
    NotWaiting,
    ReturnsOver,
)
from prepazka.queueing.validity import valid_until

UNDO = timedelta(seconds=30)
ONE_MORE = object()  # instead of a value: than the ticket has
# Services that need a system which is down now.
STOPPED = (
    "SELECT n.service_id FROM offices_service_needs n"
    " JOIN offices_incident i ON i.system_id = n.system_id"
    " WHERE i.office_id = %s AND i.ended_at IS NULL"
)


@transaction.atomic
def call_next(*, office: Directory, clerk: int, now: datetime) -> Ticket:
    """Call the client whose turn it is to the clerk's counter, and keep the reason.

    Raises CounterNotOpen, CounterPausedNow, CounterBusy, NobodyWaiting.
    """
    lock_queue(office.office.pk)
    hall = _look(clerk, office, now)
    counter = hall.counter
    chosen = discipline.next_in_turn(
        (w for w in waiting(office, now) if w.ticket not in hall.held),
        serves=office.serves[counter],
        counter=counter,
        policy=replace(policy_of(office), stopped=hall.stopped),
        now=now,
    )
    if chosen is None:
        raise NobodyWaiting
    called = _call(office, chosen.ticket, counter, clerk, chosen.reason, now)
    if called.pk in hall.alerted:
        tell_called(called, now)
    return called


@transaction.atomic
def call_by_hand(*, office: Directory, clerk: int, ticket: int, now: datetime) -> Ticket:
    """Call a client picked by the clerk out of turn; the journal says that it was by hand.

    Raises as `call_next`, and NotWaiting, NotServedHere or HeldOffline.
    """
    lock_queue(office.office.pk)
    counter = _look(clerk, office, now).counter
    found = Ticket.objects.get(pk=ticket, office=office.office)
    if found.state not in IN_QUEUE:
        raise NotWaiting
    if found.service_id not in office.serves[counter]:
        raise NotServedHere
    if (holder := held_elsewhere(office.office.pk, counter, now).get(found.pk)) is not None:
        raise HeldOffline(number=office.counters[holder].number)
    called = _call(office, found.pk, counter, clerk, discipline.Reason("by_hand"), now)
    tell_called(called, now)
    return called


@transaction.atomic
def recall(*, office: Directory, clerk: int, now: datetime) -> Ticket:
    """Call the client at the counter once more."""
    ticket = _at_counter(office, clerk, (State.CALLED,))
    ticket.recalled_at, ticket.calls = now, ticket.calls + 1
    ticket.save(update_fields=["recalled_at", "calls"])
    record(events.TicketRecalled(**_said(ticket, clerk, now)))
    return ticket


@transaction.atomic
def start_serving(*, office: Directory, clerk: int, now: datetime) -> Ticket:
    """The client has come to the counter. Pressed twice, it changes nothing."""
    ticket = _at_counter(office, clerk, AT_COUNTER)
    if ticket.state == State.SERVING:
        return ticket
    event = events.ServingStarted(**_said(ticket, clerk, now))
    return _change(AT_COUNTER, event, state=State.SERVING, serving_at=now)


@transaction.atomic
def finish(*, office: Directory, clerk: int, now: datetime) -> Ticket:
    """The client is served and leaves; a booking ends as served."""
    ticket = _at_counter(office, clerk, AT_COUNTER)
    started = ticket.serving_at or ticket.called_at
    event = events.TicketFinished(**_said(ticket, clerk, now))
    ended = _change(AT_COUNTER, event, state=State.FINISHED, serving_at=started, ended_at=now)
    _serve_booking(ended, now)
    forget_contact(ended.pk)
    return ended


@transaction.atomic
def no_show(*, office: Directory, clerk: int, now: datetime) -> Ticket:
    """Mark that the client was called and did not come; the ticket leaves the queue.

    A booking ends with it only where its PIN no longer counts. Otherwise it stays arrived and keeps
    its lane: the PIN, or staff, may put the ticket back, and `end_missed` ends the booking in time.
    """
    ticket = _at_counter(office, clerk, (State.CALLED,))
    event = events.TicketNoShow(**_said(ticket, clerk, now))
    missed = _change((State.CALLED,), event, state=State.NO_SHOW, ended_at=now)
    if missed.booking_id is not None:
        end_if_over(office, missed.booking_id, now)
        _remember_booking(missed, BookingState.ARRIVED)
    forget_contact(missed.pk)
    return missed


def end_if_over(office: Directory, booking: UUID, now: datetime) -> None:
    """End the arrived booking of a missed ticket where its PIN no longer counts."""
    arrived = Booking.objects.filter(pk=booking, state=BookingState.ARRIVED)
    for ends_at, service in arrived.values_list("ends_at", "service_id"):
        if office.rules_of(office.services[service]).counts_until(ends_at) <= now:
            arrived.update(state=BookingState.NO_SHOW, ended_at=now)


@transaction.atomic
def return_missed(*, office: Directory, ticket: int, now: datetime, actor: int) -> Ticket:
    """Put a client who was called in vain back into the queue, as staff may until closing.

    Its turn comes after those who returned before. Raises Ticket.DoesNotExist, NotMissed,
    ReturnsOver.
    """
    lock_queue(office.office.pk)
    missed = Ticket.objects.get(pk=ticket, office=office.office)
    if missed.state != State.NO_SHOW:
        raise NotMissed
    if valid_until(office, missed) <= now:
        raise ReturnsOver
    return bring_back(missed, now=now, by="staff", actor=actor)


def bring_back(
    missed: Ticket, *, now: datetime, by: Literal["pin", "staff"], actor: int | None = None
) -> Ticket:
    """The missed ticket, waiting again with its number; the caller has locked the queue, and looked.

    A booking that ended because of the call is arrived again, unless its lane is somebody else's.
    """
    event = events.MissedReturned(
        office=missed.office_id,
        ticket=missed.pk,
        counter=missed.counter_id,
        at=now,
        actor=actor,
        by=by,
    )
    returned = _change(
        (State.NO_SHOW,),
        event,
        state=State.WAITING,
        returned_at=now,
        missed_at=missed.called_at,
        missed_counter_id=missed.counter_id,
        pin_returned_at=now if by == "pin" else missed.pin_returned_at,
        counter_id=None,
        called_at=None,
        recalled_at=None,
        serving_at=None,
        ended_at=None,
    )
    _resume_booking(returned)
    return returned


@transaction.atomic
def park(*, office: Directory, clerk: int, minutes: int, now: datetime) -> Ticket:
    """Put the client aside for some minutes; afterwards they go before the others."""
    lock_queue(office.office.pk)
    ticket = _at_counter(office, clerk, AT_COUNTER)
    until = now + timedelta(minutes=minutes)
    return _change(
        AT_COUNTER,
        events.TicketParked(**_said(ticket, clerk, now), until=until.isoformat()),
        state=State.PARKED,
        parked_until=until,
        returned_at=until,
        counter_id=None,
        called_at=None,
        serving_at=None,
    )


@transaction.atomic
def transfer(
    *,
    office: Directory,
    clerk: int,
    now: datetime,
    service: Service | None = None,
    counter: Counter | None = None,
) -> Ticket:
    """Send the client on to another service or counter; the number stays the same.

    Raises NotServedHere when no counter of the office serves what is wanted.
    """
    lock_queue(office.office.pk)
    ticket = _at_counter(office, clerk, AT_COUNTER)
    wanted = service.pk if service else ticket.service_id
    able = {c.pk for c in office.counters_for(wanted)}
    if counter and counter.pk not in able:
        raise NotServedHere
    if not able:
        raise NotServedHere
    to_counter = counter.pk if counter else None
    return _change(
        AT_COUNTER,
        events.TicketTransferred(
            **_said(ticket, clerk, now), to_service=wanted, to_counter=to_counter
        ),
        state=State.WAITING,
        service_id=wanted,
        for_counter_id=to_counter,
        returned_at=now,
        counter_id=None,
        called_at=None,
        serving_at=None,
    )


@transaction.atomic
def undo(*, office: Directory, clerk: int, now: datetime) -> Ticket:
    """Take back the clerk's last press, for thirty seconds, if nothing has happened since."""
    lock_queue(office.office.pk)
    ticket = (
        Ticket.objects.filter(
            office=office.office,
            changed_by=clerk,
            before__isnull=False,
            changed_at__gt=now - UNDO,
        )
        .order_by("-changed_at")
        .first()
    )
    before: dict[str, Any] | None = ticket.before if ticket else None
    if ticket is None or before is None:
        raise NothingToUndo
    back_to: int = before.get("counter_id", ticket.counter_id) or 0
    if before["state"] in AT_COUNTER:
        taken = Ticket.objects.filter(counter=back_to, state__in=AT_COUNTER).exclude(pk=ticket.pk)
        if taken.exists() or not _mine(back_to, clerk):
            raise NothingToUndo
    if "booking_state" in before:
        _reopen_booking(ticket, before["booking_state"], now)
    fields = [name for name in before if name != "booking_state"]
    step, left = ticket.state, ticket.counter_id or back_to
    for name in fields:
        setattr(ticket, name, _parsed(name, before[name]))
    ticket.before, ticket.changed_by = None, None
    ticket.save()
    record(
        events.StepUndone(
            office=ticket.office_id,
            ticket=ticket.pk,
            counter=left,
            clerk=clerk,
            step=step,
            at=now,
            actor=clerk,
        )
    )
    return ticket


def waiting(office: Directory, now: datetime) -> list[discipline.Waiting]:
    """Today's queue as the discipline sees it. One SQL statement, and no models: it is hot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, service_id, issued_at, booked_from, booked_to, late, returned_at,"
            " statutory, parked_until, for_counter_id FROM queueing_ticket"
            " WHERE office_id = %s AND date = %s AND state IN ('waiting', 'parked')",
            [office.office.pk, calendar.day_of(now, office.tz)],
        )
        rows = cursor.fetchall()
    return [
        discipline.Waiting(
            pk,
            service,
            issued,
            Interval(start, end) if start else None,
            late,
            returned,
            statutory,
            parked,
            counter,
        )
        for pk, service, issued, start, end, late, returned, statutory, parked, counter in rows
    ]


def stopped_now(office: int) -> frozenset[int]:
    """Services that wait for a system that is down, as the database says it now."""
    with connection.cursor() as cursor:
        cursor.execute(STOPPED, [office])
        return frozenset(service for (service,) in cursor.fetchall())


def as_waiting(ticket: Ticket) -> discipline.Waiting:
    """The ticket as the discipline sees it."""
    start, end = ticket.booked_from, ticket.booked_to
    return discipline.Waiting(
        ticket=ticket.pk,
        service=ticket.service_id,
        arrived_at=ticket.issued_at,
        booked=Interval(start, end) if start and end else None,
        late=ticket.late,
        returned_at=ticket.returned_at,
        statutory=ticket.statutory,
        parked_until=ticket.parked_until,
        for_counter=ticket.for_counter_id,
    )


def policy_of(office: Directory) -> discipline.Policy:
    """The office's stated rule between booked clients and walk-ins, and what waits for a system."""
    head_start, cap = office.office.head_start_min, office.office.walkin_cap_min
    return discipline.Policy(
        head_start=None if head_start is None else timedelta(minutes=head_start),
        call_early=office.office.call_early,
        stopped=frozenset(office.stopped),
        cap=None if cap is None else timedelta(minutes=cap),
    )


@dataclass(frozen=True)
class _Seen:
    """What a call needs to know besides the queue."""

    counter: int
    stopped: frozenset[int]  # services, as the snapshot of the office may be a moment old
    held: frozenset[int]  # tickets that a silent console may be calling
    alerted: frozenset[int]  # tickets whose holders wish to be told


def _look(clerk: int, office: Directory, now: datetime) -> _Seen:
    """The clerk's counter, if somebody can be called to it. One SQL statement: it is hot."""
    where = office.office.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.counter_id, s.paused_at IS NOT NULL,"  # noqa: S608  # constants of ours
            " EXISTS (SELECT 1 FROM queueing_ticket t WHERE t.counter_id = s.counter_id"
            " AND t.state IN ('called', 'serving')),"
            f" ARRAY({STOPPED}), ARRAY(SELECT h.ticket_id FROM ({HELD}) h"
            " WHERE h.counter_id <> s.counter_id),"
            " ARRAY(SELECT ticket_id FROM queueing_turnalert"
            f" WHERE office_id = %s AND {WITH_CONTACT})"
            " FROM queueing_shift s"
            " WHERE s.clerk_id = %s AND s.office_id = %s AND s.closed_at IS NULL",
            [where, where, now - HEARD, where, clerk, where],
        )
        found = cursor.fetchone()
    if found is None:
        raise CounterNotOpen
    counter, paused, busy, *more = found
    if paused:
        raise CounterPausedNow
    if busy:
        raise CounterBusy
    return _Seen(int(counter), *map(frozenset, more))


def _said(ticket: Ticket, clerk: int, now: datetime) -> dict[str, Any]:
    """What every event of a ticket at a counter says."""
    return {
        "office": ticket.office_id,
        "ticket": ticket.pk,
        "counter": ticket.counter_id,
        "clerk": clerk,
        "at": now,
        "actor": clerk,
    }


def _mine(counter: int, clerk: int) -> bool:
    return Shift.objects.filter(counter=counter, clerk=clerk, closed_at=None).exists()


def _at_counter(office: Directory, clerk: int, states: tuple[State, ...]) -> Ticket:
    """The client at the clerk's counter, locked: that is enough for what changes nobody's turn."""
    ticket = one(
        Ticket,
        "FROM queueing_ticket t JOIN queueing_shift s ON s.counter_id = t.counter_id"
        " AND s.clerk_id = %s AND s.closed_at IS NULL"
        " WHERE t.office_id = %s AND t.state = ANY(%s) FOR NO KEY UPDATE OF t",
        [clerk, office.office.pk, list(states)],
        table="t",
    )
    if ticket is None:
        raise NotAtCounter
    return ticket


def _call(
    office: Directory,
    ticket: int,
    counter: int,
    clerk: int,
    reason: discipline.Reason,
    now: datetime,
) -> Ticket:
    why = reason.payload()
    event = events.TicketCalled(
        office=office.office.pk,
        ticket=ticket,
        counter=counter,
        clerk=clerk,
        at=now,
        actor=clerk,
        reason=why,
    )
    return _change(
        IN_QUEUE,
        event,
        state=State.CALLED,
        counter_id=counter,
        clerk_id=clerk,
        called_at=now,
        recalled_at=None,
        reason=why,
        calls=ONE_MORE,
        parked_until=None,
    )


def _change(states: tuple[State, ...], event: events.Event, **changes: Any) -> Ticket:
    """Write the changes of the event's ticket and what they replaced, for `undo`; and the event.

    Only over a state that allows it: the net beneath the lock, so that nobody is called twice
    whatever the code above does. Raises NotWaiting.
    """
    given = [_written(value) for value in changes.values() if value is not ONE_MORE]
    counted = tuple(name for name, value in changes.items() if value is ONE_MORE)
    about = [event.at, event.actor, event.payload()["ticket"], list(states)]
    row = change(_changing(tuple(changes), counted), [*given, *about], event)
    if row is None:
        raise NotWaiting
    return of_row(Ticket, row)


@cache
def _changing(names: tuple[str, ...], counted: tuple[str, ...]) -> str:
    """The statement of `_change`; its text is the same each time, so that it is planned once."""
    values = ", ".join(f"{n} = {n} + 1" if n in counted else f"{n} = %s" for n in names)
    before = ", ".join(f"'{name}', {name}" for name in names)
    return (
        f"UPDATE queueing_ticket SET {values}, before = jsonb_build_object({before}),"  # noqa: S608
        " changed_at = %s, changed_by = %s WHERE id = %s AND state = ANY(%s)"
        f" RETURNING {columns(Ticket)}"
    )


def _serve_booking(ticket: Ticket, now: datetime) -> None:
    if ticket.booking_id is None:
        return
    arrived = Booking.objects.filter(pk=ticket.booking_id, state=BookingState.ARRIVED)
    if arrived.update(state=BookingState.SERVED, served_at=now):
        _remember_booking(ticket, BookingState.ARRIVED)


def _resume_booking(ticket: Ticket) -> None:
    if ticket.booking_id is None:
        return
    ended = Booking.objects.filter(pk=ticket.booking_id, state=BookingState.NO_SHOW)
    try:
        with transaction.atomic():
            resumed = ended.update(state=BookingState.ARRIVED, ended_at=None)
    except IntegrityError:
        return  # its time is somebody else's by now; the ticket is waiting all the same
    if resumed:
        _remember_booking(ticket, BookingState.NO_SHOW)


def _remember_booking(ticket: Ticket, state: BookingState) -> None:
    ticket.before = {**(ticket.before or {}), "booking_state": state}
    ticket.save(update_fields=["before"])


def _reopen_booking(ticket: Ticket, state: str, now: datetime) -> None:
    ended_at = now if state == BookingState.NO_SHOW else None
    try:
        with transaction.atomic():
            Booking.objects.filter(ticket=ticket).update(
                state=state, served_at=None, ended_at=ended_at
            )
    except IntegrityError:
        # The booking ended meanwhile, and its time is somebody else's by now.
        raise NothingToUndo from None


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _parsed(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if value and name.endswith(("_at", "_until")) else value

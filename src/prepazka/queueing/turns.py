"""Calling clients and the steps at a counter: serve, finish, no-show, park, transfer, undo."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from prepazka.booking.models import LIVE, Booking, BookingState
from prepazka.core import calendar, discipline, events
from prepazka.core.interval import Interval
from prepazka.journal.record import change, record
from prepazka.journal.rows import object_of_row, select_one
from prepazka.offices.models import Counter, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import sql
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, Ticket, TicketState
from prepazka.queueing.offline_leases import Holder, held_elsewhere, held_parameters
from prepazka.queueing.queue_locks import lock_queue
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
    OnlyHeldOffline,
    ReturnsOver,
)
from prepazka.queueing.turn_alerts import erase_contact, note_called
from prepazka.queueing.validity import valid_until

UNDO = timedelta(seconds=30)
ONE_MORE = object()  # as a change: the column's value plus one


@transaction.atomic
def call_next(*, office: OfficeSnapshot, clerk: int, now: datetime) -> Ticket:
    """Call the client whose turn it is to the clerk's counter, and store the reason.

    Tickets that a silent console of another counter may be calling are passed over, and the reason
    says so. Raises CounterNotOpen, CounterPausedNow, CounterBusy, NobodyWaiting, OnlyHeldOffline.
    """
    lock_queue(office.office_id)
    hall = _call_context(clerk, office, now)
    counter = hall.counter
    policy = replace(policy_of(office), stopped=hall.stopped)
    caller: dict[str, Any] = {
        "serves": office.serves[counter],
        "counter": counter,
        "policy": policy,
    }
    queue = waiting_tickets(office, now)
    chosen = discipline.next_in_turn(
        (w for w in queue if w.ticket not in hall.held), **caller, now=now
    )
    passed: list[Holder] = []
    if hall.held:
        holders = held_elsewhere(office.office_id, counter, now)
        passed = [
            holders[w.ticket]
            for w in discipline.tickets_before(queue, chosen, **caller, now=now)
            if w.ticket in holders
        ]
    if chosen is None:
        raise _nobody_waiting(office, passed)
    called = _call(
        office, chosen.ticket, counter, clerk, reason_with_passed(chosen.reason, passed), now
    )
    if called.pk in hall.alerted:
        note_called(called, now)
    return called


@transaction.atomic
def call_by_hand(*, office: OfficeSnapshot, clerk: int, ticket: int, now: datetime) -> Ticket:
    """Call a client picked by the clerk out of turn; the reason in the journal is `by_hand`.

    Raises as `call_next`, and NotWaiting, NotServedHere or HeldOffline.
    """
    lock_queue(office.office_id)
    counter = _call_context(clerk, office, now).counter
    ticket_row = Ticket.objects.get(pk=ticket, office=office.row)
    if ticket_row.state not in IN_QUEUE:
        raise NotWaiting
    if ticket_row.service_id not in office.serves[counter]:
        raise NotServedHere
    if (holder := held_elsewhere(office.office_id, counter, now).get(ticket_row.pk)) is not None:
        raise HeldOffline(**_holder_params(office, holder))
    called = _call(office, ticket_row.pk, counter, clerk, discipline.Reason("by_hand"), now)
    note_called(called, now)
    return called


def reason_with_passed(reason: discipline.Reason, holders: list[Holder]) -> discipline.Reason:
    """The reason with how many tickets were passed over, at which counter and silent since when.

    Where several counters are silent none is named, and `held_since` is the earliest.
    """
    if not holders:
        return reason
    added: dict[str, datetime | int] = {
        "held": len(holders),
        "held_since": min(holder.since for holder in holders),
    }
    if len({holder.counter for holder in holders}) == 1:
        added["held_counter"] = holders[0].counter
    return replace(reason, params={**reason.params, **added})


def _nobody_waiting(office: OfficeSnapshot, holders: list[Holder]) -> NobodyWaiting:
    if not holders:
        return NobodyWaiting()
    return OnlyHeldOffline(**_holder_params(office, min(holders, key=lambda holder: holder.since)))


def _holder_params(office: OfficeSnapshot, holder: Holder) -> dict[str, str]:
    """The parameters of a refusal about a silent counter, with times to the second."""
    return {
        "number": office.counters[holder.counter].number,
        "since": f"{holder.since.astimezone(office.tz):%-H:%M:%S}",
        "until": f"{holder.until.astimezone(office.tz):%-H:%M:%S}",
    }


@transaction.atomic
def recall_client(*, office: OfficeSnapshot, clerk: int, now: datetime) -> Ticket:
    """Call the client of the clerk's counter once more."""
    ticket = _at_counter(office, clerk, (TicketState.CALLED,))
    ticket.recalled_at, ticket.calls = now, ticket.calls + 1
    ticket.save(update_fields=["recalled_at", "calls"])
    record(events.TicketRecalled(**_event_fields(ticket, clerk, now)))
    return ticket


@transaction.atomic
def start_serving(*, office: OfficeSnapshot, clerk: int, now: datetime) -> Ticket:
    """Mark that the client has come to the counter. May be repeated."""
    ticket = _at_counter(office, clerk, AT_COUNTER)
    if ticket.state == TicketState.SERVING:
        return ticket
    event = events.ServingStarted(**_event_fields(ticket, clerk, now))
    return _change(AT_COUNTER, event, state=TicketState.SERVING, serving_at=now)


@transaction.atomic
def finish_service(
    *, office: OfficeSnapshot, clerk: int, now: datetime, actor: int | None = None
) -> Ticket:
    """Mark the client as served; a booking ends as served.

    `actor` is who does it in place of the clerk of a counter that was left.
    """
    ticket = _at_counter(office, clerk, AT_COUNTER)
    started = ticket.serving_at or ticket.called_at
    event = events.TicketFinished(**_event_fields(ticket, clerk, now, actor))
    ended = _change(AT_COUNTER, event, state=TicketState.FINISHED, serving_at=started, ended_at=now)
    _serve_booking(ended, now)
    erase_contact(ended.pk)
    return ended


@transaction.atomic
def mark_no_show(
    *, office: OfficeSnapshot, clerk: int, now: datetime, actor: int | None = None
) -> Ticket:
    """Mark that the client was called and did not come; the ticket leaves the queue.

    A booking ends with it only where its PIN is no longer valid. Otherwise it stays arrived and
    keeps its lane: the PIN or staff may put the ticket back; `end_missed` ends the booking later.
    `actor` as in `finish`.
    """
    ticket = _at_counter(office, clerk, (TicketState.CALLED,))
    event = events.TicketNoShow(**_event_fields(ticket, clerk, now, actor))
    missed = _change((TicketState.CALLED,), event, state=TicketState.NO_SHOW, ended_at=now)
    if missed.booking_id is not None:
        end_if_over(office, missed.booking_id, now)
        _remember_booking(missed, BookingState.ARRIVED)
    erase_contact(missed.pk)
    return missed


def end_if_over(office: OfficeSnapshot, booking: UUID, now: datetime) -> None:
    """End the arrived booking of a missed ticket where its PIN is no longer valid."""
    arrived = Booking.objects.filter(pk=booking, state=BookingState.ARRIVED)
    for ends_at, service in arrived.values_list("ends_at", "service_id"):
        if office.rules_of(office.services[service]).counts_until(ends_at) <= now:
            arrived.update(state=BookingState.NO_SHOW, ended_at=now)


@transaction.atomic
def return_missed(*, office: OfficeSnapshot, ticket: int, now: datetime, actor: int) -> Ticket:
    """Put a client who was called in vain back into the queue, by staff and until closing.

    They go after those who returned earlier. Raises Ticket.DoesNotExist, NotMissed, ReturnsOver.
    """
    lock_queue(office.office_id)
    missed = Ticket.objects.get(pk=ticket, office=office.row)
    if missed.state != TicketState.NO_SHOW:
        raise NotMissed
    if valid_until(office, missed) <= now:
        raise ReturnsOver
    return requeue_missed(missed, now=now, by="staff", actor=actor)


def requeue_missed(
    missed: Ticket, *, now: datetime, by: Literal["pin", "staff"], actor: int | None = None
) -> Ticket:
    """The missed ticket, waiting again with its number; the caller has locked the queue.

    A booking that ended with the call is arrived again, unless its lane is taken by now.
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
        (TicketState.NO_SHOW,),
        event,
        state=TicketState.WAITING,
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
def park_client(*, office: OfficeSnapshot, clerk: int, minutes: int, now: datetime) -> Ticket:
    """Park the client for some minutes; afterwards they go before the others."""
    lock_queue(office.office_id)
    ticket = _at_counter(office, clerk, AT_COUNTER)
    until = now + timedelta(minutes=minutes)
    return _change(
        AT_COUNTER,
        events.TicketParked(**_event_fields(ticket, clerk, now), until=until.isoformat()),
        state=TicketState.PARKED,
        parked_until=until,
        returned_at=until,
        counter_id=None,
        called_at=None,
        serving_at=None,
    )


@transaction.atomic
def transfer_client(
    *,
    office: OfficeSnapshot,
    clerk: int,
    now: datetime,
    service: Service | None = None,
    counter: Counter | None = None,
    actor: int | None = None,
) -> Ticket:
    """Send the client on to another service or counter; the number stays the same.

    With neither, the client waits for the same service again. `actor` as in `finish`. Raises
    NotServedHere when no counter of the office serves it.
    """
    lock_queue(office.office_id)
    ticket = _at_counter(office, clerk, AT_COUNTER)
    wanted_service = service.pk if service else ticket.service_id
    able = {c.pk for c in office.counters_for(wanted_service)}
    if counter and counter.pk not in able:
        raise NotServedHere
    if not able:
        raise NotServedHere
    to_counter = counter.pk if counter else None
    return _change(
        AT_COUNTER,
        events.TicketTransferred(
            **_event_fields(ticket, clerk, now, actor),
            to_service=wanted_service,
            to_counter=to_counter,
        ),
        state=TicketState.WAITING,
        service_id=wanted_service,
        for_counter_id=to_counter,
        returned_at=now,
        counter_id=None,
        called_at=None,
        serving_at=None,
    )


@dataclass(frozen=True)
class LastStep:
    """The clerk's last step that can still be undone."""

    ticket: Ticket
    kind: str  # call, by_hand, start, finish, absent, return, park or transfer
    seconds: int  # for which it can be undone
    press: str  # identifies the step for `undo`

    @property
    def before(self) -> dict[str, Any]:
        """The values before the step of the ticket's fields that it changed."""
        return self.ticket.before or {}


def last_step(*, office: OfficeSnapshot, clerk: int, now: datetime) -> LastStep | None:
    """The step that `undo` would undo now; None where it would refuse."""
    ticket = (
        Ticket.objects.filter(
            office=office.row,
            changed_by=clerk,
            before__isnull=False,
            changed_at__gt=now - UNDO,
            changed_at__lt=now + UNDO,  # the server's clock may have been set back
        )
        .order_by("-changed_at")
        .first()
    )
    if ticket is None or ticket.before is None or ticket.changed_at is None:
        return None
    kind = _kind_of(ticket)
    if kind is None or not _can_go_back(ticket, clerk):
        return None
    time_left = min(UNDO, UNDO - (now - ticket.changed_at))
    press = f"{ticket.pk}.{int(ticket.changed_at.timestamp() * 1_000_000)}"
    return LastStep(ticket, kind, -(-time_left // timedelta(seconds=1)), press)


@transaction.atomic
def undo_last_step(*, office: OfficeSnapshot, clerk: int, now: datetime, press: str = "") -> Ticket:
    """Undo the clerk's last step within thirty seconds, if nothing has happened since.

    `press` identifies the step that the clerk was offered to undo: if another one is the last by
    now, nothing is undone. Raises NothingToUndo.
    """
    lock_queue(office.office_id)
    step = last_step(office=office, clerk=clerk, now=now)
    if step is None or press not in {"", step.press}:
        raise NothingToUndo
    ticket, before = step.ticket, step.before
    if "booking_state" in before:
        _reopen_booking(ticket, before["booking_state"], now)
    state_undone, counter_left = ticket.state, ticket.counter_id or before.get("counter_id") or 0
    for name in before:
        if name != "booking_state":
            setattr(ticket, name, _from_json(name, before[name]))
    ticket.before, ticket.changed_by = None, None
    ticket.save()
    record(
        events.StepUndone(
            office=ticket.office_id,
            ticket=ticket.pk,
            counter=counter_left,
            clerk=clerk,
            step=state_undone,
            at=now,
            actor=clerk,
        )
    )
    return ticket


def _kind_of(ticket: Ticket) -> str | None:
    """The kind of step that led to the ticket's state; None if something else changed it since."""
    state_before = (ticket.before or {}).get("state", "")
    if ticket.state == TicketState.CALLED and state_before in IN_QUEUE:
        return "by_hand" if ticket.reason.get("code") == "by_hand" else "call"
    if ticket.state == TicketState.WAITING and state_before == TicketState.NO_SHOW:
        return "return"
    if state_before not in AT_COUNTER:
        return None
    return {
        TicketState.SERVING: "start",
        TicketState.FINISHED: "finish",
        TicketState.NO_SHOW: "absent",
        TicketState.PARKED: "park",
        TicketState.WAITING: "transfer",
    }.get(TicketState(ticket.state))


def _can_go_back(ticket: Ticket, clerk: int) -> bool:
    """Whether the counter is still the clerk's and free, and the booking's slot not taken."""
    before = ticket.before or {}
    counter = before.get("counter_id", ticket.counter_id) or 0
    if before["state"] in AT_COUNTER:
        present = Ticket.objects.filter(counter=counter, state__in=AT_COUNTER)
        if present.exclude(pk=ticket.pk).exists() or not _is_shift_of(counter, clerk):
            return False
    return "booking_state" not in before or not _lane_is_taken(ticket)


def _lane_is_taken(ticket: Ticket) -> bool:
    """Whether somebody else has booked the slot of a booking that was ended."""
    booking = Booking.objects.filter(ticket=ticket).first()
    if booking is None:
        return False
    other_bookings = Booking.objects.filter(lane=booking.lane_id, state__in=LIVE).exclude(
        pk=booking.pk
    )
    return other_bookings.filter(
        starts_at__lt=booking.ends_at, ends_at__gt=booking.starts_at
    ).exists()


def waiting_tickets(office: OfficeSnapshot, now: datetime) -> list[discipline.Waiting]:
    """Today's queue for the discipline. One SQL statement and no models, because it is hot."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.WAITING,
            [office.office_id, calendar.day_of(now, office.tz)],
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


def client_of_clerk(office: int, clerk: int) -> tuple[int, bool, Ticket | None] | None:
    """The clerk's open counter, whether it is paused, and its client; None if none is open.

    One SQL statement, because programs ask within the transaction of a step.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNTER_WITH_CLIENT, [office, clerk])
        row = cursor.fetchone()
    if row is None:
        return None
    counter, paused, *columns = row
    return int(counter), bool(paused), object_of_row(Ticket, columns) if columns[0] else None


def stopped_services(office: int) -> frozenset[int]:
    """Services that need a system that is down, read from the database now."""
    with connection.cursor() as cursor:
        cursor.execute(sql.STOPPED, [office])
        return frozenset(service for (service,) in cursor.fetchall())


def waiting_of_ticket(ticket: Ticket) -> discipline.Waiting:
    """The ticket for the discipline."""
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


def policy_of(office: OfficeSnapshot) -> discipline.Policy:
    """The office's policy between booked clients and walk-ins, and its stopped services."""
    head_start, cap = office.row.head_start_min, office.row.walkin_cap_min
    return discipline.Policy(
        head_start=None if head_start is None else timedelta(minutes=head_start),
        call_early=office.row.call_early,
        stopped=frozenset(office.stopped),
        cap=None if cap is None else timedelta(minutes=cap),
    )


@dataclass(frozen=True)
class _CallContext:
    """What a call needs besides the queue."""

    counter: int
    stopped: frozenset[int]  # services; the office's snapshot may be a moment old
    held: frozenset[int]  # tickets that a silent console may be calling
    alerted: frozenset[int]  # tickets whose holders asked for an alert


def _call_context(clerk: int, office: OfficeSnapshot, now: datetime) -> _CallContext:
    """The clerk's counter and the context of a call. One SQL statement, because it is hot.

    Raises CounterNotOpen, CounterPausedNow, CounterBusy.
    """
    office_id = office.office_id
    with connection.cursor() as cursor:
        cursor.execute(
            sql.CALL_CONTEXT,
            [office_id, *held_parameters(office_id, now), office_id, clerk, office_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise CounterNotOpen
    counter, paused, busy, *ticket_arrays = row
    if paused:
        raise CounterPausedNow
    if busy:
        raise CounterBusy
    return _CallContext(int(counter), *map(frozenset, ticket_arrays))


def _event_fields(
    ticket: Ticket, clerk: int, now: datetime, actor: int | None = None
) -> dict[str, Any]:
    """The fields of every event of a ticket at a counter; the actor is the clerk by default."""
    return {
        "office": ticket.office_id,
        "ticket": ticket.pk,
        "counter": ticket.counter_id,
        "clerk": clerk,
        "at": now,
        "actor": clerk if actor is None else actor,
    }


def _is_shift_of(counter: int, clerk: int) -> bool:
    return Shift.objects.filter(counter=counter, clerk=clerk, closed_at=None).exists()


def _at_counter(office: OfficeSnapshot, clerk: int, states: tuple[TicketState, ...]) -> Ticket:
    """The client at the clerk's counter, locked; enough for steps that do not change the order."""
    ticket = select_one(
        Ticket,
        sql.CLIENT_OF_CLERK,
        [clerk, office.office_id, list(states)],
        table="t",
    )
    if ticket is None:
        raise NotAtCounter
    return ticket


def _call(
    office: OfficeSnapshot,
    ticket: int,
    counter: int,
    clerk: int,
    reason: discipline.Reason,
    now: datetime,
) -> Ticket:
    why = reason.payload()
    event = events.TicketCalled(
        office=office.office_id,
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
        state=TicketState.CALLED,
        counter_id=counter,
        clerk_id=clerk,
        called_at=now,
        recalled_at=None,
        reason=why,
        calls=ONE_MORE,
        parked_until=None,
    )


def _change(states: tuple[TicketState, ...], event: events.Event, **changes: Any) -> Ticket:
    """Write the changes of the event's ticket, the replaced values for `undo`, and the event.

    The statement requires one of the states, a safeguard besides the lock, so that nobody is called
    twice. Raises NotWaiting.
    """
    new_values = [_to_sql(new_value) for new_value in changes.values() if new_value is not ONE_MORE]
    counted = tuple(name for name, new_value in changes.items() if new_value is ONE_MORE)
    conditions = [event.at, event.actor, event.payload()["ticket"], list(states)]
    row = change(sql.change_ticket(tuple(changes), counted), [*new_values, *conditions], event)
    if row is None:
        raise NotWaiting
    return object_of_row(Ticket, row)


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
        return  # its slot is somebody else's by now; the ticket waits nevertheless
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
        # The booking ended meanwhile, and its slot is somebody else's by now.
        raise NothingToUndo from None


def _to_sql(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _from_json(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if value and name.endswith(("_at", "_until")) else value

"""Whose turn it is, and what a clerk does with a client: call, serve, finish, park, transfer."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from prepazka.booking.models import LIVE, Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar, discipline, events
from prepazka.core.interval import Interval
from prepazka.journal.record import change, record
from prepazka.journal.rows import columns, of_row, one
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Service
from prepazka.queueing.alerts import WITH_CONTACT, forget_contact, tell_called
from prepazka.queueing.held import HELD, Holder, bounds, held_elsewhere
from prepazka.queueing.locks import lock_queue
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, State, Ticket
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
from prepazka.queueing.validity import valid_until

UNDO = timedelta(seconds=30)
ONE_MORE = object()  # instead of a value: than the ticket has
# The shift too, so that a clerk whose counter is being taken over presses nothing at it any more.
CLIENT_AND_SHIFT = "FOR NO KEY UPDATE OF t FOR SHARE OF s"
# Services that need a system which is down now.
STOPPED = (
    "SELECT n.service_id FROM offices_service_needs n"
    " JOIN offices_incident i ON i.system_id = n.system_id"
    " WHERE i.office_id = %s AND i.ended_at IS NULL"
)


@transaction.atomic
def call_next(*, office: Directory, clerk: int, now: datetime) -> Ticket:
    """Call the client whose turn it is to the clerk's counter, and keep the reason.

    Whom a silent console of another counter may be calling is passed over, and the reason says
    so. Raises CounterNotOpen, CounterPausedNow, CounterBusy, NobodyWaiting, OnlyHeldOffline.
    """
    lock_queue(office.office.pk)
    hall = _look(clerk, office, now)
    counter = hall.counter
    policy = replace(policy_of(office), stopped=hall.stopped)
    asked: dict[str, Any] = {"serves": office.serves[counter], "counter": counter, "policy": policy}
    queue = waiting(office, now)
    chosen = discipline.next_in_turn(
        (w for w in queue if w.ticket not in hall.held), **asked, now=now
    )
    passed: list[Holder] = []
    if hall.held:
        holders = held_elsewhere(office.office.pk, counter, now)
        passed = [
            holders[w.ticket]
            for w in discipline.before(queue, chosen, **asked, now=now)
            if w.ticket in holders
        ]
    if chosen is None:
        raise _nobody(office, passed)
    called = _call(office, chosen.ticket, counter, clerk, passing(chosen.reason, passed), now)
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
        raise HeldOffline(**_holding(office, holder))
    called = _call(office, found.pk, counter, clerk, discipline.Reason("by_hand"), now)
    tell_called(called, now)
    return called


def passing(reason: discipline.Reason, passed: list[Holder]) -> discipline.Reason:
    """The reason with how many were passed over, at which counter, silent since when.

    Where several counters are silent none is named, and `held_since` is the earliest of them.
    """
    if not passed:
        return reason
    more: dict[str, datetime | int] = {
        "held": len(passed),
        "held_since": min(holder.since for holder in passed),
    }
    if len({holder.counter for holder in passed}) == 1:
        more["held_counter"] = passed[0].counter
    return replace(reason, params={**reason.params, **more})


def _nobody(office: Directory, passed: list[Holder]) -> NobodyWaiting:
    if not passed:
        return NobodyWaiting()
    return OnlyHeldOffline(**_holding(office, min(passed, key=lambda holder: holder.since)))


def _holding(office: Directory, holder: Holder) -> dict[str, str]:
    """What a refusal says of a silent counter; to the second, for it is a matter of seconds."""
    return {
        "number": office.counters[holder.counter].number,
        "since": f"{holder.since.astimezone(office.tz):%-H:%M:%S}",
        "until": f"{holder.until.astimezone(office.tz):%-H:%M:%S}",
    }


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
def finish(*, office: Directory, clerk: int, now: datetime, actor: int | None = None) -> Ticket:
    """The client is served and leaves; a booking ends as served.

    `actor` is who says so for the clerk of a counter that was left.
    """
    ticket = _at_counter(office, clerk, AT_COUNTER)
    started = ticket.serving_at or ticket.called_at
    event = events.TicketFinished(**_said(ticket, clerk, now, actor))
    ended = _change(AT_COUNTER, event, state=State.FINISHED, serving_at=started, ended_at=now)
    _serve_booking(ended, now)
    forget_contact(ended.pk)
    return ended


@transaction.atomic
def no_show(*, office: Directory, clerk: int, now: datetime, actor: int | None = None) -> Ticket:
    """Mark that the client was called and did not come; the ticket leaves the queue.

    A booking ends with it only where its PIN no longer counts. Otherwise it stays arrived and keeps
    its lane: the PIN, or staff, may put the ticket back, and `end_missed` ends the booking in time.
    `actor` as in `finish`.
    """
    ticket = _at_counter(office, clerk, (State.CALLED,))
    event = events.TicketNoShow(**_said(ticket, clerk, now, actor))
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
    actor: int | None = None,
) -> Ticket:
    """Send the client on to another service or counter; the number stays the same.

    With neither, the client waits for the same service again. `actor` as in `finish`. Raises NotServedHere when no counter of the office serves what is wanted.
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
            **_said(ticket, clerk, now, actor), to_service=wanted, to_counter=to_counter
        ),
        state=State.WAITING,
        service_id=wanted,
        for_counter_id=to_counter,
        returned_at=now,
        counter_id=None,
        called_at=None,
        serving_at=None,
    )


@dataclass(frozen=True)
class LastStep:
    """The clerk's last press that can still be taken back."""

    ticket: Ticket
    kind: str  # call, by_hand, start, finish, absent, return, park or transfer
    seconds: int  # for which it can be
    press: str  # which press it was, for `undo`

    @property
    def before(self) -> dict[str, Any]:
        """The fields of the ticket that the press changed, as they were."""
        return self.ticket.before or {}


def last_step(*, office: Directory, clerk: int, now: datetime) -> LastStep | None:
    """What `undo` would take back now; None where it would refuse."""
    ticket = (
        Ticket.objects.filter(
            office=office.office,
            changed_by=clerk,
            before__isnull=False,
            changed_at__gt=now - UNDO,
            changed_at__lt=now + UNDO,  # the clock of this computer may have been set back
        )
        .order_by("-changed_at")
        .first()
    )
    if ticket is None or ticket.before is None or ticket.changed_at is None:
        return None
    kind = _kind_of(ticket)
    if kind is None or not _can_go_back(ticket, clerk):
        return None
    left = min(UNDO, UNDO - (now - ticket.changed_at))
    press = f"{ticket.pk}.{int(ticket.changed_at.timestamp() * 1_000_000)}"
    return LastStep(ticket, kind, -(-left // timedelta(seconds=1)), press)


@transaction.atomic
def undo(*, office: Directory, clerk: int, now: datetime, press: str = "") -> Ticket:
    """Take back the clerk's last press, for thirty seconds, if nothing has happened since.

    `press` names the press that the clerk was offered to take back: if another one is the last by
    now, nothing is taken back. Raises NothingToUndo.
    """
    lock_queue(office.office.pk)
    step = last_step(office=office, clerk=clerk, now=now)
    if step is None or press not in {"", step.press}:
        raise NothingToUndo
    ticket, before = step.ticket, step.before
    if "booking_state" in before:
        _reopen_booking(ticket, before["booking_state"], now)
    was, left = ticket.state, ticket.counter_id or before.get("counter_id") or 0
    for name in before:
        if name != "booking_state":
            setattr(ticket, name, _parsed(name, before[name]))
    ticket.before, ticket.changed_by = None, None
    ticket.save()
    record(
        events.StepUndone(
            office=ticket.office_id,
            ticket=ticket.pk,
            counter=left,
            clerk=clerk,
            step=was,
            at=now,
            actor=clerk,
        )
    )
    return ticket


def _kind_of(ticket: Ticket) -> str | None:
    """Which press led to the ticket's state; None if something else has changed it since."""
    was = (ticket.before or {}).get("state", "")
    if ticket.state == State.CALLED and was in IN_QUEUE:
        return "by_hand" if ticket.reason.get("code") == "by_hand" else "call"
    if ticket.state == State.WAITING and was == State.NO_SHOW:
        return "return"
    if was not in AT_COUNTER:
        return None
    return {
        State.SERVING: "start",
        State.FINISHED: "finish",
        State.NO_SHOW: "absent",
        State.PARKED: "park",
        State.WAITING: "transfer",
    }.get(State(ticket.state))


def _can_go_back(ticket: Ticket, clerk: int) -> bool:
    """Whether the counter is still the clerk's and free, and the booked time nobody else's."""
    before = ticket.before or {}
    counter = before.get("counter_id", ticket.counter_id) or 0
    if before["state"] in AT_COUNTER:
        present = Ticket.objects.filter(counter=counter, state__in=AT_COUNTER)
        if present.exclude(pk=ticket.pk).exists() or not _mine(counter, clerk):
            return False
    return "booking_state" not in before or not _lane_is_taken(ticket)


def _lane_is_taken(ticket: Ticket) -> bool:
    """Whether somebody else has booked the time of a booking that was marked as over."""
    booking = Booking.objects.filter(ticket=ticket).first()
    if booking is None:
        return False
    others = Booking.objects.filter(lane=booking.lane_id, state__in=LIVE).exclude(pk=booking.pk)
    return others.filter(starts_at__lt=booking.ends_at, ends_at__gt=booking.starts_at).exists()


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
            [where, *bounds(where, now), where, clerk, where],
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


def _said(ticket: Ticket, clerk: int, now: datetime, actor: int | None = None) -> dict[str, Any]:
    """What every event of a ticket at a counter says; the actor is the clerk unless another is."""
    return {
        "office": ticket.office_id,
        "ticket": ticket.pk,
        "counter": ticket.counter_id,
        "clerk": clerk,
        "at": now,
        "actor": clerk if actor is None else actor,
    }


def _mine(counter: int, clerk: int) -> bool:
    return Shift.objects.filter(counter=counter, clerk=clerk, closed_at=None).exists()


def _at_counter(office: Directory, clerk: int, states: tuple[State, ...]) -> Ticket:
    """The client at the clerk's counter, locked: that is enough for what changes nobody's turn."""
    ticket = one(
        Ticket,
        "FROM queueing_ticket t JOIN queueing_shift s ON s.counter_id = t.counter_id"
        " AND s.clerk_id = %s AND s.closed_at IS NULL"
        f" WHERE t.office_id = %s AND t.state = ANY(%s) {CLIENT_AND_SHIFT}",
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

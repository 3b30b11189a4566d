"""Opening, pausing, taking over and closing a counter."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q

from prepazka.core import calendar, events
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.offices.models import Counter, Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import turns
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, CallLease, Shift, Ticket, TicketState
from prepazka.queueing.queue_locks import lock_queue
from prepazka.queueing.refusals import (
    ClientChanged,
    CounterBusy,
    CounterClosedAlready,
    CounterNotOpen,
    CounterTaken,
    FateMissing,
    OtherServices,
)

# How long after closing a counter may stay open where the office's file sets no overtime.
OVERTIME = timedelta(hours=1)
# How long there must be no step at the counter before it closes by itself.
QUIET = timedelta(minutes=15)


class Fate(StrEnum):
    """What happens to the client at a counter that was left."""

    SERVED = "served"
    WAITS = "waits"  # goes back to the queue, before the others
    ABSENT = "absent"  # was called and is not there
    STAYS = "stays"  # with the clerk who takes the counter over


@transaction.atomic
def open_counter(*, counter: Counter, clerk: int, now: datetime) -> Shift:
    """Start a clerk's shift at a counter; the clerk's shift at another counter ends.

    Opening one's own open counter again returns the same shift. Raises CounterTaken, CounterBusy
    if a client is still at the clerk's other counter.
    """
    lock_queue(counter.office_id)
    open_shifts = Shift.objects.filter(closed_at=None)
    present_shift = open_shifts.filter(counter=counter).first()
    if present_shift and present_shift.clerk_id == clerk:
        return present_shift
    if present_shift:
        raise CounterTaken
    for other_shift in open_shifts.filter(clerk=clerk):
        _close(other_shift, now)
    shift = Shift.objects.create(
        office_id=counter.office_id, counter=counter, clerk_id=clerk, opened_at=now
    )
    record(
        events.CounterOpened(
            office=counter.office_id, counter=counter.pk, clerk=clerk, actor=clerk, at=now
        )
    )
    return shift


@transaction.atomic
def pause_counter(*, shift: Shift, now: datetime, note: str = "") -> Shift:
    """Start a break: the counter stays the clerk's, but calls nobody and counts as not open."""
    lock_queue(shift.office_id)
    shift_row = _open_shift(shift)
    if shift_row.paused_at is None:
        shift_row.paused_at, shift_row.pause_note = now, note
        shift_row.save(update_fields=["paused_at", "pause_note"])
        CallLease.objects.filter(grant__shift=shift_row).delete()
        record(
            events.CounterPaused(
                office=shift_row.office_id,
                counter=shift_row.counter_id,
                clerk=shift_row.clerk_id,
                actor=shift_row.clerk_id,
                at=now,
            )
        )
    return shift_row


@transaction.atomic
def resume_counter(*, shift: Shift, now: datetime) -> Shift:
    """End the break."""
    lock_queue(shift.office_id)
    shift_row = _open_shift(shift)
    if shift_row.paused_at is not None:
        shift_row.paused_at, shift_row.pause_note = None, ""
        shift_row.save(update_fields=["paused_at", "pause_note"])
        record(
            events.CounterResumed(
                office=shift_row.office_id,
                counter=shift_row.counter_id,
                clerk=shift_row.clerk_id,
                actor=shift_row.clerk_id,
                at=now,
            )
        )
    return shift_row


@transaction.atomic
def close_counter(*, shift: Shift, now: datetime) -> None:
    """End the shift; closing twice is the same as once. Raises CounterBusy."""
    lock_queue(shift.office_id)
    shift_row = Shift.objects.get(pk=shift.pk)
    if shift_row.closed_at is None:
        _close(shift_row, now)


@transaction.atomic
def close_left_counter(
    *,
    office: OfficeSnapshot,
    shift: int,
    actor: int,
    now: datetime,
    client: int | None = None,
    fate: Fate | None = None,
) -> Shift:
    """Close the counter that another clerk left; `client` is the ticket the actor saw there.

    Raises CounterClosedAlready, ClientChanged if somebody else is at the counter by now,
    FateMissing where there is a client and no `fate`, OtherServices.
    """
    lock_queue(office.office_id)
    left_shift = _left_shift(office, shift, actor)
    if fate == Fate.STAYS:
        fate = None  # a closed counter has no clerk with whom the client could stay
    client_there = _settle_client(office, left_shift, actor, client, fate, now)
    _end(left_shift, now)
    record(
        events.LeftCounterClosed(
            office=left_shift.office_id,
            counter=left_shift.counter_id,
            clerk=left_shift.clerk_id,
            actor=actor,
            at=now,
            ticket=client_there,
            fate=fate if fate and client_there else "",
        )
    )
    return left_shift


@transaction.atomic
def take_over_counter(
    *,
    office: OfficeSnapshot,
    shift: int,
    clerk: int,
    now: datetime,
    client: int | None = None,
    fate: Fate | None = None,
) -> Shift:
    """Start the clerk's shift at a counter that another left open; the client may stay there.

    The clerk's other counter closes. Taking over one's own counter changes nothing. Raises as
    `close_left_counter`, and CounterBusy if a client is at the clerk's other counter.
    """
    lock_queue(office.office_id)
    left_shift = _left_shift(office, shift, clerk)
    if left_shift.clerk_id == clerk:
        return left_shift
    for other_shift in Shift.objects.filter(clerk=clerk, closed_at=None):
        _close(other_shift, now)
    client_there = _settle_client(office, left_shift, clerk, client, fate, now)
    _end(left_shift, now)
    new_shift = Shift.objects.create(
        office_id=left_shift.office_id,
        counter_id=left_shift.counter_id,
        clerk_id=clerk,
        opened_at=now,
    )
    record(
        events.CounterTakenOver(
            office=left_shift.office_id,
            counter=left_shift.counter_id,
            clerk=left_shift.clerk_id,
            actor=clerk,
            at=now,
            ticket=client_there,
            fate=fate if fate and client_there else "",
        )
    )
    return new_shift


def close_forgotten(*, office: OfficeSnapshot, now: datetime) -> int:
    """Close counters left open after the office's hours and overtime; returns how many.

    A counter with a client, or with a step in the last quarter of an hour, stays open.
    """
    forgotten = [
        shift.pk
        for shift in Shift.objects.filter(office=office.row, closed_at=None)
        if (closes := closes_by_itself(office, shift)) is not None and closes <= now
    ]
    return sum(_close_forgotten(office, pk, now) for pk in forgotten)


@transaction.atomic
def _close_forgotten(office: OfficeSnapshot, pk: int, now: datetime) -> bool:
    lock_queue(office.office_id)
    shift = Shift.objects.get(pk=pk)
    if shift.closed_at is not None or now - last_step_at(shift) < QUIET:
        return False
    if _client_at(shift) is not None:
        return False
    _end(shift, now)
    record(
        events.CounterClosed(
            office=shift.office_id, counter=shift.counter_id, clerk=shift.clerk_id, at=now
        )
    )
    return True


def closes_by_itself(office: OfficeSnapshot, shift: Shift) -> datetime | None:
    """From when the counter may close by itself; None on a day on which the office has no hours."""
    day = calendar.day_of(shift.opened_at, office.tz)
    hours = office.opening_hours.of_office(day)
    if not hours:
        return None
    overtime = office.row.overtime_min
    allowance = OVERTIME if overtime is None else timedelta(minutes=overtime)
    return calendar.local_instant(day, hours[-1].end, office.tz) + allowance


def last_step_at(shift: Shift) -> datetime:
    """When the clerk last took a step at the counter in this shift, or opened it."""
    steps = Event.objects.filter(
        office=shift.office_id,
        at__gte=shift.opened_at,
        data__counter=shift.counter_id,
        data__clerk=shift.clerk_id,
    )
    last_at = steps.order_by("-at").values_list("at", flat=True).first()
    return max(shift.opened_at, last_at) if last_at else shift.opened_at


def waiting_here_alone(office: OfficeSnapshot, shift: Shift, now: datetime) -> int:
    """How many people wait whom no other open counter may call; paused counters do not count."""
    other_shifts = Shift.objects.filter(office=office.row, closed_at=None, paused_at=None)
    other_shifts = other_shifts.exclude(pk=shift.pk)
    served_elsewhere: set[int] = set()
    for counter in other_shifts.values_list("counter_id", flat=True):
        served_elsewhere |= office.serves[counter]
    served_here_alone = office.serves[shift.counter_id] - served_elsewhere
    waiting = Ticket.objects.filter(
        office=office.row, date=calendar.day_of(now, office.tz), state__in=IN_QUEUE
    )
    return waiting.filter(
        Q(for_counter=shift.counter_id) | Q(for_counter=None, service__in=served_here_alone)
    ).count()


def may_end_shift(office: OfficeSnapshot, shift: Shift, actor: int) -> bool:
    """Whether the member of staff may close or take over a counter that another left.

    Heads, receptions and administrators may; a clerk may if the counter shares a service with their
    own open counter, or if they have none open.
    """
    clerk = Membership.objects.filter(office=office.row, user=actor, role=Role.CLERK)
    own = Shift.objects.filter(office=office.row, clerk=actor, closed_at=None).first()
    if own is None or own.pk == shift.pk or not clerk.exists():
        return True
    return bool(office.serves[shift.counter_id] & office.serves[own.counter_id])


def _left_shift(office: OfficeSnapshot, shift: int, actor: int) -> Shift:
    left_shift = Shift.objects.get(pk=shift, office=office.row)
    if left_shift.closed_at is not None:
        raise CounterClosedAlready
    if not may_end_shift(office, left_shift, actor):
        raise OtherServices
    return left_shift


def _client_at(shift: Shift) -> Ticket | None:
    """The client at the counter, locked, because a press of its clerk may be on its way."""
    at_counter = Ticket.objects.filter(counter=shift.counter_id, state__in=AT_COUNTER)
    return at_counter.select_for_update(no_key=True).first()


def _settle_client(
    office: OfficeSnapshot,
    left_shift: Shift,
    actor: int,
    expected_client: int | None,
    fate: Fate | None,
    now: datetime,
) -> int | None:
    """Apply the fate of the client at a counter that was left; returns the ticket's id, if any."""
    present = _client_at(left_shift)
    if (present.pk if present else None) != expected_client:
        raise ClientChanged
    if present is None:
        return None
    if fate is None:
        raise FateMissing
    press: dict[str, Any] = {"office": office, "clerk": left_shift.clerk_id, "now": now}
    if fate == Fate.SERVED:
        turns.finish_service(**press, actor=actor)
    elif fate == Fate.WAITS:
        turns.transfer_client(**press, actor=actor)
    elif fate == Fate.ABSENT:
        if present.state != TicketState.CALLED:
            raise ClientChanged  # a client who is being served is not absent
        turns.mark_no_show(**press, actor=actor)
    # So that neither clerk can undo a step of the other.
    changes: dict[str, Any] = {"before": None, "changed_by": None}
    if fate == Fate.STAYS:
        changes["clerk_id"] = actor
    Ticket.objects.filter(pk=present.pk).update(**changes)
    return present.pk


def _open_shift(shift: Shift) -> Shift:
    shift_row = Shift.objects.get(pk=shift.pk)
    if shift_row.closed_at is not None:
        raise CounterNotOpen
    return shift_row


def _close(shift: Shift, now: datetime) -> None:
    if Ticket.objects.filter(counter=shift.counter_id, state__in=AT_COUNTER).exists():
        raise CounterBusy
    _end(shift, now)
    record(
        events.CounterClosed(
            office=shift.office_id,
            counter=shift.counter_id,
            clerk=shift.clerk_id,
            actor=shift.clerk_id,
            at=now,
        )
    )


def _end(shift: Shift, now: datetime) -> None:
    shift.closed_at = now
    shift.save(update_fields=["closed_at"])
    CallLease.objects.filter(grant__shift=shift).delete()

"""Opening, pausing and closing a counter."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q

from prepazka.core import calendar, events
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Membership, Role
from prepazka.queueing import turns
from prepazka.queueing.locks import lock_queue
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, CallLease, Shift, State, Ticket
from prepazka.queueing.refusals import (
    ClientChanged,
    CounterBusy,
    CounterClosedAlready,
    CounterNotOpen,
    CounterTaken,
    FateMissing,
    OtherServices,
)

# After the office's last hours: where its file sets no limit of overtime.
OVERTIME = timedelta(hours=1)
# Without a step at the counter, before it closes by itself.
QUIET = timedelta(minutes=15)


class Fate(StrEnum):
    """What became of the client at a counter that was left."""

    SERVED = "served"
    WAITS = "waits"  # goes back to the queue, before the others
    ABSENT = "absent"  # was called and is not there
    STAYS = "stays"  # with the clerk who takes the counter over


@transaction.atomic
def open_counter(*, counter: Counter, clerk: int, now: datetime) -> Shift:
    """Start a clerk's shift at a counter; at another counter it ends by itself.

    Opening one's own open counter again answers with the same shift. Raises CounterTaken,
    CounterBusy if a client is still at the clerk's other counter.
    """
    lock_queue(counter.office_id)
    open_ones = Shift.objects.filter(closed_at=None)
    here = open_ones.filter(counter=counter).first()
    if here and here.clerk_id == clerk:
        return here
    if here:
        raise CounterTaken
    for other in open_ones.filter(clerk=clerk):
        _close(other, now)
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
    """Take a break: the counter stays the clerk's, but calls and holds nobody, and counts as not open."""
    lock_queue(shift.office_id)
    found = _open(shift)
    if found.paused_at is None:
        found.paused_at, found.pause_note = now, note
        found.save(update_fields=["paused_at", "pause_note"])
        CallLease.objects.filter(grant__shift=found).delete()
        record(
            events.CounterPaused(
                office=found.office_id,
                counter=found.counter_id,
                clerk=found.clerk_id,
                actor=found.clerk_id,
                at=now,
            )
        )
    return found


@transaction.atomic
def resume_counter(*, shift: Shift, now: datetime) -> Shift:
    """End the break."""
    lock_queue(shift.office_id)
    found = _open(shift)
    if found.paused_at is not None:
        found.paused_at, found.pause_note = None, ""
        found.save(update_fields=["paused_at", "pause_note"])
        record(
            events.CounterResumed(
                office=found.office_id,
                counter=found.counter_id,
                clerk=found.clerk_id,
                actor=found.clerk_id,
                at=now,
            )
        )
    return found


@transaction.atomic
def close_counter(*, shift: Shift, now: datetime) -> None:
    """End the shift; closing twice is the same as once. Raises CounterBusy."""
    lock_queue(shift.office_id)
    found = Shift.objects.get(pk=shift.pk)
    if found.closed_at is None:
        _close(found, now)


@transaction.atomic
def close_left_counter(
    *,
    office: Directory,
    shift: int,
    actor: int,
    now: datetime,
    client: int | None = None,
    fate: Fate | None = None,
) -> Shift:
    """Close the counter that another clerk left; `client` is the ticket the actor saw there.

    Raises CounterClosedAlready, ClientChanged if somebody else is at the counter by now,
    FateMissing where there is a client and nothing is said of them, OtherServices.
    """
    lock_queue(office.office.pk)
    left = _left(office, shift, actor)
    if fate == Fate.STAYS:
        fate = None  # nobody is there with whom the client could stay
    present = _settle_client(office, left, actor, client, fate, now)
    _end(left, now)
    record(
        events.LeftCounterClosed(
            office=left.office_id,
            counter=left.counter_id,
            clerk=left.clerk_id,
            actor=actor,
            at=now,
            ticket=present,
            fate=fate if fate and present else "",
        )
    )
    return left


@transaction.atomic
def take_over_counter(
    *,
    office: Directory,
    shift: int,
    clerk: int,
    now: datetime,
    client: int | None = None,
    fate: Fate | None = None,
) -> Shift:
    """Start the clerk's shift at a counter that another left open; the client may stay there.

    The clerk's other counter closes by itself. Taking over what is one's own changes nothing.
    Raises as `close_left_counter`, and CounterBusy if a client is at the clerk's other counter.
    """
    lock_queue(office.office.pk)
    left = _left(office, shift, clerk)
    if left.clerk_id == clerk:
        return left
    for other in Shift.objects.filter(clerk=clerk, closed_at=None):
        _close(other, now)
    present = _settle_client(office, left, clerk, client, fate, now)
    _end(left, now)
    taken = Shift.objects.create(
        office_id=left.office_id, counter_id=left.counter_id, clerk_id=clerk, opened_at=now
    )
    record(
        events.CounterTakenOver(
            office=left.office_id,
            counter=left.counter_id,
            clerk=left.clerk_id,
            actor=clerk,
            at=now,
            ticket=present,
            fate=fate if fate and present else "",
        )
    )
    return taken


def close_forgotten(*, office: Directory, now: datetime) -> int:
    """Close the counters nobody is at after the office's hours and its overtime; how many.

    A counter with a client, or with a step in the last quarter of an hour, stays open.
    """
    forgotten = [
        shift.pk
        for shift in Shift.objects.filter(office=office.office, closed_at=None)
        if (closes := closes_by_itself(office, shift)) is not None and closes <= now
    ]
    return sum(_close_forgotten(office, pk, now) for pk in forgotten)


@transaction.atomic
def _close_forgotten(office: Directory, pk: int, now: datetime) -> bool:
    lock_queue(office.office.pk)
    shift = Shift.objects.get(pk=pk)
    if shift.closed_at is not None or now - last_step_at(shift) < QUIET:
        return False
    if _present(shift) is not None:
        return False
    _end(shift, now)
    record(
        events.CounterClosed(
            office=shift.office_id, counter=shift.counter_id, clerk=shift.clerk_id, at=now
        )
    )
    return True


def closes_by_itself(office: Directory, shift: Shift) -> datetime | None:
    """From when the counter may close by itself; None on a day on which the office has no hours."""
    day = calendar.day_of(shift.opened_at, office.tz)
    hours = office.office_hours(day)
    if not hours:
        return None
    overtime = office.office.overtime_min
    more = OVERTIME if overtime is None else timedelta(minutes=overtime)
    return calendar.local_instant(day, hours[-1].end, office.tz) + more


def last_step_at(shift: Shift) -> datetime:
    """When the clerk last did anything at the counter in this shift."""
    steps = Event.objects.filter(
        office=shift.office_id,
        at__gte=shift.opened_at,
        data__counter=shift.counter_id,
        data__clerk=shift.clerk_id,
    )
    last = steps.order_by("-at").values_list("at", flat=True).first()
    return max(shift.opened_at, last) if last else shift.opened_at


def waiting_here_alone(office: Directory, shift: Shift, now: datetime) -> int:
    """How many people wait whom no other open counter may call: a break does not count as open."""
    others = Shift.objects.filter(office=office.office, closed_at=None, paused_at=None)
    others = others.exclude(pk=shift.pk)
    elsewhere: set[int] = set()
    for counter in others.values_list("counter_id", flat=True):
        elsewhere |= office.serves[counter]
    alone = office.serves[shift.counter_id] - elsewhere
    waiting = Ticket.objects.filter(
        office=office.office, date=calendar.day_of(now, office.tz), state__in=IN_QUEUE
    )
    return waiting.filter(
        Q(for_counter=shift.counter_id) | Q(for_counter=None, service__in=alone)
    ).count()


def may_end(office: Directory, shift: Shift, actor: int) -> bool:
    """Whether the member of staff may close or take over a counter that another left.

    Heads, receptions and administrators may; a clerk if the counter serves anything that their own
    open counter serves, or has none open, as they may sit down at any.
    """
    clerk = Membership.objects.filter(office=office.office, user=actor, role=Role.CLERK)
    own = Shift.objects.filter(office=office.office, clerk=actor, closed_at=None).first()
    if own is None or own.pk == shift.pk or not clerk.exists():
        return True
    return bool(office.serves[shift.counter_id] & office.serves[own.counter_id])


def _left(office: Directory, shift: int, actor: int) -> Shift:
    left = Shift.objects.get(pk=shift, office=office.office)
    if left.closed_at is not None:
        raise CounterClosedAlready
    if not may_end(office, left, actor):
        raise OtherServices
    return left


def _present(shift: Shift) -> Ticket | None:
    """The client at the counter, locked: a press of the clerk's may be on its way."""
    at_counter = Ticket.objects.filter(counter=shift.counter_id, state__in=AT_COUNTER)
    return at_counter.select_for_update(no_key=True).first()


def _settle_client(
    office: Directory,
    left: Shift,
    actor: int,
    seen: int | None,
    fate: Fate | None,
    now: datetime,
) -> int | None:
    """Write what became of the client at a counter that was left; the ticket, if there is one."""
    present = _present(left)
    if (present.pk if present else None) != seen:
        raise ClientChanged
    if present is None:
        return None
    if fate is None:
        raise FateMissing
    where: dict[str, Any] = {"office": office, "clerk": left.clerk_id, "now": now}
    if fate == Fate.SERVED:
        turns.finish(**where, actor=actor)
    elif fate == Fate.WAITS:
        turns.transfer(**where, actor=actor)
    elif fate == Fate.ABSENT:
        if present.state != State.CALLED:
            raise ClientChanged  # somebody who is being served has come
        turns.no_show(**where, actor=actor)
    # Neither of the two takes back a step of the other.
    changes: dict[str, Any] = {"before": None, "changed_by": None}
    if fate == Fate.STAYS:
        changes["clerk_id"] = actor
    Ticket.objects.filter(pk=present.pk).update(**changes)
    return present.pk


def _open(shift: Shift) -> Shift:
    found = Shift.objects.get(pk=shift.pk)
    if found.closed_at is not None:
        raise CounterNotOpen
    return found


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

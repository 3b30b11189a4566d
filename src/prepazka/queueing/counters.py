"""Opening, pausing and closing a counter."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from prepazka.core import events
from prepazka.journal.record import record
from prepazka.offices.models import Counter
from prepazka.queueing.locks import lock_queue
from prepazka.queueing.models import AT_COUNTER, CallLease, Shift, Ticket
from prepazka.queueing.refusals import CounterBusy, CounterNotOpen, CounterTaken


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


def _open(shift: Shift) -> Shift:
    found = Shift.objects.get(pk=shift.pk)
    if found.closed_at is not None:
        raise CounterNotOpen
    return found


def _close(shift: Shift, now: datetime) -> None:
    if Ticket.objects.filter(counter=shift.counter_id, state__in=AT_COUNTER).exists():
        raise CounterBusy
    shift.closed_at = now
    shift.save(update_fields=["closed_at"])
    CallLease.objects.filter(grant__shift=shift).delete()
    record(
        events.CounterClosed(
            office=shift.office_id,
            counter=shift.counter_id,
            clerk=shift.clerk_id,
            actor=shift.clerk_id,
            at=now,
        )
    )

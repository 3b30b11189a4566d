"""Template context of the console's board: the current client, the queue, faults and notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from prepazka.core import discipline
from prepazka.looks.typography import clock, to_the_second
from prepazka.offices.models import Device, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, offline_grants, offline_journal
from prepazka.queueing.models import AT_COUNTER, OfflineEvent, Shift, Ticket, TicketState
from prepazka.queueing.offline_leases import Holder, counters_of, held_elsewhere
from prepazka.queueing.turns import last_step, policy_of
from prepazka.queueing.wrong_pins import guarded_kiosks
from prepazka.reporting.day_load import day_load
from prepazka.reporting.live_hall import Hall, hall_at
from prepazka.reporting.missed_tickets import count_missed
from prepazka.surfaces.console.console_texts import undo_in_words
from prepazka.web import reasons
from prepazka.web.device_access import fault_in_words
from prepazka.web.incident_banners import Notice
from prepazka.web.incident_banners import notices_of_incidents as notices_of

PARK_MINUTES = (5, 10, 15, 30)
# Further rows are only counted, so that the board of a full hall renders quickly.
MOST_ROWS = 25
MINUTE = timedelta(minutes=1)
NOTICED = timedelta(hours=1)  # for how long after a merge its notices are shown


@dataclass(frozen=True)
class Row:
    """A waiting ticket as a row of the list."""

    ticket: Ticket
    service: Service
    reason: str
    waited: int
    parked: bool
    here: bool  # this counter serves its service
    next: bool
    stopped: bool  # an incident stops its service
    held: dict[str, str]  # the silent counter that holds it, since and until when; empty if none


def board(office: OfficeSnapshot, shift: Shift, now: datetime) -> dict[str, Any]:
    """Template context of the whole board: the counter and the hall."""
    snapshot = hall_at(office, now=now)
    office = snapshot.office
    held = held_elsewhere(office.office_id, shift.counter_id, now)
    rows = _rows(snapshot, shift, held)
    at_work = at_the_counter(office, shift, now, anybody=any(row.next for row in rows))
    if not at_work["anybody"]:
        at_work["only_held"] = next((row.held for row in rows if row.here and row.held), None)
    return at_work | {
        "rows": rows,
        "more": len(snapshot.waiting) - len(rows),
        "waiting": len(snapshot.waiting),
        "missed": count_missed(office, now=now),
        "load": day_load(snapshot),
        "faults": faults_of_devices(office),
        "guarded": guarded_kiosks(office, now=now),
        "down": incidents_at_counter(office, shift),
        "silent": silent_counters_context(office, held),
        "holders": counters_of(held),
        "notices": merge_notices(office, shift, now),
        "meetings": _own_meetings(office, shift.clerk_id, now),
    }


def _own_meetings(office: OfficeSnapshot, clerk: int, now: datetime) -> list[dict[str, Any]]:
    if not settings.MEETINGS:
        return []
    from prepazka.surfaces.console.schedule import own_meetings  # noqa: PLC0415  # not where they are off

    return own_meetings(office, clerk, now)


def at_the_counter(
    office: OfficeSnapshot, shift: Shift, now: datetime, *, anybody: bool = True
) -> dict[str, Any]:
    """Template context of the counter's half, whose cost does not depend on the hall's queue."""
    current = at_counter(shift)
    return {
        "office": office.row,
        "shift": shift,
        "counter": office.counters[shift.counter_id],
        "current": current and _current_client(office, current, now),
        "anybody": anybody,
        "can_next": not current and not shift.paused_at and anybody,
        "can_pick": not current and not shift.paused_at,
        "can_close": not current,
        "alone": 0 if current else counters.waiting_here_alone(office, shift, now),
        "undo": _undo(office, shift, now),
        "park_minutes": PARK_MINUTES,
        "services": [s for s in office.offered_services() if office.counters_for(s.pk)],
        "counters": _other_counters(office, shift, current),
    }


def incidents_at_counter(office: OfficeSnapshot, shift: Shift | None = None) -> list[Notice]:
    """Incidents that stop services of the shift's counter; without a shift, of any counter."""
    serves = office.serves[shift.counter_id] if shift else None
    served = [s for s in office.offered_services() if serves is None or s.pk in serves]
    return notices_of(office, served)


def faults_of_devices(office: OfficeSnapshot) -> list[dict[str, Any]]:
    """Devices with faults, and the faults as texts."""
    broken = Device.objects.filter(office=office.row, retired=False).exclude(fault="")
    return [{"device": device, "text": fault_in_words(device.fault)} for device in broken]


def silent_counters_context(
    office: OfficeSnapshot, held: dict[int, Holder]
) -> list[dict[str, Any]]:
    """Silent counters with the ticket numbers that only they may call for now."""
    return [
        _holder_in_words(office, s.holder) | {"labels": ", ".join(s.labels)}
        for s in offline_grants.silent_counters(held)
    ]


def _holder_in_words(office: OfficeSnapshot, holder: Holder) -> dict[str, str]:
    return {
        "number": office.counters[holder.counter].number,
        "since": to_the_second(holder.since.astimezone(office.tz)),
        "until": to_the_second(holder.until.astimezone(office.tz)),
    }


def merge_notices(office: OfficeSnapshot, shift: Shift, now: datetime) -> list[dict[str, Any]]:
    """Problems found when off-line logs were merged, for staff to resolve."""
    rows = offline_journal.unresolved_notices(office.office_id, since=now - NOTICED)
    return [
        {"event": row, "kind": row.outcome, "twice": _called_twice(office, shift, row)}
        for row in rows
    ]


def _called_twice(office: OfficeSnapshot, shift: Shift, row: OfflineEvent) -> dict[str, Any] | None:
    """The two calls of a ticket called twice, and which one counts; None if unknown."""
    later = row.grant.shift
    if later is None or not row.counted:
        return None
    return {
        "mine": later.clerk_id == shift.clerk_id,
        "number": office.counters[later.counter_id].number,
        "counted": office.counters[row.counted["counter"]].number,
        "at": datetime.fromisoformat(row.counted["at"]),
    }


def current_shift(office: OfficeSnapshot, clerk: int) -> Shift | None:
    """The clerk's open shift in this office, or None."""
    return Shift.objects.filter(office=office.row, clerk=clerk, closed_at=None).first()


def at_counter(shift: Shift) -> Ticket | None:
    """The ticket at the shift's counter, or None."""
    return Ticket.objects.filter(counter=shift.counter_id, state__in=AT_COUNTER).first()


def _current_client(office: OfficeSnapshot, ticket: Ticket, now: datetime) -> dict[str, Any]:
    return {
        "ticket": ticket,
        "service": office.services[ticket.service_id],
        "called": ticket.state == TicketState.CALLED,
        "reason": reasons.reason_in_words(ticket.reason, office),
        "waited": _minutes(ticket.issued_at, ticket.called_at or now),
        "since": ticket.serving_at or ticket.called_at,
    }


def _rows(snapshot: Hall, shift: Shift, held: dict[int, Holder]) -> list[Row]:
    office = snapshot.office
    policy, serves = policy_of(office), office.serves[shift.counter_id]
    waiting = {w.ticket: w for w in snapshot.waiting}
    able = {
        pk
        for pk, w in waiting.items()
        if discipline.may_be_called(
            w, serves=serves, counter=shift.counter_id, policy=policy, now=snapshot.now
        )
    }
    next_ticket = next(
        (c.ticket for c in snapshot.order if c.ticket in able and c.ticket not in held), None
    )
    rows: list[Row] = []
    # Tickets that this counter may call come first; both groups are in the queue's order.
    for chosen in sorted(snapshot.order, key=lambda c: c.ticket not in able):
        ticket = snapshot.tickets.get(chosen.ticket)
        if ticket is None:
            continue  # called between the two queries
        if len(rows) == MOST_ROWS:
            break
        rows.append(
            Row(
                ticket=ticket,
                service=office.services[ticket.service_id],
                reason=reasons.reason_in_words(chosen.reason.payload(), office),
                waited=_minutes(ticket.issued_at, snapshot.now),
                parked=chosen.turn.rank == discipline.PARKED,
                here=ticket.service_id in serves,
                next=ticket.pk == next_ticket,
                stopped=ticket.service_id in office.stopped,
                held=_holder_in_words(office, held[ticket.pk]) if ticket.pk in held else {},
            )
        )
    return rows


def _undo(office: OfficeSnapshot, shift: Shift, now: datetime) -> dict[str, Any] | None:
    """The step that can be undone, in words; None if there is none."""
    step = last_step(office=office, clerk=shift.clerk_id, now=now)
    if step is None:
        return None
    return {"text": undo_in_words(step), "seconds": step.seconds, "press": step.press}


def _other_counters(
    office: OfficeSnapshot, shift: Shift, current: Ticket | None
) -> list[dict[str, Any]]:
    """Other counters that serve the client's service, and whether they are closed."""
    if current is None:
        return []
    opened = Shift.objects.filter(office=office.row, closed_at=None, paused_at=None)
    is_open = set(opened.values_list("counter_id", flat=True))
    return [
        {"counter": counter, "closed": counter.pk not in is_open}
        for counter in office.counters_for(current.service_id)
        if counter.pk != shift.counter_id
    ]


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, (end - start) // MINUTE)


def local_clock(office: OfficeSnapshot, instant: datetime) -> str:
    """The instant as a clock time in the office's time zone."""
    return clock(instant.astimezone(office.tz))

"""What the console shows: the client at the counter, who waits in order, and the day's load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prepazka.core import discipline
from prepazka.looks.typography import clock, to_the_second
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device, Service
from prepazka.queueing import counters, offline, telling
from prepazka.queueing.held import Holder, counters_of, held_elsewhere
from prepazka.queueing.models import AT_COUNTER, OfflineEvent, Shift, State, Ticket
from prepazka.queueing.turns import last_step, policy_of
from prepazka.queueing.wrong_pins import guarded_kiosks
from prepazka.reporting.hall import Hall, hall
from prepazka.reporting.load import day_load
from prepazka.reporting.missed import count_missed
from prepazka.surfaces.console.schedule import own_meetings
from prepazka.surfaces.console.words import undo_in_words
from prepazka.web import reasons
from prepazka.web.faults import in_words
from prepazka.web.incidents import Notice
from prepazka.web.incidents import notices as notices_of

PARK_MINUTES = (5, 10, 15, 30)
# More than a clerk can take in; the rest is counted, so that a full hall stays quick to draw.
MOST_ROWS = 25
MINUTE = timedelta(minutes=1)
NOTICED = timedelta(hours=1)  # after the merge


@dataclass(frozen=True)
class Row:
    """A ticket that waits, as a line of the list."""

    ticket: Ticket
    service: Service
    reason: str
    waited: int
    parked: bool
    here: bool  # this counter may call it
    next: bool
    stopped: bool  # what the service needs is down
    held: dict[str, str]  # by which silent counter, since and until when; empty if by none


def board(office: Directory, shift: Shift, now: datetime) -> dict[str, Any]:
    """Everything the board's template wants: the counter's half, and the hall's half beside it."""
    seen = hall(office, now=now)
    office = seen.office
    held = held_elsewhere(office.office.pk, shift.counter_id, now)
    rows = _rows(seen, shift, held)
    at_work = at_the_counter(office, shift, now, anybody=any(row.next for row in rows))
    if not at_work["anybody"]:
        at_work["only_held"] = next((row.held for row in rows if row.here and row.held), None)
    return at_work | {
        "rows": rows,
        "more": len(seen.waiting) - len(rows),
        "waiting": len(seen.waiting),
        "missed": count_missed(office, now=now),
        "load": day_load(seen),
        "faults": faults(office),
        "guarded": guarded_kiosks(office, now=now),
        "down": down(office, shift),
        "silent": silent(office, held),
        "holders": counters_of(held),
        "notices": notices(office, shift, now),
        "meetings": own_meetings(office, shift.clerk_id, now),
    }


def at_the_counter(
    office: Directory, shift: Shift, now: datetime, *, anybody: bool = True
) -> dict[str, Any]:
    """The half of the board that a press changes; it costs the same however full the hall is."""
    current = at_counter(shift)
    return {
        "office": office.office,
        "shift": shift,
        "counter": office.counters[shift.counter_id],
        "current": current and _facts(office, current, now),
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


def down(office: Directory, shift: Shift | None = None) -> list[Notice]:
    """Incidents that stop what this counter serves; without one, what anybody serves."""
    serves = office.serves[shift.counter_id] if shift else None
    shown = [s for s in office.offered_services() if serves is None or s.pk in serves]
    return notices_of(office, shown)


def faults(office: Directory) -> list[dict[str, Any]]:
    """Devices that cannot do their work, and why."""
    broken = Device.objects.filter(office=office.office, retired=False).exclude(fault="")
    return [{"device": one, "text": in_words(one.fault)} for one in broken]


def silent(office: Directory, held: dict[int, Holder]) -> list[dict[str, Any]]:
    """Other counters that are silent, with the numbers only they may call for now."""
    return [
        _held(office, one.holder) | {"labels": ", ".join(one.labels)}
        for one in offline.silent_counters(held)
    ]


def _held(office: Directory, holder: Holder) -> dict[str, str]:
    return {
        "number": office.counters[holder.counter].number,
        "since": to_the_second(holder.since.astimezone(office.tz)),
        "until": to_the_second(holder.until.astimezone(office.tz)),
    }


def notices(office: Directory, shift: Shift, now: datetime) -> list[dict[str, Any]]:
    """What went wrong while devices were cut off, and staff should set right."""
    rows = telling.notices(office.office.pk, since=now - NOTICED)
    return [
        {"event": row, "kind": row.outcome, "twice": _called_twice(office, shift, row)}
        for row in rows
    ]


def _called_twice(office: Directory, shift: Shift, row: OfflineEvent) -> dict[str, Any] | None:
    """Of a call that does not count: whose it was, and which counts; None where it is not known."""
    later = row.grant.shift
    if later is None or not row.counted:
        return None
    return {
        "mine": later.clerk_id == shift.clerk_id,
        "number": office.counters[later.counter_id].number,
        "counted": office.counters[row.counted["counter"]].number,
        "at": datetime.fromisoformat(row.counted["at"]),
    }


def current_shift(office: Directory, clerk: int) -> Shift | None:
    """The clerk's open counter in this office."""
    return Shift.objects.filter(office=office.office, clerk=clerk, closed_at=None).first()


def at_counter(shift: Shift) -> Ticket | None:
    """The client at the counter."""
    return Ticket.objects.filter(counter=shift.counter_id, state__in=AT_COUNTER).first()


def _facts(office: Directory, ticket: Ticket, now: datetime) -> dict[str, Any]:
    return {
        "ticket": ticket,
        "service": office.services[ticket.service_id],
        "called": ticket.state == State.CALLED,
        "reason": reasons.sentence(ticket.reason, office),
        "waited": _minutes(ticket.issued_at, ticket.called_at or now),
        "since": ticket.serving_at or ticket.called_at,
    }


def _rows(seen: Hall, shift: Shift, held: dict[int, Holder]) -> list[Row]:
    office = seen.office
    policy, serves = policy_of(office), office.serves[shift.counter_id]
    waiting = {w.ticket: w for w in seen.waiting}
    able = {
        pk
        for pk, one in waiting.items()
        if discipline.may_be_called(
            one, serves=serves, counter=shift.counter_id, policy=policy, now=seen.now
        )
    }
    first = next((c.ticket for c in seen.order if c.ticket in able and c.ticket not in held), None)
    rows: list[Row] = []
    # Those whom this counter may call, then the others, both in the order of turn.
    for chosen in sorted(seen.order, key=lambda c: c.ticket not in able):
        ticket = seen.tickets.get(chosen.ticket)
        if ticket is None:
            continue  # called between two looks
        if len(rows) == MOST_ROWS:
            break
        rows.append(
            Row(
                ticket=ticket,
                service=office.services[ticket.service_id],
                reason=reasons.sentence(chosen.reason.payload(), office),
                waited=_minutes(ticket.issued_at, seen.now),
                parked=chosen.turn.rank == discipline.PARKED,
                here=ticket.service_id in serves,
                next=ticket.pk == first,
                stopped=ticket.service_id in office.stopped,
                held=_held(office, held[ticket.pk]) if ticket.pk in held else {},
            )
        )
    return rows


def _undo(office: Directory, shift: Shift, now: datetime) -> dict[str, Any] | None:
    """The step that can be taken back, in words; None if none can be."""
    step = last_step(office=office, clerk=shift.clerk_id, now=now)
    if step is None:
        return None
    return {"text": undo_in_words(step), "seconds": step.seconds, "press": step.press}


def _other_counters(
    office: Directory, shift: Shift, current: Ticket | None
) -> list[dict[str, Any]]:
    """Counters that could take the client over, and which of them are closed."""
    if current is None:
        return []
    opened = Shift.objects.filter(office=office.office, closed_at=None, paused_at=None)
    is_open = set(opened.values_list("counter_id", flat=True))
    return [
        {"counter": counter, "closed": counter.pk not in is_open}
        for counter in office.counters_for(current.service_id)
        if counter.pk != shift.counter_id
    ]


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, (end - start) // MINUTE)


def local_clock(office: Directory, instant: datetime) -> str:
    """The instant on the office's clock."""
    return clock(instant.astimezone(office.tz))

"""Applying the merged logs of a day (`core.offline_merge`) to tickets and bookings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from prepazka.booking.models import Booking, BookingState
from prepazka.core import events, offline_merge, pins
from prepazka.core.interval import Interval
from prepazka.core.offline_merge import Base, Happened, Known, Merged, Outcome
from prepazka.journal.record import record
from prepazka.offices.languages import installed_or_main
from prepazka.offices.models import Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import offline_journal
from prepazka.queueing.models import (
    AT_COUNTER,
    IN_QUEUE,
    NumberLease,
    OfflineEvent,
    Ticket,
    TicketState,
)
from prepazka.queueing.tickets import counter_of_official, new_code
from prepazka.queueing.turn_alerts import erase_contact
from prepazka.queueing.turns import end_if_over, requeue_missed
from prepazka.queueing.validity import pin_returns_until

ONLINE = "online"  # the state of a ticket that was changed on-line after a merge


def apply_logs(office: OfficeSnapshot, day: date, now: datetime) -> None:
    """Bring the hall to the merged state of the day's logs; day and queue must be locked."""
    # In the order in which they happened, which is also that of the journal.
    log_events = OfflineEvent.objects.filter(office=office.row, grant__date=day)
    log_events = log_events.order_by("at", "grant", "seq")
    rows = {
        (r.grant_id, r.seq): r for r in log_events.select_related("grant__shift", "grant__device")
    }
    tickets = {_first_label(t): t for t in Ticket.objects.filter(office=office.row, date=day)}
    own = _own_numbers(rows.values())
    happened = [_event_of(r) for r in rows.values() if r.kind not in {"?", "pin"}]
    foreign = [e for e in happened if e.kind == "issue" and (e.grant, e.label) not in own]
    _bring_back(office, rows.values(), tickets)
    base = _base_of(tickets)
    merged = offline_merge.merge_logs(base, [e for e in happened if e not in foreign])
    for label, event in merged.issued.items():
        if label not in tickets:
            row = rows[event.grant, event.seq]
            ticket = _move_to_earlier_use(row, merged, tickets) or _issue(office, day, row)
            if ticket is None:
                foreign.append(event)
            else:
                tickets[label] = ticket
    _renumber(office, merged, tickets, now)
    _apply_outcomes(office, merged, tickets)
    offline_journal.journal_outcomes(office, rows, merged, foreign, tickets, now)


def _bring_back(
    office: OfficeSnapshot, rows: Iterable[OfflineEvent], tickets: dict[str, Ticket]
) -> None:
    """Put tickets called in vain on line back, where a kiosk off line took their PIN as a new one.

    The kiosk did not know of the ticket; the PIN puts it back once, as it would have on line.
    """
    missed = {str(t.booking_id): label for label, t in tickets.items() if _is_missed_online(t)}
    for row in rows:
        label = missed.get(str(row.booking)) if row.kind == "issue" else None
        if label is None:
            continue
        ticket = tickets[label]
        until = pin_returns_until(office, ticket)
        if until and ticket.ended_at and ticket.ended_at < row.at < until:
            tickets[label] = requeue_missed(ticket, now=row.at, by="pin")
            del missed[str(row.booking)]


def _is_missed_online(ticket: Ticket) -> bool:
    return (
        ticket.state == TicketState.NO_SHOW
        and ticket.booking_id is not None
        and "state" not in (ticket.offline or {})
    )


def _own_numbers(rows: Iterable[OfflineEvent]) -> set[tuple[int, str]]:
    grants = {row.grant_id for row in rows}
    return {
        (lease.grant_id, f"{lease.letter}{n}")
        for lease in NumberLease.objects.filter(grant__in=grants)
        for n in range(lease.first, lease.last + 1)
    }


def _event_of(row: OfflineEvent) -> Happened:
    shift = row.grant.shift
    return Happened(
        grant=row.grant_id,
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        label=row.label,
        counter=shift.counter_id if shift else None,
        clerk=shift.clerk_id if shift else None,
        touch=str(row.body.get("touch") or f"{row.grant_id}.{row.seq}"),
        booking=str(row.booking or ""),
    )


def _first_label(ticket: Ticket) -> str:
    """The label that the server gave first, which the logs of counters use."""
    return str((ticket.offline or {}).get("was") or ticket.label)


def _base_of(tickets: dict[str, Ticket]) -> Base:
    """The server's state without the logs."""
    online = {label: t for label, t in tickets.items() if not (t.offline or {}).get("issued")}
    return Base(
        tickets={label: _server_state(t) for label, t in online.items()},
        touches={str(t.touch): label for label, t in online.items()},
        bookings={str(t.booking_id): label for label, t in online.items() if t.booking_id},
        since={
            label: ticket_state
            for label, t in tickets.items()
            if label not in online and (ticket_state := _server_state(t)).state == ONLINE
        },
    )


def _server_state(ticket: Ticket) -> Known:
    offline_record = ticket.offline
    if offline_record is None or "state" not in offline_record:
        state = offline_merge.WAITING if ticket.state in IN_QUEUE else ticket.state
        returned_at = ticket.returned_at if ticket.missed_at else None
        return Known(state, ticket.counter_id, returned_at)
    if ticket.state != offline_record["wrote"] or ticket.changed_at is not None:
        return Known(ONLINE, ticket.counter_id)
    return Known(
        offline_record["state"],
        offline_record["counter"],
        ticket.returned_at if ticket.missed_at else None,
    )


def _issue(office: OfficeSnapshot, day: date, row: OfflineEvent) -> Ticket | None:
    """A new row for a ticket that a kiosk gave off line; None where its service is unknown."""
    code = str(row.body.get("service", ""))
    service = next((s for s in office.services.values() if s.code == code), None)
    if service is None:
        return None
    booking = _arrived_booking(office, row)
    letter, number = _letter_and_number(row.label)
    return Ticket.objects.create(
        office=office.row,
        date=day,
        letter=letter,
        number=number,
        service=_service_of(office, booking) or service,
        booking=booking,
        booked_from=booking.starts_at if booking else None,
        booked_to=booking.ends_at if booking else None,
        late=bool(booking and booking.late),
        for_counter_id=counter_of_official(office, booking) if booking else None,
        persons=booking.persons if booking else 1,
        language=installed_or_main(str(row.body.get("language"))),
        code=new_code(),
        touch=_touch(row),
        kiosk=row.grant.device if booking else None,
        issued_at=row.at,
        offline={"state": "waiting", "counter": None, "wrote": "waiting", "issued": True},
    )


def _move_to_earlier_use(
    row: OfflineEvent, merged: Merged, tickets: dict[str, Ticket]
) -> Ticket | None:
    """The booking's ticket with the number of an earlier use of its PIN, which a later log brought.

    None where the log's entry is no such use.
    """
    void = next((v for v, first_label in merged.used_twice.items() if first_label == row.label), "")
    ticket = tickets.get(void)
    if ticket is None or not (ticket.offline or {}).get("issued"):
        return None
    del tickets[void]
    ticket.letter, ticket.number = _letter_and_number(row.label)
    ticket.issued_at, ticket.touch = row.at, _touch(row)
    ticket.save(update_fields=["letter", "number", "issued_at", "touch"])
    if ticket.booking_id:
        Booking.objects.filter(pk=ticket.booking_id).update(arrived_at=row.at)
    return ticket


def _service_of(office: OfficeSnapshot, booking: Booking | None) -> Service | None:
    return office.services[booking.service_id] if booking else None


def _touch(row: OfflineEvent) -> UUID:
    try:
        return UUID(str(row.body.get("touch")))
    except ValueError:
        return UUID(int=row.pk)


def _letter_and_number(label: str) -> tuple[str, int]:
    letter = re.sub(r"[0-9]+$", "", label)
    return letter, int(label[len(letter) :])


def _arrived_booking(office: OfficeSnapshot, row: OfflineEvent) -> Booking | None:
    """The booking whose PIN the kiosk took, now marked as arrived; None if it may not be.

    The rules are applied again as of the time at the kiosk; a booking marked as no-show, because
    the server did not know of the arrival, is corrected.
    """
    booking = Booking.objects.filter(pk=str(row.booking)).first() if row.booking else None
    if booking is None or booking.state not in {BookingState.CONFIRMED, BookingState.NO_SHOW}:
        return None
    candidate = pins.PinCandidate(
        booking=str(booking.pk),
        office=booking.office_id,
        day=booking.date,
        window=Interval(booking.starts_at, booking.ends_at),
        state=BookingState.CONFIRMED,
    )
    rules = office.rules_of(office.services[booking.service_id])
    verdict = pins.judge_pin(
        [candidate], office=booking.office_id, today=booking.date, rules=rules, now=row.at
    )
    if not verdict.accepted:
        return None
    booking.state, booking.arrived_at, booking.late = BookingState.ARRIVED, row.at, verdict.late
    try:
        with transaction.atomic():
            booking.save(update_fields=["state", "arrived_at", "late"])
    except IntegrityError:
        return None  # it was marked as no-show, and its slot is somebody else's by now
    return booking


def _renumber(
    office: OfficeSnapshot, merged: Merged, tickets: dict[str, Ticket], now: datetime
) -> None:
    """Give tickets the number that their holder was last shown.

    Where the server's answer to a touch was lost, the kiosk printed another number off line.
    """
    for shown_label, first_label in merged.same_touch.items():
        ticket = tickets[first_label]
        called_online = (
            ticket.state in AT_COUNTER and _server_state(ticket).state != offline_merge.WAITING
        )
        if ticket.label == shown_label or (ticket.offline or {}).get("was") or called_online:
            continue
        ticket.letter, ticket.number = _letter_and_number(shown_label)
        ticket.offline = {**(ticket.offline or {}), "was": first_label}
        ticket.save(update_fields=["letter", "number", "offline"])
        record(
            events.TicketRenumbered(
                office=office.office_id, ticket=ticket.pk, at=now, was=first_label, offline=True
            )
        )


def _apply_outcomes(office: OfficeSnapshot, merged: Merged, tickets: dict[str, Ticket]) -> None:
    """Write the outcomes to the tickets, those that leave a counter first: it holds one person."""
    changed = []
    for label, ticket in tickets.items():
        server_state = _server_state(ticket)
        if server_state.state == ONLINE:
            continue
        if (outcome := merged.outcomes.get(label)) is not None:
            changed.append((ticket, outcome))
        elif "wrote" in (ticket.offline or {}) and ticket.state != server_state.state:
            # A log that came later has reversed what an earlier one did.
            changed.append((ticket, Outcome(server_state.state, server_state.counter)))
    for ticket, outcome in sorted(changed, key=lambda pair: pair[1].state in AT_COUNTER):
        _apply_outcome(office, ticket, outcome)


def _apply_outcome(office: OfficeSnapshot, ticket: Ticket, outcome: Outcome) -> None:
    server_state = _server_state(ticket)
    state, ended = outcome.state, outcome.ended_at
    others_at_counter = Ticket.objects.filter(counter=outcome.counter, state__in=AT_COUNTER)
    if state in AT_COUNTER and others_at_counter.exclude(pk=ticket.pk).exists():
        # Somebody else was called there on line meanwhile, so this visit must be over.
        state, ended = TicketState.FINISHED, outcome.serving_at or outcome.called_at
    ticket.state, ticket.counter_id, ticket.ended_at = state, outcome.counter, ended
    ticket.serving_at = outcome.serving_at
    if outcome.called_at or server_state.state == offline_merge.WAITING:
        ticket.called_at, ticket.clerk_id = outcome.called_at, outcome.clerk
        ticket.reason = {"code": "offline", "params": {}}
        ticket.calls = outcome.calls
    ticket.before, ticket.changed_at, ticket.changed_by = None, None, None
    ticket.offline = {
        **(ticket.offline or {}),
        "state": server_state.state,
        "counter": server_state.counter,
        "wrote": state,
    }
    ticket.save()
    if state not in (*IN_QUEUE, *AT_COUNTER):
        erase_contact(ticket.pk)
    if ticket.booking_id and state == TicketState.FINISHED:
        Booking.objects.filter(pk=ticket.booking_id).update(
            state=BookingState.SERVED, served_at=ended
        )
    elif ticket.booking_id and state == TicketState.NO_SHOW and ended:
        end_if_over(office, ticket.booking_id, ended)

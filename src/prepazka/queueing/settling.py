"""All logs of a day folded by `core.offline`, and what differs from the tables written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from prepazka.booking.models import Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import events, offline, pins
from prepazka.core.interval import Interval
from prepazka.core.offline import Base, Happened, Known, Merged, Outcome
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Service
from prepazka.queueing import telling
from prepazka.queueing.alerts import forget_contact
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, NumberLease, OfflineEvent, State, Ticket
from prepazka.queueing.tickets import counter_of_official, new_code
from prepazka.queueing.turns import bring_back, end_if_over
from prepazka.queueing.validity import pin_returns_until

ONLINE = "online"  # the state of a ticket that was changed on-line after a merge


def settle(office: Directory, day: date, now: datetime) -> None:
    """Bring the hall to what the logs of the day say together; day and queue are locked."""
    # The journal tells them in the order in which they happened.
    found = OfflineEvent.objects.filter(office=office.office, grant__date=day)
    found = found.order_by("at", "grant", "seq")
    rows = {(r.grant_id, r.seq): r for r in found.select_related("grant__shift", "grant__device")}
    tickets = {_first_label(t): t for t in Ticket.objects.filter(office=office.office, date=day)}
    own = _own_numbers(rows.values())
    happened = [_happened(r) for r in rows.values() if r.kind not in {"?", "pin"}]
    foreign = [e for e in happened if e.kind == "issue" and (e.grant, e.label) not in own]
    _bring_back(office, rows.values(), tickets)
    base = _base(tickets)
    merged = offline.merge(base, [e for e in happened if e not in foreign])
    for label, event in merged.issued.items():
        if label not in tickets:
            row = rows[event.grant, event.seq]
            made = _moved(row, merged, tickets) or _issue(office, day, row)
            if made is None:
                foreign.append(event)
            else:
                tickets[label] = made
    _renumber(office, merged, tickets, now)
    _write(office, merged, tickets)
    telling.tell(office, rows, merged, foreign, tickets, now)


def _bring_back(
    office: Directory, rows: Iterable[OfflineEvent], tickets: dict[str, Ticket]
) -> None:
    """Put back whom a kiosk took for somebody new although they had been called in vain on-line.

    The kiosk did not know of the ticket; its PIN counts as it would have on-line, once.
    """
    missed = {str(t.booking_id): label for label, t in tickets.items() if _is_missed_online(t)}
    for row in rows:
        label = missed.get(str(row.booking)) if row.kind == "issue" else None
        if label is None:
            continue
        ticket = tickets[label]
        until = pin_returns_until(office, ticket)
        if until and ticket.ended_at and ticket.ended_at < row.at < until:
            tickets[label] = bring_back(ticket, now=row.at, by="pin")
            del missed[str(row.booking)]


def _is_missed_online(ticket: Ticket) -> bool:
    return (
        ticket.state == State.NO_SHOW
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


def _happened(row: OfflineEvent) -> Happened:
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
    """The label that the server gave first; the logs of counters know that one."""
    return str((ticket.offline or {}).get("was") or ticket.label)


def _base(tickets: dict[str, Ticket]) -> Base:
    """What the server knew without the logs."""
    online = {label: t for label, t in tickets.items() if not (t.offline or {}).get("issued")}
    return Base(
        tickets={label: _known(t) for label, t in online.items()},
        touches={str(t.touch): label for label, t in online.items()},
        bookings={str(t.booking_id): label for label, t in online.items() if t.booking_id},
        since={
            label: known
            for label, t in tickets.items()
            if label not in online and (known := _known(t)).state == ONLINE
        },
    )


def _known(ticket: Ticket) -> Known:
    was = ticket.offline
    if was is None or "state" not in was:
        state = offline.WAITING if ticket.state in IN_QUEUE else ticket.state
        back = ticket.returned_at if ticket.missed_at else None
        return Known(state, ticket.counter_id, back)
    if ticket.state != was["wrote"] or ticket.changed_at is not None:
        return Known(ONLINE, ticket.counter_id)
    return Known(was["state"], was["counter"], ticket.returned_at if ticket.missed_at else None)


def _issue(office: Directory, day: date, row: OfflineEvent) -> Ticket | None:
    """The ticket that a kiosk gave by itself; None where its service is not known at all."""
    code = str(row.body.get("service", ""))
    service = next((s for s in office.services.values() if s.code == code), None)
    if service is None:
        return None
    booking = _arrived(office, row)
    letter, number = _parts(row.label)
    return Ticket.objects.create(
        office=office.office,
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
        language="en" if row.body.get("language") == "en" else "cs",
        code=new_code(),
        touch=_touch(row),
        kiosk=row.grant.device if booking else None,
        issued_at=row.at,
        offline={"state": "waiting", "counter": None, "wrote": "waiting", "issued": True},
    )


def _moved(row: OfflineEvent, merged: Merged, tickets: dict[str, Ticket]) -> Ticket | None:
    """A log that came later shows an earlier use of the PIN: its number is the booking's."""
    void = next((v for v, first in merged.used_twice.items() if first == row.label), "")
    ticket = tickets.get(void)
    if ticket is None or not (ticket.offline or {}).get("issued"):
        return None
    del tickets[void]
    ticket.letter, ticket.number = _parts(row.label)
    ticket.issued_at, ticket.touch = row.at, _touch(row)
    ticket.save(update_fields=["letter", "number", "issued_at", "touch"])
    if ticket.booking_id:
        Booking.objects.filter(pk=ticket.booking_id).update(arrived_at=row.at)
    return ticket


def _service_of(office: Directory, booking: Booking | None) -> Service | None:
    return office.services[booking.service_id] if booking else None


def _touch(row: OfflineEvent) -> UUID:
    try:
        return UUID(str(row.body.get("touch")))
    except ValueError:
        return UUID(int=row.pk)


def _parts(label: str) -> tuple[str, int]:
    letter = re.sub(r"[0-9]+$", "", label)
    return letter, int(label[len(letter) :])


def _arrived(office: Directory, row: OfflineEvent) -> Booking | None:
    """The booking whose PIN the kiosk took, now arrived; None if it does not hold after all.

    The rules are asked once more, as of the time at the kiosk; who was marked as not come
    only because the server could not know is put right.
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
    said = pins.verdict(
        [candidate], office=booking.office_id, today=booking.date, rules=rules, now=row.at
    )
    if not said.accepted:
        return None
    booking.state, booking.arrived_at, booking.late = BookingState.ARRIVED, row.at, said.late
    try:
        with transaction.atomic():
            booking.save(update_fields=["state", "arrived_at", "late"])
    except IntegrityError:
        return None  # marked as not come, and the term is somebody else's by now
    return booking


def _renumber(office: Directory, merged: Merged, tickets: dict[str, Ticket], now: datetime) -> None:
    """Whose touch the server had answered in vain holds the later number: so the ticket has it."""
    for shown, first in merged.same_touch.items():
        ticket = tickets[first]
        called_online = ticket.state in AT_COUNTER and _known(ticket).state != offline.WAITING
        if ticket.label == shown or (ticket.offline or {}).get("was") or called_online:
            continue
        ticket.letter, ticket.number = _parts(shown)
        ticket.offline = {**(ticket.offline or {}), "was": first}
        ticket.save(update_fields=["letter", "number", "offline"])
        record(
            events.TicketRenumbered(
                office=office.office.pk, ticket=ticket.pk, at=now, was=first, offline=True
            )
        )


def _write(office: Directory, merged: Merged, tickets: dict[str, Ticket]) -> None:
    """The outcomes into the tickets; those that leave a counter first, as it holds one person."""
    changed = []
    for label, ticket in tickets.items():
        known = _known(ticket)
        if known.state == ONLINE:
            continue
        if (outcome := merged.outcomes.get(label)) is not None:
            changed.append((ticket, outcome))
        elif "wrote" in (ticket.offline or {}) and ticket.state != known.state:
            # A log that came later took back what an earlier one had done.
            changed.append((ticket, Outcome(known.state, known.counter)))
    for ticket, outcome in sorted(changed, key=lambda pair: pair[1].state in AT_COUNTER):
        _put(office, ticket, outcome)


def _put(office: Directory, ticket: Ticket, outcome: Outcome) -> None:
    known = _known(ticket)
    state, ended = outcome.state, outcome.ended_at
    others = Ticket.objects.filter(counter=outcome.counter, state__in=AT_COUNTER)
    if state in AT_COUNTER and others.exclude(pk=ticket.pk).exists():
        # Somebody was called there on-line meanwhile: this visit must be over.
        state, ended = State.FINISHED, outcome.serving_at or outcome.called_at
    ticket.state, ticket.counter_id, ticket.ended_at = state, outcome.counter, ended
    ticket.serving_at = outcome.serving_at
    if outcome.called_at or known.state == offline.WAITING:
        ticket.called_at, ticket.clerk_id = outcome.called_at, outcome.clerk
        ticket.reason = {"code": "offline", "params": {}}
        ticket.calls = outcome.calls
    ticket.before, ticket.changed_at, ticket.changed_by = None, None, None
    ticket.offline = {
        **(ticket.offline or {}),
        "state": known.state,
        "counter": known.counter,
        "wrote": state,
    }
    ticket.save()
    if state not in (*IN_QUEUE, *AT_COUNTER):
        forget_contact(ticket.pk)
    if ticket.booking_id and state == State.FINISHED:
        Booking.objects.filter(pk=ticket.booking_id).update(
            state=BookingState.SERVED, served_at=ended
        )
    elif ticket.booking_id and state == State.NO_SHOW and ended:
        end_if_over(office, ticket.booking_id, ended)

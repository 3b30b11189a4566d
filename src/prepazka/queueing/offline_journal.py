"""Recording entries of off-line logs in the journal, each once, and notices for staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from prepazka.core import events
from prepazka.core.offline_merge import Happened, Merged
from prepazka.journal.record import record
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import OfflineEvent, Ticket

DONE, UNKNOWN = "done", "unknown"
TWICE, VOID, REFUSED = "called_twice", "pin_twice", "refused"
TOLD_TO_STAFF = (TWICE, VOID, REFUSED)
Rows = dict[tuple[int, int], OfflineEvent]


def journal_outcomes(
    office: OfficeSnapshot,
    rows: Rows,
    merged: Merged,
    foreign: Iterable[Happened],
    tickets: dict[str, Ticket],
    now: datetime,
) -> None:
    """Store each entry's outcome and record new ones in the journal."""
    outcomes = dict.fromkeys(rows, DONE)
    outcomes |= {(e.grant, e.seq): UNKNOWN for e in merged.unknown}
    outcomes |= {(e.grant, e.seq): TWICE for e in merged.called_twice}
    outcomes |= {(e.grant, e.seq): REFUSED for e in (*merged.refused, *foreign)}
    changed = []
    for key, row in rows.items():
        if row.kind == "issue" and row.label in merged.used_twice and outcomes[key] == DONE:
            outcomes[key] = VOID
        is_new = outcomes[key] != row.outcome
        twice = outcomes[key] == TWICE
        before = row.counted
        row.counted = _counting_call(row, merged, tickets, is_new=is_new) if twice else None
        if is_new:
            row.told_at = now
            _record_entry(office, row, outcomes[key], merged, tickets)
        if is_new or row.counted != before:
            changed.append(row)
    # One statement, because a day's log may have thousands of entries.
    OfflineEvent.objects.bulk_update(changed, ["outcome", "told_at", "counted"])


def _counting_call(
    row: OfflineEvent, merged: Merged, tickets: dict[str, Ticket], *, is_new: bool
) -> dict[str, Any] | None:
    """Counter and time of the call that counts instead of this one, as of the last merge.

    Of two calls off line the earlier counts; a call on line always counts. It is looked up when the
    merge first meets it, because the ticket may go on to another counter later.
    """
    label = merged.used_twice.get(row.label, row.label)
    label = merged.same_touch.get(label, label)
    outcome, ticket = merged.outcomes.get(label), tickets.get(label)
    if outcome is not None and outcome.called_at is not None:
        return {"counter": outcome.counter, "at": outcome.called_at.isoformat()}
    if is_new and ticket is not None and ticket.counter_id and ticket.called_at:
        return {"counter": ticket.counter_id, "at": ticket.called_at.isoformat()}
    return row.counted


def unresolved_notices(office: int, *, since: datetime) -> list[OfflineEvent]:
    """The ten newest entries of logs that staff must see, newest first."""
    entries = OfflineEvent.objects.filter(
        office=office, outcome__in=TOLD_TO_STAFF, told_at__gte=since
    ).select_related("grant__shift")
    return list(entries.order_by("-told_at")[:10])


def _record_entry(
    office: OfficeSnapshot,
    row: OfflineEvent,
    outcome: str,
    merged: Merged,
    tickets: dict[str, Ticket],
) -> None:
    row.outcome = outcome
    device = row.grant.device_id
    office_and_time: dict[str, Any] = {"office": office.office_id, "at": row.at}
    label = merged.used_twice.get(row.label, row.label)
    ticket = tickets.get(merged.same_touch.get(label, label))
    if row.kind == "pin":
        pin_outcome = str(row.body.get("outcome", ""))[:20]
        record(
            events.PinTried(
                **office_and_time, device=device or 0, outcome=pin_outcome, offline=True
            )
        )
    elif outcome == REFUSED:
        record(events.NumberRefused(**office_and_time, device=device or 0, label=row.label))
    elif ticket is None or outcome == UNKNOWN or row.kind == "?":
        return
    elif outcome == VOID:
        record(
            events.PinUsedTwice(
                **office_and_time, ticket=ticket.pk, void=row.label, offline=True, device=device
            )
        )
    elif row.kind == "issue":
        _record_issue(office_and_time, row, ticket, merged)
    else:
        _record_step(office_and_time, row, ticket, outcome)


def _record_issue(
    office_and_time: dict[str, Any], row: OfflineEvent, ticket: Ticket, merged: Merged
) -> None:
    if row.label in merged.same_touch:
        return  # the journal has the ticket and its new number already
    booking = str(ticket.booking_id) if ticket.booking_id else None
    if booking:
        record(events.BookingArrived(**office_and_time, booking=booking))
    record(
        events.TicketIssued(
            **office_and_time,
            ticket=ticket.pk,
            service=ticket.service_id,
            booking=booking,
            device=row.grant.device_id,
            offline=True,
        )
    )


def _record_step(
    office_and_time: dict[str, Any], row: OfflineEvent, ticket: Ticket, outcome: str
) -> None:
    shift = row.grant.shift
    if shift is None:
        return
    client = {"ticket": ticket.pk, "counter": shift.counter_id, "clerk": shift.clerk_id}
    fields = office_and_time | client | {"actor": shift.clerk_id, "offline": True}
    if outcome == TWICE:
        record(events.CalledTwice(**fields))
    elif row.kind == "call":
        record(events.TicketCalled(**fields, reason={"code": "offline", "params": {}}))
    elif row.kind == "start":
        record(events.ServingStarted(**fields))
    elif row.kind == "finish":
        record(events.TicketFinished(**fields))
    elif row.kind == "absent":
        record(events.TicketNoShow(**fields))

"""What the journal says of things that happened off-line, each once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from prepazka.core import events
from prepazka.core.offline import Happened, Merged
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.queueing.models import OfflineEvent, Ticket

DONE, UNKNOWN = "done", "unknown"
TWICE, VOID, REFUSED = "called_twice", "pin_twice", "refused"
TOLD_TO_STAFF = (TWICE, VOID, REFUSED)
Rows = dict[tuple[int, int], OfflineEvent]


def tell(
    office: Directory,
    rows: Rows,
    merged: Merged,
    foreign: Iterable[Happened],
    tickets: dict[str, Ticket],
    now: datetime,
) -> None:
    """Give each entry its outcome, and the journal what is new."""
    outcomes = dict.fromkeys(rows, DONE)
    outcomes |= {(e.grant, e.seq): UNKNOWN for e in merged.unknown}
    outcomes |= {(e.grant, e.seq): TWICE for e in merged.called_twice}
    outcomes |= {(e.grant, e.seq): REFUSED for e in (*merged.refused, *foreign)}
    changed = []
    for key, row in rows.items():
        if row.kind == "issue" and row.label in merged.used_twice and outcomes[key] == DONE:
            outcomes[key] = VOID
        fresh = outcomes[key] != row.outcome
        twice = outcomes[key] == TWICE
        before = row.counted
        row.counted = _counted(row, merged, tickets, fresh=fresh) if twice else None
        if fresh:
            row.told_at = now
            _told(office, row, outcomes[key], merged, tickets)
        if fresh or row.counted != before:
            changed.append(row)
    # A day's log may have thousands of entries, and comes in parts.
    OfflineEvent.objects.bulk_update(changed, ["outcome", "told_at", "counted"])


def _counted(
    row: OfflineEvent, merged: Merged, tickets: dict[str, Ticket], *, fresh: bool
) -> dict[str, Any] | None:
    """Counter and time of the call that counts instead of this one, as of the last merge.

    Off-line the earlier counts; a call made on-line counts whenever it was, and is looked up
    when the merge first meets it, for the ticket may go on to another counter later.
    """
    label = merged.used_twice.get(row.label, row.label)
    label = merged.same_touch.get(label, label)
    outcome, ticket = merged.outcomes.get(label), tickets.get(label)
    if outcome is not None and outcome.called_at is not None:
        return {"counter": outcome.counter, "at": outcome.called_at.isoformat()}
    if fresh and ticket is not None and ticket.counter_id and ticket.called_at:
        return {"counter": ticket.counter_id, "at": ticket.called_at.isoformat()}
    return row.counted


def notices(office: int, *, since: datetime) -> list[OfflineEvent]:
    """Entries of logs that staff must know of, the newest first."""
    found = OfflineEvent.objects.filter(
        office=office, outcome__in=TOLD_TO_STAFF, told_at__gte=since
    ).select_related("grant__shift")
    return list(found.order_by("-told_at")[:10])


def _told(
    office: Directory, row: OfflineEvent, outcome: str, merged: Merged, tickets: dict[str, Ticket]
) -> None:
    row.outcome = outcome
    device = row.grant.device_id
    where: dict[str, Any] = {"office": office.office.pk, "at": row.at}
    label = merged.used_twice.get(row.label, row.label)
    ticket = tickets.get(merged.same_touch.get(label, label))
    if row.kind == "pin":
        said = str(row.body.get("outcome", ""))[:20]
        record(events.PinTried(**where, device=device or 0, outcome=said, offline=True))
    elif outcome == REFUSED:
        record(events.NumberRefused(**where, device=device or 0, label=row.label))
    elif ticket is None or outcome == UNKNOWN or row.kind == "?":
        return
    elif outcome == VOID:
        record(
            events.PinUsedTwice(
                **where, ticket=ticket.pk, void=row.label, offline=True, device=device
            )
        )
    elif row.kind == "issue":
        _issued(where, row, ticket, merged)
    else:
        _at_counter(where, row, ticket, outcome)


def _issued(where: dict[str, Any], row: OfflineEvent, ticket: Ticket, merged: Merged) -> None:
    if row.label in merged.same_touch:
        return  # the journal has the ticket, and its new number
    booking = str(ticket.booking_id) if ticket.booking_id else None
    if booking:
        record(events.BookingArrived(**where, booking=booking))
    record(
        events.TicketIssued(
            **where,
            ticket=ticket.pk,
            service=ticket.service_id,
            booking=booking,
            device=row.grant.device_id,
            offline=True,
        )
    )


def _at_counter(where: dict[str, Any], row: OfflineEvent, ticket: Ticket, outcome: str) -> None:
    shift = row.grant.shift
    if shift is None:
        return
    who = {"ticket": ticket.pk, "counter": shift.counter_id, "clerk": shift.clerk_id}
    said = where | who | {"actor": shift.clerk_id, "offline": True}
    if outcome == TWICE:
        record(events.CalledTwice(**said))
    elif row.kind == "call":
        record(events.TicketCalled(**said, reason={"code": "offline", "params": {}}))
    elif row.kind == "start":
        record(events.ServingStarted(**said))
    elif row.kind == "finish":
        record(events.TicketFinished(**said))
    elif row.kind == "absent":
        record(events.TicketNoShow(**said))

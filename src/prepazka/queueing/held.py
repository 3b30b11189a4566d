"""Who may not be called on-line for now, because a console that is cut off may be calling them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from prepazka.queueing.models import HEARD, SILENT_AFTER

# A console that was heard takes part in the order of the hall; one that has been silent for
# SILENT_AFTER holds nobody any more, nor does one whose counter has a break or is closed.
HELD = (
    "SELECT l.ticket_id, s.counter_id, g.renewed_at FROM queueing_calllease l"
    " JOIN queueing_offlinegrant g ON g.id = l.grant_id"
    " JOIN queueing_shift s ON s.id = g.shift_id"
    " WHERE l.office_id = %s AND g.renewed_at < %s AND g.renewed_at > %s"
    " AND s.closed_at IS NULL AND s.paused_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A counter whose console has been silent since, and has the ticket on its list."""

    counter: int
    since: datetime

    @property
    def until(self) -> datetime:
        """From when others may call the ticket, if the console stays silent."""
        return self.since + SILENT_AFTER


def bounds(office: int, now: datetime) -> tuple[int, datetime, datetime]:
    """The parameters of HELD."""
    return office, now - HEARD, now - SILENT_AFTER


def held_elsewhere(office: int, counter: int | None, now: datetime) -> dict[int, Holder]:
    """Tickets on the lists of silent consoles of other counters, with who holds each. It is hot."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{HELD} AND s.counter_id IS DISTINCT FROM %s", [*bounds(office, now), counter]
        )
        return {ticket: Holder(at, since) for ticket, at, since in cursor.fetchall()}


def counters_of(held: dict[int, Holder]) -> list[int]:
    """The counters that hold them, in order."""
    return sorted({holder.counter for holder in held.values()})

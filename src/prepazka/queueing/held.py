"""Who may not be called on-line, because a console that is cut off may be calling them."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from prepazka.queueing.models import HEARD

HELD = (
    "SELECT l.ticket_id, s.counter_id FROM queueing_calllease l"
    " JOIN queueing_offlinegrant g ON g.id = l.grant_id"
    " JOIN queueing_shift s ON s.id = g.shift_id"
    " WHERE l.office_id = %s AND g.renewed_at < %s"
)


def held_elsewhere(office: int, counter: int, now: datetime) -> dict[int, int]:
    """Tickets on the lists of other, silent consoles, with the counter of each. It is hot."""
    with connection.cursor() as cursor:
        cursor.execute(f"{HELD} AND s.counter_id <> %s", [office, now - HEARD, counter])
        return dict(cursor.fetchall())

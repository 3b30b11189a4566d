"""Hand-written SQL of the queue; a test prepares each statement against the real schema."""

# ruff: noqa: S608  # made of constants

from __future__ import annotations

from functools import cache

from prepazka.journal.rows import select_columns
from prepazka.journal.statements import quoted
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Ticket

# Locks and numbers.
LOCK_QUEUE = "SELECT 1 FROM queueing_queue WHERE office_id = %s FOR NO KEY UPDATE"
NEXT_NUMBER = """
INSERT INTO queueing_numberseries (office_id, date, letter, last) VALUES (%s, %s, %s, 1)
ON CONFLICT (office_id, date, letter)
DO UPDATE SET last = queueing_numberseries.last + 1 RETURNING last
"""
GIVE_NUMBER_BACK = """
UPDATE queueing_numberseries SET last = last - 1
WHERE office_id = %s AND date = %s AND letter = %s
"""

# Calls.
WAITING = f"""
SELECT id, service_id, issued_at, booked_from, booked_to, late, returned_at,
  statutory, parked_until, for_counter_id
FROM queueing_ticket WHERE office_id = %s AND date = %s AND state IN ({quoted(*IN_QUEUE)})
"""
# Services that need a system that is down now.
STOPPED = """
SELECT n.service_id FROM offices_service_needs n
JOIN offices_incident i ON i.system_id = n.system_id
WHERE i.office_id = %s AND i.ended_at IS NULL
"""
# Tickets held by silent consoles. A console heard recently holds none, nor does one silent for
# longer than SILENT_AFTER, nor one whose counter is paused or closed.
HELD_OFFLINE = """
SELECT l.ticket_id, s.counter_id, g.renewed_at FROM queueing_calllease l
JOIN queueing_offlinegrant g ON g.id = l.grant_id
JOIN queueing_shift s ON s.id = g.shift_id
WHERE l.office_id = %s AND g.renewed_at < %s AND g.renewed_at > %s
AND s.closed_at IS NULL AND s.paused_at IS NULL
"""
HELD_ELSEWHERE = f"{HELD_OFFLINE} AND s.counter_id IS DISTINCT FROM %s"
# The opposite of `turn_alerts.NO_CONTACT`.
WITH_CONTACT = "NOT (email = '' AND phone = '' AND push = '{}')"
CALL_CONTEXT = f"""
SELECT s.counter_id, s.paused_at IS NOT NULL,
  EXISTS (
    SELECT 1 FROM queueing_ticket t
    WHERE t.counter_id = s.counter_id AND t.state IN ({quoted(*AT_COUNTER)})),
  ARRAY({STOPPED}),
  ARRAY(SELECT h.ticket_id FROM ({HELD_OFFLINE}) h WHERE h.counter_id <> s.counter_id),
  ARRAY(SELECT ticket_id FROM queueing_turnalert WHERE office_id = %s AND {WITH_CONTACT})
FROM queueing_shift s WHERE s.clerk_id = %s AND s.office_id = %s AND s.closed_at IS NULL
"""

# Steps at a counter. The shift is locked too, so that a clerk whose counter is being taken over
# cannot act at it.
CLIENT_AND_SHIFT = "FOR NO KEY UPDATE OF t FOR SHARE OF s"
CLIENT_OF_CLERK = f"""
FROM queueing_ticket t JOIN queueing_shift s ON s.counter_id = t.counter_id
AND s.clerk_id = %s AND s.closed_at IS NULL
WHERE t.office_id = %s AND t.state = ANY(%s) {CLIENT_AND_SHIFT}
"""
COUNTER_WITH_CLIENT = f"""
SELECT s.counter_id, s.paused_at IS NOT NULL, {select_columns(Ticket, "t")}
FROM queueing_shift s LEFT JOIN queueing_ticket t
ON t.counter_id = s.counter_id AND t.state IN ({quoted(*AT_COUNTER)})
WHERE s.office_id = %s AND s.clerk_id = %s AND s.closed_at IS NULL
"""

# Alerts.
ALERTS_OF_TICKET = f"SELECT id FROM queueing_turnalert WHERE ticket_id = %s AND {WITH_CONTACT}"
ERASE_CONTACT = f"""
UPDATE queueing_turnalert SET email = '', phone = '', push = '{{}}'
WHERE ticket_id = %s AND {WITH_CONTACT}
"""


@cache
def change_ticket(names: tuple[str, ...], counted: tuple[str, ...]) -> str:
    """The change of a ticket that stores the replaced values for `undo`; one text, planned once.

    The columns in `counted` are raised by one, the others get a parameter each.
    """
    values = ", ".join(f"{n} = {n} + 1" if n in counted else f"{n} = %s" for n in names)
    before = ", ".join(f"'{name}', {name}" for name in names)
    return (
        f"UPDATE queueing_ticket SET {values}, before = jsonb_build_object({before}),"
        " changed_at = %s, changed_by = %s WHERE id = %s AND state = ANY(%s)"
        f" RETURNING {select_columns(Ticket)}"
    )

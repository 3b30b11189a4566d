"""Signals between browsers in a room, stored as rows, so they survive restarts and reach all nodes.

Every writer locks the meeting's row before its signal gets a number, so the numbers of a meeting
become visible in order, and a browser that was away continues from its last one. Times are the
database's clock, because they concern connections and not the office.
"""

# ruff: noqa: S608  # made of constants

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection

from prepazka.journal.statements import quoted
from prepazka.meetings.models import MeetingState, Participant

CHANNEL = "prepazka_room"
# Kinds that a browser may send: connection descriptions, state of devices, the pointer.
KINDS = frozenset({"sdp", "ice", "media", "point"})
LARGEST = 32 * 1024  # characters of one body; a description of six tracks has about 10,000
MOST = 64  # signals in one request
KEPT = "10 minutes"
PRESENT = 45  # seconds after the last pulse in which a seat counts as connected

INSIDE = quoted(Participant.Place.INSIDE)
# Sender and receiver must both be inside a meeting that has not ended.
SEND = f"""
WITH who AS (
  SELECT m.id AS meeting, m.office_id AS office, p.seat FROM meetings_participant p
  JOIN meetings_meeting m ON m.id = p.meeting_id
  WHERE p.id = %(participant)s AND p.seat = %(seat)s AND p.link = %(link)s
    AND p.revoked_at IS NULL AND p.place = {INSIDE} AND m.state <> {quoted(MeetingState.ENDED)}
  FOR NO KEY UPDATE OF m
), said AS (
  SELECT * FROM jsonb_to_recordset(%(signals)s::jsonb) AS s("to" uuid, kind text, body jsonb)
), written AS (
  INSERT INTO meetings_signal (office_id, meeting_id, sender, receiver, kind, body, at)
  SELECT who.office, who.meeting, who.seat, said."to", said.kind, said.body, now()
  FROM who CROSS JOIN said
  WHERE said."to" IS NULL OR EXISTS (
    SELECT 1 FROM meetings_participant t
    WHERE t.meeting_id = who.meeting AND t.seat = said."to" AND t.place = {INSIDE})
  RETURNING 1
)
SELECT count(*), (SELECT count(*) FROM who),
  (SELECT pg_notify(%(channel)s, who.meeting::text) FROM who WHERE EXISTS (SELECT 1 FROM written))
FROM written
"""

# A signal of the server, from nobody.
SEND_TO_ROOM = """
WITH written AS (
  INSERT INTO meetings_signal (office_id, meeting_id, sender, receiver, kind, body, at)
  SELECT office_id, id, NULL, %s, %s, %s::jsonb, now() FROM meetings_meeting WHERE id = %s
  RETURNING id
)
SELECT id, pg_notify(%s, %s) FROM written
"""
DELETE_OLD = "DELETE FROM meetings_signal WHERE at < now() - %s::interval"

# Marks a seat as connected.
PULSE = """
UPDATE meetings_participant p SET seen_at = now()
WHERE p.id = %(participant)s AND p.seat = %(seat)s AND p.link = %(link)s AND p.revoked_at IS NULL
RETURNING 1
"""

# One statement, so that participants and signals are read at the same moment.
READ = """
SELECT m.state, m.provider,
  (SELECT coalesce(json_agg(json_build_object(
      'id', p.id, 'seat', p.seat, 'place', p.place, 'role', p.role, 'link', p.link,
      'revoked', p.revoked_at IS NOT NULL, 'hand', p.hand_at IS NOT NULL,
      'here', coalesce(p.seen_at > now() - make_interval(secs => %(present)s), false),
      'name', coalesce(nullif(p.name, ''), o.name ->> p.language,
        o.name ->> 'en', o.name ->> 'cs', '')
    ) ORDER BY p.admitted_at NULLS LAST, p.came_at, p.id), '[]'::json)
   FROM meetings_participant p LEFT JOIN offices_official o ON o.id = p.official_id
   WHERE p.meeting_id = m.id AND p.seat IS NOT NULL),
  (SELECT coalesce(json_agg(json_build_object('id', s.id, 'from', s.sender, 'to', s.receiver,
      'kind', s.kind, 'body', s.body) ORDER BY s.id), '[]'::json)
   FROM meetings_signal s WHERE s.meeting_id = m.id AND s.id > %(after)s)
FROM meetings_meeting m WHERE m.id = %(meeting)s
"""


def send_signal(
    meeting: UUID, kind: str, body: dict[str, Any] | None = None, *, receiver: UUID | None = None
) -> int:
    """Send a signal to a room and notify its connections; returns the signal's number.

    The caller has locked the meeting. Without a `receiver` it goes to everybody inside.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            SEND_TO_ROOM,
            [receiver, kind, json.dumps(body or {}), meeting, CHANNEL, str(meeting)],
        )
        (number, _) = cursor.fetchone()
    return int(number)


def purge_signals() -> int:
    """Delete old signals; returns how many. A browser that was away for so long enters again."""
    with connection.cursor() as cursor:
        cursor.execute(DELETE_OLD, [KEPT])
        return int(cursor.rowcount)

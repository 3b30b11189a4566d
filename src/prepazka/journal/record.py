"""Writing to the journal: the event, the wake-up call and the job that must follow, at once."""

from __future__ import annotations

import json

from django.db import connection
from procrastinate.contrib.django import app

from prepazka.core.events import Event

CHANNEL = "prepazka"
FOLLOW_UP = "prepazka.jobs.tasks.follow_up"


def record(event: Event) -> int:
    """Append the event in the caller's transaction and wake the listeners when it commits.

    The notice carries ids and topics only; a listener re-reads the state, because events of
    parallel transactions may become visible out of the order of their ids.
    Returns the id of the journal's row.
    """
    notice = json.dumps({"office": event.office, "topics": event.topics})
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH written AS (INSERT INTO journal_event (office, kind, at, actor, data)"
            " VALUES (%s, %s, %s, %s, %s) RETURNING id)"
            " SELECT id, pg_notify(%s, %s) FROM written",
            [event.office, event.kind, event.at, event.actor, json.dumps(event.payload()),
             CHANNEL, notice],
        )
        (written, _) = cursor.fetchone()
    if event.followed_up:
        app.configure_task(FOLLOW_UP, allow_unknown=True).defer(event=written)
    return int(written)

"""Writing of events to the journal, with the notification and the job of the follow-up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from prepazka.core.events import Event
from prepazka.journal.models import PendingFollowUp

CHANNEL = "prepazka"
FOLLOW_UP = "prepazka.jobs.tasks.follow_up"
# Part of the statements below: creates the pending follow-up of the event.
PENDING = (
    " pending AS (INSERT INTO journal_pendingfollowup (event, at)"
    " SELECT id, at FROM written WHERE %s::boolean)"
)
RECORD = (
    "WITH written AS (INSERT INTO journal_event (office, kind, at, actor, data)"  # noqa: S608  # constants
    f" VALUES (%s, %s, %s, %s, %s) RETURNING id, at), {PENDING}"
    " SELECT id, pg_notify(%s, %s) FROM written"
)


def record(event: Event) -> int:
    """Append the event in the caller's transaction; returns the id of its row.

    Listeners are notified at the commit, with ids and topics only. They re-read the state, because
    events of parallel transactions may become visible out of the order of their ids.
    """
    with connection.cursor() as cursor:
        cursor.execute(RECORD, _values(event))
        (event_id, _) = cursor.fetchone()
    if event.followed_up:
        _follow_up(int(event_id))
    return int(event_id)


def change(sql: str, parameters: Sequence[Any], event: Event) -> tuple[Any, ...] | None:
    """Change one row and record the event in one round trip, for hot paths; returns the columns.

    `sql` changes the row and returns columns of it. None if it changes nothing; then nothing is
    recorded.
    """
    with connection.cursor() as cursor:
        cursor.execute(_recorded(sql), [*parameters, *_values(event)])
        fetched = cursor.fetchone()
    if fetched is None:
        return None
    *row, event_id, _ = fetched
    if event.followed_up:
        _follow_up(int(event_id))
    return tuple(row)


@cache
def _recorded(sql: str) -> str:
    return (
        f"WITH changed AS ({sql}),"  # noqa: S608  # a constant of the caller
        " written AS (INSERT INTO journal_event (office, kind, at, actor, data)"
        " SELECT %s::bigint, %s, %s::timestamptz, %s::bigint, %s::jsonb FROM changed RETURNING id, at),"
        + PENDING
        + " SELECT changed.*, written.id, pg_notify(%s, %s) FROM changed, written"
    )


def _values(event: Event) -> list[Any]:
    notice = json.dumps({"office": event.office, "topics": event.topics})
    payload = json.dumps(event.payload())
    return [
        *(event.office, event.kind, event.at, event.actor, payload),
        event.followed_up,
        CHANNEL,
        notice,
    ]


def follow_up_key(event: int) -> str:
    """The queueing lock of the event's follow-up, of which at most one job waits."""
    return f"event:{event}"


def settle_follow_up(event: int) -> None:
    """Delete the pending follow-up of the event, which is done."""
    PendingFollowUp.objects.filter(event=event).delete()


def _follow_up(event: int) -> None:
    """Queue the follow-up's job in the caller's transaction, also within the worker.

    The worker's own application uses other connections: the job could then run before its event is
    committed, find nothing, and the message would be lost.
    """
    JobManager(DjangoConnector()).defer_job(
        Job(
            queue="default",
            lock=None,
            queueing_lock=follow_up_key(event),
            task_name=FOLLOW_UP,
            task_kwargs={"event": event},
        )
    )

"""Writing to the journal: the event, the wake-up call and the job that must follow, at once."""

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
# Part of the statements below: notes that the written event has a follow-up, which is owed.
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
    """Append the event in the caller's transaction and wake the listeners when it commits.

    The notice carries ids and topics only; a listener re-reads the state, because events of
    parallel transactions may become visible out of the order of their ids.
    Returns the id of the journal's row.
    """
    with connection.cursor() as cursor:
        cursor.execute(RECORD, _values(event))
        (written, _) = cursor.fetchone()
    if event.followed_up:
        _follow_up(int(written))
    return int(written)


def change(sql: str, parameters: Sequence[Any], event: Event) -> tuple[Any, ...] | None:
    """Change one row and record it in the same round trip, for what others wait for.

    `sql` changes the row and returns columns of it; what changes nothing records nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(_recorded(sql), [*parameters, *_values(event)])
        found = cursor.fetchone()
    if found is None:
        return None
    *row, written, _ = found
    if event.followed_up:
        _follow_up(int(written))
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
    data = json.dumps(event.payload())
    return [
        *(event.office, event.kind, event.at, event.actor, data),
        event.followed_up,
        CHANNEL,
        notice,
    ]


def follow_up_key(event: int) -> str:
    """The queueing lock of the event's follow-up: at most one job of it waits."""
    return f"event:{event}"


def settle_follow_up(event: int) -> None:
    """Note that the event's follow-up is done."""
    PendingFollowUp.objects.filter(event=event).delete()


def _follow_up(event: int) -> None:
    """Put the job into the caller's transaction, also within the worker.

    The worker's own application writes jobs by connections of its own: the job could then run
    before its event is committed, find nothing, and the message would be lost.
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

"""Writing to the journal: the event, the wake-up call and the job that must follow, at once."""

from __future__ import annotations

import json

from django.db import connection
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

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
            [
                event.office,
                event.kind,
                event.at,
                event.actor,
                json.dumps(event.payload()),
                CHANNEL,
                notice,
            ],
        )
        (written, _) = cursor.fetchone()
    if event.followed_up:
        _follow_up(int(written))
    return int(written)


def _follow_up(event: int) -> None:
    """Put the job into the caller's transaction, also within the worker.

    The worker's own application writes jobs by connections of its own: the job could then run
    before its event is committed, find nothing, and the message would be lost.
    """
    JobManager(DjangoConnector()).defer_job(
        Job(
            queue="default",
            lock=None,
            queueing_lock=None,
            task_name=FOLLOW_UP,
            task_kwargs={"event": event},
        )
    )

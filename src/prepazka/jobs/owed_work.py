"""Work owed by our own rows, and deferring its jobs again where they were lost.

The queue may lose a job: its worker dies, it fails for good, somebody empties a table. So every
minute the rows themselves are read: events without their follow-up, messages that were not sent,
documents that were not checked, minutes without their PDF.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from prepazka.jobs import queue
from prepazka.journal.models import Event, PendingFollowUp
from prepazka.journal.record import FOLLOW_UP, follow_up_key
from prepazka.meetings.models import Document, DocumentState, Minutes
from prepazka.messaging.models import Message, MessageState

# Younger rows are left out: their job was deferred with them and is hardly lost.
LOST_AFTER = timedelta(minutes=1)
# By then every retry has failed, and health has reported it.
GIVEN_UP_AFTER = timedelta(days=3)
MOST = 500  # of one kind in a round
# Priority of jobs that take seconds: people wait for their mails, and a worker has few threads.
BEHIND_MESSAGES = -5


@dataclass(frozen=True)
class Owed:
    """A job that is owed; `key` is its queueing lock, jobs with one `lock` do not overlap."""

    task: str
    key: str
    values: dict[str, Any]
    lock: str | None = None
    priority: int = 0

    def defer(self) -> None:
        """Queue the job, unless one with its key waits already."""
        job = app.configure_task(
            self.task, queueing_lock=self.key, lock=self.lock, priority=self.priority
        )
        with contextlib.suppress(AlreadyEnqueued):
            job.defer(**self.values)


def delivery_of_message(message: Message) -> Owed:
    """The delivery of a message; messages about one booking are sent in their order."""
    return Owed("deliver", f"message:{message.pk}", {"message": message.pk}, message.about)


def jobs_of_papers(event: int | None = None) -> Iterator[Owed]:
    """Documents to check and minutes to print: those of one event, or all."""
    if not settings.MEETINGS:
        return
    for document in documents_to_check(event):
        key = f"document:{document}"
        yield Owed("check_document", key, {"document": str(document)}, key, BEHIND_MESSAGES)
    for minutes in minutes_to_print(event):
        key = f"minutes:{minutes}"
        yield Owed("print_minutes", key, {"minutes": minutes}, key, BEHIND_MESSAGES)


def documents_to_check(event: int | None = None) -> list[UUID]:
    """Documents that wait for their check: the one of an event, or all."""
    waiting = Document.objects.filter(state=DocumentState.CHECKING)
    if event is not None:
        happened = Event.objects.filter(pk=event, kind="DocumentAdded").first()
        waiting = waiting.filter(pk=happened.data["document"]) if happened else waiting.none()
    return list(waiting.order_by("created_at").values_list("pk", flat=True))


def minutes_to_print(event: int | None = None) -> list[int]:
    """Closed minutes without their PDF: those of an event, or all."""
    waiting = Minutes.objects.exclude(closed_at=None).filter(key="")
    if event is not None:
        happened = Event.objects.filter(pk=event, kind="MinutesClosed").first()
        waiting = waiting.filter(meeting=happened.data["meeting"]) if happened else waiting.none()
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _follow_ups(now: datetime) -> Iterator[Owed]:
    late = PendingFollowUp.objects.filter(
        at__lte=now - LOST_AFTER, at__gt=now - GIVEN_UP_AFTER
    ).order_by("event")
    for event in late.values_list("event", flat=True).iterator():
        yield Owed(FOLLOW_UP, follow_up_key(event), {"event": event})


def _messages(now: datetime) -> Iterator[Owed]:
    late = Message.objects.filter(state=MessageState.QUEUED, created_at__lte=now - LOST_AFTER)
    for message in late.order_by("pk").iterator():
        yield delivery_of_message(message)


def defer_lost(*, now: datetime) -> int:
    """Defer the jobs of owed work that has no live job; returns how many."""
    kinds = {"event:": _follow_ups(now), "message:": _messages(now)}
    deferred = 0
    for prefix, owed_jobs in kinds.items():
        deferred += _defer(prefix, owed_jobs)
    papers_owed = list(jobs_of_papers())
    for prefix in ("document:", "minutes:") if papers_owed else ():
        deferred += _defer(
            prefix, (owed_job for owed_job in papers_owed if owed_job.key.startswith(prefix))
        )
    return deferred


def _defer(prefix: str, owed_jobs: Iterator[Owed]) -> int:
    live = queue.live_locks(prefix)
    deferred = 0
    for owed_job in owed_jobs:
        if owed_job.key in live:
            continue
        owed_job.defer()
        deferred += 1
        if deferred == MOST:
            break
    return deferred

"""What is owed by our own rows, and has its job deferred again where it was lost.

The queue may lose a job: its worker dies, it fails for good, somebody empties a table. So every
minute the rows themselves are asked: events without their follow-up, messages that have not left,
documents that were not checked, minutes without their PDF.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from prepazka.jobs import papers, queue
from prepazka.journal.models import PendingFollowUp
from prepazka.journal.record import FOLLOW_UP, follow_up_key
from prepazka.messaging.models import Message

# The job of a younger row was deferred with it and has hardly been lost.
LOST_AFTER = timedelta(minutes=1)
# By then every retry of the queue has failed; health has reported it meanwhile.
GIVEN_UP_AFTER = timedelta(days=3)
MOST = 500  # of one kind in a round
# Priority of what takes seconds each: people wait for their mails, and a worker has few threads.
BEHIND_MESSAGES = -5


@dataclass(frozen=True)
class Owed:
    """A job that does something owed; `key` is its queueing lock, `lock` what it may not overlap."""

    task: str
    key: str
    values: dict[str, Any]
    lock: str | None = None
    priority: int = 0

    def defer(self) -> None:
        """Put the job into the queue, unless one with this key waits there."""
        job = app.configure_task(
            self.task, queueing_lock=self.key, lock=self.lock, priority=self.priority
        )
        with contextlib.suppress(AlreadyEnqueued):
            job.defer(**self.values)


def of_message(message: Message) -> Owed:
    """The delivery of a message; messages about the same leave in their order."""
    return Owed("deliver", f"message:{message.pk}", {"message": message.pk}, message.about)


def of_papers(event: int | None = None) -> Iterator[Owed]:
    """Documents to check and minutes to print: those of one event, or all that still wait."""
    for document in papers.to_check(event):
        key = f"document:{document}"
        yield Owed("check_document", key, {"document": str(document)}, key, BEHIND_MESSAGES)
    for minutes in papers.to_print(event):
        key = f"minutes:{minutes}"
        yield Owed("print_minutes", key, {"minutes": minutes}, key, BEHIND_MESSAGES)


def _follow_ups(now: datetime) -> Iterator[Owed]:
    late = PendingFollowUp.objects.filter(
        at__lte=now - LOST_AFTER, at__gt=now - GIVEN_UP_AFTER
    ).order_by("event")
    for event in late.values_list("event", flat=True).iterator():
        yield Owed(FOLLOW_UP, follow_up_key(event), {"event": event})


def _messages(now: datetime) -> Iterator[Owed]:
    late = Message.objects.filter(state=Message.State.QUEUED, created_at__lte=now - LOST_AFTER)
    for message in late.order_by("pk").iterator():
        yield of_message(message)


def defer_lost(*, now: datetime) -> int:
    """Defer again what is owed and has no job that lives; returns how many jobs were deferred."""
    kinds = {"event:": _follow_ups(now), "message:": _messages(now)}
    deferred = 0
    for prefix, owed in kinds.items():
        deferred += _defer(prefix, owed)
    papers_owed = list(of_papers())
    for prefix in ("document:", "minutes:") if papers_owed else ():
        deferred += _defer(prefix, (one for one in papers_owed if one.key.startswith(prefix)))
    return deferred


def _defer(prefix: str, owed: Iterator[Owed]) -> int:
    live = queue.live(prefix)
    deferred = 0
    for one in owed:
        if one.key in live:
            continue
        one.defer()
        deferred += 1
        if deferred == MOST:
            break
    return deferred

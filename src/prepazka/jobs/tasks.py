"""What the worker runs: follow up on events, deliver, remind, tidy, purge.

Tasks take ids, read the clock once, and may run any number of times with the effect of one.
"""

from __future__ import annotations

import contextlib
import logging
import random
from typing import Any
from uuid import UUID

from django.db import transaction
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.tasks import Task

from prepazka.gateways.email import send
from prepazka.gateways.push import send as send_push
from prepazka.gateways.sms import send as send_sms
from prepazka.jobs import calendars, papers, rounds
from prepazka.journal.record import FOLLOW_UP
from prepazka.meetings import signals
from prepazka.messaging import usecases as messaging
from prepazka.messaging.port import Receipt, Undeliverable
from prepazka.messaging.receipts import note_receipt
from prepazka.offices.clock import now

log = logging.getLogger(__name__)

# Seconds before the next attempt; the last one repeats for two days of a broken mail server.
PAUSES = (10, 30, 60, 120, 300)
ATTEMPTS = messaging.GIVES_UP
SPREAD = 240  # seconds over which a round of outside calendars is read


class Patience(BaseRetryStrategy):
    """Waits longer and longer, and gives up at once on what can never succeed."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Say when to try again, or None."""
        if isinstance(exception, Undeliverable) and exception.permanent:
            return None
        if job.attempts >= ATTEMPTS:
            return None
        if isinstance(exception, Undeliverable) and exception.not_before:
            wait = (exception.not_before - now()).total_seconds()
            return RetryDecision(retry_in={"seconds": max(1, int(wait) + 1)})
        return RetryDecision(retry_in={"seconds": PAUSES[min(job.attempts, len(PAUSES) - 1)]})


@app.task(name=FOLLOW_UP, retry=Patience())
def follow_up(*, event: int) -> None:
    """Write the messages that an event calls for, and offer the term that it freed."""
    for message in messaging.compose(event=event, now=now()):
        job = deliver.configure(lock=message.about, queueing_lock=f"message:{message.pk}")
        with contextlib.suppress(AlreadyEnqueued):
            job.defer(message=message.pk)
    rounds.offer_after(event=event, now=now())
    _defer_papers(event)


@app.task(name="deliver", retry=Patience(), queue="mail")
def deliver(*, message: int) -> None:
    """Send one message; the messages of one booking leave in their order."""
    messaging.deliver(message=message, send=send, send_sms=send_sms, send_push=send_push, now=now())


def _defer_papers(event: int | None = None) -> None:
    """Have documents checked and minutes printed: those of one event, or all that still wait."""
    jobs: list[tuple[Task[Any, Any, Any], str, dict[str, Any]]] = [
        (check_document, f"document:{one}", {"document": str(one)})
        for one in papers.to_check(event)
    ]
    jobs += [(print_minutes, f"minutes:{one}", {"minutes": one}) for one in papers.to_print(event)]
    for task, once, values in jobs:
        with contextlib.suppress(AlreadyEnqueued):
            task.configure(queueing_lock=once, lock=once).defer(**values)


@app.task(name="check_document", queue="papers")
def check_document(*, document: str) -> None:
    """Check a document that somebody brought; what could not be checked waits for the next round."""
    papers.check(document=UUID(document), now=now())


@app.task(name="print_minutes", queue="papers")
def print_minutes(*, minutes: int) -> None:
    """Make the PDF of closed minutes; the next round is the next try."""
    papers.print_minutes(which=minutes, now=now())


@app.task(name="receipt", queue="rounds")
def receipt(*, gateway_id: str, delivered: bool) -> None:
    """Look once more for the message of a receipt that came before its sending was written down."""
    note_receipt(Receipt(gateway_id, delivered), now=now())


@app.periodic(cron="* * * * *")
@app.task(name="every_minute", queueing_lock="every_minute", queue="rounds")
def every_minute(timestamp: int) -> None:
    """Expire holds, mark no-shows, close what was left open, remind; judge and obey the estimates."""
    rounds.tidy(now=now())
    rounds.offer_places(now=now())
    rounds.follow_offers(now=now())
    rounds.remind(now=now())
    rounds.judge_waits(now=now())
    rounds.stop_tickets(now=now())
    rounds.warn_of_incidents(now=now())
    rounds.tell_near(now=now())
    rounds.keep_history(now=now())
    signals.purge()
    _defer_papers()


@app.periodic(cron="*/5 * * * *")
@app.task(name="every_five_minutes", queueing_lock="every_five_minutes", queue="rounds")
def every_five_minutes(timestamp: int) -> None:
    """Have the outside calendars read, spread over the minutes so that no server is stormed."""
    for calendar in calendars.due(now=now()):
        _defer_reading(calendar, random.randrange(SPREAD))  # noqa: S311  # no secret


def read_soon(calendar: int) -> None:
    """Have a calendar read at once, when the caller's transaction commits."""
    transaction.on_commit(lambda: _defer_reading(calendar, 0))


def _defer_reading(calendar: int, seconds: int) -> None:
    job = refresh_calendar.configure(
        # Two at once at most: servers that hang must not keep the mails waiting.
        lock=f"calendars:{calendar % 2}",
        queueing_lock=f"calendar:{calendar}",
        schedule_in={"seconds": seconds},
    )
    with contextlib.suppress(AlreadyEnqueued):
        job.defer(calendar=calendar)


@app.task(name="refresh_calendar", queue="calendars")
def refresh_calendar(*, calendar: int) -> None:
    """Read one outside calendar; the next round is its next try."""
    calendars.refresh(calendar=calendar, now=now())


@app.periodic(cron="17 3 * * *")
@app.task(name="every_night", queueing_lock="every_night", queue="rounds")
def every_night(timestamp: int) -> None:
    """Erase personal data whose time has come, and learn from the weeks behind."""
    rounds.purge(now=now())
    rounds.learn(now=now())


@app.periodic(cron="*/2 * * * *")
@app.task(name="rescue", queueing_lock="rescue", queue="rounds", pass_context=True)
async def rescue(context: JobContext, timestamp: int) -> None:
    """Hand out again the jobs whose worker died over them."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        log.warning("job %s was left by a worker that died; it starts again", job.id)
        await manager.retry_job(job)

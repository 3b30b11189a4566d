"""What the worker runs: follow up on events, deliver, and the periodic steps.

Tasks take ids, read the clock once, and may run any number of times with the effect of one.
"""

from __future__ import annotations

import logging
from uuid import UUID

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from prepazka.gateways import email, push, sms
from prepazka.jobs import calendars, owed, papers, rounds, steps
from prepazka.jobs.steps import STEPS, Every
from prepazka.journal.record import FOLLOW_UP, settle_follow_up
from prepazka.messaging import usecases as messaging
from prepazka.messaging.models import Message
from prepazka.messaging.port import Gateways, Receipt, Undeliverable
from prepazka.messaging.receipts import note_receipt
from prepazka.offices.clock import now

log = logging.getLogger(__name__)
GATEWAYS: Gateways = {
    Message.Channel.EMAIL: email.send,
    Message.Channel.SMS: sms.send,
    Message.Channel.PUSH: push.send,
}

# Seconds before the next attempt; the last one repeats for two days of a broken mail server.
PAUSES = (10, 30, 60, 120, 300)
ATTEMPTS = messaging.GIVES_UP
# Priorities. A thousand mails that wait for a slow server must not hold up the steps of the minute,
# which are short, and one of which finds the work of a dead worker.
BEFORE_ALL_ELSE = 10
BEHIND_ALL_ELSE = -10  # daily work


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
        owed.of_message(message).defer()
    rounds.offer_after(event=event, now=now())
    for papers_owed in owed.of_papers(event):
        papers_owed.defer()
    rounds.erase_after(event=event, now=now())
    settle_follow_up(event)


@app.task(name="deliver", retry=Patience(), queue="mail")
def deliver(*, message: int) -> None:
    """Send one message; the messages of one booking leave in their order.

    What was refused for good is noted in the message, so there the job has done its work.
    """
    try:
        messaging.deliver(message=message, gateways=GATEWAYS, now=now())
    except Undeliverable as failure:
        if failure.not_before is None:
            log.warning("A message was not delivered: %s", failure)
        if not failure.permanent:
            raise


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


@app.task(name="refresh_calendar", queue="calendars")
def refresh_calendar(*, calendar: int) -> None:
    """Read one outside calendar; the next round is its next try."""
    calendars.refresh(calendar=calendar, now=now())


@app.task(name="step", queue="rounds")
def run_step(timestamp: int, *, step: str) -> None:  # the queue names the minute
    """Run a periodic step; one that only another version knows is left to that version."""
    if step in STEPS:
        steps.run(STEPS[step], now=now())


for _step in STEPS.values():
    _is_daily = _step.every is Every.DAY
    app.periodic(
        cron=_step.every.cron,
        periodic_id=_step.name,
        task_kwargs={"step": _step.name},
        queueing_lock=f"step:{_step.name}",
        # One of them at a time, so that mails have the other threads of the worker.
        lock="daily" if _is_daily else None,
        priority=BEHIND_ALL_ELSE if _is_daily else BEFORE_ALL_ELSE,
    )(run_step)


def _nothing(timestamp: int) -> None:
    """Do nothing: the queue may still hold it from the version before, which had no steps."""


for _name in ("every_minute", "every_five_minutes", "every_night", "rescue"):
    app.task(name=_name, queue="rounds")(_nothing)

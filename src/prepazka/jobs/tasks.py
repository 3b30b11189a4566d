"""The worker's tasks: following up on events, delivering messages, and the periodic steps.

Tasks take ids and are idempotent.
"""

from __future__ import annotations

import logging

from django.conf import settings
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from prepazka.gateways import email, push, sms
from prepazka.jobs import calendar_jobs, owed_work, periodic_steps, rounds
from prepazka.jobs.periodic_steps import STEPS, Every
from prepazka.journal.record import FOLLOW_UP, settle_follow_up
from prepazka.messaging import message_delivery
from prepazka.messaging.message_types import Gateways, Receipt, Undeliverable
from prepazka.messaging.models import Message
from prepazka.messaging.receipts import note_receipt
from prepazka.offices.clock import now

log = logging.getLogger(__name__)
GATEWAYS: Gateways = {
    Message.Channel.EMAIL: email.send_mail,
    Message.Channel.SMS: sms.send,
    Message.Channel.PUSH: push.send_notice,
}

# Seconds before the next attempt; the last one repeats for two days of a broken mail server.
PAUSES = (10, 30, 60, 120, 300)
ATTEMPTS = message_delivery.GIVES_UP
# Priorities. A thousand mails that wait for a slow server must not delay the steps of the minute,
# which are short; one of them rescues the jobs of a dead worker.
BEFORE_ALL_ELSE = 10
BEHIND_ALL_ELSE = -10  # daily work


class Patience(BaseRetryStrategy):
    """Retries with growing pauses; gives up at once on permanent failures."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None to give up."""
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
    """Follow up on an event: compose its messages, offer a slot it freed, defer its papers."""
    for message in message_delivery.compose_messages(event=event, now=now()):
        owed_work.delivery_of_message(message).defer()
    rounds.offer_after(event=event, now=now())
    for papers_owed in owed_work.jobs_of_papers(event):
        papers_owed.defer()
    rounds.erase_after(event=event, now=now())
    settle_follow_up(event)


@app.task(name="deliver", retry=Patience(), queue="mail")
def deliver(*, message: int) -> None:
    """Send one message; the messages of one booking are sent in their order.

    A permanent refusal is recorded in the message and does not fail the job.
    """
    try:
        message_delivery.deliver_message(message=message, gateways=GATEWAYS, now=now())
    except Undeliverable as failure:
        if failure.not_before is None:
            log.warning("A message was not delivered: %s", failure)
        if not failure.permanent:
            raise


@app.task(name="receipt", queue="rounds")
def receipt(*, gateway_id: str, delivered: bool) -> None:
    """Apply a receipt that arrived before the sending of its message was recorded."""
    note_receipt(Receipt(gateway_id, delivered), now=now())


@app.task(name="refresh_calendar", queue="calendars")
def refresh_calendar(*, calendar: int) -> None:
    """Read one external calendar; the next round retries a failure."""
    calendar_jobs.read_and_store(calendar=calendar, now=now())


@app.task(name="step", queue="rounds")
def run_step(timestamp: int, *, step: str) -> None:  # the queue names the minute
    """Run a periodic step; a step that only another version has is ignored."""
    if step in STEPS:
        periodic_steps.run_if_due(STEPS[step], now=now())


for _step in STEPS.values():
    _is_daily = _step.every is Every.DAY
    app.periodic(
        cron=_step.every.cron,
        periodic_id=_step.name,
        task_kwargs={"step": _step.name},
        queueing_lock=f"step:{_step.name}",
        # One daily step at a time, so that mails have the worker's other threads.
        lock="daily" if _is_daily else None,
        priority=BEHIND_ALL_ELSE if _is_daily else BEFORE_ALL_ELSE,
    )(run_step)


def _nothing(timestamp: int) -> None:
    """Do nothing; the queue may still hold such tasks of an earlier version."""


for _name in ("every_minute", "every_five_minutes", "every_night", "rescue"):
    app.task(name=_name, queue="rounds")(_nothing)

if settings.MEETINGS:
    from prepazka.jobs import meeting_tasks as meeting_tasks  # noqa: PLC0414  # registers its tasks

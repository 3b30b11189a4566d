"""Every message leaves once: with a server that is away, refuses, or dies with our worker."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from prepazka.booking import booking_links, scheduled
from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar
from prepazka.gateways.email import send_mail
from prepazka.gateways.sms import send as send_sms
from prepazka.jobs.tasks import PAUSES, Patience
from prepazka.journal.models import Event
from prepazka.messaging import channels, message_delivery
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_types import Mail, Undeliverable
from prepazka.messaging.models import Message, MessageState
from tests import citizen, rounds, town
from tests.clock import real_now
from tests.faults.always import always_open
from tests.faults.program import Mailbox, environment, running, wait_for
from tests.races.together import meet_before, together

NOW, EMAIL = town.FRIDAY_BEFORE, Message.Channel.EMAIL


def event_of(booking: Booking) -> int:
    return Event.objects.get(kind="ConfirmationRequested", data__booking=str(booking.pk)).pk


def composed(booking: Booking, now: datetime = NOW) -> Message:
    (message,) = message_delivery.compose_messages(event=event_of(booking), now=now)
    return message


@pytest.mark.django_db
def test_however_often_its_jobs_run_a_message_leaves_once(mailbox: Mailbox) -> None:
    booking = town.requested(town.office())
    first, again = composed(booking), composed(booking)
    assert first == again
    for _ in range(3):
        message_delivery.deliver_message(
            message=first.pk, gateways={"email": send_mail, "sms": send_sms}, now=NOW
        )
    assert message_delivery.compose_messages(event=event_of(booking), now=NOW) == []
    assert len(mailbox) == 1
    assert mailbox[0]["To"] == "jana@example.cz"


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_one_message_send_one_mail(mailbox: Mailbox) -> None:
    message = composed(town.requested(town.office()))
    answers = together(
        2,
        lambda _: message_delivery.deliver_message(
            message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=NOW
        ),
    )
    assert answers == [None, None]
    assert len(mailbox) == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_of_the_row_two_mails_leave(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = composed(town.requested(town.office()))

    def unlocked(self: QuerySet, **_: Any) -> QuerySet:
        return self.all()

    monkeypatch.setattr(QuerySet, "select_for_update", unlocked)
    email = replace(channels.ADAPTERS[EMAIL], compose=meet_before(2, compose_mail))
    monkeypatch.setattr(channels, "ADAPTERS", {**channels.ADAPTERS, EMAIL: email})
    together(
        2,
        lambda _: message_delivery.deliver_message(
            message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=NOW
        ),
    )
    assert len(mailbox) == 2


@pytest.mark.django_db
def test_two_follow_ups_of_one_event_write_one_message() -> None:
    booking = town.requested(town.office())
    assert composed(booking).pk == composed(booking).pk
    assert Message.objects.count() == 1


def attempts(message: Message, start: datetime) -> list[datetime]:
    """The moments at which the job would be tried, by the real strategy, in 70 minutes."""
    made, at = [start], start
    while at < start + timedelta(minutes=70):
        job = Job(
            queue="mail",
            lock=None,
            queueing_lock=None,
            task_name="deliver",
            attempts=len(made) - 1,
            task_kwargs={"message": message.pk},
        )
        decision = Patience().get_retry_decision(
            exception=Undeliverable("away", permanent=False), job=job
        )
        assert decision
        pause = PAUSES[min(len(made) - 1, len(PAUSES) - 1)]
        at += timedelta(seconds=pause)
        made.append(at)
    return made


@pytest.mark.django_db
def test_after_an_hour_without_the_server_the_mail_leaves_once_and_its_link_works(
    mailbox: Mailbox, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = town.office(confirm_min=30)
    booking = town.requested(office)
    message = composed(booking)
    mailbox.close()
    back, tried = NOW + timedelta(hours=1), 0
    for at in attempts(message, NOW):
        if at >= back:
            mailbox.open()
            back = at + timedelta(days=1)
        # The round of every minute never takes the slot of a person we could not write to.
        rounds.tidy(now=at - timedelta(seconds=1))
        try:
            message_delivery.deliver_message(
                message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=at
            )
        except Undeliverable:
            tried += 1
    assert tried > 12
    assert len(mailbox) == 1
    message.refresh_from_db()
    assert (message.state, message.attempts, message.error) == (MessageState.SENT, tried + 1, "")
    assert message.sent_at
    assert mailbox.ids == [f"<{booking.pk}.{message.pk}@localhost>"]

    clock = citizen.Clock(monkeypatch)
    clock.at = message.sent_at + timedelta(minutes=29)
    rounds.tidy(now=clock.at)
    link = f"/potvrzeni/{booking_links.sign_token(booking.pk, 'confirm')}/"
    assert link in text_of_last(mailbox)
    assert client.post(link).status_code in {200, 302}
    booking.refresh_from_db()
    assert (booking.state, len(booking.pin)) == (BookingState.CONFIRMED, 4)


def text_of_last(mailbox: Mailbox) -> str:
    body = mailbox[-1].get_body(("plain",))
    assert body
    return str(body.get_content())


@pytest.mark.django_db
def test_an_address_that_does_not_exist_is_not_tried_again(mailbox: Mailbox) -> None:
    message = composed(town.requested(town.office(), email="nobody@example.cz"))
    with pytest.raises(Undeliverable) as refused:
        message_delivery.deliver_message(
            message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=NOW
        )
    job = Job(queue="mail", lock=None, queueing_lock=None, task_name="deliver")
    assert Patience().get_retry_decision(exception=refused.value, job=job) is None
    message.refresh_from_db()
    assert (message.state, message.error) == (MessageState.FAILED, "the address was refused")
    message_delivery.deliver_message(
        message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=NOW
    )
    assert len(mailbox) == 0


@pytest.mark.django_db
def test_a_server_that_refuses_us_for_now_is_tried_again(mailbox: Mailbox) -> None:
    message = composed(town.requested(town.office()))
    mailbox.answer = "451 4.3.0 try later"
    with pytest.raises(Undeliverable) as refused:
        message_delivery.deliver_message(
            message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=NOW
        )
    assert not refused.value.permanent
    mailbox.answer = "250 Accepted"
    message_delivery.deliver_message(
        message=message.pk,
        gateways={"email": send_mail, "sms": send_sms},
        now=NOW + timedelta(seconds=10),
    )
    assert len(set(mailbox.ids)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_slow_mail_server_holds_up_no_booking(mailbox: Mailbox) -> None:
    office = town.office()
    message = composed(town.requested(office), NOW - timedelta(minutes=5))
    held: list[Booking] = []

    def slow(mail: Mail) -> None:
        # While the late mail is on its way, somebody else takes a slot of the same day.
        answer = together(1, lambda _: town.hold(office, "10:00"))[0]
        assert isinstance(answer, Booking), answer
        held.append(answer)
        send_mail(mail)

    message_delivery.deliver_message(
        message=message.pk, gateways={"email": slow, "sms": send_sms}, now=NOW
    )
    assert len(held) == len(mailbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_taken_slowly_is_written_down(mailbox: Mailbox) -> None:
    """Otherwise it would leave again and again."""
    message = composed(town.requested(town.office()))
    mailbox.on_mail = lambda: time.sleep(1.5)
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '1s'")
    try:
        message_delivery.deliver_message(
            message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=NOW
        )
    finally:
        connection.close()
    message.refresh_from_db()
    assert (message.state, len(mailbox)) == (MessageState.SENT, 1)


@pytest.mark.django_db(transaction=True)
def test_inside_the_worker_a_job_never_runs_before_its_event_is_committed() -> None:
    """The worker's own application writes jobs by other connections than Django's."""
    booking = town.confirmed(town.office(), now=NOW - timedelta(days=3))
    ProcrastinateJob.objects.all().delete()
    worker = app.connector.get_worker_connector()  # type: ignore[attr-defined]
    worker.get_sync_connector().open()
    with app.replace_connector(worker), transaction.atomic():
        scheduled.remind_due(booking=booking.pk, now=NOW)
        transaction.set_rollback(True)
    worker.get_sync_connector().close()
    assert not Event.objects.filter(kind="ReminderDue").exists()
    left = list(ProcrastinateJob.objects.values_list("task_name", flat=True))
    assert left == []


def requested_in_two_days(now: datetime) -> Booking:
    """A booking that the worker, which reads the real clock, neither reminds of nor lets expire."""
    day = calendar.day_of(now, town.PRAGUE) + timedelta(days=2)
    return town.requested(always_open(), "9:00", now, day=day)


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_time
def test_a_worker_killed_after_the_server_took_the_mail(mailbox: Mailbox, tmp_path: Path) -> None:
    """The one case that no sender can tell from a lost mail: a repeat with the same Message-ID."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    told = environment()
    mailbox.close()
    mailbox.port = int(told["SMTP_PORT"])
    mailbox.open()
    log = tmp_path / "worker.log"
    with running(["worker"], told, log) as first:
        mailbox.on_mail = lambda: os.kill(first.child.pid, signal.SIGKILL)
        booking = requested_in_two_days(now=real_now())
        wait_for("the kill", lambda: not first.runs)
    mailbox.on_mail = lambda: None
    message = Message.objects.get()
    assert (message.state, len(mailbox)) == (MessageState.QUEUED, 1)
    assert ProcrastinateJob.objects.filter(task_name="deliver", status="doing").exists()

    with connection.cursor() as cursor:  # as if the half minute of silence had passed
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 s'")
    with running(["worker"], told, log):
        app.configure_task("step").defer(timestamp=0, step="rescue")
        wait_for("the repeat", lambda: len(mailbox) == 2)
        wait_for(
            "the end of the jobs",
            lambda: (
                not ProcrastinateJob.objects.exclude(queue_name="rounds")
                .filter(status__in=["todo", "doing"])
                .exists()
            ),
        )
    message.refresh_from_db()
    assert message.state == MessageState.SENT
    assert len(mailbox) == 2
    assert len(set(mailbox.ids)) == 1
    assert str(booking.pk) in mailbox.ids[0]

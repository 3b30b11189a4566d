"""Nothing owed stays undone: stalled jobs start again one by one, lost ones are found by our rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from procrastinate import exceptions
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.manager import JobManager

from prepazka.jobs import owed_work, queue, tasks
from prepazka.journal.models import Event, PendingFollowUp
from prepazka.messaging import mail, message_delivery
from prepazka.messaging.message_types import Undeliverable
from prepazka.messaging.models import Message, MessageState
from tests import loops, town
from tests.races.together import together

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
SOON = NOW + timedelta(seconds=70)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    lose_all_jobs()  # those of tests whose transactions were real
    monkeypatch.setattr(tasks, "now", lambda: NOW)


def job(status: str, key: str, ago: int = 120, worker: int | None = None) -> int:
    """A job of the queue; one that is "doing" has been so for `ago` seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs"
            " (queue_name, task_name, queueing_lock, status, worker_id)"
            " VALUES ('mail', 'deliver', %s, 'todo', %s) RETURNING id",
            [key, worker],
        )
        (pk,) = cursor.fetchone()
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status WHERE id = %s",
            [status, pk],
        )
        cursor.execute(
            "UPDATE procrastinate_events SET at = now() - make_interval(secs => %s) WHERE job_id = %s",
            [ago, pk],
        )
    return int(pk)


def worker(silent: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - make_interval(secs => %s)) RETURNING id",
            [silent],
        )
        return int(cursor.fetchone()[0])


def statuses() -> dict[int, str]:
    return dict(ProcrastinateJob.objects.values_list("pk", "status"))


def test_a_stalled_job_with_a_waiting_twin_ends_no_rescue() -> None:
    """The twin of the minute's round stood before the mails, which then were never rescued."""
    stalled = job("doing", "step:remind")
    twin = job("todo", "step:remind")
    mails = [job("doing", f"message:{n}") for n in range(3)]
    assert queue.requeue_stalled_jobs() == 4
    assert statuses() == {twin: "todo"} | dict.fromkeys(mails, "todo")
    assert stalled not in statuses()


def test_only_jobs_of_silent_workers_are_stalled() -> None:
    living, silent = worker(20), worker(40)
    runs = job("doing", "a", worker=living)
    left = job("doing", "b", worker=silent)
    # Its worker lives, but could not write down how the job ended.
    forgotten = job("doing", "c", worker=living, ago=3700)
    assert queue.requeue_stalled_jobs() == 2
    assert statuses() == {runs: "doing", left: "todo", forgotten: "todo"}


def test_one_job_that_cannot_be_rescued_holds_up_no_other() -> None:
    bad, good = job("doing", "bad"), job("doing", "good")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN IF OLD.id = {bad} THEN RAISE ''no''; END IF; RETURN NEW; END'"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON procrastinate_jobs"
            " FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    with pytest.raises(ExceptionGroup):
        queue.requeue_stalled_jobs()
    assert statuses() == {bad: "doing", good: "todo"}


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_rescue_at_once_do_not_trip_over_each_other() -> None:
    jobs = [job("doing", f"message:{n}") for n in range(20)]
    answers = together(2, lambda _: queue.requeue_stalled_jobs())
    assert not [one for one in answers if isinstance(one, Exception)]
    assert statuses() == dict.fromkeys(jobs, "todo")
    lose_all_jobs()  # they stay behind a test whose transactions are real, and nobody can run them


def event_of(kind: str = "ConfirmationRequested") -> int:
    return Event.objects.get(kind=kind).pk


def lose_all_jobs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def waiting() -> list[tuple[str, dict[str, Any]]]:
    rows = ProcrastinateJob.objects.filter(status="todo").order_by("pk")
    return list(rows.values_list("task_name", "args"))


def test_a_follow_up_is_owed_from_its_event_until_it_is_done() -> None:
    town.hold(town.office())
    assert not PendingFollowUp.objects.exists(), "nobody is told of a hold"
    town.requested(town.office("druha"))
    event = event_of()
    assert PendingFollowUp.objects.get().event == event
    tasks.follow_up(event=event)
    assert not PendingFollowUp.objects.exists()
    assert Message.objects.get().event == event


def test_an_event_whose_job_was_lost_is_followed_up_within_two_minutes() -> None:
    town.requested(town.office())
    lose_all_jobs()
    assert owed_work.defer_lost(now=NOW + timedelta(seconds=30)) == 0, "its job is just on its way"
    assert owed_work.defer_lost(now=SOON) == 1
    assert waiting() == [("prepazka.jobs.tasks.follow_up", {"event": event_of()})]
    assert owed_work.defer_lost(now=SOON) == 0, "one is enough"


def test_a_message_whose_job_was_lost_is_delivered_within_two_minutes() -> None:
    town.requested(town.office())
    tasks.follow_up(event=event_of())
    lose_all_jobs()
    assert owed_work.defer_lost(now=SOON) == 1
    message = Message.objects.get()
    (left,) = ProcrastinateJob.objects.all()
    assert (left.task_name, left.args) == ("deliver", {"message": message.pk})
    assert (left.lock, left.queueing_lock) == (message.about, f"message:{message.pk}")
    Message.objects.update(state=MessageState.SENT)
    lose_all_jobs()
    assert owed_work.defer_lost(now=SOON) == 0


def test_messages_leave_before_papers_that_waited_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four checks of documents took all threads of a worker while mails of people waited."""
    waiting = UUID(int=1)
    monkeypatch.setattr(owed_work, "documents_to_check", lambda event: [] if event else [waiting])
    for paper in owed_work.jobs_of_papers():
        paper.defer()
    town.requested(town.office())
    tasks.follow_up(event=event_of())
    # As the queue hands them out: the higher priority first, then the older job.
    jobs = ProcrastinateJob.objects.order_by("-priority", "pk")
    assert next(one for one in jobs).task_name != "check_document"
    assert {one.task_name for one in jobs} >= {"deliver", "check_document"}


def test_a_job_that_failed_for_good_is_no_job_that_lives() -> None:
    town.requested(town.office())
    tasks.follow_up(event=event_of())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert owed_work.defer_lost(now=SOON) == 1


def test_what_no_retry_could_do_is_not_tried_for_ever() -> None:
    town.requested(town.office())
    lose_all_jobs()
    assert owed_work.defer_lost(now=NOW + timedelta(days=4)) == 0


def test_a_message_that_cannot_be_composed_is_given_up_at_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    town.requested(town.office())
    (message,) = message_delivery.compose_messages(event=event_of(), now=NOW)
    Message.objects.update(attempts=message_delivery.GIVES_UP - 2)

    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("jana@example.cz")

    monkeypatch.setattr(mail, "context_of_message", broken)
    for state in (MessageState.QUEUED, MessageState.FAILED):
        with pytest.raises(KeyError):
            message_delivery.deliver_message(
                message=message.pk, gateways={"email": broken, "sms": broken}, now=NOW
            )
        message.refresh_from_db()
        assert message.state == state
        assert re.fullmatch(r"KeyError in mail\.py:\d+", message.error)
    assert message.error in caplog.text
    assert "jana" not in caplog.text


def test_an_address_refused_for_good_is_no_failed_job(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    town.requested(town.office())
    (message,) = message_delivery.compose_messages(event=event_of(), now=NOW)

    def refuse(*, permanent: bool) -> None:
        def send(_: Any) -> None:
            raise Undeliverable("the address was refused", permanent=permanent)

        monkeypatch.setitem(tasks.GATEWAYS, "email", send)

    refuse(permanent=False)
    with pytest.raises(Undeliverable):
        tasks.deliver(message=message.pk)
    refuse(permanent=True)
    tasks.deliver(message=message.pk)
    message.refresh_from_db()
    assert message.state == MessageState.FAILED
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert not any(record.exc_info for record in caplog.records)


@pytest.fixture
def _worker_s_connections() -> Iterator[None]:
    yield
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_worker_s_connections")
@pytest.mark.parametrize("manager", [queue.Manager, JobManager], ids=["ours", "control"])
def test_a_failed_job_whose_twin_waits_makes_way_for_it(manager: type[JobManager]) -> None:
    """Else it would stay "doing", and hold up its twin, as long as its worker lives."""
    failed, twin = job("doing", "message:1"), job("todo", "message:1")

    async def retry() -> None:
        connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
        await connector.open_async()
        try:
            asked = manager(connector)
            (ours,) = await asked.list_jobs_async(id=failed)
            await asked.retry_job(ours)
        finally:
            await connector.close_async()

    if manager is JobManager:
        with pytest.raises(exceptions.UniqueViolation):
            loops.run(retry())
        assert statuses() == {failed: "doing", twin: "todo"}
    else:
        loops.run(retry())
        assert statuses() == {twin: "todo"}


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_rolled_back_owes_nothing() -> None:
    office = town.office()
    with transaction.atomic():
        town.requested(office)
        transaction.set_rollback(True)
    assert not PendingFollowUp.objects.exists()

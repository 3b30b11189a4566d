"""What a monitoring program is told."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from prepazka.jobs.owed_work import GIVEN_UP_AFTER
from prepazka.journal.models import PendingFollowUp, StepRun
from prepazka.messaging.message_delivery import GIVES_UP
from prepazka.messaging.message_types import ADDRESS_REFUSED, QUIET_HOURS
from prepazka.messaging.models import Message, MessageState
from prepazka.offices import devices
from prepazka.offices.clock import machine_s
from prepazka.reporting import health
from prepazka.surfaces.api import api
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    StepRun.objects.all().delete()  # of workers that other tests had
    PendingFollowUp.objects.all().delete()
    monkeypatch.setattr(api, "now", lambda: NOW)


def heartbeat(ago: timedelta) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [ago.total_seconds()],
        )


def queued_mail(age: timedelta, state: str = MessageState.QUEUED) -> None:
    booking = town.confirmed(town.office(), "9:00")
    Message.objects.create(
        office_id=booking.office_id,
        booking=booking,
        kind="confirmed",
        event=1,
        state=state,
        created_at=NOW - age,
    )


def asked() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/api/v1/health")
    return answer.status_code, answer.json()


def said(**wanted: Any) -> None:
    """The status is 200 unless the answer says something else than `wanted`."""
    status, answer = asked()
    wanted.setdefault("status", 200)
    assert {"status": status} | {k: answer[k] for k in wanted if k != "status"} == wanted


def test_all_is_well() -> None:
    heartbeat(timedelta(seconds=20))
    queued_mail(timedelta(minutes=2))
    PendingFollowUp.objects.update(at=NOW)
    status, answer = asked()
    assert status == 200
    assert answer.pop("disk_free_mb").keys() >= {"files"}
    assert answer.pop("version")
    assert abs(answer.pop("clock_difference_s")) < 2
    assert answer == {
        "database": True,
        "worker": True,
        "oldest_mail_s": 120,
        "oldest_owed_s": 0,
        "failed_work": 0,
        "failing_steps": [],
        "last_good_runs": {},
        "last_erased_at": {},
        "device_faults": [],
        "pending_migrations": 0,
        "visitors_hidden": False,
    }


def test_no_worker_has_ever_run() -> None:
    said(status=503, worker=False, oldest_mail_s=0)


def test_the_worker_fell_silent() -> None:
    heartbeat(timedelta(seconds=90))
    said(status=503, worker=False)


def test_a_mail_has_waited_too_long() -> None:
    heartbeat(timedelta(seconds=1))
    queued_mail(timedelta(minutes=16))
    said(status=503, worker=True, oldest_mail_s=960)


def test_mails_that_left_or_failed_for_good_wait_no_more() -> None:
    heartbeat(timedelta(seconds=1))
    queued_mail(timedelta(hours=5), state=MessageState.SENT)
    said(oldest_mail_s=0)


@pytest.mark.parametrize("why", [ADDRESS_REFUSED, QUIET_HOURS])
def test_one_refused_address_or_a_message_that_waits_for_morning_wakes_nobody(why: str) -> None:
    heartbeat(timedelta(seconds=1))
    queued_mail(timedelta(hours=5))
    Message.objects.update(error=why, attempts=9)
    said(oldest_mail_s=0)


def test_one_mail_tried_in_vain_while_others_leave_wakes_nobody() -> None:
    heartbeat(timedelta(seconds=1))
    queued_mail(timedelta(hours=5))
    Message.objects.update(error="the server answered 451", attempts=9)
    said(status=503, oldest_mail_s=18_000)
    first = Message.objects.get()
    Message.objects.create(
        office_id=first.office_id,
        booking=first.booking,
        kind="moved",
        event=2,
        state="sent",
        created_at=NOW,
        sent_at=NOW - timedelta(minutes=1),
    )
    said(oldest_mail_s=0)
    Message.objects.filter(pk=first.pk).update(attempts=0)  # one that was never tried is our delay
    said(status=503, oldest_mail_s=18_000)


def test_an_event_that_nobody_followed_up_is_owed_until_it_is_failed_work() -> None:
    heartbeat(timedelta(seconds=1))
    PendingFollowUp.objects.create(event=1, at=NOW - timedelta(minutes=20))
    said(status=503, oldest_owed_s=1200)
    PendingFollowUp.objects.update(at=NOW - timedelta(days=4))
    said(oldest_owed_s=0, failed_work=1)


def test_a_mail_given_up_after_two_days_is_failed_work() -> None:
    heartbeat(timedelta(seconds=1))
    assert health.GIVEN_UP_TRIES == GIVES_UP
    assert health.OWED_GIVEN_UP == GIVEN_UP_AFTER
    queued_mail(timedelta(days=3), state=MessageState.FAILED)
    PendingFollowUp.objects.all().delete()
    said(failed_work=0)
    Message.objects.update(attempts=GIVES_UP)
    said(failed_work=1)


def test_a_step_that_fails_is_named_and_wakes_somebody_when_it_is_late() -> None:
    heartbeat(timedelta(seconds=1))
    office = town.office().row
    run = {"step": "remind", "office": office.pk, "last_good_at": NOW - timedelta(minutes=3)}
    StepRun.objects.create(**run, expected_by=NOW + timedelta(minutes=2), failures=3)
    told = {
        "step": "remind",
        "office": "lhota",
        "last_good_at": "2026-11-20T07:57:00+00:00",
        "late": False,
        "failures": 3,
    }
    said(failing_steps=[told])
    StepRun.objects.update(expected_by=NOW - timedelta(seconds=1))
    said(status=503, failing_steps=[told | {"late": True}])


def test_the_last_erasing_of_each_office_and_the_last_good_run_of_each_step() -> None:
    heartbeat(timedelta(seconds=1))
    first, second = town.office().row, town.office("druha").row
    for office, hours in ((first, 5), (second, 6)):
        StepRun.objects.create(
            step="erase",
            office=office.pk,
            last_good_at=NOW - timedelta(hours=hours),
            expected_by=NOW + timedelta(hours=20),
        )
    # What is noted of an office that is gone is of no interest.
    StepRun.objects.create(step="erase", office=-1, expected_by=NOW - timedelta(days=1))
    said(
        last_erased_at={
            "druha": "2026-11-20T02:00:00+00:00",
            "lhota": "2026-11-20T03:00:00+00:00",
        },
        last_good_runs={"erase": "2026-11-20T02:00:00+00:00"},
        failing_steps=[],
    )


def test_a_fault_of_a_device_is_listed_and_wakes_nobody() -> None:
    heartbeat(timedelta(seconds=1))
    kiosk = town.kiosk(town.office())
    devices.report_fault(device=kiosk.pk, fault="printer_silent", now=NOW)
    said(
        device_faults=[
            {
                "office": "lhota",
                "device": "kiosk",
                "fault": "printer_silent",
                "since": NOW.astimezone(UTC).isoformat(timespec="seconds"),
            }
        ]
    )


def test_a_database_of_an_older_version() -> None:
    heartbeat(timedelta(seconds=1))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE name = '0002_owed_and_step_runs'")
    said(status=503, pending_migrations=1)


def test_clocks_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat(timedelta(seconds=1))
    monkeypatch.setattr(health, "machine_s", lambda: machine_s() + 60)
    status, answer = asked()
    assert status == 503
    assert 58 < answer["clock_difference_s"] < 62


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat(timedelta(seconds=1))
    monkeypatch.setattr(health, "_free_at", lambda _: 499)
    said(status=503, worker=True)


def test_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr(health, "health_of_database", away)
    said(status=503, database=False, worker=None, oldest_mail_s=None)

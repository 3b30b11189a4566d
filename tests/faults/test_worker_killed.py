"""A worker that dies in the middle of a step: the next one does what is left, twin or no twin."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from prepazka.edge.hot_routes import conninfo
from prepazka.journal.models import StepRun
from tests.clock import real_now
from tests.faults.program import Mailbox, environment, running, wait_for
from tests.faults.test_mail import requested_in_two_days

STEP = {"queueing_lock": "step:judge_waits", "queue": "rounds"}


def defer_step() -> int:
    return int(app.configure_task("step", **STEP).defer(timestamp=0, step="judge_waits"))  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_time
def test_a_worker_killed_within_a_step_whose_twin_waits(mailbox: Mailbox, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    told = environment()
    mailbox.close()
    mailbox.port = int(told["SMTP_PORT"])
    mailbox.open()
    requested_in_two_days(now=real_now())
    with running(["worker"], told, tmp_path / "first.log") as first:
        wait_for("the first round", lambda: StepRun.objects.filter(step="judge_waits").exists())
        wait_for("the first mail", lambda: len(mailbox) == 1)
        with psycopg.connect(conninfo()) as other:
            other.execute("SELECT FROM offices_office FOR UPDATE")
            stalled = defer_step()
            wait_for("the step", lambda: job_is(stalled, "doing"))
            first.kill()
    assert job_is(stalled, "doing")
    twin = defer_step()
    StepRun.objects.all().delete()
    with connection.cursor() as cursor:  # as if the half minute of silence had passed
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 s'")
    with running(["worker"], told, tmp_path / "second.log"):
        app.configure_task("step", queue="rounds").defer(timestamp=0, step="rescue")
        wait_for(
            "the twin's end and the stalled one's",
            lambda: not ProcrastinateJob.objects.filter(pk__in=[stalled, twin]).exists(),
        )
        wait_for("the step", lambda: StepRun.objects.filter(step="judge_waits").exists())
    assert len(mailbox) == 1


def job_is(pk: int, status: str) -> bool:
    return ProcrastinateJob.objects.filter(pk=pk, status=status).exists()

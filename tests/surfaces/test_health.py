"""What a monitoring program is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from prepazka.messaging.models import Message
from prepazka.reporting import health
from prepazka.surfaces.api import api
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "now", lambda: NOW)


def heartbeat(ago: timedelta) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [ago.total_seconds()],
        )


def queued_mail(age: timedelta, state: str = Message.State.QUEUED) -> None:
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


def test_all_is_well() -> None:
    heartbeat(timedelta(seconds=20))
    queued_mail(timedelta(minutes=2))
    assert asked() == (200, {"database": True, "worker": True, "oldest_mail_s": 120})


def test_no_worker_has_ever_run() -> None:
    assert asked() == (503, {"database": True, "worker": False, "oldest_mail_s": 0})


def test_the_worker_fell_silent() -> None:
    heartbeat(timedelta(seconds=90))
    assert asked()[0] == 503


def test_a_mail_has_waited_too_long() -> None:
    heartbeat(timedelta(seconds=1))
    queued_mail(timedelta(minutes=16))
    assert asked() == (503, {"database": True, "worker": True, "oldest_mail_s": 960})


def test_mails_that_left_or_failed_for_good_wait_no_more() -> None:
    heartbeat(timedelta(seconds=1))
    queued_mail(timedelta(hours=5), state=Message.State.SENT)
    assert asked()[0] == 200


def test_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(health, "health", away)
    assert asked() == (503, {"database": False, "worker": None, "oldest_mail_s": None})

"""Closed minutes whose PDF could not be made: said on the page, tried again, reported, sent at last."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from prepazka.gateways.pdf import minutes_pdf
from prepazka.jobs import document_jobs, meeting_tasks, owed_work
from prepazka.journal.models import Event, PendingFollowUp, StepRun
from prepazka.meetings import minutes, room
from prepazka.meetings.models import Minutes, Participant
from prepazka.messaging import message_delivery
from prepazka.messaging.message_types import Mail
from prepazka.messaging.models import Message, MessageState
from prepazka.reporting.health import health_of_database
from prepazka.surfaces.manager import views as manager
from prepazka.surfaces.room import minutes_views
from prepazka.surfaces.room import views as room_views
from tests import halls, town
from tests.meetings_town import Held, held
from tests.usecases.test_minutes import text_of

pytestmark = pytest.mark.django_db
NOW = town.at("9:20")
MINUTE = timedelta(minutes=1)
FAILED = "PDF se nám zatím nepodařilo vytvořit"
REPORTED = "PDF zápisu z jedné schůzky se už hodinu nebo déle nedaří vytvořit"


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (minutes_views, room_views, manager, meeting_tasks):
        monkeypatch.setattr(module, "now", made)
    return made


@pytest.fixture
def here(files: Path) -> Held:
    made = held()
    Participant.objects.filter(pk=made.citizen.pk).update(email="karel@posta.example")
    return made


def close_minutes(here: Held, course: str) -> Minutes:
    here.enter(here.chair, NOW)
    here.enter(here.citizen, NOW)
    room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
    begun = minutes.begin_minutes(participant=here.chair.pk, now=NOW)
    content = begun.content | {"course": course}
    saved = minutes.save_minutes(participant=here.chair.pk, base=1, content=content, now=NOW)
    closed = minutes.close_minutes(participant=here.chair.pk, version=saved.version, now=NOW)
    room.end_meeting(chair=here.chair.pk, now=NOW)
    return closed


def queued(pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'",
            [f"minutes:{pk}"],
        )
        return bool(cursor.fetchone()[0])


def drop_jobs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def sent_mails(now: datetime) -> list[Mail]:
    """Follow up on the finished PDF as the worker does, and take the mails."""
    mails: list[Mail] = []
    ready = Event.objects.get(kind="MinutesReady").pk
    for message in message_delivery.compose_messages(event=ready, now=now):
        message_delivery.deliver_message(
            message=message.pk, gateways={"email": mails.append, "sms": unused}, now=now
        )
    return mails


def unused(*_: object) -> Any:
    raise AssertionError("no short message was due")


@pytest.mark.parametrize("course", ["Přišel pan 李 😀 ✓", "👩‍👩‍👧 🇨🇿 e\u0301\u20dd \u0378\ue000"])
def test_minutes_in_any_script_are_printed_and_mailed(here: Held, course: str) -> None:
    closed = close_minutes(here, course)
    document_jobs.print_minutes(minutes_id=closed.pk, now=NOW)
    (mail,) = sent_mails(NOW)
    assert mail.to == "karel@posta.example"
    words = text_of(mail.attachments[0].content)
    assert "Průběh schůzky" in words.replace("\u00a0", " ")
    assert Message.objects.get().state == MessageState.SENT


def test_a_failed_print_is_said_tried_again_reported_and_then_sent(
    here: Held, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = close_minutes(here, "Žádost je úplná.")
    drop_jobs()
    at, citizen = here.path(here.citizen), here.client(here.citizen)
    head = Client()
    head.force_login(town.clerk(here.office, "vedouci", "administrator"))

    def fails(*_: object, **__: object) -> bytes:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(minutes_pdf, "make_minutes_pdf", fails)
        with pytest.raises(OSError, match="no space left"):
            meeting_tasks.print_minutes(minutes=closed.pk)
        assert citizen.get(f"{at}zapis/").json()["pdf"] == "soon"
        assert FAILED not in halls.text_of(citizen.get(at))
        clock.at = NOW + 2 * MINUTE
        assert citizen.get(f"{at}zapis/").json()["pdf"] == "late"
        assert FAILED in halls.text_of(citizen.get(at))
        early = citizen.get(f"{at}zapis.pdf")
        assert (early.status_code, "ještě není hotové" in halls.text_of(early)) == (404, True)
        owed_work.defer_lost(now=clock.at)
        assert queued(closed.pk), "tried again by the system"
        assert REPORTED not in halls.text_of(head.get("/sprava/lhota/"))
        clock.at = NOW + 60 * MINUTE
        overview = halls.text_of(head.get("/sprava/lhota/"))
        assert f"{REPORTED}, nikdo ho proto nedostal. Schůzka byla: 23. 11. 2026 9:00." in overview
        StepRun.objects.all().delete()
        PendingFollowUp.objects.all().delete()
        with connection.cursor() as cursor:
            seen = health_of_database(cursor, now=clock.at)
        assert (seen.oldest_owed, seen.good) == (60 * MINUTE, False)

    meeting_tasks.print_minutes(minutes=closed.pk)
    assert citizen.get(f"{at}zapis/").json()["pdf"] == "ready"
    assert FAILED not in halls.text_of(citizen.get(at))
    assert REPORTED not in halls.text_of(head.get("/sprava/lhota/"))
    (mail,) = sent_mails(clock.at)
    assert mail.attachments[0].content.startswith(b"%PDF-")

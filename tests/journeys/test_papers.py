"""Three people look at one page, write the minutes, close them, and get them by mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from prepazka.booking.models import Booking
from prepazka.jobs.document_jobs import print_minutes
from prepazka.meetings import minutes, room
from prepazka.meetings.models import MinutesVersion, Participant
from tests import papers
from tests.clock import real_now
from tests.journeys.conftest import Mails
from tests.journeys.test_room import cameras, enter, person
from tests.meetings_town import held
from tests.usecases.test_minutes import text_of

__all__ = ["cameras", "person"]
pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "Rozpočet.pdf"
    file.write_bytes(papers.pdf("Rozpocet akce", pages=3, script="app.alert(1)"))
    return file


@pytest.mark.any_day("documents of a meeting")
def test_documents_and_minutes_of_three(  # noqa: PLR0915  # one way
    plan: Path, live_url: str, mails: Mails, person: Callable[..., Page], look: Any
) -> None:
    with transaction.atomic():  # the worker, as a minute turns, sees all of it or nothing
        here = held(starts_at=real_now() + timedelta(minutes=2))
        Participant.objects.filter(pk=here.citizen.pk).update(email="karel@posta.example")
        # Else a reminder is sent before the minutes.
        Booking.objects.update(reminded_at=real_now())
    citizen = person(here, here.citizen, live_url)
    citizen.locator("#file").set_input_files(plan)
    citizen.get_by_role("button", name="Poslat soubor").click()
    expect(citizen.get_by_role("link", name="Stáhnout: Rozpočet.pdf")).to_be_visible(
        timeout=40_000  # the worker has looked at it
    )
    look(citizen, "papers-before")

    official, guest = person(here, here.chair, live_url), person(here, here.guest, live_url)
    for page in (citizen, official, guest):
        enter(page)
    for name in ("Karel Veselý", "Eva Malá"):
        official.get_by_role("button", name=f"Vpustit: {name}").click()
    expect(guest.locator("#people li")).to_have_count(3)

    # One leads: all see the page that the official turns to.
    official.locator("#documents > summary").click()
    official.get_by_role("button", name="Ukázat všem: Rozpočet.pdf").click()
    for page in (citizen, guest):
        expect(page.locator("#paper img")).to_have_attribute(
            "alt", "Rozpočet.pdf, strana 1 z\u00a03"
        )
    official.locator("#paper").press("PageDown")
    for page in (citizen, guest):
        shown = page.locator('#paper img[alt$="strana 2 z\u00a03"]')
        expect(shown).to_be_visible(timeout=40_000)
        assert shown.evaluate("async (one) => { await one.decode(); return one.naturalWidth; }")
    guest.locator("#paper summary").click()
    expect(guest.locator("#paper [data-words]")).to_contain_text("Strana 2")
    # A click points for the others; somebody looks alone and comes back.
    citizen.locator("#paper img").click(position={"x": 60, "y": 60})
    expect(official.locator("#paper [data-point]")).to_have_text("Karel Veselý")
    citizen.get_by_role("button", name="Další strana").click()
    expect(citizen.locator("#paper [data-lead]")).to_have_text("Prohlížíte si ho sami.")
    expect(guest.locator("#paper [data-page]")).to_contain_text("2")
    citizen.get_by_role("button", name="Zpět na společnou stranu").click()
    expect(citizen.locator("#paper [data-page]")).to_contain_text("2")
    # The lead is given away.
    official.locator("#paper select").select_option(label="Stránky obrací Karel Veselý.")
    expect(citizen.locator("#paper [data-lead]")).to_have_text("Stránky obracíte Vy, pro všechny.")
    citizen.get_by_role("button", name="Další strana").click()
    expect(official.locator("#paper [data-page]")).to_contain_text("3")

    # The minutes: two windows of the official's side write, everybody reads along.
    official.locator("#minutes > summary").click()
    official.get_by_role("button", name="Začít zápis").click()
    expect(official.get_by_label("Přítomni")).to_have_value(
        "Ing. Jana Nováková\nKarel Veselý\nEva Malá"
    )
    official.get_by_label("Průběh schůzky").fill("Prošli jsme rozpočet.")
    official.get_by_role("button", name="Přidat úkol").click()
    official.get_by_label("Úkol", exact=True).fill("Doložit smlouvu")
    official.get_by_label("Kdo").fill("Karel Veselý")
    guest.locator("#minutes > summary").click()
    expect(guest.locator("#minutes [data-read]")).to_contain_text("Doložit smlouvu · Karel Veselý")
    official.get_by_label("Průběh schůzky").press("End")
    official.keyboard.type(" Částka 5 000 Kč.")
    write_as_another(here, "Prošli jsme rozpočet a smlouvu.")
    box = official.locator(".minutes__conflict")
    expect(box).to_contain_text("Prošli jsme rozpočet a smlouvu.")
    look(official, "papers-conflict")
    official.get_by_role("button", name="Nechat můj text").click()
    expect(guest.locator("#minutes [data-read]")).to_contain_text("Částka 5 000 Kč.")
    guest.locator("#m-comment").fill("Souhlasím. 李 ✓ \U0010ffff")
    guest.keyboard.press("Enter")
    expect(official.locator("[data-comments]")).to_contain_text("Souhlasím. 李 ✓")
    look(official, "papers-official")
    look(guest, "papers-guest")

    official.on("dialog", lambda dialog: dialog.accept())
    official.get_by_role("button", name="Uzavřít zápis").click()
    expect(citizen.locator("#minutes [data-said]")).to_have_text("Zápis je uzavřený.")
    (attached,) = list(mails.wait(1).iter_attachments())
    assert attached.get_filename() == "zapis.pdf"
    words = text_of(attached.get_content())
    assert "Souhlasím. 李 ✓ [U+10FFFF]" in words or "Souhlasím. [U+674E] ✓ [U+10FFFF]" in words
    official.get_by_role("button", name="Ukončit všem").click()
    expect(citizen.locator("#after")).to_be_visible()
    citizen.reload()
    with citizen.expect_download() as saved:
        citizen.get_by_role("link", name="Stáhnout zápis (PDF)").click()
    assert saved.value.suggested_filename == "zapis.pdf"
    look(citizen, "papers-after")
    assert MinutesVersion.objects.count() > 2
    for page in (official, citizen, guest):
        assert page.faults == []  # type: ignore[attr-defined]


def test_a_print_that_fails_is_said_until_it_is_made(
    live_url: str, person: Callable[..., Page], look: Any
) -> None:
    """No worker runs here; the print is made by the test, in a folder of its own."""
    closed_at = real_now() - timedelta(minutes=3)
    with transaction.atomic():
        here = held(starts_at=closed_at - timedelta(minutes=20))
        here.enter(here.citizen, closed_at)
        here.enter(here.chair, closed_at)
        room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=closed_at)
        draft = minutes.begin_minutes(participant=here.chair.pk, now=closed_at)
        written = {**draft.content, "course": "Žádost je úplná."}
        minutes.save_minutes(participant=here.chair.pk, base=1, content=written, now=closed_at)
        minutes.close_minutes(participant=here.chair.pk, version=2, now=closed_at)
        room.end_meeting(chair=here.chair.pk, now=closed_at)
    citizen = person(here, here.citizen, live_url)
    notice = citizen.get_by_text("PDF se nám zatím nepodařilo vytvořit")
    expect(notice).to_be_visible()
    expect(citizen.get_by_text("Žádost je úplná.")).to_be_visible()
    look(citizen, "papers-unprinted")
    print_minutes(minutes_id=draft.pk, now=real_now())
    expect(citizen.get_by_role("link", name="Stáhnout zápis (PDF)")).to_be_visible(timeout=15_000)
    expect(notice).to_be_hidden()


def write_as_another(here: Any, text: str) -> None:
    """Another official, in the same field, from the version that both know."""
    last = MinutesVersion.objects.order_by("-version")[0]
    minutes.save_minutes(
        participant=here.chair.pk,
        base=last.version,
        content=last.content | {"course": text},
        now=real_now(),
    )

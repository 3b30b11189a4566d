"""The administrator's page of a person's data, without a browser."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from prepazka.journal.models import Event
from prepazka.messaging import replies
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy import remembered_erasures
from prepazka.surfaces.manager import personal_data_pages
from tests import town
from tests.citizen import words

pytestmark = pytest.mark.django_db
PAGE = "/sprava/lhota/osobni-udaje/"
NOW = town.FRIDAY_BEFORE


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def now() -> datetime:
        return NOW

    monkeypatch.setattr(personal_data_pages, "now", now)


@pytest.fixture
def office() -> OfficeSnapshot:
    office = town.office()
    town.confirmed(office, email="jana@example.cz")
    return office


def client(office: OfficeSnapshot, role: str = "administrator") -> Client:
    browser = Client()
    browser.force_login(town.clerk(office, role, role))
    return browser


@pytest.mark.parametrize("role", ["clerk", "reception", "operator", "head"])
def test_only_the_administrator_opens_it(office: OfficeSnapshot, role: str) -> None:
    assert client(office, role).get(PAGE).status_code == 403
    assert client(office, "administrator").get(PAGE).status_code == 200
    assert "Osobní údaje na žádost" not in words(client(office, "vedouci").get("/sprava/lhota/"))


def test_an_administrator_of_another_office_finds_no_page(office: OfficeSnapshot) -> None:
    assert client(town.office("jinde")).get(PAGE).status_code == 404


def test_a_search_is_an_event_without_the_words(office: OfficeSnapshot) -> None:
    answer = client(office).post(PAGE, {"hledat": "jana@example.cz"})
    assert "no-store" in answer["Cache-Control"]
    assert "Jana" in words(answer)
    event = Event.objects.get(kind="PeopleListed")
    assert event.data == {"list": "search", "official": None}


@pytest.mark.parametrize("step", ["vydat", "opravit", "vymazat", "nic"])
@pytest.mark.parametrize("language", ["", "/en"])
def test_half_a_form_is_answered_in_words(office: OfficeSnapshot, step: str, language: str) -> None:
    browser = client(office)
    more: list[dict[str, Any]] = [
        {},
        {"totoznost": "document"},
        {"totoznost": "document", "zaznam": ["booking:x", "nic", ""]},
        {"totoznost": "nic", "rozumim": "1", "name": "Jana", "email": "@", "phone": "x"},
    ]
    for values in more:
        for wanted in ("", "jana@example.cz", "nikdo@example.cz", "%", "\u200b"):
            answer = browser.post(language + PAGE, {"hledat": wanted, "krok": step} | values)
            assert answer.status_code == 200
            assert answer["Content-Type"].startswith("text/html")
    assert not Event.objects.filter(kind__startswith="Person").exclude(kind="PeopleListed").exists()


def test_the_public_page_says_the_periods(office: OfficeSnapshot, settings: Any) -> None:
    settings.AUDIT_DAYS, settings.SMS_GATEWAY = 222, "file"
    Office.objects.update(messages_data={"sms": True}, retention_days=9, version=99)
    page = words(Client().get("/lhota/osobni-udaje/"))
    assert "9 dní po návštěvě" in page
    assert "uchováváme 222 dní" in page
    assert f"si {replies.KEEP.days} dní ponecháme nečitelný kód" in page
    assert f"si necháme {remembered_erasures.KEPT.days} dní" in page
    english = words(Client().get("/en/lhota/osobni-udaje/"))
    assert "and keep this for 222 days" in english
    assert f"erased record for {remembered_erasures.KEPT.days} days" in english

"""Every language of the installation on what citizens meet; what is missing, and what is not offered."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

import prepazka
from prepazka.core import gsm7, speech
from prepazka.core.locales import has_latin_letters, weekday_and_date
from prepazka.looks.catalogue import read_catalogue
from prepazka.messaging import custom_texts
from prepazka.messaging.kinds import KINDS
from prepazka.offices.languages import installed_languages, offered_languages, path_prefix
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.offices.text import Texts
from prepazka.queueing import tickets
from prepazka.surfaces.monitor import views as monitor
from tests import citizen, halls, town
from tests.citizen import DAYS, TIMES, Clock

pytestmark = pytest.mark.django_db

ROOT = Path(prepazka.__file__).parent
LANGUAGES = [code for code, _name in settings.LANGUAGES]
OTHERS = [code for code in LANGUAGES if code != settings.LANGUAGE_CODE]
PACKAGES = ["looks", "booking", "messaging", "queueing", "web"] + [
    f"surfaces/{name}" for name in ("citizen", "display", "kiosk", "monitor", "ticket")
]
SHORTEST = 9  # a shorter text may be in another one by chance


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    halls.stop_clocks(monkeypatch, town.FRIDAY_BEFORE)
    monkeypatch.setattr(monitor, "now", lambda: town.FRIDAY_BEFORE)
    return Clock(monkeypatch)


def office_in_all(**rules: Any) -> OfficeSnapshot:
    """An office that offers every language of the installation."""
    where = town.office(**rules)
    Office.objects.update(languages=LANGUAGES, version=where.row.version + 1)
    return snapshot_of(Office.objects.get(pk=where.office_id))


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", page)


def texts_of(language: str) -> set[str]:
    """The texts of the catalogues that say one thing wherever they stand."""
    found = set()
    for package in PACKAGES:
        for message in read_catalogue(ROOT / package, language):
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            whole = [plain(str(s)) for s in strings if message.id and "%" not in str(s)]
            found |= {string for string in whole if len(string) >= SHORTEST}
    return found


def english_texts() -> set[str]:
    found: set[str] = set()
    for package in PACKAGES:
        for message in read_catalogue(ROOT / package, "cs"):
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            found |= {str(i) for i in ids if i and "%" not in i and len(i) >= SHORTEST}
    return found


def pages_of_citizens(
    client: Client, where: OfficeSnapshot, language: str
) -> list[tuple[str, str]]:
    """Pairs of an address and the HTML of the page in the language."""
    prefix = path_prefix(language)
    ticket = tickets.issue_ticket(
        office=where,
        service=town.service(where, "pas"),
        touch=uuid4(),
        now=town.FRIDAY_BEFORE,
        language=language,
    )
    booking = town.confirmed(where, "15:00", language=language)
    contact = prefix + citizen.take(client)
    personal = prefix + citizen.personal_url(booking)
    paths = [
        *("/", "/lhota/", "/lhota/osobni-udaje/", "/lhota/pristupnost/", "/lhota/objednat/"),
        *(DAYS, TIMES, "/lhota/nazivo/", f"/t/{ticket.code}/"),
    ]
    addresses = [*(prefix + path for path in paths), contact, personal, f"{personal}zrusit/"]
    pages = [(path, client.get(path)) for path in addresses]
    pages.append(("errors", client.post(contact, {"name": "", "email": "x"})))
    kiosk = halls.paired(where, "kiosk", town.FRIDAY_BEFORE)
    pages += [(path, kiosk.get(f"{prefix}/kiosk/{path}")) for path in ("", "pin/", "bez-site/")]
    pages.append(
        ("panel", halls.paired(where, "panel", town.FRIDAY_BEFORE).get(f"{prefix}/panel/"))
    )
    assert {page.status_code for _path, page in pages} == {200, 422}
    return [(path, page.content.decode()) for path, page in pages]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_its_language(client: Client, language: str) -> None:
    where = office_in_all(quota=2)
    own = texts_of(language) if language != "en" else english_texts()
    foreign = {"cs": texts_of("cs"), "en": english_texts()}
    foreign.pop(language, None)
    for path, page in pages_of_citizens(client, where, language):
        assert f'<html lang="{language}"' in page, path
        seen = plain(re.sub(r"<[^>]+>", "|", unescape(page)))
        for other, sentences in foreign.items():
            wrong = {one for one in sentences - own if f"|{one}|" in seen}
            assert wrong == set(), (path, other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_are_in_the_language_of_the_page(client: Client, language: str) -> None:
    office_in_all()
    seen = plain(client.get(path_prefix(language) + DAYS).content.decode())
    assert plain(weekday_and_date(town.MONDAY, language)).casefold() in seen.casefold()
    others = {plain(weekday_and_date(town.MONDAY, code)) for code in LANGUAGES if code != language}
    assert not any(one.casefold() in seen.casefold() for one in others)


def test_a_text_of_the_office_falls_back_and_says_its_language(client: Client) -> None:
    where = town.office()
    office = Office.objects.filter(pk=where.office_id)
    office.update(name={"cs": "Úřad <Lhota>"}, version=where.row.version + 1)
    english = client.get("/en/lhota/").content.decode()
    assert '<h1><span lang="cs">Úřad &lt;Lhota&gt;</span></h1>' in english
    assert re.search("<title>[^<]*Úřad &lt;Lhota&gt;</title>", english)
    assert "<h1>Úřad &lt;Lhota&gt;</h1>" in client.get("/lhota/").content.decode()  # the control
    with translation.override("de"):
        assert str(Texts({"cs": "Česky", "en": "English", "de": "Deutsch"})) == "Deutsch"
        assert str(Texts({"cs": "Česky", "en": "English"})) == "English"
        assert str(Texts({"pl": "Polski", "cs": "Česky"})) == "Česky"
        assert str(Texts({"pl": "Polski"})) == "Polski"
        assert str(Texts()) == ""


def test_a_switch_has_the_languages_of_the_office(client: Client) -> None:
    town.office()
    switched = re.findall(r'hreflang="(\w+)"', client.get("/lhota/").content.decode())
    assert switched == ["en"]
    Office.objects.update(languages=LANGUAGES, version=7)
    switched = re.findall(r'hreflang="(\w+)"', client.get("/lhota/").content.decode())
    assert switched == OTHERS


def test_a_kiosk_has_its_own_languages_and_keeps_off_line_screens_in_them() -> None:
    where = office_in_all()
    chosen = [LANGUAGES[0], LANGUAGES[-1]]
    kiosk = halls.paired(where, "kiosk", town.FRIDAY_BEFORE, languages=chosen)
    page = kiosk.get("/kiosk/").content.decode()
    assert re.findall(r'hreflang="(\w+)"', page) == chosen[1:]
    shells = re.search(r'data-shells="([^"]+)"', page)
    assert shells
    assert shells[1].split() == [f"{path_prefix(code)}/kiosk/bez-site/" for code in chosen]
    for shell in shells[1].split():
        assert kiosk.get(shell).status_code == 200
    only = halls.paired(where, "kiosk", town.FRIDAY_BEFORE, languages=["cs"])
    assert "hreflang" not in only.get("/kiosk/").content.decode()


@pytest.fixture
def german(settings: Any) -> None:
    """An installation that has a language that no office of these tests offers."""
    if "de" not in LANGUAGES:
        settings.LANGUAGES = [*settings.LANGUAGES, ("de", "Deutsch")]


@pytest.mark.usefixtures("german")
def test_a_page_in_a_language_that_is_not_offered_is_in_english(client: Client) -> None:
    town.office()
    for path, nearest in (("/de/lhota/?a=1", "/en/lhota/?a=1"), ("/de/pult/?a=1", "/en/pult/?a=1")):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, nearest)
    assert client.get("/en/lhota/").status_code == 200
    Office.objects.update(languages=["cs", "de"], version=7)
    assert client.get("/de/lhota/").status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [code for code, kind in KINDS.items() if kind.sms])
def test_a_short_message_is_readable_and_short(language: str, kind: str) -> None:
    where = town.office()
    Office.objects.update(messages_data={"sms": True}, languages=LANGUAGES, version=7)
    where = snapshot_of(Office.objects.get(pk=where.office_id))
    made = custom_texts.preview_message(where, kind, language, {}, now=town.FRIDAY_BEFORE)
    assert made is not None
    assert "?" not in made.sms.replace("?", "", 1)  # a question may be asked
    assert gsm7.is_gsm7(made.sms) == has_latin_letters(language)
    assert made.parts <= (1 if gsm7.is_gsm7(made.sms) else 2) + (kind == "offer")


@pytest.mark.parametrize("language", LANGUAGES)
def test_calls_are_spoken_in_every_language(language: str) -> None:
    assert language in speech.LANGUAGES
    spoken = speech.SPOKEN[language]
    assert set(spoken.places) == set(speech.PLACES)
    assert len(spoken.units) == 20
    assert (len(spoken.tens), len(spoken.hundreds)) == (8, 9)


def test_the_list_is_that_of_the_settings() -> None:
    assert list(installed_languages()) == LANGUAGES
    assert set(settings.COMPLETE_LANGUAGES) <= set(LANGUAGES)
    assert offered_languages([]) == tuple(settings.COMPLETE_LANGUAGES)
    assert offered_languages(["xx", LANGUAGES[-1]])[-1] == LANGUAGES[-1]

"""The manager's messages: what was sent to whom, and the office's own words."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from prepazka.booking import scheduled
from prepazka.journal.models import Event
from prepazka.messaging.custom_texts import changeable_kinds
from prepazka.messaging.models import Message
from prepazka.officefile.check import check
from prepazka.officefile.office_export import export
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.manager import message_pages
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
ADDRESS = "/sprava/lhota/zpravy/"
WORDS = f"{ADDRESS}zneni/reminder/cs/"


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    monkeypatch.setattr(message_pages, "now", lambda: NOW)
    return town.office(quota=4)


@pytest.fixture
def admin(lhota: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(lhota, "spravce", "administrator"))
    return client


def text(answer: Any) -> str:
    said = re.sub(r"<svg.*?</svg>", "", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", said)).replace("\u00a0", " "))


def test_the_log_finds_people_and_forgets_them_with_their_bookings(
    lhota: OfficeSnapshot, admin: Client
) -> None:
    for number, (name, channel) in enumerate([("Jana Nová", "email"), ("Petr Starý", "sms")]):
        booking = town.confirmed(lhota, email=f"{name[:4].lower()}@example.cz")
        type(booking).objects.filter(pk=booking.pk).update(name=name, phone="+420777123456")
        Message.objects.create(
            office=booking.office,
            booking=booking,
            kind="confirmed",
            event=number,
            channel=channel,
            state="sent",
            created_at=NOW,
        )
    page = text(admin.get(ADDRESS))
    assert "Jana Nová ja…@example.cz" in page
    assert "Petr Starý +420 … 456" in page
    assert "777123456" not in page.replace(" ", "")
    for wanted, found in (("nová", "Jana"), ("777 123 456", "Petr"), ("jana@example.cz", "Jana")):
        assert found in text(admin.get(ADDRESS, {"hledat": wanted}))
    assert "Petr" not in text(admin.get(ADDRESS, {"hledat": "nová"}))
    assert "Žádná zpráva" in text(admin.get(ADDRESS, {"stav": "delivered"}))
    assert "Žádná zpráva" in text(admin.get(ADDRESS, {"den": "2026-11-19"}))
    assert "Jana" in text(admin.get(ADDRESS, {"den": "2026-11-20", "druh": "confirmed"}))
    scheduled.erase_personal_data(office=lhota.row, now=town.at("9:00").replace(year=2027))
    page = text(admin.get(ADDRESS))
    assert "vymazáno" in page
    assert "Jana" not in page


def test_each_channel_is_named(lhota: OfficeSnapshot, admin: Client) -> None:
    booking = town.confirmed(lhota)
    for number, channel in enumerate(Message.Channel):
        Message.objects.create(
            office=booking.office,
            booking=booking,
            kind="turn_near",
            event=number,
            channel=channel,
            state="sent",
            created_at=NOW,
        )
    words = text(admin.get(ADDRESS))
    assert [name in words for name in ("e-mail", "SMS", "upozornění v prohlížeči")] == [True] * 3


def test_own_words_are_seen_before_they_are_saved_and_stay_in_the_file(
    lhota: OfficeSnapshot, admin: Client
) -> None:
    said = {"subject": "Přijďte {when}", "text": "PIN {pin}\n\n\n\n{link}", "sms": "{pin} {link} ě"}
    page = text(admin.post(WORDS, {**said, "nahled": ""}))
    assert "Přijďte pátek 27. listopadu 2026" in page
    assert "PIN 1234" in page
    assert "1234 http" in page
    assert ", 1 SMS" in page
    assert not Office.objects.get().messages_data
    answer = admin.post(WORDS, {**said, "ulozit": ""})
    assert answer.status_code == 302
    row = Office.objects.get()
    assert row.message_rules.texts == {
        "reminder": {
            "subject": {"cs": "Přijďte {when}"},
            "text": {"cs": "PIN {pin}\n\n{link}"},
            "sms": {"cs": "{pin} {link} ě"},
        }
    }
    for agenda in row.agendas.all():  # the town's quotas ask for a reason
        agenda.rules_data |= {"quota_reason": "zkouška"}
        agenda.save()
    assert check(export(row)).messages == row.message_rules
    assert Event.objects.get(kind="OfficeLoaded").actor
    assert "čeština : Připomínka den předem – vlastní" in text(admin.get(f"{ADDRESS}zneni/"))
    admin.post(WORDS, {"subject": "", "text": "", "sms": "", "ulozit": ""})
    assert Office.objects.get().message_rules.texts == {}


@pytest.mark.parametrize(
    ("part", "words", "said"),
    [
        ("sms", "{pin} {lnk}", "Značku {lnk} tu použít nejde"),
        ("sms", "{link}", "Doplňte {pin}"),
        ("text", "{pin} {link} {", "Složené závorky"),
        ("subject", "x" * 130, "nejvýše 120 znaků"),
    ],
)
def test_broken_words_are_never_saved(
    lhota: OfficeSnapshot, admin: Client, part: str, words: str, said: str
) -> None:
    page = text(admin.post(WORDS, {part: words, "ulozit": ""}))
    assert "Chyba:" in page
    assert said in page
    assert words in unescape(admin.post(WORDS, {part: words}).content.decode()), "it stays"
    assert not Office.objects.get().messages_data


@pytest.mark.parametrize("kind", changeable_kinds())
@pytest.mark.parametrize("language", ["cs", "en"])
def test_every_kind_has_its_page(
    lhota: OfficeSnapshot, admin: Client, kind: str, language: str
) -> None:
    page = text(admin.get(f"{ADDRESS}zneni/{kind}/{language}/"))
    assert "Náhled" in page
    assert "%(" not in page
    assert admin.get(f"{ADDRESS}zneni/{kind}/de/").status_code == 404


def test_a_head_looks_and_does_not_write(lhota: OfficeSnapshot, client: Client) -> None:
    client.force_login(town.clerk(lhota, "vedouci", "head"))
    assert "Uložit znění" not in text(client.get(WORDS))
    assert client.post(WORDS, {"subject": "x", "ulozit": ""}).status_code == 403
    client.force_login(town.clerk(lhota, "urednice", "clerk"))
    assert client.get(ADDRESS).status_code == 403

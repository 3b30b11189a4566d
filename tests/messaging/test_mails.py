"""The mails: the same facts as on the page, plain text first, a calendar file that grows."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone, translation
from icalendar import Calendar

from prepazka import messaging
from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking
from prepazka.gateways.email import send_mail
from prepazka.messaging.contexts import (
    MEETING,
    WHAT_AND_WHEN,
    facts_of,
    facts_with,
    facts_without,
)
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_types import Mail
from prepazka.messaging.models import Message
from prepazka.offices.models import Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.surfaces.citizen import meeting_mode_pages
from tests import citizen, meetings, town
from tests.citizen import Clock

pytestmark = pytest.mark.django_db
KINDS = ["confirm", "confirmed", "moved", "reminder", "cancelled"]


@pytest.fixture
def lhota() -> OfficeSnapshot:
    office = town.office()
    Service.objects.filter(code="prepis").update(
        documents={"cs": "občanský průkaz\nzelená karta", "en": "identity card"},
        fee={"cs": "800 Kč", "en": "800 CZK"},
    )
    row = office.row
    row.version = 2
    row.save()
    return snapshot_of(row)


def compose(booking: Booking, kind: str) -> Mail:
    message = Message.objects.create(
        office=booking.office,
        booking=booking,
        kind=kind,
        event=KINDS.index(kind),
        created_at=town.FRIDAY_BEFORE,
    )
    return compose_mail(message, now=town.FRIDAY_BEFORE)


def lines(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def test_page_and_mail_say_the_same_facts(
    client: Client, lhota: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    booking = town.confirmed(lhota)
    page = citizen.words(client.get(citizen.personal_url(booking)))
    made = compose(booking, "confirmed")
    with translation.override("cs"), timezone.override(lhota.tz):
        facts = facts_of(booking, lhota)
    assert [fact.label for fact in facts] == [
        "Úkon",
        "Termín",
        "Kdy přijít",
        "PIN platí",
        "Kde",
        "Co s\xa0sebou",
        "Poplatek",
    ]
    for fact in facts:
        for said in (page, lines(made.text), lines(made.html)):
            assert f"{lines(fact.label)}:" in said or lines(fact.label) in said
            assert lines(fact.value) in said
    assert booking.pin in made.text
    assert f">{booking.pin}</p>" in made.html


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("language", "greeting"), [("cs", "Dobrý den,"), ("en", "Good day,")])
def test_every_mail_in_both_languages(
    lhota: OfficeSnapshot, kind: str, language: str, greeting: str
) -> None:
    make = town.requested if kind == "confirm" else town.confirmed
    booking = make(lhota, language=language)
    if kind == "cancelled":
        booking = booking_lifecycle.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
    made = compose(booking, kind)
    assert made.text.startswith(greeting)
    assert f'<html lang="{language}">' in made.html
    assert greeting in made.html
    assert "<" not in made.text
    assert "\n\n\n" not in made.text
    links = re.findall(r"https?://\S+", made.text)
    assert links
    assert all(("/en/" in link) == (language == "en") for link in links)
    assert set(links) == set(re.findall(r'href="([^"]+)"', made.html))
    if language == "en":
        said = made.text.replace("Náměstí 1, Lhota", "").replace("Městský úřad", "")
        assert not re.search(r"[ěščřžýůďťň]", said)
    if booking.pin:
        assert (booking.pin in made.text) == (kind in {"confirmed", "moved", "reminder"})


def test_the_office_says_sorry_when_it_cancels(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    booking = booking_lifecycle.cancel_booking(
        booking=booking.pk, now=town.FRIDAY_BEFORE, by_office=True
    )
    made = compose(booking, "cancelled")
    assert "omlouváme se, úřad musel Vaši objednávku zrušit" in made.text
    assert "/lhota/objednat/prepis/" in made.text


def test_on_the_wire_text_comes_first_and_the_calendar_can_be_read(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    seen = []
    for change in (None, "move", "cancel"):
        if change == "move":
            booking = booking_lifecycle.move_booking(
                booking=booking.pk, starts_at=town.at("10:00"), now=town.FRIDAY_BEFORE
            )
        elif change == "cancel":
            booking = booking_lifecycle.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
        kind = {None: "confirmed", "move": "moved", "cancel": "cancelled"}[change]
        seen.append(read_calendar(booking, kind))
    uids, sequences, methods, statuses = zip(*seen, strict=True)
    assert len(set(uids)) == 1
    assert sequences == (0, 1, 2)
    assert methods == ("REQUEST", "REQUEST", "CANCEL")
    assert statuses == ("CONFIRMED", "CONFIRMED", "CANCELLED")


def read_calendar(booking: Booking, kind: str) -> tuple[str, int, str, str]:
    """Send the mail through Django's own writer and read what would leave."""
    with patch("prepazka.gateways.email.EmailBackend", EmailBackend):
        send_mail(compose(booking, kind))
    wire = message_from_bytes(mail.outbox[-1].message().as_bytes(), policy=policy.default)
    kinds = [part.get_content_type() for part in wire.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    assert wire["Auto-Submitted"] == "auto-generated"
    part = next(p for p in wire.walk() if p.get_content_type() == "text/calendar")
    assert part.get_param("method") == part.get_content().split("METHOD:")[1].split()[0]
    file = next(p for p in wire.walk() if p.get_content_type() == "application/ics")
    assert file.get_filename() == "termin.ics"
    assert file.get_content().decode().split() == part.get_content().split()
    calendar = Calendar.from_ical(part.get_content())
    event: Any = calendar.walk("VEVENT")[0]
    assert event["DTSTART"].dt == booking.starts_at
    assert event["DTEND"].dt == booking.ends_at
    return str(event["UID"]), int(event["SEQUENCE"]), str(calendar["METHOD"]), str(event["STATUS"])


TEMPLATES = Path(messaging.__file__).parent / "templates/messaging"
ADDRESS = re.compile(r"(?:url=|\{\{ )(\w+_url|slot\.url)\b")
INCLUDE = re.compile(r'(?:include|extends) "messaging/([\w.]+)"')


def addresses(name: str) -> set[str]:
    """The addresses a template speaks of, with those of what it includes."""
    text = (TEMPLATES / name).read_text("utf-8")
    inner = [addresses(one) for one in INCLUDE.findall(text)]
    return set(ADDRESS.findall(text)).union(*inner)


@pytest.mark.parametrize(
    "name", sorted(p.stem for p in TEMPLATES.glob("*.html") if not p.stem.startswith("_"))
)
def test_the_text_of_a_mail_leaves_nothing_out(name: str) -> None:
    assert addresses(f"{name}.html") == addresses(f"{name}.txt")


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.stem)
def test_links_and_buttons_are_made_in_one_place(path: Path) -> None:
    made = len(re.findall("<a ", path.read_text("utf-8")))
    assert made == (1 if path.stem in {"_button", "_link"} else 0)


def test_a_mail_holds_together_in_outlook_and_in_the_dark(lhota: OfficeSnapshot) -> None:
    """Outlook knows only tables, `bgcolor` and styles of the elements themselves."""
    html = compose(town.requested(lhota), "confirm").html
    assert re.search(r'<td bgcolor="#1f4f86"[^>]*>Městský úřad Lhota</td>', html)
    (button,) = re.findall(r'<td [^>]*bgcolor="#1f4f86"[^>]*><a [^>]*>[^<]+</a></td>', html)
    assert "mso-padding-alt" in button
    assert "padding:12px 24px" in button
    assert "color:#ffffff" in button
    assert "Potvrdit objednávku" in button
    assert html.index("Potvrdit objednávku") < html.index("Termín Vám držíme")
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "<!--[if mso]>" in html
    for table in re.findall(r"<table[^>]*>", html):
        assert 'cellspacing="0"' in table
    bare = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    assert not re.search(r"display:\s*(flex|grid)|var\(|position:", bare)
    assert "<script" not in html
    assert "<img" not in html, "a program that blocks pictures shows everything"


def test_facts_are_told_apart_by_keys(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    with timezone.override(lhota.tz):
        with translation.override("cs"):
            in_czech = facts_of(booking, lhota)
        with translation.override("en"):
            facts = facts_of(booking, lhota)
    keys = ["service", "appointment", "arrival", "pin", "place", "documents", "fee"]
    assert [fact.key for fact in facts] == [fact.key for fact in in_czech] == keys
    assert [fact.label for fact in facts] != [fact.label for fact in in_czech]
    assert facts_with(facts, WHAT_AND_WHEN) == facts[:2]
    assert facts_without(facts, WHAT_AND_WHEN) == facts[2:]
    assert [f.key for f in facts_with(reversed(facts), WHAT_AND_WHEN)] == ["appointment", "service"]


def test_the_pages_of_a_meeting_say_its_mode_whether_a_topic_was_written_or_not(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The four facts that they show were once the first four, of which a topic became the last."""
    clock = Clock(monkeypatch)
    monkeypatch.setattr(meeting_mode_pages, "now", lambda: clock.at)
    office = meetings.office()
    booking = meetings.confirmed(office, "9:00")
    Booking.objects.filter(pk=booking.pk).update(topic="Oprava plotu")
    booking.refresh_from_db()
    with translation.override("cs"), timezone.override(office.tz):
        facts = facts_with(facts_of(booking, office), MEETING)
    assert [fact.key for fact in facts] == ["service", "appointment", "official", "mode"]
    page = citizen.words(client.get(f"{citizen.personal_url(booking)}zpusob/"))
    assert facts[-1].value in page
    assert "Oprava plotu" not in page

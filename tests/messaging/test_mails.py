"""The mails: the same facts as on the page, plain text first, a calendar file that grows."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone, translation
from icalendar import Calendar

from prepazka.booking import usecases
from prepazka.booking.models import Booking
from prepazka.gateways.email import send
from prepazka.messaging.contexts import facts_of
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.messaging.port import Mail
from prepazka.offices.directory import Directory, directory
from prepazka.offices.models import Service
from tests import citizen, town
from tests.citizen import Clock

pytestmark = pytest.mark.django_db
KINDS = ["confirm", "confirmed", "moved", "reminder", "cancelled"]


@pytest.fixture
def lhota() -> Directory:
    office = town.office()
    Service.objects.filter(code="prepis").update(
        documents={"cs": "občanský průkaz\nzelená karta", "en": "identity card"},
        fee={"cs": "800 Kč", "en": "800 CZK"},
    )
    row = office.office
    row.version = 2
    row.save()
    return directory(row)


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
    client: Client, lhota: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    booking = town.confirmed(lhota)
    page = citizen.words(client.get(citizen.personal_url(booking)))
    made = compose(booking, "confirmed")
    with translation.override("cs"), timezone.override(lhota.tz):
        facts = facts_of(booking, lhota)
    assert [fact.key for fact in facts] == [
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
            assert f"{lines(fact.key)}:" in said or lines(fact.key) in said
            assert lines(fact.value) in said
    assert booking.pin in made.text
    assert f"<strong><big><big>{booking.pin}" in made.html


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("language", "greeting"), [("cs", "Dobrý den,"), ("en", "Good day,")])
def test_every_mail_in_both_languages(
    lhota: Directory, kind: str, language: str, greeting: str
) -> None:
    make = town.requested if kind == "confirm" else town.confirmed
    booking = make(lhota, language=language)
    if kind == "cancelled":
        booking = usecases.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
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


def test_the_office_says_sorry_when_it_cancels(lhota: Directory) -> None:
    booking = town.confirmed(lhota)
    booking = usecases.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE, by_office=True)
    made = compose(booking, "cancelled")
    assert "omlouváme se, úřad musel Vaši objednávku zrušit" in made.text
    assert "/lhota/objednat/prepis/" in made.text


def test_on_the_wire_text_comes_first_and_the_calendar_can_be_read(lhota: Directory) -> None:
    booking = town.confirmed(lhota)
    seen = []
    for change in (None, "move", "cancel"):
        if change == "move":
            booking = usecases.move_booking(
                booking=booking.pk, starts_at=town.at("10:00"), now=town.FRIDAY_BEFORE
            )
        elif change == "cancel":
            booking = usecases.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
        kind = {None: "confirmed", "move": "moved", "cancel": "cancelled"}[change]
        seen.append(read_calendar(booking, kind))
    uids, sequences, methods, statuses = zip(*seen, strict=True)
    assert len(set(uids)) == 1
    assert sequences == (0, 1, 2)
    assert methods == ("PUBLISH", "PUBLISH", "CANCEL")
    assert statuses == ("CONFIRMED", "CONFIRMED", "CANCELLED")


def read_calendar(booking: Booking, kind: str) -> tuple[str, int, str, str]:
    """Send the mail through Django's own writer and read what would leave."""
    with patch("prepazka.gateways.email.EmailBackend", EmailBackend):
        send(compose(booking, kind))
    wire = message_from_bytes(mail.outbox[-1].message().as_bytes(), policy=policy.default)
    kinds = [part.get_content_type() for part in wire.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    assert wire["Auto-Submitted"] == "auto-generated"
    part = next(p for p in wire.walk() if p.get_content_type() == "text/calendar")
    assert part.get_param("method") == part.get_content().split("METHOD:")[1].split()[0]
    calendar = Calendar.from_ical(part.get_content())
    event: Any = calendar.walk("VEVENT")[0]
    assert event["DTSTART"].dt == booking.starts_at
    assert event["DTEND"].dt == booking.ends_at
    return str(event["UID"]), int(event["SEQUENCE"]), str(calendar["METHOD"]), str(event["STATUS"])

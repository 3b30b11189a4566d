"""Toužim with a telephone alone: booked, confirmed by the link in the SMS, the PIN in another."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from prepazka.booking.models import Booking, BookingState
from prepazka.gateways.email import send_mail
from prepazka.gateways.sms import send as send_sms
from prepazka.journal.models import Event
from prepazka.messaging import message_delivery
from prepazka.messaging.models import Message
from prepazka.officefile import presets
from prepazka.officefile.office_loading import load
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests import citizen, town
from tests.citizen import Clock, words

pytestmark = pytest.mark.django_db
TIMES = f"/touzim/objednat/jednani/{town.MONDAY.isoformat()}/"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def mailbox(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's mailbox, in which its short messages are kept too."""
    settings.SMS_GATEWAY, settings.SMS_FOLDER = "file", str(tmp_path)
    settings.BASE_URL, settings.DEMO = "http://testserver", True
    monkeypatch.setenv("PREPAZKA_MAILBOX", str(tmp_path))
    # The strip on the pages of a demo shows it.
    monkeypatch.setattr("prepazka.offices.clock.real_now", lambda: town.FRIDAY_BEFORE)
    return tmp_path


@pytest.fixture
def touzim() -> OfficeSnapshot:
    load(presets.preset_text("touzim"), now=town.FRIDAY_BEFORE)
    return snapshot_of(Office.objects.get(slug="touzim"))


def work(at: Clock) -> None:
    """What the worker does: follow every event, deliver every message."""
    for event in Event.objects.order_by("pk"):
        for message in message_delivery.compose_messages(event=event.pk, now=at.at):
            message_delivery.deliver_message(
                message=message.pk, gateways={"email": send_mail, "sms": send_sms}, now=at.at
            )


def received(mailbox: Path) -> list[str]:
    mails = [
        message_from_bytes(one.read_bytes(), policy=policy.default)
        for one in sorted(mailbox.glob("*.eml"))
    ]
    assert all(one["To"] == "+420777123456" for one in mails)
    return [str(one.get_content()).strip() for one in mails]


def asked(client: Client, **contact: str) -> str:
    """The booking up to the last button; the address of the contact page."""
    address = citizen.take(client, "9:00", TIMES)
    answer = citizen.fill_in(client, address, **contact)
    assert answer.status_code == 302, words(answer)
    return address


def test_from_the_telephone_to_the_pin(
    client: Client, touzim: OfficeSnapshot, mailbox: Path, clock: Clock
) -> None:
    address = asked(client, email="", phone="777 123 456")
    check = client.get(f"{address}kontrola/")
    assert (
        "Pošleme Vám SMS. Do 15 minut v ní otevřete odkaz a stiskněte Potvrdit objednávku."
        in words(check)
    )
    assert "777 123 456" in words(check)
    sent = client.post(f"{address}kontrola/", follow=True)
    assert "Na číslo 777 123 456 jsme poslali SMS." in words(sent)
    work(clock)
    (first,) = received(mailbox)
    assert len(first) <= 160
    link = re.search(r"http://testserver(/s/\w+/)", first)
    assert link
    page = client.get(link[1], follow=True)
    assert "Potvrďte svou objednávku" in words(page) or "Potvrdit" in words(page)
    assert Booking.objects.get().state == BookingState.UNCONFIRMED  # looking changes nothing
    done = client.post(page.redirect_chain[-1][0], follow=True)
    booking = Booking.objects.get()
    assert booking.state == BookingState.CONFIRMED
    assert "PIN a odkaz na tuto stránku jsme Vám poslali v SMS." in words(done)
    work(clock)
    assert f"PIN {booking.pin}." in received(mailbox)[1]
    again = client.get(link[1], follow=True)
    assert " ".join(booking.pin) in words(again)


def test_the_mailbox_of_the_demo_shows_it_with_its_link(
    client: Client, touzim: OfficeSnapshot, clock: Clock
) -> None:
    address = asked(client, email="", phone="777 123 456")
    client.post(f"{address}kontrola/")
    work(clock)
    listed = client.get("/demo/posta/")
    assert "SMS +420777123456" in words(listed)
    assert "termin po 23.11. 9:00-9:30" in words(listed)  # what it says, at a glance
    path = re.search(r'href="(/demo/posta/\d+/)"', listed.content.decode())
    assert path
    shown = client.get(path[1])
    assert (
        f'href="http://testserver/s/{Booking.objects.get().short_code}/"' in shown.content.decode()
    )


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ({"email": "", "phone": ""}, "Vyplňte e-mailovou adresu nebo číslo mobilního telefonu."),
        ({"email": "", "phone": "12345"}, "Vyplňte telefonní číslo ve tvaru jako 777 123 456"),
        ({"email": "", "phone": "353 000 100"}, "Vyplňte číslo mobilního telefonu, na toto číslo"),
        ({"email": "jana", "phone": ""}, "Vyplňte e-mailovou adresu ve tvaru"),
        ({"email": "", "phone": "7" * 40}, "Vyplňte telefonní číslo ve tvaru jako 777 123 456"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    client: Client, touzim: OfficeSnapshot, contact: dict[str, str], said: str
) -> None:
    address = citizen.take(client, "9:00", TIMES)
    answer = citizen.fill_in(client, address, **contact)
    assert answer.status_code == 422
    assert words(answer).count(said) == 2  # in the summary and at the field
    assert "Jana Nováková" in answer.content.decode()


def test_an_office_without_short_messages_asks_for_the_mail(client: Client) -> None:
    town.office()
    address = citizen.take(client)
    assert "Mobilní telefon" not in words(client.get(address))
    answer = citizen.fill_in(client, address, email="", phone="777 123 456")
    assert answer.status_code == 422
    assert "Vyplňte svou e-mailovou adresu." in words(answer)


def test_once_the_limit_is_used_up_only_mail_is_offered(
    client: Client, touzim: OfficeSnapshot, clock: Clock
) -> None:
    Office.objects.update(messages_data={"sms": True, "monthly_limit": 1}, version=5)
    address = asked(client, email="", phone="777 123 456")
    client.post(f"{address}kontrola/")
    work(clock)
    assert Message.objects.get().parts == 1
    other = citizen.take(client, "10:00", TIMES)
    assert "Mobilní telefon" not in words(client.get(other))


@pytest.mark.parametrize("code", ["x", "a" * 12, "abcdefghijkm", "\u0161" * 12])
def test_a_guessed_code_opens_nothing(client: Client, touzim: OfficeSnapshot, code: str) -> None:
    answer = client.get(f"/s/{code}/")
    assert answer.status_code == 404
    assert "Odkaz není platný" in words(answer)


def test_the_link_speaks_the_language_of_the_booking(
    client: Client, touzim: OfficeSnapshot, clock: Clock
) -> None:
    address = citizen.take(client, "9:00", f"/en{TIMES}")
    citizen.fill_in(client, address, email="", phone="777 123 456")
    client.post(f"{address}kontrola/")
    booking = Booking.objects.get()
    answer = client.get(f"/s/{booking.short_code}/")
    assert answer["Location"].startswith("/en/")
    assert "no-store" in answer["Cache-Control"]
    assert client.post(f"/s/{booking.short_code}/").status_code == 405


def test_a_program_books_with_a_telephone_alone(
    client: Client,
    touzim: OfficeSnapshot,
    clock: Clock,
    mailbox: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("prepazka.surfaces.api.api.now", lambda: clock.at)

    def send_json(path: str, **said: object) -> Any:
        return client.post(f"/api/v1{path}", said, content_type="application/json")

    held = send_json(
        "/offices/touzim/holds", service="jednani", starts_at=town.at("9:00").isoformat()
    ).json()["token"]
    for wrong in ({}, {"phone": "585 123 456"}, {"phone": "kdykoli"}, {"email": "", "phone": ""}):
        assert send_json(f"/holds/{held}/contact", name="Jana", **wrong).status_code == 422
    answer = send_json(f"/holds/{held}/contact", name="Jana", phone="777 123 456")
    assert (answer.status_code, answer.json()["state"]) == (202, "unconfirmed")
    work(clock)
    assert Booking.objects.get().phone == "+420777123456"
    assert len(received(mailbox)) == 1


def test_a_program_learns_that_no_messages_are_sent(
    client: Client,
    touzim: OfficeSnapshot,
    clock: Clock,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("prepazka.surfaces.api.api.now", lambda: clock.at)
    settings.SMS_GATEWAY = ""
    said = {"service": "jednani", "starts_at": town.at("9:00").isoformat()}
    held = client.post("/api/v1/offices/touzim/holds", said, content_type="application/json")
    answer = client.post(
        f"/api/v1/holds/{held.json()['token']}/contact",
        {"name": "Jana", "phone": "777 123 456"},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "phones_not_taken")

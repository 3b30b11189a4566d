"""On the page of a ticket its holder says where to be told of the turn."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import tickets
from prepazka.queueing.models import Ticket, TurnAlert
from tests import halls, town
from tests.gateways.push_peer import Browser
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return halls.stop_clocks(monkeypatch, town.at("9:00"))


@pytest.fixture
def office(clock: Clock) -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def ticket(office: OfficeSnapshot, clock: Clock) -> Ticket:
    return tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=clock()
    )


def ask(ticket: Ticket, language: str = "", **said: str) -> Any:
    return Client().post(f"{language}/t/{ticket.code}/upozornit/", said)


def page(ticket: Ticket, what: str = "") -> str:
    return text_of(Client().get(f"/t/{ticket.code}/{what}"))


def test_an_address_is_kept_and_can_be_taken_back(ticket: Ticket) -> None:
    assert "Upozornit, než přijdu na řadu" in page(ticket)
    assert ask(ticket, "/en", contact=" jana@example.cz ").status_code == 302
    alert = TurnAlert.objects.get()
    assert (alert.email, alert.language) == ("jana@example.cz", "en")
    words = page(ticket, "stav/")
    assert "Na Vaši řadu Vás upozorníme e-mailem." in words
    assert "jana" not in words, "whoever sees the paper must not read the address"
    assert "Už neupozorňovat" in page(ticket, "upozornit/")
    assert "jana" not in page(ticket, "upozornit/")
    assert Client().get(f"/t/{ticket.code}/neupozornovat/").status_code == 405
    assert Client().post(f"/t/{ticket.code}/neupozornovat/").status_code == 302
    assert not TurnAlert.objects.get().has_contact
    assert "Upozornit, než přijdu na řadu" in page(ticket)


@pytest.mark.parametrize("said", ["", "jana", "jana@", "777 123 456", "x" * 300 + "@a.cz"])
def test_what_is_no_address(ticket: Ticket, said: str) -> None:
    answer = ask(ticket, contact=said)
    assert answer.status_code == 422
    assert not TurnAlert.objects.exists()


def test_a_mobile_number_where_short_messages_are_sent(ticket: Ticket, settings: Any) -> None:
    settings.SMS_GATEWAY = "file"
    Office.objects.update(messages_data={"sms": True}, version=2)
    assert "E-mail nebo číslo mobilu" in page(ticket, "upozornit/")
    assert ask(ticket, contact="222 123 456").status_code == 422, "a fixed line"
    assert ask(ticket, contact="777 123 456").status_code == 302
    assert TurnAlert.objects.get().phone == "+420777123456"
    assert "pošleme Vám SMS" in page(ticket)


def test_a_browser(ticket: Ticket) -> None:
    good = Browser(endpoint="https://push.example/abc").subscription
    assert ask(ticket, **good | {"auth": "x"}).status_code == 422
    assert ask(ticket, **good).status_code == 302
    assert TurnAlert.objects.get().push == good
    assert "v tomto prohlížeči" in page(ticket)
    worker = Client().get("/t/upozorneni.js")
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert "fetch" not in worker.content.decode(), "it must not come between pages and the network"


def test_somebody_elses_address_is_not_flooded(
    office: OfficeSnapshot, clock: Clock, settings: Any
) -> None:
    settings.RATE_LIMITS = True
    codes = []
    for said in ("jana@example.cz", "JANA+1@example.cz", *["jana@example.cz"] * 4):
        ticket = tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=clock()
        )
        codes.append(ask(ticket, contact=said).status_code)
    assert codes == [302] * 5 + [429]


def test_an_ended_ticket_takes_no_address(ticket: Ticket, clock: Clock) -> None:
    tickets.leave_queue(ticket=ticket.pk, now=clock())
    assert ask(ticket, contact="jana@example.cz").status_code == 302
    assert not TurnAlert.objects.exists()
    assert "Upozornit" not in page(ticket)

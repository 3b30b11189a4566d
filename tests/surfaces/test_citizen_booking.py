"""The whole way of one booking through the pages, without a browser."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from tests import town

from prepazka.booking import links, usecases
from prepazka.booking.models import Booking, State
from prepazka.offices.directory import Directory
from prepazka.surfaces.citizen import booked, hold, terms
from prepazka.surfaces.citizen import office as office_pages
from prepazka.web import shortcuts

pytestmark = pytest.mark.django_db
DAYS = "/lhota/objednat/prepis/"
TIMES = f"{DAYS}{town.MONDAY.isoformat()}/"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Clock:
    """The moment that all pages see."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = town.FRIDAY_BEFORE
        for module in (booked, hold, terms, office_pages, shortcuts):
            monkeypatch.setattr(module, "now", lambda: self.at)

    def forward(self, **much: float) -> None:
        self.at += timedelta(**much)


@pytest.fixture
def lhota() -> Directory:
    return town.office()


def words(response: Any) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"(?s)<head>.*?</head>|<svg.*?</svg>|<!--.*?-->", "", response.content.decode())
    return re.sub(r"[ \n\t]+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def hidden(response: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no hidden {name}"
    return found[1]


def values(response: Any, name: str = "starts_at") -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', response.content.decode())


def take(client: Client, clock: str = "9:00", **more: Any) -> str:
    """Hold the term; returns the address of the contact page."""
    form = client.get(TIMES)
    answer = client.post(TIMES, {
        "request_key": hidden(form, "request_key"), "starts_at": town.at(clock).isoformat(), **more,
    })
    assert answer.status_code == 302, words(answer)
    return str(answer["Location"])


def fill_in(client: Client, contact: str, name: str = "Jana Nováková",
            email: str = "jana@example.cz") -> Any:
    return client.post(contact, {"name": name, "email": email})


def test_from_the_office_to_the_pin(client: Client, lhota: Directory) -> None:
    assert "Městský úřad Lhota" in words(client.get("/"))
    assert 'href="/lhota/objednat/"' in client.get("/lhota/").content.decode()
    assert f'href="{DAYS}"' in client.get("/lhota/objednat/").content.decode()
    assert f'href="{TIMES}"' in client.get(DAYS).content.decode()

    contact = take(client)
    page = client.get(contact)
    assert "Termín pro Vás držíme do 9:10" in words(page)
    assert page["X-Robots-Tag"] == "noindex"
    assert "no-store" in page["Cache-Control"]
    answer = fill_in(client, contact)
    assert answer["Location"] == f"{contact}kontrola/"

    page = client.get(answer["Location"])
    assert "Jana Nováková" in words(page)
    assert page.content.decode().count("Změnit<") == 4
    assert Booking.objects.get().state == State.HELD  # nothing is booked before the final button

    answer = client.post(f"{contact}kontrola/")
    assert answer["Location"] == f"{contact}odeslano/"
    page = words(client.get(answer["Location"]))
    assert "jana@example.cz" in page
    assert "držíme do 9:15" in page.replace("\xa0", " ")

    booking = Booking.objects.get()
    assert booking.state == State.UNCONFIRMED
    confirm = f"/potvrzeni/{links.sign(booking.pk, 'confirm')}/"
    answer = client.post(confirm)
    page = words(client.get(answer["Location"]))
    booking.refresh_from_db()
    assert " ".join(booking.pin) in page
    assert "8:30–10:00" in page
    assert "Náměstí 1, Lhota" in page

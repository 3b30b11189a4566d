"""A citizen without a browser: walks the pages, and reads what a person would."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from prepazka.booking import booking_links
from prepazka.booking.models import Booking
from prepazka.surfaces.citizen import (
    booking_pages,
    contact_hours,
    hold_pages,
    office_pages,
    official_pages,
    slot_pages,
    waiting_list_pages,
)
from tests import town

DAYS = "/lhota/objednat/prepis/"
TIMES = f"{DAYS}{town.MONDAY.isoformat()}/"


class Clock:
    """The moment that all pages of the citizen see."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = town.FRIDAY_BEFORE
        for module in (
            booking_pages,
            contact_hours,
            hold_pages,
            slot_pages,
            office_pages,
            official_pages,
            waiting_list_pages,
        ):
            monkeypatch.setattr(module, "now", lambda: self.at)

    def forward(self, **much: float) -> None:
        self.at += timedelta(**much)


def words(response: Any) -> str:
    """What a reader sees, in one line of ordinary spaces."""
    return re.sub(r"\s+", " ", text(response))


def text(response: Any) -> str:
    """What a reader sees, with its non-breaking spaces."""
    body = re.sub(r"(?s)<head>.*?</head>|<svg.*?</svg>|<!--.*?-->", " ", response.content.decode())
    body = re.sub(r'<span class="nowrap">(.*?)</span>', r"\1", body)
    body = re.sub(r"</?(?:strong|a)\b[^>]*>", "", body)
    return re.sub(r"[ \n\t]+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def title(response: Any) -> str:
    found = re.search(r"<title>(.*?)</title>", response.content.decode())
    assert found
    return found[1]


def hidden(response: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no hidden {name}"
    return found[1]


def action(response: Any) -> str:
    """Where the form of the page is posted."""
    found = re.search(r'<form method="post" action="([^"]+)"', response.content.decode())
    assert found
    return unescape(found[1])


def buttons(response: Any) -> list[str]:
    """The instants of the slots on the page."""
    return re.findall(r'name="starts_at" value="([^"]*)"', response.content.decode())


def take(client: Client, clock: str = "9:00", times: str = TIMES) -> str:
    """Hold the slot; the address of the contact page."""
    form = client.get(times)
    answer = client.post(
        times,
        {
            "request_key": hidden(form, "request_key"),
            "starts_at": town.at(clock).isoformat(),
        },
    )
    assert answer.status_code == 302, words(answer)
    return str(answer["Location"])


def fill_in(
    client: Client,
    contact: str,
    name: str = "Jana Nováková",
    email: str = "jana@example.cz",
    phone: str = "",
) -> Any:
    return client.post(contact, {"name": name, "email": email, "phone": phone})


def request_booking(client: Client, clock: str = "9:00", **contact: str) -> Booking:
    """Everything up to the mail."""
    address = take(client, clock)
    fill_in(client, address, **contact)
    answer = client.post(f"{address}kontrola/")
    assert answer.status_code == 302, words(answer)
    return Booking.objects.order_by("-created_at", "-requested_at").first()  # type: ignore[return-value]


def confirm_url(booking: Booking) -> str:
    return f"/potvrzeni/{booking_links.sign_token(booking.pk, 'confirm')}/"


def personal_url(booking: Booking) -> str:
    return f"/objednavka/{booking_links.sign_token(booking.pk, 'personal')}/"

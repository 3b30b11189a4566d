"""The desk books officials: whoever is soonest while talking, or the one the caller asks for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from prepazka.booking.models import Booking, BookingState
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console import desk, desk_booking_pages
from tests import officials, town
from tests.officials import whose

pytestmark = pytest.mark.django_db
DESK = "/pult/lhota/recepce/"
SLOTS = f"{DESK}objednat/ohlaseni/?osob=1&kanal=phone"


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (desk, desk_booking_pages):
        monkeypatch.setattr(module, "now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


@pytest.fixture
def operator(lhota: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(lhota, role="operator"))
    return client


def text(answer: Any) -> str:
    said = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said)).replace("\xa0", " ")


def slot(client: Client, address: str, clock: str) -> Any:
    """Choose the slot on the page."""
    page = client.get(address).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    value = town.at(clock).isoformat()
    assert f'value="{value}"' in page
    return client.post(address, {"key": key[1], "starts_at": value})


def test_a_caller_gets_the_official_they_ask_for(lhota: OfficeSnapshot, operator: Client) -> None:
    seen = operator.get(SLOTS)
    assert "Ing. Jana Nováková, Petr Dvořák" in text(seen)  # both are free at nine
    assert 'href="?osob=1&amp;kanal=phone&amp;urednik=dvorak"' in seen.content.decode()
    person = operator.get(f"{SLOTS}&urednik=dvorak")
    assert 'aria-current="true">Petr Dvořák<' in person.content.decode()
    answer = slot(operator, f"{SLOTS}&urednik=dvorak", "9:15")
    assert "Petr Dvořák" in text(operator.get(answer["Location"]))
    slip = operator.post(
        answer["Location"], {"name": "Jana", "email": "", "phone": "602 111 222"}, follow=True
    )
    booking = Booking.objects.get()
    assert (booking.state, whose(booking), booking.phone) == (
        BookingState.CONFIRMED,
        "dvorak",
        "+420602111222",
    )
    assert "Petr Dvořák" in text(slip)
    assert "Petr Dvořák" in text(operator.get(f"{DESK}?den=2026-11-23"))


def test_nobody_named_is_whoever_is_free(lhota: OfficeSnapshot, operator: Client) -> None:
    slot(operator, SLOTS, "8:00")
    assert whose(Booking.objects.get()) == "novakova"
    slot(operator, SLOTS, "9:00")
    assert sorted(map(whose, Booking.objects.all())) == ["dvorak", "novakova"]


def test_who_does_not_take_it_is_not_found(lhota: OfficeSnapshot, operator: Client) -> None:
    for wrong in ("nikdo", "dvorak"):
        address = f"{DESK}objednat/povoleni/?kanal=phone&urednik={wrong}"
        assert operator.get(address).status_code == 404


def test_windows_have_nobody_to_choose(lhota: OfficeSnapshot, operator: Client) -> None:
    seen = text(operator.get(f"{DESK}objednat/rodny-list/?kanal=desk"))
    assert "1 místo" in seen
    assert "S kým" not in seen


def test_moving_keeps_the_official(lhota: OfficeSnapshot, operator: Client) -> None:
    answer = slot(operator, f"{SLOTS}&urednik=dvorak", "9:30")
    operator.post(answer["Location"], {"name": "Jana"})
    booking = Booking.objects.get()
    address = f"{DESK}objednavka/{booking.pk}/presun/"
    assert "S kým: Petr Dvořák" in text(operator.get(address))
    slot(operator, address, "9:00")
    booking.refresh_from_db()
    assert (booking.starts_at, whose(booking)) == (town.at("9:00"), "dvorak")

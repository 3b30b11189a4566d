"""Praha 6: a citizen books a named official, and the mail comes without any click."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.models import Booking, State
from prepazka.officefile import load, presets
from prepazka.offices.directory import Directory, directory_by_slug

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


@pytest.fixture
def praha6(live_url: str) -> Directory:
    load.load(presets.text("praha-6"), now=datetime.now(UTC))
    return directory_by_slug("praha6")


def follow(page: Page, name: str) -> None:
    page.locator("main").get_by_role("link", name=name).first.click()


def test_an_official_is_booked_with_one_mail(
    live_url: str, praha6: Directory, mails: Any, page: Page, look: Look
) -> None:
    page.goto(f"{live_url}/praha6/")
    look(page, "praha6-office")
    follow(page, "Objednat se")
    look(page, "praha6-services")
    follow(page, "Odbor výstavby")
    look(page, "praha6-department")
    follow(page, "Hana Novotná")
    expect(page).to_have_url(f"{live_url}/praha6/urednik/novotna/")
    look(page, "praha6-official")
    follow(page, "Stavební úpravy bytu")
    look(page, "praha6-days")
    page.locator("a.term").nth(1).click()
    look(page, "praha6-times")
    page.locator("button.term").last.click()
    page.get_by_label("Jméno a příjmení").fill("Jana Nováková")
    page.get_by_label("E-mail").fill("jana@example.cz")
    page.get_by_role("button", name="Pokračovat").click()
    look(page, "praha6-check")
    page.get_by_role("button", name="Objednat", exact=True).click()
    look(page, "praha6-booking")
    booking = Booking.objects.get()
    assert booking.state == State.CONFIRMED
    assert booking.lane.official
    assert booking.lane.official.code == "novotna"
    expect(page.get_by_text("Ing. arch. Hana Novotná")).to_be_visible()
    said = mails.text(mails.wait())
    assert booking.pin in said
    assert "Hana Novotná" in said
    assert "dveře 205" in said


@pytest.mark.parametrize("language", ["cs", "en"])
def test_whoever_is_soonest_without_script(
    live_url: str, praha6: Directory, mails: Any, context: Callable[..., BrowserContext],
    look: Look, language: str,
) -> None:
    phone = {"width": 360, "height": 740}
    page = context(java_script_enabled=language == "en", viewport=phone).new_page()
    prefix = {"cs": "", "en": "/en"}[language]
    page.goto(f"{live_url}{prefix}/praha6/odbor/vystavba/")
    page.locator("a.term").first.click()
    assert page.url.endswith("/kdokoli/")
    if language == "en":
        look(page, "praha6-topics")
    for choice in ("a.term", "a.term", "button.term"):
        page.locator(choice).first.click()
    page.locator("#id_name").fill("Jana Nováková")
    page.locator("#id_email").fill("jana@example.cz")
    page.locator("main form .actions button").first.click()
    page.locator("main form .actions button").first.click()
    expect(page.locator(".panel__pin")).to_be_visible()
    assert Booking.objects.get().pin in mails.text(mails.wait())

"""Praha 6: a citizen books a named official, and the mail comes without any click."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.booking_lifecycle import hold_slot, request_confirmation
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.slot_search import search_slots
from prepazka.core.contact import Contact
from prepazka.officefile import office_loading, presets
from prepazka.offices.models import Office, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import town
from tests.clock import real_now

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


@pytest.fixture
def praha6(live_url: str) -> OfficeSnapshot:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    return snapshot_by_slug("praha6")


def follow(page: Page, name: str) -> None:
    page.locator("main").get_by_role("link", name=name).first.click()


def test_an_official_is_booked_with_one_mail(
    live_url: str, praha6: OfficeSnapshot, mails: Any, page: Page, look: Look
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
    page.locator("a.option").nth(1).click()
    look(page, "praha6-times")
    page.locator("button.option").last.click()
    page.get_by_label("Jméno a příjmení").fill("Jana Nováková")
    page.get_by_label("E-mail").fill("jana@example.cz")
    page.get_by_role("button", name="Pokračovat").click()
    look(page, "praha6-check")
    page.get_by_role("button", name="Objednat", exact=True).click()
    look(page, "praha6-booking")
    booking = Booking.objects.get()
    assert booking.state == BookingState.CONFIRMED
    assert booking.lane.official
    assert booking.lane.official.code == "novotna"
    expect(page.get_by_text("Ing. arch. Hana Novotná")).to_be_visible()
    said = mails.text(mails.wait())
    assert booking.pin in said
    assert "Hana Novotná" in said
    assert "dveře 205" in said


@pytest.mark.parametrize("language", ["cs", "en"])
def test_whoever_is_soonest_without_script(
    live_url: str,
    praha6: OfficeSnapshot,
    mails: Any,
    context: Callable[..., BrowserContext],
    look: Look,
    language: str,
) -> None:
    phone = {"width": 360, "height": 740}
    page = context(java_script_enabled=language == "en", viewport=phone).new_page()
    prefix = {"cs": "", "en": "/en"}[language]
    page.goto(f"{live_url}{prefix}/praha6/odbor/vystavba/")
    page.locator("a.option").first.click()
    expect(page).to_have_url(re.compile("/kdokoli/$"))
    if language == "en":
        look(page, "praha6-topics")
    for choice in ("a.option", "a.option", "button.option"):
        page.locator(choice).first.click()
    page.locator("#id_name").fill("Jana Nováková")
    page.locator("#id_email").fill("jana@example.cz")
    page.locator("main form .actions button").first.click()
    page.locator("main form .actions button").first.click()
    expect(page.locator(".panel__pin")).to_be_visible()
    assert Booking.objects.get().pin in mails.text(mails.wait())


def test_the_official_marks_an_absence_by_keyboard(
    live_url: str, praha6: OfficeSnapshot, mails: Any, page: Page, look: Look
) -> None:
    user = town.clerk(praha6, "novotna")
    Official.objects.filter(code="novotna").update(user=user)
    Office.objects.update(version=F("version") + 1)
    office = snapshot_by_slug("praha6")
    service, official = town.service(office, "stavebni-upravy"), office.official_by_code("novotna")
    now = real_now()
    first = search_slots(office=office, service=service, official=official, now=now)[0]
    held = hold_slot(
        office=office,
        service=service,
        official=official,
        now=now,
        starts_at=first.starts_at,
        channel="desk",
    )
    request_confirmation(booking=held.pk, contact=Contact(name="Karel Vomáčka"), now=now)

    page.goto(f"{live_url}/pult/praha6/diar/")
    page.locator("#id_login").fill("novotna")
    page.locator("#id_password").fill("heslo heslo heslo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/diar/novotna/")
    page.goto(f"{page.url}?den={first.day.isoformat()}")
    expect(page.get_by_text("Karel Vomáčka")).to_be_visible()
    look(page, "diary-day")
    page.goto(f"{live_url}/pult/praha6/diar/novotna/?tyden&den={first.day.isoformat()}")
    look(page, "diary-week")
    page.get_by_role("link", name="Nepřítomnost nebo mimořádné hodiny").press("Enter")
    look(page, "diary-add")
    page.locator("#id_from_date").fill(first.day.isoformat())
    page.locator("#id_reason").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 člověk")
    look(page, "diary-impact")
    page.get_by_role("button", name="Provést návrh pro všechny").press("Enter")
    expect(page.get_by_role("heading", name="Změna je hotová")).to_be_visible()
    look(page, "diary-changed")

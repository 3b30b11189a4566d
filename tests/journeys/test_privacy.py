"""A person asks the administrator for a copy, a correction and an erasure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.booking_lifecycle import hold_slot, request_confirmation
from prepazka.booking.models import Booking
from prepazka.booking.slot_search import search_slots
from prepazka.core.contact import Contact
from prepazka.officefile import office_loading, presets
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import town
from tests.clock import real_now
from tests.journeys.test_staff_accounts import log_in

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


@pytest.fixture
def praha6(live_url: str) -> OfficeSnapshot:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    return snapshot_by_slug("praha6")


def booked(office: OfficeSnapshot, name: str, email: str, staff: int) -> Booking:
    """A free time of an official, taken at the desk and confirmed."""
    now = real_now()
    official = next(one for one in office.officials.values() if one.code == "novotna")
    service = next(one for one in office.services.values() if one.code == "stavebni-upravy")
    free = search_slots(office=office, service=service, official=official, now=now)
    first = next(time for time in free if time.starts_at > now + timedelta(days=1))
    held = hold_slot(
        office=office,
        service=service,
        official=official,
        now=now,
        starts_at=first.starts_at,
        channel="desk",
    )
    return request_confirmation(
        booking=held.pk, contact=Contact(name=name, email=email), now=now, actor=staff
    )


def search(page: Page, words: str) -> None:
    page.get_by_label("E-mail, telefon nebo kód objednání").fill(words)
    page.get_by_role("button", name="Vyhledat").press("Enter")
    page.wait_for_load_state()


def read_the_copy(page: Page, context: Callable[..., BrowserContext], look: Look) -> None:
    """Download it, and open its page as the person would on a telephone."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Stáhnout kopii").press("Enter")
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    text = archive.read("index.html").decode()
    assert "Jana Malá" in text
    assert "Petr" not in text
    copy = context(viewport={"width": 360, "height": 740}).new_page()
    copy.set_content(text)
    copy.add_style_tag(content=archive.read("style.css").decode())
    look(copy, "privacy-copy")


def test_a_person_asks_for_their_data(
    live_url: str, praha6: OfficeSnapshot, context: Callable[..., BrowserContext], look: Look
) -> None:
    staff = town.clerk(praha6, "spravce", "administrator")
    hers = booked(praha6, "Jana Malá", "rodina@posta.example", staff.pk)
    his = booked(praha6, "Petr Malý", "rodina@posta.example", staff.pk)
    page = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(page, f"{live_url}/sprava/praha6/osobni-udaje/", "spravce")
    look(page, "privacy")
    search(page, "Malá")
    expect(page.get_by_role("alert")).to_contain_text("Zadejte celou e-mailovou adresu")
    search(page, "nikdo@posta.example")
    expect(page.get_by_role("status")).to_contain_text("nic nemáme")
    search(page, "rodina@posta.example")
    expect(page.get_by_role("checkbox", name="Objednání")).to_have_count(2)
    assert "rodina" not in page.url
    look(page, "privacy-found")

    page.get_by_role("checkbox", name="Petr").uncheck()
    page.get_by_role("button", name="Stáhnout kopii").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Uveďte, jak žadatel prokázal")
    expect(page.get_by_role("checkbox", name="Petr")).not_to_be_checked()
    page.get_by_label("Jak žadatel prokázal totožnost").select_option("document")
    read_the_copy(page, context, look)

    page.get_by_label("Správný e-mail").fill("jana@")
    page.get_by_role("button", name="Opravit vybrané záznamy").press("Enter")
    look(page, "privacy-wrong")
    page.get_by_label("Správný e-mail").fill("mala@posta.example")
    page.get_by_role("button", name="Opravit vybrané záznamy").press("Enter")
    expect(page.get_by_text("Opravili jsme 1 záznam.")).to_be_visible()
    hers.refresh_from_db()
    his.refresh_from_db()
    assert (hers.email, his.email) == ("mala@posta.example", "rodina@posta.example")

    narrow = context(viewport={"width": 360, "height": 740}).new_page()
    log_in(narrow, f"{live_url}/sprava/praha6/osobni-udaje/", "spravce")
    search(narrow, "mala@posta.example")
    look(narrow, "privacy-phone")
    narrow.get_by_label("Jak žadatel prokázal totožnost").select_option("data_box")
    narrow.get_by_role("button", name="Vymazat vybrané záznamy").press("Enter")
    expect(narrow.get_by_role("alert")).to_contain_text("Potvrďte, že jste si přečetli")
    narrow.get_by_label("Přečetl(a) jsem si").check()
    narrow.get_by_role("button", name="Vymazat vybrané záznamy").press("Enter")
    expect(narrow.get_by_text("Zrušilo se 1 budoucí objednání.")).to_be_visible()
    look(narrow, "privacy-erased")
    hers.refresh_from_db()
    assert (hers.name, hers.email, hers.state) == ("", "", "cancelled_by_citizen")

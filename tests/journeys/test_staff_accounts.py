"""A colleague who left comes back and logs in; an official looks after clients without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.accounts.models import User
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
PASSWORD, NEW = "heslo heslo heslo", "docela jiné heslo 7"


@pytest.fixture
def praha6(live_url: str) -> OfficeSnapshot:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    return snapshot_by_slug("praha6")


def log_in(page: Page, url: str, name: str, password: str = PASSWORD) -> None:
    page.goto(url)
    page.locator("#id_login").fill(name)
    page.locator("#id_password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_load_state()


def confirm(page: Page) -> None:
    """Enter the password once more, as the page asks before a step that opens or closes accounts."""
    expect(page.get_by_role("heading", name="Potvrďte, že jste to vy")).to_be_visible()
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_a_removed_colleague_returns(
    live_url: str, praha6: OfficeSnapshot, context: Callable[..., BrowserContext], look: Look
) -> None:
    town.clerk(praha6, "spravce", "administrator")
    colleague = town.clerk(praha6, "novotna")
    Official.objects.filter(code="novotna").update(user=colleague)
    Office.objects.update(version=F("version") + 1)
    TOTP.activate(colleague, generate_totp_secret())
    RecoveryCodes.activate(colleague)
    admin = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(admin, f"{live_url}/sprava/praha6/lide/", "spravce")
    look(admin, "people")
    row = admin.locator("tr", has_text="novotna")
    row.locator("summary").press("Enter")
    look(admin, "people-change")
    row.get_by_role("button", name="Zrušit ztracený druhý faktor").press("Enter")
    look(admin, "people-confirm")
    confirm(admin)
    expect(admin.get_by_text("Druhý faktor je zrušený")).to_be_visible()

    hers = context(viewport={"width": 360, "height": 740}).new_page()
    log_in(hers, f"{live_url}/pult/praha6/diar/", "novotna")
    expect(hers.get_by_role("heading", name="Váš druhý faktor byl zrušen")).to_be_visible()
    look(hers, "people-told")
    hers.get_by_role("button", name="Přečteno").click()
    expect(hers.get_by_text("Váš druhý faktor byl zrušen")).to_have_count(0)

    row.locator("summary").press("Enter")
    row.get_by_role("button", name="Odebrat z úřadu").press("Enter")
    expect(admin.get_by_text("už do tohoto úřadu nemá přístup")).to_be_visible()
    hers.goto(f"{live_url}/pult/praha6/diar/")
    expect(hers.locator("#id_login")).to_be_visible()

    admin.get_by_label("Jméno", exact=True).last.fill("Hana Vdaná")
    admin.get_by_label("Přihlašovací jméno").fill("novotna")
    admin.get_by_role("button", name="Přidat").press("Enter")
    password = admin.locator(".one-time").inner_text()
    look(admin, "people-returned")
    log_in(hers, f"{live_url}/pult/praha6/", "novotna", password)
    hers.locator("#id_oldpassword").fill(password)
    hers.locator("#id_password1").fill(NEW)
    hers.locator("#id_password2").fill(NEW)
    hers.keyboard.press("Enter")
    hers.wait_for_url("**/pult/praha6/")
    expect(hers.get_by_text("Hana Vdaná")).to_be_visible()
    assert User.objects.get(username="novotna").pk == colleague.pk


def book_somebody(page: Page, seen: Look) -> None:
    page.get_by_role("link", name="Objednat klienta").press("Enter")
    seen(page, "own-book")
    page.locator("input[name=service]").first.check()
    page.locator("main form .actions button").first.press("Enter")
    page.locator("button.option").first.press("Enter")
    page.locator("#id_name").fill("Eva Malá")
    page.locator("#id_email").fill("eva@example.cz")
    seen(page, "own-fill-in")
    page.keyboard.press("Enter")
    seen(page, "own-book-sure")
    page.get_by_role("button", name="Objednat").press("Enter")
    expect(page.get_by_text("Klient je objednaný")).to_be_visible()
    seen(page, "own-booked")


@pytest.mark.parametrize("script", [True, False])
def test_an_official_looks_after_their_clients_by_keyboard(
    live_url: str,
    praha6: OfficeSnapshot,
    mails: Any,
    context: Callable[..., BrowserContext],
    look: Look,
    script: bool,  # noqa: FBT001
) -> None:
    Official.objects.filter(code="novotna").update(user=town.clerk(praha6, "novotna"))
    Office.objects.update(version=F("version") + 1)
    office = snapshot_by_slug("praha6")
    official, now = office.official_by_code("novotna"), real_now()
    service = town.service(office, "stavebni-upravy")
    free = search_slots(office=office, service=service, official=official, now=now)
    first = next(slot for slot in free if slot.starts_at > now + timedelta(days=1))
    held = hold_slot(
        office=office,
        service=service,
        official=official,
        now=now,
        starts_at=first.starts_at,
        channel="desk",
    )
    request_confirmation(
        booking=held.pk, contact=Contact(name="Karel Vomáčka", email="karel@example.cz"), now=now
    )
    size = {"width": 1366, "height": 768} if script else {"width": 360, "height": 740}
    page = context(java_script_enabled=script, viewport=size).new_page()
    log_in(page, f"{live_url}/pult/praha6/diar/novotna/?den={first.day.isoformat()}", "novotna")
    seen = look if script else lambda *_: None  # axe is a script itself
    page.get_by_role("link", name="Karel Vomáčka").press("Enter")
    seen(page, "own-client")
    page.get_by_role("link", name="Přesunout").press("Enter")
    seen(page, "own-client-move")
    page.locator("button.option").nth(1).press("Enter")
    expect(page.get_by_role("heading", name="Přesunout objednávku?")).to_be_visible()
    expect(page.get_by_text("karel@example.cz")).to_be_visible()
    seen(page, "own-client-move-sure")
    page.get_by_role("button", name="Přesunout").press("Enter")
    expect(page.get_by_text("Objednání je přesunuté")).to_be_visible()
    assert "nový termín" in mails.text(mails.wait(2)).lower()

    page.get_by_role("link", name="Zrušit objednávku").press("Enter")
    seen(page, "own-client-cancel")
    page.get_by_label("Důvod pro klienta").fill("onemocněla jsem")
    page.keyboard.press("Enter")
    seen(page, "own-client-cancel-sure")
    page.get_by_role("button", name="Opravdu zrušit").press("Enter")
    expect(page.get_by_text("onemocněla jsem")).to_be_visible()
    seen(page, "own-client-cancelled")
    assert "Důvod: onemocněla jsem" in mails.text(mails.wait(3)).replace("\xa0", " ")

    page.get_by_role("link", name="Zpět do diáře").press("Enter")
    seen(page, "own-diary")
    book_somebody(page, seen)
    booking = Booking.objects.get(name="Eva Malá")
    assert (booking.state, booking.lane.official_id) == (
        BookingState.CONFIRMED,
        official and official.pk,
    )
    assert booking.pin in mails.text(mails.wait(4))

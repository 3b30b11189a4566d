"""A person ends a log-in that was left open, an administrator ends a program's key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.accounts.tokens import make_token
from prepazka.officefile import office_loading, presets
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town
from tests.clock import real_now
from tests.journeys.test_staff_accounts import confirm, log_in

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


def test_what_opens_an_account_is_seen_and_ended(
    live_url: str, context: Callable[..., BrowserContext], look: Look
) -> None:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    praha6 = snapshot_by_slug("praha6")
    town.clerk(praha6, "spravce", "administrator")
    user = town.clerk(praha6, "novotna")
    for name in ("Terminál u přepážky 3", "Informační tabule"):
        make_token(user=user, name=name, now=real_now())
    left = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(left, f"{live_url}/pult/praha6/", "novotna")
    hers = context(viewport={"width": 360, "height": 740}).new_page()
    log_in(hers, f"{live_url}/ucet/pristupy/", "novotna")
    expect(hers.get_by_role("heading", name="Přihlášení a klíče")).to_be_visible()
    expect(hers.get_by_text("tento", exact=True)).to_be_visible()
    look(hers, "access-own")
    hers.get_by_role("button", name="Ukončit přihlášení").click()
    look(hers, "access-confirm")
    confirm(hers)
    expect(hers.get_by_text("Ten prohlížeč je odhlášený")).to_be_visible()
    left.reload()
    expect(left.locator("#id_login")).to_be_visible()

    admin = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(admin, f"{live_url}/sprava/praha6/lide/", "spravce")
    row = admin.locator("tr", has_text="novotna")
    row.locator("summary").click()
    row.get_by_role("link", name="Přihlášení a klíče").click()
    look(admin, "access-person")
    admin.locator("tr", has_text="Informační tabule").get_by_role("button").click()
    confirm(admin)
    expect(admin.get_by_text("Klíč už nic neotevře")).to_be_visible()
    expect(admin.get_by_text("Informační tabule")).to_have_count(0)
    admin.get_by_role("button", name="Ukončit přihlášení").click()
    hers.reload()
    expect(hers.locator("#id_login")).to_be_visible()
    look(admin, "access-ended")

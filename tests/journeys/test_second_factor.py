"""A second factor that the role requires: set up after the password, lost, reset, set up anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.officefile import office_loading, presets
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town
from tests.clock import real_now
from tests.journeys.test_staff_accounts import confirm, log_in
from tests.surfaces.test_login import code_for

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


def set_up(page: Page) -> str:
    """The secret that the page shows; the code of it opens what comes next."""
    expect(page.get_by_role("heading", name="Zapnout dvoufázové přihlášení")).to_be_visible()
    secret = page.locator("#secret").inner_text()
    page.locator("#id_code").fill(code_for(secret))
    page.locator("#id_code").press("Enter")
    expect(page.get_by_role("heading", name="Záložní kódy")).to_be_visible()
    return secret


def test_a_required_factor_is_set_up_lost_and_set_up_anew(
    live_url: str, context: Callable[..., BrowserContext], look: Look
) -> None:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    Office.objects.update(second_factor_roles=["head"], version=F("version") + 1)
    praha6 = snapshot_by_slug("praha6")
    town.clerk(praha6, "spravce", "administrator")
    town.clerk(praha6, "vedouci", "head")
    work = f"{live_url}/sprava/praha6/"

    hers = context(viewport={"width": 360, "height": 740}).new_page()
    log_in(hers, work, "vedouci")
    expect(hers.get_by_text("Vaše role v úřadu vyžaduje dvoufázové přihlášení")).to_be_visible()
    look(hers, "factor-required")
    hers.get_by_role("link", name="Práce").click()
    expect(hers.locator("#secret")).to_be_visible()
    hers.locator("#id_code").fill("000000")
    hers.locator("#id_code").press("Enter")
    look(hers, "factor-wrong-code")
    secret = set_up(hers)
    look(hers, "factor-codes")
    hers.get_by_role("link", name="Dvoufázové přihlášení").click()
    expect(hers.get_by_text("Vaše role ho vyžaduje")).to_be_visible()
    expect(hers.get_by_role("link", name="Vypnout")).to_have_count(0)
    look(hers, "factor-kept")
    hers.get_by_role("link", name="Nastavit na jiném telefonu").click()
    expect(hers.get_by_text("přestanou platit kódy z dosavadního telefonu")).to_be_visible()
    look(hers, "factor-replace")
    hers.goto(work)
    expect(hers.get_by_role("heading", level=1)).to_be_visible()

    admin = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(admin, f"{live_url}/sprava/praha6/lide/", "spravce")
    row = admin.locator("tr", has_text="vedouci")
    row.locator("summary").click()
    row.get_by_role("button", name="Zrušit ztracený druhý faktor").click()
    confirm(admin)
    expect(admin.get_by_text("druhý faktor si nastaví při příštím přihlášení")).to_be_visible()
    look(admin, "factor-people")

    log_in(hers, work, "vedouci")
    expect(hers.get_by_role("heading", name="Váš druhý faktor byl zrušen")).to_be_visible()
    look(hers, "factor-lost")
    hers.get_by_role("button", name="Přečteno").click()
    cache.clear()
    assert set_up(hers) != secret
    hers.goto(work)
    expect(hers.get_by_role("heading", level=1)).to_be_visible()

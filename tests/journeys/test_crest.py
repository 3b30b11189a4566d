"""An administrator sets the office's crest in the browser, and everybody sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import town
from tests.crests import jpeg, png
from tests.waiting import becomes

pytestmark = pytest.mark.journey


def test_a_crest_is_set_and_seen(
    live_url: str, page: Page, look: Callable[[Page, str], None], tmp_path: Path
) -> None:
    office = town.office()
    town.clerk(office, "spravce", "administrator")
    (tmp_path / "foto.jpg").write_bytes(jpeg())
    (tmp_path / "znak.png").write_bytes(png())
    page.goto(f"{live_url}/sprava/lhota/soubor/")
    page.locator("#id_login").fill("spravce")
    page.locator("#id_password").fill("heslo heslo heslo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Znak úřadu")).to_be_visible()
    expect(page.locator(".brand__crest")).to_have_count(0)
    look(page, "file-without-crest")
    page.get_by_label("Obrázek (PNG)").set_input_files(tmp_path / "foto.jpg")
    page.get_by_role("button", name="Nastavit znak").click()
    expect(page.locator(".error-summary")).to_contain_text("Tohle není obrázek PNG.")
    look(page, "file-no-png")
    page.get_by_label("Obrázek (PNG)").set_input_files(tmp_path / "znak.png")
    page.get_by_role("button", name="Nastavit znak").click()
    expect(page.get_by_role("status")).to_contain_text("Znak je nastavený.")
    look(page, "file-with-crest")
    for address in ("/lhota/", "/en/lhota/", "/lhota/nazivo/"):
        page.goto(live_url + address)
        crest = page.locator(".brand .brand__crest")
        expect(crest).to_be_visible()
        becomes(page, "() => document.querySelector('.brand__crest').naturalWidth === 160")
    look(page, "monitor-with-crest")

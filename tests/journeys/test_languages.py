"""The switch of languages and a page in each of them, on a phone and at the kiosk; the kiosk off-line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.offices.languages import path_prefix
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests.journeys.test_hall import kiosk_of, office
from tests.journeys.test_offline import is_ready

__all__ = ["office"]
pytestmark = [pytest.mark.journey, pytest.mark.any_day("languages of pages")]
Contexts = Callable[..., BrowserContext]
LANGUAGES = [code for code, _name in settings.LANGUAGES]
FOLDER = os.environ.get("SCREENSHOTS", "")


def in_all_languages(where: OfficeSnapshot) -> OfficeSnapshot:
    Office.objects.update(languages=LANGUAGES, version=F("version") + 1)
    return snapshot_of(Office.objects.get(pk=where.office_id))


def keep_picture(page: Page, name: str) -> None:
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / f"languages-{name}.png")


def test_the_switch_leads_through_all_languages_on_a_phone(
    page: Page, live_url: str, office: OfficeSnapshot, look: Callable[[Page, str], None]
) -> None:
    in_all_languages(office)
    page.goto(f"{live_url}/lhota/objednat/prepis/")
    for code in [*LANGUAGES[1:], LANGUAGES[0]]:
        page.locator(f'nav.languages a[hreflang="{code}"]').click()
        page.wait_for_url(f"{live_url}{path_prefix(code)}/lhota/objednat/prepis/")
        expect(page.locator("html")).to_have_attribute("lang", code)
        look(page, f"days-{code}")


def test_a_kiosk_changes_its_language_and_keeps_it_without_the_server(
    context: Contexts, live_url: str, office: OfficeSnapshot, axe: Callable[[Page], None]
) -> None:
    kiosk = kiosk_of(context, live_url, in_all_languages(office))
    is_ready(kiosk, f"{path_prefix(LANGUAGES[-1])}/kiosk/bez-site/")
    for code in LANGUAGES[1:]:
        kiosk.goto(f"{live_url}/kiosk/")
        kiosk.locator(f'nav.languages a[hreflang="{code}"]').click()
        kiosk.wait_for_url(f"{live_url}{path_prefix(code)}/kiosk/**")
        expect(kiosk.locator("html")).to_have_attribute("lang", code)
        axe(kiosk)
        keep_picture(kiosk, f"kiosk-{code}")
    last = LANGUAGES[-1]
    kiosk.context.set_offline(True)
    kiosk.goto(f"{live_url}{path_prefix(last)}/kiosk/")
    expect(kiosk.locator(".kiosk-cutoff")).to_be_visible()
    expect(kiosk.locator("html")).to_have_attribute("lang", last)
    keep_picture(kiosk, f"kiosk-offline-{last}")
    kiosk.locator("[data-services] button").first.click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_be_visible()
    keep_picture(kiosk, f"kiosk-offline-ticket-{last}")
    kiosk.context.set_offline(False)
    kiosk.wait_for_url(f"{live_url}{path_prefix(last)}/kiosk/", timeout=90_000)

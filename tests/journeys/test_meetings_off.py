"""An office with counters only, in an installation whose meetings are switched off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from prepazka.booking.models import Booking
from prepazka.officefile import office_loading, presets
from prepazka.offices.models import Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import officials, programs, town
from tests.clock import real_now
from tests.journeys.conftest import Mails
from tests.journeys.test_booking import WORDS, choose, fill_in
from tests.journeys.test_console import PASSWORD

pytestmark = pytest.mark.journey


@pytest.fixture
def told(told: dict[str, str]) -> dict[str, str]:
    """What the program is told: no meetings."""
    return programs.told() | {"PREPAZKA_MEETINGS": "off"}


@pytest.fixture
def krumlov(live_url: str) -> OfficeSnapshot:
    office_loading.load(presets.preset_text("cesky-krumlov"), now=real_now())
    return snapshot_by_slug("krumlov")


def test_people_book_and_the_staff_sees_no_meetings(
    live_url: str,
    krumlov: OfficeSnapshot,
    page: Page,
    mails: Mails,
    look: Callable[[Page, str], None],
) -> None:
    words = WORDS["cs"]
    choose(page, live_url, words)
    fill_in(page, words)
    page.get_by_role("button", name=words["final"]).click()
    page.goto(mails.link(mails.wait(), "/potvrzeni/"))
    page.get_by_role("button", name=words["confirm"]).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["done"])
    look(page, "booked-without-meetings")
    assert Booking.objects.get().mode == "person"
    privacy = page.goto(f"{live_url}/krumlov/osobni-udaje/")
    assert privacy
    assert privacy.ok
    expect(page.locator("main")).not_to_contain_text("video")

    town.clerk(krumlov, "clerk")
    log_in(page, live_url, "krumlov", "clerk")
    page.locator("button.option").first.click()
    expect(page.locator("#board")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("chůzk")
    look(page, "counter-without-meetings")
    for path in ("/krumlov/schuzka/x/", "/pult/krumlov/schuzky/", "/zive/schuzka/proud"):
        answer = page.request.get(live_url + path)
        assert answer.status == 404, path


def test_officials_whom_people_visit_have_diaries_and_no_meetings(
    live_url: str, page: Page, look: Callable[[Page, str], None]
) -> None:
    where = officials.office()
    user = town.clerk(where)
    Official.objects.filter(code="novakova").update(user=user)
    log_in(page, live_url, "lhota", user.username)
    expect(page.get_by_role("link", name="Diáře").first).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("chůzk")
    look(page, "choice-without-meetings")
    page.get_by_role("link", name="Diáře").first.click()
    expect(page.get_by_role("link", name="Schůzky")).to_have_count(0)
    look(page, "diaries-without-meetings")


def log_in(page: Page, live_url: str, slug: str, username: str) -> None:
    page.goto(f"{live_url}/pult/{slug}/")
    page.get_by_label("Přihlašovací jméno").fill(username)
    page.get_by_label("Heslo").fill(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")

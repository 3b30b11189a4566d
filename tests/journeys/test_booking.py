"""A citizen books a time, clicks the mail, gets the PIN; with and without scripts, and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from prepazka.booking.booking_lifecycle import hold_slot
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.slot_search import search_slots
from prepazka.officefile import office_loading, presets
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import town
from tests.clock import real_now

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]
WORDS = {
    "cs": {
        "prefix": "",
        "book": "Objednat se",
        "service": "Přepis vozidla",
        "go": "Pokračovat",
        "name": "Jméno a příjmení",
        "final": "Objednat a poslat e-mail",
        "confirm": "Potvrdit objednávku",
        "done": "Objednávka je potvrzená",
        "cancel": "Zrušit objednávku",
        "cancelled": "Objednávka je zrušená",
        "change": "Změnit termín",
        "changed": "Termín je změněný.",
        "error": "Chyba:",
    },
    "en": {
        "prefix": "/en",
        "book": "Book a time",
        "service": "Transfer of a vehicle",
        "go": "Continue",
        "name": "Name and surname",
        "final": "Book and send the e-mail",
        "confirm": "Confirm the booking",
        "done": "Your booking is confirmed",
        "cancel": "Cancel the booking",
        "cancelled": "The booking is cancelled",
        "change": "Change the time",
        "changed": "Your appointment has been moved.",
        "error": "Error:",
    },
}


@pytest.fixture
def krumlov(live_url: str) -> OfficeSnapshot:
    office_loading.load(presets.preset_text("cesky-krumlov"), now=real_now())
    return snapshot_by_slug("krumlov")


def choose(page: Page, url: str, words: dict[str, str]) -> None:
    """From the office's page to the contact."""
    page.goto(f"{url}{words['prefix']}/krumlov/")
    page.locator("main").get_by_role("link", name=words["book"], exact=True).click()
    page.get_by_role("link", name=words["service"]).click()
    page.locator("a.option").nth(1).click()
    page.locator("button.option").first.click()


def fill_in(page: Page, words: dict[str, str], email: str = "jana@example.cz") -> None:
    page.get_by_label(words["name"]).fill("Jana Nováková")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name=words["go"]).click()


def book(page: Page, url: str, mails: Any, words: dict[str, str]) -> None:
    """The whole way, up to the page with the PIN."""
    choose(page, url, words)
    fill_in(page, words)
    page.get_by_role("button", name=words["final"]).click()
    page.goto(mails.link(mails.wait(), "/potvrzeni/"))
    page.get_by_role("button", name=words["confirm"]).click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_book_and_cancel(
    live_url: str,
    krumlov: OfficeSnapshot,
    mails: Any,
    context: Callable[..., BrowserContext],
    *,
    script: bool,
) -> None:
    words = WORDS["cs"]
    page = context(java_script_enabled=script, viewport={"width": 360, "height": 740}).new_page()
    book(page, live_url, mails, words)

    booking = Booking.objects.get()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["done"])
    expect(page.locator(".panel__pin .visually-hidden")).to_have_text(" ".join(booking.pin))
    assert booking.pin in mails.text(mails.wait(2))

    page.goto(mails.link(mails[1], "/zrusit/"))
    page.get_by_role("button", name=words["cancel"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["cancelled"])
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED_BY_CITIZEN
    assert "zrušená" in mails.text(mails.wait(3))


def test_move_without_script(
    live_url: str, krumlov: OfficeSnapshot, mails: Any, context: Callable[..., BrowserContext]
) -> None:
    words = WORDS["cs"]
    page = context(java_script_enabled=False).new_page()
    book(page, live_url, mails, words)
    before = Booking.objects.get()
    page.get_by_role("link", name=words["change"]).click()
    page.locator("a.option").nth(2).click()
    page.locator("button.option").last.click()
    page.get_by_role("button", name=words["change"]).click()
    expect(page.get_by_text(words["changed"])).to_be_visible()
    after = Booking.objects.get()
    assert after.starts_at != before.starts_at
    assert after.pin in mails.text(mails.wait(3))


def test_by_keyboard_alone(live_url: str, krumlov: OfficeSnapshot, mails: Any, page: Page) -> None:
    page.goto(f"{live_url}/krumlov/objednat/")
    for choice in ("a.option", "a.option", "button.option"):
        press_until(page, choice)
        enter(page)
    press_until(page, "#id_name")
    page.keyboard.type("Jana Nováková")
    enter(page)  # the e-mail is missing, and the summary of errors takes the focus
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page).to_have_title(re.compile("^Chyba:"))
    press_until(page, ".error-summary a")
    page.keyboard.press("Enter")
    expect(page.locator("#id_email")).to_be_focused()
    page.keyboard.type("jana@example.cz")
    enter(page)
    press_until(page, "main form .actions button")
    enter(page)
    expect(page).to_have_url(re.compile("/odeslano/$"))
    page.goto(mails.link(mails.wait(), "/potvrzeni/"))
    press_until(page, "main form button")
    enter(page)
    expect(page.locator(".panel__pin")).to_be_visible()


def enter(page: Page) -> None:
    """Press Enter on what leads to another page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def press_until(page: Page, selector: str) -> None:
    """Press Tab until the focus is on it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"{selector} was not reached by Tab on {page.url}")


def test_back_keeps_the_answers(live_url: str, krumlov: OfficeSnapshot, page: Page) -> None:
    words = WORDS["cs"]
    choose(page, live_url, words)
    fill_in(page, words)
    page.wait_for_url("**/kontrola/**")
    page.go_back()
    expect(page.get_by_label(words["name"])).to_have_value("Jana Nováková")
    expect(page.get_by_label("E-mail")).to_have_value("jana@example.cz")
    page.go_forward()
    page.get_by_role("link", name="Změnit termín").click()
    page.locator("button.option").last.click()
    expect(page.get_by_label("E-mail")).to_have_value("jana@example.cz")
    assert Booking.objects.filter(state=BookingState.HELD).count() == 1  # the other slot went back


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_one_visitor_has_one_hold_by_back_and_in_two_tabs(
    live_url: str,
    krumlov: OfficeSnapshot,
    context: Callable[..., BrowserContext],
    *,
    script: bool,
) -> None:
    browser = context(java_script_enabled=script, viewport={"width": 360, "height": 740})
    page = browser.new_page()
    words = WORDS["cs"]
    choose(page, live_url, words)
    page.wait_for_url("**/termin/**")
    first = the_hold()
    page.go_back()
    expect(page.locator("button.option").first).to_be_visible()
    other = browser.new_page()  # the list of times stays open in it, as it is now
    other.goto(page.url)
    page.locator("button.option").nth(1).click()
    page.wait_for_url("**/termin/**")
    second = the_hold()
    assert second.starts_at > first.starts_at

    # In the second tab the same time is one's own, and the first one is free again.
    own = other.locator(f'button.option[value^="{second.starts_at:%Y-%m-%dT%H:%M}"]')
    own.click()
    other.wait_for_url("**/termin/**")
    assert the_hold().pk == second.pk
    other.go_back()
    other.locator("button.option").first.click()
    other.wait_for_url("**/termin/**")
    third = the_hold()
    assert third.starts_at == first.starts_at

    # The first tab still stands at the time that was given up: it says so, and offers a way on.
    fill_in(page, words, email="jana.nova@example.cz")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vybrali jste si jiný čas")
    expect(page.locator("main")).not_to_contain_text("někdo")
    page.get_by_role("link", name="Vybrat jiný čas").click()
    page.locator("button.option").last.click()
    page.wait_for_url("**/termin/**")
    expect(page.get_by_label("E-mail")).to_have_value("jana.nova@example.cz")
    fourth = the_hold()
    assert fourth.starts_at > first.starts_at

    # And so the other way round: what stands in a tab goes on with the time that is held.
    fill_in(other, words)
    other.get_by_role("link", name="Pokračovat s tímto termínem").click()
    expect(other.get_by_label("E-mail")).to_have_value("jana.nova@example.cz")
    other.get_by_role("button", name=words["go"]).click()
    other.get_by_role("button", name=words["final"]).click()
    expect(other.locator("h1")).to_have_text("Zbývá jeden krok: potvrďte objednávku v e-mailu")
    assert not Booking.objects.filter(state=BookingState.HELD).exists()
    assert Booking.objects.get(state=BookingState.UNCONFIRMED).pk == fourth.pk


def the_hold() -> Booking:
    """The only one that there is."""
    return Booking.objects.get(state=BookingState.HELD)


@pytest.mark.parametrize("language", ["cs", "en"])
def test_every_page_is_accessible(
    live_url: str, krumlov: OfficeSnapshot, mails: Any, page: Page, look: Look, language: str
) -> None:
    words = WORDS[language]
    site = f"{live_url}{words['prefix']}"

    def seen(name: str) -> None:
        look(page, f"{language}-{name}")

    for name, path in (
        ("home", "/"),
        ("office", "/krumlov/"),
        ("services", "/krumlov/objednat/"),
        ("days", "/krumlov/objednat/prepis-vozidla/"),
        ("privacy", "/krumlov/osobni-udaje/"),
        ("accessibility", "/krumlov/pristupnost/"),
        ("not-found", "/nowhere/"),
        ("bad-link", "/potvrzeni/x.y/"),
    ):
        page.goto(site + path)
        seen(name)
    choose(page, live_url, words)
    seen("contact")
    page.get_by_role("button", name=words["go"]).click()
    expect(page).to_have_title(re.compile(f"^{words['error']}"))
    seen("contact-errors")
    page.go_back()
    page.go_back()
    seen("times")
    page.locator("button.option").first.click()
    fill_in(page, words)
    seen("check")
    page.get_by_role("button", name=words["final"]).click()
    seen("sent")
    page.goto(mails.link(mails.wait(), "/potvrzeni/"))
    seen("confirm")
    page.get_by_role("button", name=words["confirm"]).click()
    seen("booking")
    booking_url = page.url
    page.get_by_role("link", name=words["change"]).click()
    seen("move-days")
    page.locator("a.option").first.click()
    seen("move-times")
    page.locator("button.option").first.click()
    seen("move-check")
    page.goto(booking_url + "zrusit/")
    seen("cancel")
    page.get_by_role("button", name=words["cancel"]).click()
    seen("cancelled")


@pytest.mark.parametrize("language", ["cs", "en"])
def test_pages_of_bad_luck_are_accessible(
    live_url: str, page: Page, look: Look, language: str
) -> None:
    words = WORDS[language]
    site = f"{live_url}{words['prefix']}"
    office = town.office(horizon_days=14, lead_min=0, max_persons=3)
    service = town.service(office)
    page.goto(f"{site}/lhota/objednat/prepis/")
    look(page, f"{language}-persons")
    page.get_by_role("button", name=words["go"]).click()
    look(page, f"{language}-persons-error")
    page.get_by_label("2").check()
    page.get_by_role("button", name=words["go"]).click()
    page.locator("a.option").last.click()
    now = real_now()
    for slot in search_slots(office=office, service=service, now=now)[6:]:
        hold_slot(office=office, service=service, starts_at=slot.starts_at, now=now)
    page.locator("button.option").last.click()
    look(page, f"{language}-taken")
    page.locator("button.option").last.click()
    expect(page.locator("#id_name")).to_be_visible()  # the time is held
    Booking.objects.update(expires_at=now - timedelta(minutes=1))
    page.reload()
    look(page, f"{language}-expired")
    Booking.objects.update(expires_at=now + timedelta(minutes=5))
    for slot in search_slots(office=office, service=service, now=now):
        hold_slot(office=office, service=service, starts_at=slot.starts_at, now=now)
    page.context.clear_cookies()  # somebody else: one's own time stays free to oneself
    page.goto(f"{site}/lhota/objednat/prepis/?osob=1")
    look(page, f"{language}-full")
    assert not re.search(r"href=\"[^\"]*/objednat/prepis/20", page.content())


LIGHT = 100 * 1024


def test_the_first_page_is_light(live_url: str, krumlov: OfficeSnapshot, page: Page) -> None:
    got: dict[str, int] = {}
    page.on("requestfinished", lambda one: got.update({one.url: size(one)}))
    page.goto(f"{live_url}/krumlov/", wait_until="networkidle")
    assert len(got) <= 15
    assert all(url.startswith(live_url) for url in got)
    assert sum(got.values()) <= LIGHT, got


def size(request: Request) -> int:
    """Bytes of the answer as they went over the wire."""
    sizes = request.sizes()
    return int(sizes["responseBodySize"] + sizes["responseHeadersSize"])

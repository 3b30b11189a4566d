"""Clients who were called in vain, in a real browser: by the PIN at the kiosk, and by staff."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.models import Booking
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, turns
from prepazka.queueing.models import Ticket, TicketState
from tests import town
from tests.journeys.test_console import log_in, sit_down, wait_for
from tests.journeys.test_hall import booked_now, give_ticket, kiosk_of, now, office, press
from tests.journeys.test_offline import is_ready

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]
FOLDER = os.environ.get("SCREENSHOTS", "")
WIDTHS = ((360, 740), (1366, 768), (1920, 1080))


def picture(page: Page, name: str) -> None:
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / f"{name}.png")


def pictures(page: Page, name: str) -> None:
    """As they are seen on a phone, on a clerk's screen and on a large one."""
    before = page.viewport_size
    for width, height in WIDTHS if FOLDER else ():
        page.set_viewport_size({"width": width, "height": height})
        picture(page, f"{name}-{width}")
    if before:
        page.set_viewport_size(before)


def call_in_vain(office: OfficeSnapshot, clerk: int, many: int = 1) -> None:
    for _ in range(many):
        turns.call_next(office=office, clerk=clerk, now=now())
        turns.mark_no_show(office=office, clerk=clerk, now=now())


def at_work(office: OfficeSnapshot, who: str = "dvorak") -> int:
    clerk = town.clerk(office, who).pk
    counters.open_counter(counter=town.counter(office, "2"), clerk=clerk, now=now())
    return clerk


def enter(kiosk: Page, pin: str) -> None:
    kiosk.get_by_role("link", name="Klienti objednaní přes web").click()
    press(kiosk, pin)
    kiosk.get_by_role("button", name="Potvrdit").click()


def test_a_missed_booked_client_comes_back_by_the_pin_once(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    booked_now(office)
    clerk = at_work(office)
    kiosk = kiosk_of(context, live_url, office)
    enter(kiosk, "5271")
    number = kiosk.locator(".kiosk-ticket__number")
    expect(number).to_have_text("V1")
    phone = context(viewport={"width": 360, "height": 740}, has_touch=True).new_page()
    phone.goto(f"{live_url}/t/{Ticket.objects.get().code}/")
    call_in_vain(office, clerk)
    assert Booking.objects.get().state == "arrived"
    called = re.compile(r"Volali\sjsme\sVás\sve?\s\d+:\d\d\sk\spřepážce\s2")
    expect(phone.get_by_role("heading", name=called)).to_be_visible()
    expect(phone.locator("main")).to_contain_text("zadejte PIN znovu v kiosku")
    axe(phone)
    picture(phone, "missed-phone")

    kiosk.goto(f"{live_url}/kiosk/")
    enter(kiosk, "5271")
    expect(kiosk.get_by_role("heading", name="Jste zpět ve frontě")).to_be_visible()
    expect(number).to_have_text("V1")
    expect(kiosk.locator("main")).to_contain_text(called)
    axe(kiosk)
    picture(kiosk, "missed-kiosk-back")
    expect(phone.get_by_role("heading", name="Čekáte")).to_be_visible()
    expect(phone.locator("main")).to_contain_text("Jste zpět ve frontě")
    picture(phone, "missed-phone-back")

    call_in_vain(office, clerk)
    kiosk.goto(f"{live_url}/kiosk/")
    enter(kiosk, "5271")
    expect(kiosk.get_by_role("heading", name=called)).to_be_visible()
    expect(kiosk.locator("main")).to_contain_text("Jděte prosím k informacím")
    axe(kiosk)
    picture(kiosk, "missed-kiosk-twice")
    assert "uplynul" not in kiosk.content()

    # Without the network the kiosk says the same, and puts nobody back.
    is_ready(kiosk, "/kiosk/bez-site/")
    kiosk.goto(f"{live_url}/kiosk/")
    with kiosk.expect_response("**/kiosk/zasoba/"):  # it hears of the call
        kiosk.reload()
    kiosk.wait_for_timeout(500)
    kiosk.context.set_offline(True)
    kiosk.goto(f"{live_url}/kiosk/")
    kiosk.get_by_role("button", name="Klienti objednaní přes web").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.get_by_role("heading", name="Volali jsme Vás")).to_be_visible()
    expect(kiosk.locator("main")).to_contain_text(called)
    expect(kiosk.locator("main")).to_contain_text("k informacím nebo k přepážce")
    axe(kiosk)
    picture(kiosk, "missed-kiosk-cutoff")
    assert Ticket.objects.get().state == TicketState.NO_SHOW


def test_a_missed_walk_in_is_put_back_by_keyboard_alone(
    live_url: str, office: OfficeSnapshot, page: Page, axe: Callable[[Page], None]
) -> None:
    town.clerk(office)
    first = give_ticket(office)
    log_in(page, live_url)
    sit_down(page)
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text("V1")
    page.keyboard.press("a")
    wait_for(TicketState.NO_SHOW, first)
    give_ticket(office)
    link = page.get_by_role("link", name="Nepřišli dnes: 1")
    expect(link).to_be_visible()
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Číslo")).to_be_focused()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("V1")
    axe(page)
    button = page.get_by_role("button", name=re.compile("Zařadit znovu ?: V1"))
    for _ in range(30):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("V1 je znovu ve frontě")
    wait_for(TicketState.WAITING, first)
    axe(page)
    page.goto(f"{live_url}/pult/lhota/")
    page.locator("#board").wait_for()
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text("V1")
    expect(page.locator(".console-reason")).to_contain_text("návrat do fronty")


def test_the_list_with_none_three_and_thirty(
    live_url: str,
    office: OfficeSnapshot,
    page: Page,
    look: Callable[[Page, str], None],
) -> None:
    clerk = at_work(office)
    town.clerk(office, role="reception")
    booked_now(office)
    log_in(page, live_url)
    for many in (0, 3, 27):
        for _ in range(many):
            give_ticket(office)
        call_in_vain(office, clerk, many)
        page.goto(f"{live_url}/pult/lhota/neprisli/")
        shown = Ticket.objects.filter(state=TicketState.NO_SHOW).count()
        expect(page.locator("tbody tr")).to_have_count(shown)
        pictures(page, f"missed-list-{shown}")
    look(page, "missed-list")
    page.goto(f"{live_url}/pult/lhota/recepce/")
    pictures(page, "missed-desk")

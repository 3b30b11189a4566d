"""Presses that are safe: buttons that stay, keys by their place, a counter that somebody left."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from playwright.sync_api import Browser, BrowserContext, Page, expect

from prepazka.queueing.models import Shift, Ticket, TicketState
from prepazka.queueing.queue_locks import lock_queue
from tests import town
from tests.clock import real_now
from tests.faults.always import always_open
from tests.journeys.test_console import log_in, sit_down, wait_for, walk_in
from tests.journeys.test_silent_consoles import until, windows

pytestmark = pytest.mark.journey
PLACES = """() => [...document.querySelectorAll(".console-actions > *")].map((one) => {
  const box = (one.querySelector("summary") ?? one).getBoundingClientRect();
  return [box.x, box.y, box.width, box.height].map(Math.round).join(" ");
})"""

LOWEST = """() => Math.max(...[...document.querySelectorAll(".console-actions > *")]
  .map((one) => one.getBoundingClientRect().bottom))"""


def places(page: Page) -> list[str]:
    """Where the buttons of the counter stand, in the order of the page."""
    found: list[str] = page.evaluate(PLACES)
    assert len(found) == 9
    return found


@pytest.mark.any_day("where buttons lie")
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080), (360, 740)])
def test_no_button_moves_when_the_undo_bar_comes_and_goes(
    live_url: str, page: Page, width: int, height: int
) -> None:
    office = always_open()
    town.clerk(office)
    first, second = walk_in(office, 9), walk_in(office, 8)
    page.clock.install(time=real_now())
    page.set_viewport_size({"width": width, "height": height})
    log_in(page, live_url)
    press_key(page, "+", "Digit1")  # the first key of the upper row of a Czech keyboard
    page.locator("#board").wait_for()
    before = places(page)
    bar = page.locator(".undo-bar")
    page.keyboard.press("n")
    expect(bar).to_contain_text(f"Vyvolání {first.label} můžete vzít zpět")
    assert places(page) == before
    if width > 1000:
        bottom = (
            "Math.max(...[...document.querySelectorAll('.console-actions > *')]"
            ".map((one) => one.getBoundingClientRect().bottom))"
        )
        assert page.evaluate(bottom) <= height, "all of them without scrolling"
    # The clock of the computer jumps: the thirty seconds are counted without it.
    page.clock.set_system_time(real_now() + timedelta(hours=1))
    page.wait_for_timeout(600)
    expect(bar).to_be_visible()
    page.clock.fast_forward(31_000)
    # After such a leap the page is covered until the server says that the screen is not locked.
    expect(page.locator("#board")).to_be_visible()
    expect(bar).to_have_count(0)
    # The leap has made the data look old for a moment.
    expect(page.locator("[data-live-stale]")).to_be_hidden()
    assert places(page) == before
    page.keyboard.press("s")
    expect(bar).to_contain_text(f"Začátek obsluhy {first.label} můžete vzít zpět")
    assert places(page) == before
    page.keyboard.press("f")
    expect(page.locator("#said")).to_contain_text("je hotovo")
    assert places(page) == before
    expect(page.locator(f'[data-waits="{second.pk}"]')).to_be_visible()


def test_news_take_no_press_from_under_the_finger(live_url: str, page: Page) -> None:
    office = always_open()
    town.clerk(office)
    first = walk_in(office, 9)
    log_in(page, live_url)
    sit_down(page)
    expect(page.locator(f'[data-waits="{first.pk}"]')).to_be_visible()
    page.locator(".gov-button--next").hover()
    page.mouse.down()
    with page.expect_response(lambda answer: "/nazivo/" in answer.url):
        second = walk_in(office, 8)
    page.wait_for_timeout(300)  # time enough to put the news in
    assert page.locator(f'[data-waits="{second.pk}"]').count() == 0
    page.mouse.up()
    expect(page.locator(".console-current__number")).to_have_text(first.label)
    expect(page.locator(f'[data-waits="{second.pk}"]')).to_be_visible()


def press_key(page: Page, key: str, code: str) -> None:
    page.evaluate(
        "([key, code]) => document.body.dispatchEvent("
        "new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }))",
        [key, code],
    )


def test_who_is_called_waits_no_more_and_closing_asks(live_url: str, page: Page) -> None:
    office = always_open()
    town.clerk(office)
    first, second = walk_in(office, 9), walk_in(office, 8)
    log_in(page, live_url)
    sit_down(page)
    # The news of the press never comes: the list must not show the client until they do.
    page.route("**/nazivo/**", lambda route: route.abort())
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(first.label)
    assert page.locator(f'[data-waits="{first.pk}"]').count() == 0
    assert page.locator("[data-waiting]").inner_text() == "1"
    page.unroute("**/nazivo/**")
    page.keyboard.press("f")
    wait_for(TicketState.FINISHED, first)
    expect(page.locator("#close summary")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("#close")).to_contain_text("Jen na tuto přepážku čeká 1 člověk")
    assert Shift.objects.filter(closed_at=None).exists()
    page.keyboard.press("Escape")
    expect(page.locator("#close")).not_to_have_attribute("open", "")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Vyberte svou přepážku")).to_be_visible()
    expect(page.get_by_text("Přepážka je zavřená")).to_be_visible()
    assert Ticket.objects.get(pk=second.pk).state == TicketState.WAITING


def test_a_browser_killed_in_the_middle_of_a_press(
    live_url: str, context: Callable[..., BrowserContext], browser: Browser, tmp_path: Path
) -> None:
    """The press has come to the server; nobody hears its answer, and nothing is called twice."""
    office = always_open()
    town.clerk(office)
    first, second = walk_in(office, 9), walk_in(office, 8)
    with windows(tmp_path) as (address, computer):
        page = browser.browser_type.connect_over_cdp(address).contexts[0].pages[0]
        log_in(page, live_url)
        sit_down(page)
        with transaction.atomic():
            lock_queue(office.office_id)
            page.keyboard.press("n")
            until(waits_for_a_lock, "the press does not come")
            for program in [computer, *computer.children(recursive=True)]:
                program.kill()
    wait_for(TicketState.CALLED, first)
    again = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(again, live_url)
    expect(again.locator(".console-current__number")).to_have_text(first.label)
    expect(again.locator(".undo-bar")).to_contain_text(f"Vyvolání {first.label}")
    again.wait_for_load_state()
    again.keyboard.press("s")
    wait_for(TicketState.SERVING, first)
    assert [t.calls for t in Ticket.objects.order_by("number")] == [1, 0]
    assert Ticket.objects.get(pk=second.pk).state == TicketState.WAITING


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() is not None


def test_a_forgotten_counter_is_taken_over_with_its_client(
    live_url: str, page: Page, context: Callable[..., Any], axe: Callable[[Page], None]
) -> None:
    office = always_open()
    town.clerk(office)
    town.clerk(office, "dvorak")
    client = walk_in(office, 9)
    log_in(page, live_url)
    sit_down(page)
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 409 else None)
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(client.label)

    finder: Page = context().new_page()
    log_in(finder, live_url, "dvorak")
    expect(finder.get_by_role("heading", name="Otevřené přepážky")).to_be_visible()
    axe(finder)
    # By keyboard alone: the link, the client stays as it is offered, the button.
    finder.get_by_role("link", name="Zavřít nebo převzít").focus()
    with finder.expect_navigation():
        finder.keyboard.press("Enter")
    expect(finder.get_by_role("heading", name="Přepážka 1: Novakova")).to_be_visible()
    axe(finder)
    finder.set_viewport_size({"width": 360, "height": 740})
    assert finder.evaluate("document.documentElement.scrollWidth") <= 360
    finder.get_by_label("je tu, pokračuji s ním").first.focus()
    finder.keyboard.press("Tab")
    with finder.expect_navigation():
        finder.keyboard.press("Enter")
    expect(finder.locator(".console-current__number")).to_have_text(client.label)

    # The clerk who had left reads it without a press, and is led on.
    expect(page.locator("#board")).to_contain_text("někdo jiný: Dvorak")
    page.evaluate("window.stays = true")
    until(lambda: page.evaluate("true") and bool(refused), "the list is not renewed")
    page.wait_for_timeout(500)  # time enough to leave the page
    assert page.evaluate("window.stays"), "what is read does not go away by itself"
    axe(page)
    with page.expect_navigation():
        page.get_by_role("link", name="Vybrat přepážku").click()
    expect(page.get_by_text(re.compile("někdo jiný: Dvorak"))).to_be_visible()

    finder.set_viewport_size({"width": 1366, "height": 768})
    with finder.expect_navigation():
        finder.get_by_role("button", name="Odhlásit se").click()
    expect(finder.get_by_text(f"Je u ní klient {client.label}.")).to_be_visible()
    axe(finder)

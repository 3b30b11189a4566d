"""A day with the connection really cut: kiosk and counter go on, and all comes together."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from prepazka.journal.models import Event
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device
from prepazka.queueing.models import CallLease, State, Ticket
from tests import town
from tests.journeys.test_console import log_in, sit_down
from tests.journeys.test_hall import booked_now, give_ticket, kiosk_of, office, press

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]
FOLDER = os.environ.get("SCREENSHOTS", "")


def picture(page: Page, name: str) -> None:
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=True)


def is_ready(page: Page, shell: str) -> None:
    """The browser has its grant and its screens."""
    known = (
        f"async () => Boolean(navigator.serviceWorker.controller && await caches.match('{shell}'))"
    )
    deadline = time.monotonic() + 90
    while True:
        with contextlib.suppress(Error):  # the page gives way to the next
            if page.evaluate(known):
                return
        assert time.monotonic() < deadline, "the browser keeps nothing"
        time.sleep(0.2)


# How many the counter may call without the server, and when it last heard of them.
LIST = """() => new Promise((done, failed) => {
  const asked = indexedDB.open("prepazka-offline", 1);
  asked.onerror = () => failed(asked.error);
  asked.onsuccess = () => {
    const got = asked.result.transaction("kept").objectStore("kept").get("console");
    got.onsuccess = () => done([got.result?.tickets?.length ?? 0, got.result?.heard ?? 0]);
  };
})"""


def has_list_of(page: Page, many: int) -> None:
    """The browser has the list with so many, and has told the server that it does."""
    deadline, first = time.monotonic() + 30, 0
    while True:
        count, heard = page.evaluate(LIST)
        if count == many:
            first = first or heard
            if heard > first:
                return
        assert time.monotonic() < deadline, f"{count} are on the list"
        time.sleep(0.2)


def server_of(url: str) -> int:
    """The process of the program that listens there."""
    port = int(url.rsplit(":", 1)[1])
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN)
    return next(one.pid for one in listening if one.pid and one.laddr and one.laddr.port == port)


def call_alone(console: Page, step: str, number: str) -> None:
    console.get_by_role("button", name=step, exact=True).click()
    expect(console.locator("#number")).to_have_text(number)


def test_kiosk_and_counter_without_the_network(  # noqa: PLR0915  # one outage, told in order
    live_url: str, office: Directory, context: Contexts, axe: Callable[[Page], None]
) -> None:
    booked_now(office)
    Device.objects.filter(code="kiosk").update(options={})
    town.clerk(office)
    waiting = [give_ticket(office), give_ticket(office)]
    kiosk = kiosk_of(context, live_url, office)
    is_ready(kiosk, "/kiosk/bez-site/")
    console = context(viewport={"width": 1280, "height": 800}).new_page()
    log_in(console, live_url)
    sit_down(console)
    is_ready(console, "/pult/lhota/bez-site/")
    deadline = time.monotonic() + 30
    while CallLease.objects.count() < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert CallLease.objects.count() == 2
    has_list_of(console, 2)

    kiosk.context.set_offline(True)
    console.context.set_offline(True)

    # Three tickets; the first was touched on the ordinary screen, which then finds no server.
    kiosk.get_by_role("button", name="Přepis vozidla").click()
    number = kiosk.locator(".kiosk-ticket__number")
    expect(number).to_have_text("V500", timeout=40_000)
    picture(kiosk, "kiosk-cutoff-ticket")
    axe(kiosk)
    done = kiosk.get_by_role("button", name="Hotovo")
    for expected, name in (("V501", "Přepis vozidla"), ("D500", "Cestovní pas")):
        done.click()
        picture(kiosk, "kiosk-cutoff-start")
        kiosk.get_by_role("button", name=name).click()
        expect(number).to_have_text(expected)
    done.click()
    axe(kiosk)
    kiosk.get_by_role("button", name="Klienti objednaní přes web").click()
    press(kiosk, "9111")
    picture(kiosk, "kiosk-cutoff-pin")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.get_by_role("heading", name="Tento PIN neznáme")).to_be_visible()
    kiosk.get_by_role("button", name="Zadat PIN znovu").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(number).to_have_text("V502")
    picture(kiosk, "kiosk-cutoff-arrived")
    # A crash of the browser's page: nothing is lost, and the PIN stays used.
    kiosk.goto(f"{live_url}/kiosk/")
    kiosk.get_by_role("button", name="Klienti objednaní přes web").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.locator(".kiosk-answer__number")).to_have_text("V502")
    kiosk.get_by_role("button", name="Hotovo").click()

    # Two calls from the counter's own list, the second left at the counter.
    expect(console.locator("#list")).to_be_visible(timeout=40_000)
    picture(console, "console-cutoff")
    axe(console)
    call_alone(console, "Vyvolat dalšího", waiting[0].label)
    picture(console, "console-cutoff-called")
    console.get_by_role("button", name="Klient je u přepážky", exact=True).click()
    call_alone(console, "Hotovo", "–")
    console.reload()
    call_alone(console, "Vyvolat dalšího", waiting[1].label)
    assert Ticket.objects.count() == 2
    assert not Ticket.objects.exclude(called_at=None).exists()

    kiosk.context.set_offline(False)
    console.context.set_offline(False)
    expect(kiosk.get_by_role("link", name="Klienti objednaní přes web")).to_be_visible(
        timeout=40_000
    )
    expect(console.locator("#board .console-current__number")).to_have_text(
        waiting[1].label, timeout=40_000
    )
    picture(console, "console-after")
    states = {t.label: t.state for t in Ticket.objects.all()}
    assert states == {
        "V1": State.FINISHED,
        "V2": State.CALLED,
        "V500": State.WAITING,
        "V501": State.WAITING,
        "D500": State.WAITING,
        "V502": State.WAITING,
    }
    assert Ticket.objects.get(number=502).booking is not None
    said = Event.objects.filter(kind="TicketIssued", data__offline=True)
    assert [e.data["device"] for e in said] == [town.kiosk(office).pk] * 4
    assert Event.objects.filter(kind="TicketCalled", data__offline=True).count() == 2


def test_kiosk_without_the_server_itself(
    live_url: str, office: Directory, context: Contexts
) -> None:
    """The server's processes stand still, so that every request hangs until the browser gives up."""
    kiosk = kiosk_of(context, live_url, office)
    is_ready(kiosk, "/kiosk/bez-site/")
    server = server_of(live_url)
    os.kill(server, signal.SIGSTOP)
    try:
        kiosk.get_by_role("button", name="Přepis vozidla").click()
        expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V500", timeout=40_000)
    finally:
        os.kill(server, signal.SIGCONT)
    kiosk.get_by_role("button", name="Hotovo").click()
    expect(kiosk.get_by_role("link", name="Klienti objednaní přes web")).to_be_visible(
        timeout=40_000
    )
    # The touch had come to the server too, which answered nobody: it is one ticket.
    assert [t.label for t in Ticket.objects.all()] == ["V500"]

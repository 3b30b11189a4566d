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
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import CallLease, Ticket, TicketState
from tests import town
from tests.journeys.test_console import log_in, sit_down
from tests.journeys.test_hall import booked_now, give_ticket, kiosk_of, office, pair, press

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


FILES_KEPT = """async () => (await (await caches.open("prepazka-offline")).keys())
  .map((request) => new URL(request.url).pathname).filter((path) => path.startsWith("/static/"))"""
# The files of two releases before, and the note that their screens were kept a moment ago.
AS_BEFORE_AN_UPDATE = """async () => {
  const cache = await caches.open("prepazka-offline");
  for (const version of ["000000000000/", ""]) {
    await cache.put(`/static/${version}kiosk/cutoff.js`, new Response("// old"));
  }
  const asked = indexedDB.open("prepazka-offline", 1);
  await new Promise((done) => { asked.onsuccess = done; });
  const kept = asked.result.transaction("kept", "readwrite").objectStore("kept");
  const put = kept.put({ version: "000000000000", at: Date.now() }, "screens");
  await new Promise((done) => { put.onsuccess = done; });
}"""


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
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
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
    expect(number).to_have_text("V502")  # within two minutes the same ticket once more
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
        "V1": TicketState.FINISHED,
        "V2": TicketState.CALLED,
        "V500": TicketState.WAITING,
        "V501": TicketState.WAITING,
        "D500": TicketState.WAITING,
        "V502": TicketState.WAITING,
    }
    assert Ticket.objects.get(number=502).booking is not None
    said = Event.objects.filter(kind="TicketIssued", data__offline=True)
    assert [e.data["device"] for e in said] == [town.kiosk(office).pk] * 4
    assert Event.objects.filter(kind="TicketCalled", data__offline=True).count() == 2


def test_kiosk_without_the_server_itself(
    live_url: str, office: OfficeSnapshot, context: Contexts
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


def test_an_update_replaces_the_files_kept_for_outages(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    """A kiosk that stays on for years shows the release of its server, also without it."""
    kiosk = kiosk_of(context, live_url, office)
    is_ready(kiosk, "/kiosk/bez-site/")
    kept = kiosk.evaluate(FILES_KEPT)
    assert {path.rsplit("/", 1)[-1] for path in kept} > {"cutoff.js", "rules.js", "store.js"}
    kiosk.evaluate(AS_BEFORE_AN_UPDATE)
    kiosk.reload()
    old = {"/static/000000000000/kiosk/cutoff.js", "/static/kiosk/cutoff.js"}
    deadline = time.monotonic() + 30
    while old & set(now := kiosk.evaluate(FILES_KEPT)):
        assert time.monotonic() < deadline, now
        time.sleep(0.2)
    assert sorted(now) == sorted(kept)


def test_a_press_counts_while_the_counter_tries_to_go_back(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    """A server that takes a request and does not answer holds up no press of the off-line counter."""
    ticket = give_ticket(office)
    console = console_of(context, live_url, office, "1")
    shell, home = f"{live_url}/pult/lhota/bez-site/", f"{live_url}/pult/lhota/"
    is_ready(console, "/pult/lhota/bez-site/")
    has_list_of(console, 1)
    server = server_of(live_url)
    os.kill(server, signal.SIGSTOP)
    try:
        console.goto(shell)
        with console.expect_request(home, timeout=20_000):
            expect(console.locator("#list")).to_contain_text(ticket.label)
        call_alone(console, "Vyvolat dalšího", ticket.label)
    finally:
        os.kill(server, signal.SIGCONT)
    expect(console.locator("#board .console-current__number")).to_have_text(
        ticket.label, timeout=40_000
    )


def test_a_day_of_two_kiosks_and_two_counters_without_the_network(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    """Four browsers that hear of nobody: nobody is called twice, and nobody is left out."""
    Device.objects.filter(code="kiosk").update(options={})
    town.kiosk(office)
    Device.objects.create(office=office.row, code="kiosk2", kind="kiosk", name={"cs": "Kiosk 2"})
    before = [give_ticket(office) for _ in range(4)]
    kiosks = [paired(context, live_url, office, code) for code in ("kiosk", "kiosk2")]
    consoles = [console_of(context, live_url, office, number) for number in "12"]
    for page in kiosks:
        is_ready(page, "/kiosk/bez-site/")
    for page in consoles:
        is_ready(page, "/pult/lhota/bez-site/")
    lists = shared_lists(consoles, len(before) // 2)
    for page in (*kiosks, *consoles):
        page.context.set_offline(True)

    given = [
        [touch(page, name) for name in ("Přepis vozidla", "Značky", "Přepis vozidla")]
        for page in kiosks
    ]
    assert given == [["V500", "V501", "V502"], ["V600", "V601", "V602"]]
    called = [
        [*serves_list(page, labels), *serves_given(page, given[0] + given[1])]
        for page, labels in zip(consoles, lists, strict=True)
    ]
    # What the other counter calls is refused here.
    types(consoles[0], called[1][-1])
    expect(consoles[0].locator("#answer")).to_contain_text(f"{called[1][-1]} volá přepážka 2.")
    expect(consoles[0].locator("#number")).to_have_text("–")

    for page in (*consoles, *kiosks):  # the calls come before the tickets that they are of
        page.context.set_offline(False)
    for page in consoles:
        expect(page.locator("#board")).to_be_visible(timeout=60_000)
    for page in kiosks:
        expect(page.get_by_role("link", name="Klienti objednaní přes web")).to_be_visible(
            timeout=60_000
        )
    everybody = {one.label for one in before} | {*given[0], *given[1]}
    assert sorted([*called[0], *called[1]]) == sorted(everybody)
    deadline = time.monotonic() + 30
    while Ticket.objects.filter(state=TicketState.FINISHED).count() < len(everybody):
        states = [(one.label, one.state) for one in Ticket.objects.all()]
        assert time.monotonic() < deadline, states
        time.sleep(0.2)
    assert {one.label: one.calls for one in Ticket.objects.all()} == dict.fromkeys(everybody, 1)
    of_first = Ticket.objects.filter(counter__number="1")
    assert {one.label for one in of_first} == set(called[0])


def paired(context: Contexts, url: str, office: OfficeSnapshot, code: str) -> Page:
    page = context(viewport={"width": 1080, "height": 1920}, has_touch=True).new_page()
    pair(page, url, office, code)
    return page


def console_of(context: Contexts, url: str, office: OfficeSnapshot, number: str) -> Page:
    """The console of a clerk who sits down at that counter."""
    page = context(viewport={"width": 1366, "height": 768}).new_page()
    town.clerk(office, f"clerk{number}")
    log_in(page, url, f"clerk{number}")
    page.keyboard.press(number)
    page.locator("#board").wait_for()
    return page


def shared_lists(consoles: list[Page], many: int) -> list[list[str]]:
    """Who is on the list of each console, once each has so many and the browsers know it."""
    deadline = time.monotonic() + 60
    while True:
        lists = [
            list(
                CallLease.objects.filter(grant__shift__counter__number=number)
                .order_by("ticket__number")
                .values_list("ticket__number", flat=True)
            )
            for number in "12"
        ]
        if all(len(numbers) == many for numbers in lists):
            break
        assert time.monotonic() < deadline, lists
        time.sleep(0.2)
    for page in consoles:
        has_list_of(page, many)
    return [[f"V{number}" for number in numbers] for numbers in lists]


def serves_list(console: Page, labels: list[str]) -> list[str]:
    """Who is called from the console's own list: those who came before the outage."""
    expect(console.locator("#list")).to_be_visible(timeout=60_000)
    for label in labels:
        call_alone(console, "Vyvolat dalšího", label)
        console.get_by_role("button", name="Hotovo", exact=True).click()
    return labels


def serves_given(console: Page, given: list[str]) -> list[str]:
    """Who is called by the numbers that the console suggests, if a kiosk gave them."""
    called: list[str] = []
    while label := next((one for one in offered(console) if one in given), ""):
        types(console, label)
        expect(console.locator("#number")).to_have_text(label)
        console.get_by_role("button", name="Hotovo", exact=True).click()
        called.append(label)
    return called


def touch(kiosk: Page, service: str) -> str:
    """The number that a kiosk without its server gives for a touch."""
    kiosk.get_by_role("button", name=service).click()
    label = kiosk.locator(".kiosk-ticket__number")
    expect(label).to_be_visible(timeout=60_000)
    text = label.inner_text()
    kiosk.get_by_role("button", name="Hotovo").click()
    expect(label).to_be_hidden()
    return text


def offered(console: Page) -> list[str]:
    """The numbers that its buttons suggest."""
    return [one.inner_text().split()[-1] for one in console.locator("#numbers button").all()]


def types(console: Page, number: str) -> None:
    console.get_by_label("Jiné číslo").fill(number)
    console.get_by_role("button", name="Zavolat toto číslo").click()

"""Consoles that fall silent, and those that only seem to: windows hidden, closed, asleep."""

from __future__ import annotations

import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.db.models import F
from playwright.sync_api import Browser, BrowserContext, Page, expect

from prepazka.offices.models import Counter, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters
from prepazka.queueing.models import HEARD, CallLease, OfflineGrant, Ticket, TicketState
from tests import town
from tests.clock import real_now
from tests.cutoff import Kiosk
from tests.journeys.conftest import FLAGS, WHOLE_CHROMIUM
from tests.journeys.test_console import log_in, sit_down
from tests.journeys.test_hall import give_ticket, office
from tests.journeys.test_offline import console_of, has_list_of, is_ready, picture

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]


def until(holds: Callable[[], bool], what: str, within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def has_leases(many: int) -> None:
    until(lambda: CallLease.objects.count() == many, f"there are not {many} leases")


def grant_of(number: str) -> OfflineGrant:
    return OfflineGrant.objects.select_related("shift").get(shift__counter__number=number)


@contextmanager
def windows(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A whole Chromium with tabs; nothing of it is switched off, as in browsers of Playwright's."""
    command = [WHOLE_CHROMIUM, "--headless=new", "--remote-debugging-port=0"]
    log = folder / "chromium.log"
    with log.open("w") as out:
        running = subprocess.Popen(
            [*command, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"], stderr=out
        )
    try:
        said = r"listening on (ws://\S+)"
        until(lambda: bool(re.search(said, log.read_text())), "Chromium does not start")
        found = re.search(said, log.read_text())
        assert found
        yield found[1], psutil.Process(running.pid)
    finally:
        running.send_signal(signal.SIGCONT)
        running.terminate()
        running.wait(20)


def covers(address: str) -> None:
    """Another tab, brought to the front."""
    new = address.replace("ws://", "http://").split("/devtools")[0] + "/json/new?about:blank"
    request = urllib.request.Request(new, method="PUT")  # noqa: S310  # our own browser
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


# Chromium lets the timers of a page run once a minute when it has been hidden for some minutes, or
# sooner where it thinks fit. Here they do at once, so that no run shows less than another.
SLOW = """(() => {
  const every = setInterval, once = setTimeout;
  globalThis.setInterval = (act, pause, ...given) => {
    let last = performance.now();
    return every(() => {
      if (document.hidden && performance.now() - last < 60000) return;
      last = performance.now();
      act(...given);
    }, pause);
  };
  globalThis.setTimeout = (act, pause, ...given) =>
    once(act, document.hidden ? Math.max(pause ?? 0, 60000) : pause, ...given);
})()"""
SEEN = """() => {
  window.seen = [document.visibilityState];
  document.addEventListener("visibilitychange", () => seen.push(document.visibilityState));
  window.pace = [];
  setInterval(() => pace.push(performance.now()), 1000);
}"""
HIDDEN_FOR = 30.0


def test_a_hidden_window_loses_nothing(
    live_url: str, office: OfficeSnapshot, browser: Browser, tmp_path: Path
) -> None:
    """The clerk works in another program; the console is renewed as before, and stays as it is."""
    town.clerk(office)
    give_ticket(office), give_ticket(office)
    with windows(tmp_path) as (address, _):
        # Attached, Playwright holds every page visible; so it lets go of it for the time.
        attached = browser.browser_type.connect_over_cdp(address)
        page = attached.contexts[0].pages[0]
        log_in(page, live_url)
        sit_down(page)
        has_list_of(page, 2)
        first = grant_of("1").page
        page.context.add_init_script(SLOW)
        page.reload()
        until(lambda: grant_of("1").page != first, "the page does not renew")
        has_leases(2)
        page.evaluate(SEEN)
        attached.close()
        covers(address)
        longest = hidden_for(HIDDEN_FOR)
        attached = browser.browser_type.connect_over_cdp(address)
        page = next(one for one in attached.contexts[0].pages if "/pult/" in one.url)
        seen, pace = page.evaluate("[seen, pace]")
        attached.close()
    assert seen[:2] == ["visible", "hidden"]
    assert len(pace) < HIDDEN_FOR / 2, "the page's own timers were not slow: this shows nothing"
    assert longest < timedelta(seconds=15)
    assert page.url.endswith("/pult/lhota/")


def hidden_for(seconds: float) -> timedelta:
    """Wait, and see that the lists stay; the longest time without a renewal."""
    end, longest = time.monotonic() + seconds, timedelta()
    while time.monotonic() < end:
        longest = max(longest, real_now() - grant_of("1").renewed_at)
        assert CallLease.objects.count() == 2
        time.sleep(0.5)
    return longest


def third_counter(office: OfficeSnapshot) -> OfficeSnapshot:
    """The town with one counter more, which serves all that the second does."""
    made = Counter.objects.create(
        office=office.row, code="p3", number="3", position=3, name={"cs": "Přepážka 3"}
    )
    made.services.set(Counter.objects.get(number="2").services.all())
    Office.objects.update(version=F("version") + 1)
    return snapshot_of(Office.objects.get())


def grows_silent(number: str, seconds: int) -> None:
    """As if the time had passed: the server compares with its own clock."""
    then = real_now() - timedelta(seconds=seconds)
    OfflineGrant.objects.filter(shift__counter__number=number).update(renewed_at=then)


@contextmanager
def asleep(computer: psutil.Process) -> Iterator[None]:
    """The lid is closed: all its programs stand still; its connections stay open."""
    programs = [computer, *computer.children(recursive=True)]
    for one in programs:
        one.suspend()
    try:
        yield
    finally:
        for one in programs:
            one.resume()


def test_a_sleeping_console_and_two_counters(
    live_url: str,
    office: OfficeSnapshot,
    context: Contexts,
    browser: Browser,
    tmp_path: Path,
    look: Callable[[Page, str], None],
) -> None:
    office = third_counter(office)
    early = [give_ticket(office), give_ticket(office)]
    two, three = (console_of(context, live_url, office, n) for n in "23")
    for page in (two, three):  # have a break, so that all are the first one's
        page.keyboard.press("b")
        expect(page.get_by_role("heading", name=re.compile("Přestávka od"))).to_be_visible()
    with windows(tmp_path) as (address, computer):
        attached = browser.browser_type.connect_over_cdp(address)
        page = attached.contexts[0].pages[0]
        town.clerk(office, "clerk1")
        log_in(page, live_url, "clerk1")
        sit_down(page)
        has_list_of(page, 2)
        with asleep(computer):
            two_others(two, three, office, live_url, early, look)
        expect(page.locator("#board")).to_contain_text(early[1].label)
        until(lambda: real_now() - grant_of("1").renewed_at < HEARD, "it stays asleep")
        attached.close()
    assert not Ticket.objects.filter(calls__gt=1).exists()


def two_others(
    two: Page,
    three: Page,
    office: OfficeSnapshot,
    live_url: str,
    early: list[Ticket],
    look: Callable[[Page, str], None],
) -> None:
    """What the clerks at the other counters see while the first console sleeps."""
    for page in (two, three):
        page.keyboard.press("b")
        expect(page.get_by_role("heading", name=re.compile("Přestávka od"))).to_have_count(0)
    grows_silent("1", 20)
    board = two.locator("#board")
    expect(board).to_contain_text("Přepážka 1 se neozývá od")
    expect(board).to_contain_text(f"Tyto klienty možná volá sama: {early[0]}, {early[1]}.")
    expect(two.locator("#step-next")).to_be_disabled()  # nobody else waits
    expect(two.locator(f"#pick-{early[0].pk}")).to_be_disabled()
    expect(two.locator("#now")).to_contain_text("Zavolat je můžete od")
    expect(two.locator("#now")).not_to_contain_text("nikdo nečeká")
    picture(two, "console-silent-counter")
    later = give_ticket(office)
    grows_silent("1", 20)
    expect(two.locator("#step-next")).to_be_enabled()
    two.keyboard.press("n")
    expect(two.locator(".console-current__number")).to_have_text(later.label)
    told = re.compile("2.lidi, kteří byli na řadě dřív, měla na seznamu přepážka.1, která")
    expect(two.locator(".console-reason")).to_contain_text(told)
    picture(two, "console-passed-over")
    two.goto(f"{live_url}/pult/lhota/poradi/?cislo={early[0]}")
    expect(two.locator("table")).to_contain_text(told)
    look(two, "before-passed-over")
    early[0].refresh_from_db()
    two.goto(f"{live_url}/t/{early[0].code}/proc/")
    expect(two.locator("main")).to_contain_text(told)

    # A minute of silence is over: they are anybody's, in their order, and no press was needed.
    grows_silent("1", 61)
    expect(three.locator("#step-next")).to_be_enabled()
    three.keyboard.press("n")
    expect(three.locator(".console-current__number")).to_have_text(early[0].label)
    early[0].refresh_from_db()
    assert "held" not in early[0].reason["params"]
    has_list_of(three, 1)


def test_break_close_of_the_page_and_log_out_give_the_list_back(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    town.clerk(office)
    give_ticket(office), give_ticket(office)
    page = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(page, live_url)
    sit_down(page)
    has_list_of(page, 2)
    page.keyboard.press("b")
    has_list_of(page, 0)
    assert CallLease.objects.count() == 0
    page.keyboard.press("b")
    has_list_of(page, 2)

    # To another page of the console and back: the list stays, page by page.
    first = grant_of("1").page
    page.locator(".queue-why").first.click()
    page.wait_for_url("**/poradi/**")
    until(lambda: grant_of("1").page != first, "the other page does not renew")
    assert CallLease.objects.count() == 2
    other_page = grant_of("1").page
    page.get_by_role("link", name="Zpět k přepážce").click()
    page.locator("#board").wait_for()
    until(lambda: grant_of("1").page != other_page, "the console does not renew")
    assert CallLease.objects.count() == 2
    has_list_of(page, 2)

    # Out of the console, to another page of ours and to none.
    page.goto(f"{live_url}/ucet/password/change/")
    has_leases(0)
    page.goto(f"{live_url}/pult/lhota/")
    has_list_of(page, 2)
    has_leases(2)
    # A closed tab ends by the same event, but the browser gives it half a second only, which a
    # busy machine may not have.
    page.goto("about:blank")
    has_leases(0)
    other = page.context.new_page()

    other.goto(f"{live_url}/pult/lhota/")
    has_list_of(other, 2)
    with other.expect_navigation():
        other.get_by_role("button", name="Odhlásit se").click()
    with other.expect_navigation():
        other.get_by_role("button", name="Odhlásit se a nechat ji otevřenou").click()
    has_leases(0)
    time.sleep(1)
    has_leases(0)
    assert grant_of("1").shift.closed_at is None  # type: ignore[union-attr]


def test_only_open_counters_renew(live_url: str, office: OfficeSnapshot, context: Contexts) -> None:
    """Reception and administrators on their own pages ask for nothing that is refused."""
    town.clerk(office, role="administrator")
    page = context().new_page()
    refused: list[str] = []
    page.on("response", lambda a: refused.append(a.url) if a.status >= 400 else None)
    log_in(page, live_url)
    for path in ("/pult/lhota/", "/pult/lhota/recepce/", "/pult/lhota/volani/"):
        page.goto(live_url + path)
        page.wait_for_load_state("networkidle")
    assert refused == []
    assert not OfflineGrant.objects.exists()


def test_typed_numbers_are_checked_against_the_counters_own(
    live_url: str, office: OfficeSnapshot, context: Contexts, look: Callable[[Page, str], None]
) -> None:
    now = real_now()
    first, second = Kiosk(office, now), Kiosk(office, now)
    assert (first.next["V"], second.next["V"]) == (500, 600)
    counters.open_counter(
        counter=town.counter(office, "2"), clerk=town.clerk(office, "clerk2").pk, now=now
    )
    page = console_of(context, live_url, office, "1")
    has_list_of(page, 0)
    own = give_ticket(office)
    has_list_of(page, 1)
    is_ready(page, "/pult/lhota/bez-site/")
    page.context.set_offline(True)
    expect(page.locator("#list")).to_be_visible(timeout=60_000)
    offered = page.locator("#numbers button")
    expect(offered).to_have_text(["Zavolat V500", "Zavolat V600"])
    typed, answer = page.get_by_label("Jiné číslo"), page.locator("#answer")

    def types(number: str) -> None:
        typed.fill(number)
        page.get_by_role("button", name="Zavolat toto číslo").click()

    for number, said in (
        ("12", "Zadejte písmeno a číslo lístku"),
        ("v 12", "V12 není na seznamu této přepážky"),
        ("V501", "V501 volá přepážka 2."),
        ("D500", "D500 patří k úkonu, který tato přepážka nevyřizuje."),
    ):
        types(number)
        expect(answer).to_contain_text(said)
        expect(page.locator("#number")).to_have_text("–")
    look(page, "console-cutoff-typed")
    types(f" {own.label.lower()} ")
    expect(page.locator("#number")).to_have_text(own.label)
    expect(answer).to_be_empty()
    page.get_by_role("button", name="Hotovo", exact=True).click()
    types(own.label)
    expect(answer).to_have_text(f"{own.label} už tato přepážka volala.")
    expect(page.locator("#number")).to_have_text("–")
    offered.last.click()
    expect(page.locator("#number")).to_have_text("V600")
    expect(offered).to_have_text(["Zavolat V500", "Zavolat V602"])
    page.context.set_offline(False)
    expect(page.locator("#board")).to_be_visible(timeout=60_000)
    own.refresh_from_db()
    assert own.state == TicketState.FINISHED

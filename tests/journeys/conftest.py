"""What a journey needs: the real server and worker, a real mail server, and a browser.

`live_url` runs the program as an installation does, in processes of their own against the test's
database; `mails` holds what its SMTP server received; `axe(page)` fails on any violation. With
SCREENSHOTS=folder, `look(page, name)` also keeps pictures for a telephone and a desktop.
"""

from __future__ import annotations

import gc
import inspect
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connection, connections
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from prepazka.meetings import storage
from tests import needs, programs
from tests.clock import moved_date, moved_workers

WHOLE_CHROMIUM = needs.path("chromium")  # has cameras, too
# The same engine without windows works a third less.
CHROMIUM = shutil.which("chromium-headless-shell") or WHOLE_CHROMIUM
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTS_WITHIN = 60.0


SMALL_TARGETS = """
() => {
  const small = [];
  const union = (a, b) => ({
    left: Math.min(a.left, b.left), right: Math.max(a.right, b.right),
    top: Math.min(a.top, b.top), bottom: Math.max(a.bottom, b.bottom),
  });
  const words = (node) => node.textContent.replace(/\\s+/g, " ").trim();
  for (const target of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    let box = target.getBoundingClientRect();
    const style = getComputedStyle(target);
    const hidden = style.visibility === "hidden" || target.closest("[inert], .visually-hidden, .skip-link");
    if (hidden || box.width <= 1 || box.height <= 1) continue;
    const inSentence = target.tagName === "A" && style.display === "inline"
      && words(target.parentElement).length > words(target).length;
    if (inSentence) continue;
    if (["radio", "checkbox"].includes(target.type))
      for (const label of target.labels) box = union(box, label.getBoundingClientRect());
    const main = target.matches(".gov-button, .option, .kiosk-choice, .key");
    const least = main ? 44 : 24;
    const [width, height] = [box.right - box.left, box.bottom - box.top];
    if (height < least - 0.5 || width < 24 - 0.5)
      small.push(`${words(target) || target.name || target.id} ${Math.round(width)}x${Math.round(height)}`);
  }
  return small;
}
"""
STICKS_OUT = """() => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => `${e.tagName}.${e.className}`).slice(0, 8)"""
TROUBLES = pytest.StashKey[list[str]]()


def note_troubles(context: BrowserContext, item: pytest.Item) -> None:
    """Keep what the browser complains of and what it did not get, for the report of a failure."""
    troubles = item.stash.setdefault(TROUBLES, [])
    context.on("console", lambda said: troubles.append(f"{said.type}: {said.text} {said.location}"))
    context.on("weberror", lambda fault: troubles.append(f"fault: {fault.error}"))
    context.on(
        "requestfailed",
        lambda asked: troubles.append(f"failed: {asked.method} {asked.url} {asked.failure}"),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and (troubles := item.stash.get(TROUBLES, [])):
        report.sections.append(("browser", "\n".join(troubles[-40:])))
    return report


def _what_is_owed() -> str:
    """The events, messages and jobs, for whoever looks why a mail did not come."""
    queries = (
        "SELECT id, kind, at FROM journal_event ORDER BY id DESC LIMIT 12",
        "SELECT id, event, kind, channel, state, attempts, error FROM messaging_message",
        "SELECT id, task_name, args, status, attempts FROM procrastinate_jobs ORDER BY id",
    )
    with connection.cursor() as cursor:
        rows: list[object] = []
        for query in queries:
            cursor.execute(query)
            rows += [query.split(" FROM ")[1], *cursor.fetchall()]
    return "\n".join(map(str, rows))


class Mails(list[EmailMessage]):
    """The received mails, oldest first."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        received = message_from_bytes(envelope.content, policy=policy.default)
        self.append(received)
        return "250 Accepted"

    def wait(self, count: int = 1, within: float = 40.0) -> EmailMessage:
        """The `count`-th mail, as soon as it is there."""
        deadline = time.monotonic() + within
        while len(self) < count:
            if time.monotonic() > deadline:
                pytest.fail(f"only {len(self)} of {count} mails came\n{_what_is_owed()}")
            time.sleep(0.05)
        return self[count - 1]

    @staticmethod
    def text(mail: EmailMessage) -> str:
        body = mail.get_body(("plain",))
        assert body
        return str(body.get_content())

    def link(self, mail: EmailMessage, part: str) -> str:
        """The address in the mail that contains `part`."""
        found = re.search(rf"https?://\S*{re.escape(part)}\S*", self.text(mail))
        assert found, f"no link with {part} in:\n{self.text(mail)}"
        return found[0]


@pytest.fixture
def told(transactional_db: None) -> dict[str, str]:
    """What the program is told."""
    environment = programs.told()
    # The id in it is that of the database before its tables were emptied.
    (Path(environment["PREPAZKA_FILES"]) / storage.MARKER).unlink(missing_ok=True)
    return environment


@pytest.fixture
def mails(told: dict[str, str]) -> Iterator[Mails]:
    """The mailbox of everybody, filled by a real SMTP server."""
    box = Mails()
    controller = Controller(box, hostname="127.0.0.1", port=int(told["SMTP_PORT"]))
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def live_url(
    transactional_db: None,
    mails: Mails,
    told: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    """The address of the running program: web and worker. Build the town before or after."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    url = told["PREPAZKA_URL"]
    environment = programs.inherited() | told
    if request.node.get_closest_marker("played"):
        environment["PREPAZKA_DEMO"] = "1"  # follows the demo's clock, which the journey sets
    processes = {"web": ["--port", url.rsplit(":", 1)[1]]}
    # Only who reads mails waits for jobs; the others save the time of a second process.
    if "mails" in inspect.signature(request.function).parameters:
        processes["worker"] = []
    with ExitStack() as running:
        for name, arguments in processes.items():
            log = tmp_path / f"{name}.log"
            running.enter_context(programs.program([name, *arguments], environment, log))
        _wait_until_up(url, tmp_path / "web.log")
        yield url
    said = "".join((tmp_path / f"{name}.log").read_text() for name in processes)
    if "Traceback" in said:
        pytest.fail(f"the program reported faults:\n{said[-6000:]}")


def _wait_until_up(url: str, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            url_of_nothing = f"{url}/api/v1/offices/no/monitor"
            urllib.request.urlopen(url_of_nothing, timeout=5).close()  # noqa: S310  # our own
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the system; Playwright's own is never downloaded."""
    # Playwright's loop runs in this thread, but the tests themselves are plain functions.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=30_000)  # how quick it is says `make bench`
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield launched
        launched.close()
        # While that loop lives Django keeps other connections, which nobody else would close.
        connections.close_all()
    _see_the_end_of_drivers()


def _see_the_end_of_drivers() -> None:
    """Otherwise Python complains of a running process: Playwright's loop ends before it is told."""
    # By type(): isinstance() would wake Django's lazy objects.
    for one in [one for one in gc.get_objects() if type(one) is subprocess.Popen]:
        with suppress(subprocess.TimeoutExpired):
            one.wait(5)


@pytest.fixture
def context(
    browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Opens browsing contexts, for example `context(java_script_enabled=False)`."""
    with ExitStack() as opened:

        def make(**options: Any) -> BrowserContext:
            offset = settings.TEST_CLOCK_OFFSET
            usual: dict[str, Any] = {
                "locale": "cs-CZ",
                "timezone_id": "Europe/Prague",
                "bypass_csp": bool(offset),
            }
            made = browser.new_context(**(usual | options))
            made.set_default_timeout(30_000)
            note_troubles(made, request.node)
            if offset:
                made.add_init_script(moved_date(offset))
                made.add_init_script(moved_workers(offset))
            opened.callback(made.close)
            return made

        yield make


@pytest.fixture
def page(context: Callable[..., BrowserContext]) -> Page:
    """A page on a desktop screen."""
    return context(viewport={"width": 1280, "height": 800}).new_page()


@pytest.fixture
def phone(context: Callable[..., BrowserContext]) -> Page:
    """A page on a small telephone."""
    return context(viewport={"width": 360, "height": 740}, has_touch=True).new_page()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """Fails on any violation of WCAG 2.2 AA and best practice that axe can see."""
    checker = Axe()

    def check(page: Page) -> None:
        for frame in page.frames:  # an empty one has no document to look at
            frame.wait_for_load_state()
        found = checker.run(page)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"

    return check


@pytest.fixture(scope="session")
def look(axe: Callable[[Page], None]) -> Callable[[Page, str], None]:
    """Check a page by axe on a narrow and a wide screen; nothing may overflow at 320 px.

    At 360 px every target can be met by a finger.
    """
    folder = os.environ.get("SCREENSHOTS", "")

    def check(page: Page, name: str) -> None:
        # A click may have only begun to bring the next page, whose document is not there yet.
        page.wait_for_load_state("load")
        page.locator("body").wait_for()
        before = page.viewport_size
        for width in (320, 360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{page.url} is {wide} px wide on {width} px"
            if folder and width != 320:  # only checked
                page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
            if width == 360:
                touch_targets(page)
        large_letters(page)
        axe(page)
        if before:
            page.set_viewport_size(before)

    return check


def touch_targets(page: Page) -> None:
    """On a phone all targets are 24 px and main actions 44 px (WCAG 2.2, 2.5.8 and 2.5.5).

    Links within a sentence are as high as its line, as 2.5.8 allows.
    """
    small = page.evaluate(SMALL_TARGETS)
    assert not small, f"{page.url}: too small for a finger: {small}"


def large_letters(page: Page) -> None:
    """Letters that a person has enlarged in the browser, by 125 and 200 %, need no scrolling sideways."""
    browser = page.context.new_cdp_session(page)
    for width, letters in ((360, 20), (640, 32)):
        page.set_viewport_size({"width": width, "height": 800})
        browser.send("Page.setFontSizes", {"fontSizes": {"standard": letters}})
        real = page.evaluate("getComputedStyle(document.documentElement).fontSize")
        assert real == f"{letters}px", f"{page.url}: letters stay {real}"
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            out = page.evaluate(STICKS_OUT)
            pytest.fail(f"{page.url} is {wide} px wide on {width} px with {letters} px: {out}")
    browser.send("Page.setFontSizes", {"fontSizes": {"standard": 16}})
    browser.detach()

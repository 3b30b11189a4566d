"""A meeting in real browsers with false cameras: pictures and sound are measured to arrive."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from prepazka.meetings import room
from prepazka.meetings.models import Participant
from tests.clock import real_now
from tests.faults import program
from tests.journeys.conftest import FLAGS, WHOLE_CHROMIUM, note_troubles
from tests.meetings_town import Held, held
from tests.waiting import becomes

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LOST = float(os.environ.get("LOST", "2"))  # seconds without the network; by hand also 20 and 300
MEDIA = [
    "--use-fake-device-for-media-stream=fps=5",  # encoding pictures is most of the work
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
    "--autoplay-policy=no-user-gesture-required",
]
# The connections of a page are kept where the test can ask for their statistics.
SPY = """
window.pcs = [];
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...given) { super(...given); window.pcs.push(this); }
};
window.heard = [];
const real = window.fetch;
window.fetch = async (...given) => {
  const answer = await real(...given);
  if (!String(given[0]).endsWith("/proud") || !answer.ok) return answer;
  const [mine, theirs] = answer.body.tee();
  (async () => {
    const reader = mine.getReader(), decoder = new TextDecoder();
    for (;;) { const { done, value } = await reader.read(); if (done) return; window.heard.push(decoder.decode(value)); }
  })().catch(() => {});
  return new Response(theirs, { status: answer.status, headers: answer.headers });
};
"""
# Elsewhere nobody looks at the pictures; small ones are half the work.
SMALL = """
const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (ask) navigator.mediaDevices.getUserMedia = ({ audio, video }) =>
  ask({ audio, video: video && { ...video, width: 320, height: 180 } });
"""
STATS = """async () => {
  const sum = { peers: 0, frames: 0, energy: 0, tracks: 0 };
  for (const pc of window.pcs) {
    if (pc.connectionState === "closed") continue;
    sum.peers += 1;
    sum.tracks += pc.getReceivers().length;
    for (const one of (await pc.getStats()).values()) {
      if (one.type !== "inbound-rtp") continue;
      if (one.kind === "video") sum.frames += one.framesDecoded ?? 0;
      else sum.energy += one.totalAudioEnergy ?? 0;
    }
  }
  return sum;
}"""


@pytest.fixture(scope="module")
def cameras(browser: Browser) -> Iterator[Browser]:
    """A browser with a false camera, microphone and screen."""
    launched = browser.browser_type.launch(
        executable_path=WHOLE_CHROMIUM, headless=True, args=[*FLAGS, *MEDIA]
    )
    yield launched
    launched.close()


@pytest.fixture
def person(cameras: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens a browser of one participant: `person(here, here.citizen, url)`."""
    script = SPY if request.module.__name__.endswith("test_room") else SPY + SMALL
    opened: list[BrowserContext] = []

    def make(here: Held, who: Participant, url: str, **options: Any) -> Page:
        context = cameras.new_context(
            **{"locale": "cs-CZ", "viewport": {"width": 1280, "height": 800}} | options
        )
        context.set_default_timeout(30_000)
        context.add_init_script(script)
        note_troubles(context, request.node)
        opened.append(context)
        cookies = here.client(who).cookies
        if cookies:
            value = cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": url}]
            )
        page = context.new_page()
        page.faults = []  # type: ignore[attr-defined]
        faults: list[str] = page.faults  # type: ignore[attr-defined]
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(url + here.path(who))
        return page

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def restarted(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Starts the web, and when called again, ends it without a warning and starts it anew."""
    told, running = program.environment(), ExitStack()
    url = told["PREPAZKA_URL"]

    def start() -> str:
        running.close()
        port = int(url.rsplit(":", 1)[1])
        running.enter_context(program.web(told, tmp_path / "web.log", port))
        return url

    with running:
        yield start
    assert "Traceback" not in (tmp_path / "web.log").read_text()


def stats(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate(STATS)
    return found


def meets(page: Page, peers: int = 1, within: float = 40.0) -> None:
    """Pictures and sound of so many others arrive now."""
    deadline = time.monotonic() + within
    before = stats(page)
    while True:
        page.wait_for_timeout(200)
        now = stats(page)
        if (
            now["peers"] == peers
            and now["frames"] >= before["frames"] + 3 * peers
            and now["energy"] > before["energy"]
        ):
            return
        assert time.monotonic() < deadline, (before, now, page.locator("body").inner_text())


def enter(page: Page) -> None:
    page.get_by_role("button", name="Vstoupit").or_(
        page.get_by_role("button", name="Zahájit schůzku")
    ).click()


def test_somebody_let_in_takes_no_press_from_under_the_finger(
    live_url: str, person: Callable[..., Page]
) -> None:
    here = held(starts_at=real_now() + timedelta(minutes=2))
    official = person(here, here.chair, live_url)
    enter(official)
    for who in (here.citizen, here.guest):
        here.enter(who, real_now())
    button = official.get_by_role("button", name="Vpustit: Eva Malá")
    button.hover()
    official.mouse.down()
    # Admitted in another window of the official: both lists are drawn anew.
    room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=real_now())
    becomes(official, "window.heard.join('').includes('admitted')")
    official.wait_for_timeout(300)  # time enough to draw them
    official.mouse.up()
    expect(official.locator("#people li")).to_have_count(3)


def test_an_official_a_citizen_and_a_guest(
    live_url: str, person: Callable[..., Page], look: Any, axe: Any
) -> None:
    here = held(starts_at=real_now() + timedelta(minutes=2))
    citizen = person(here, here.citizen, live_url)
    expect(citizen.locator("#preview-box[data-picture=true]")).to_be_visible()
    look(citizen, "room-before")
    enter(citizen)
    expect(citizen.locator("#turn")).to_contain_text("Jste na řadě")
    look(citizen, "room-lobby")

    official = person(here, here.chair, live_url)
    guest = person(here, here.guest, live_url)
    enter(official)
    enter(guest)
    expect(official.locator("#waiting li")).to_have_count(2)
    official.get_by_role("button", name="Vpustit: Karel Veselý").click()
    meets(citizen)
    meets(official)
    # The lobby hears nothing: no connection, no signal, no name of the others.
    official.locator("#chat-text").fill("Tajné slovo")
    official.keyboard.press("Enter")
    expect(citizen.locator("#lines")).to_contain_text("Tajné slovo")
    assert stats(guest) == {"peers": 0, "frames": 0, "energy": 0, "tracks": 0}
    heard = "".join(guest.evaluate("window.heard"))
    assert '"place":"lobby"' in heard
    assert "event: signal" not in heard
    assert "Karel" not in heard

    official.keyboard.press("Escape")
    official.get_by_role("button", name="Vpustit: Eva Malá").click()
    for page in (official, citizen, guest):
        meets(page, peers=2)
    assert "Tajné slovo" not in guest.locator("#lines").inner_text()
    citizen.keyboard.press("r")
    expect(official.locator("#people")).to_contain_text("hlásí se")
    official.locator("#share").click()
    expect(guest.locator('.tile[data-key$=":screen"] video')).to_be_visible()
    look(official, "room-chair")
    look(guest, "room-guest")
    official.get_by_role("button", name="Ztlumit: Karel Veselý").click()
    expect(citizen.locator("#microphone")).to_have_attribute("data-on", "false")
    expect(official.locator("#tiles")).to_contain_text("mikrofon vypnutý")
    official.on("dialog", lambda dialog: dialog.accept())
    official.get_by_role("button", name="Ukončit všem").click()
    for page in (official, citizen, guest):
        expect(page.locator("#over-text")).to_contain_text("Schůzka skončila")
        assert page.faults == []  # type: ignore[attr-defined]
    look(citizen, "room-over")


def way(page: Page) -> str:
    """The name of the way that the pictures take; another after an ICE restart."""
    said: str = page.evaluate("window.pcs.at(-1).localDescription.sdp.match(/ice-ufrag:(.+)/)[1]")
    return said


def say(page: Page, text: str) -> None:
    page.locator("#chat-text").fill(text)
    page.keyboard.press("Enter")


def test_a_meeting_outlives_its_troubles(
    restarted: Callable[[], str], person: Callable[..., Page], browser: Browser
) -> None:
    """The server restarted, the network lost, another tab, and no camera at all."""
    url = restarted()
    here = held(starts_at=real_now() + timedelta(minutes=2))
    official, citizen = person(here, here.chair, url), person(here, here.citizen, url)
    enter(official)
    enter(citizen)
    official.get_by_role("button", name="Vpustit: Karel Veselý").click()
    meets(citizen)

    restarted()
    meets(citizen)  # pictures do not go through the server
    say(citizen, "Po restartu")
    expect(official.locator("#lines")).to_contain_text("Po restartu")
    expect(citizen.locator("#notice")).to_be_hidden()

    before = way(citizen)
    citizen.context.set_offline(True)
    citizen.wait_for_timeout(LOST * 1000)
    say(official, "Jste tam?")
    citizen.context.set_offline(False)
    expect(citizen.locator("#lines")).to_contain_text("Jste tam?", timeout=40_000)
    meets(citizen)
    assert way(citizen) != before, "another way was sought"
    say(citizen, "Jsem tu zas")
    expect(official.locator("#lines")).to_contain_text("Jsem tu zas")

    second = person(here, here.citizen, url)
    enter(second)
    expect(second.locator("#problem")).to_contain_text("už jste")
    second.get_by_role("button", name="Pokračovat tady").click()
    expect(citizen.locator("#over-text")).to_contain_text("v\u00a0jiném okně")
    meets(second)
    meets(official)

    # A real refusal: this browser was started without false devices.
    bare = browser.new_context(locale="cs-CZ")
    bare.add_init_script(SPY)
    guest = bare.new_page()
    guest.goto(url + here.path(here.guest))
    enter(guest)
    official.get_by_role("button", name="Vpustit: Eva Malá").click()
    meets(guest, peers=2)
    say(guest, "Nemám kameru")
    expect(second.locator("#lines")).to_contain_text("Nemám kameru")
    expect(official.locator("#people li")).to_have_count(3)
    bare.close()
    for page in (official, citizen, second):
        assert page.faults == []  # type: ignore[attr-defined]

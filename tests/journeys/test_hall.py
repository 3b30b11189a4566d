"""The hall as people meet it: kiosk, paper, wall display and telephone, in a real browser."""

from __future__ import annotations

import re
import time
from array import array
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from prepazka.booking.models import Booking, Lane
from prepazka.core import calendar
from prepazka.core.speech import every_clip
from prepazka.gateways.voice import sound
from prepazka.offices import devices
from prepazka.offices.display_options import LAYOUTS
from prepazka.offices.models import Agenda, Counter, Device, HoursException, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Ticket
from tests import halls, town
from tests.clock import real_now

pytestmark = pytest.mark.journey

PORTRAIT, LANDSCAPE = {"width": 1080, "height": 1920}, {"width": 1920, "height": 1080}
Contexts = Callable[..., BrowserContext]
TARGETS = ".kiosk a, .kiosk button:not(.kiosk-default), .kiosk input:not([type=hidden])"


def now() -> datetime:
    return real_now()


@pytest.fixture
def office(live_url: str) -> OfficeSnapshot:
    """The fixture town, open at whatever hour and day the test runs."""
    made = town.office(zone=town.zone_by_day(now()))
    today = calendar.day_of(now(), made.tz)
    HoursException.objects.create(
        office=made.row,
        kind="instead",
        from_date=today - timedelta(days=1),
        to_date=today + timedelta(days=1),
        opens=0,
        closes=1440,
    )
    Counter.objects.filter(number="1").update(place={"cs": "1. patro, dveře 12", "en": "1st floor"})
    Office.objects.update(version=2)
    return snapshot_of(Office.objects.get())


def booked_now(office: OfficeSnapshot, pin: str = "5271") -> Booking:
    """A confirmed booking whose window is open at this moment."""
    starts = now() - timedelta(minutes=10)
    return Booking.objects.create(
        office=office.row,
        service=town.service(office),
        lane=Lane.objects.earliest("pk"),
        date=calendar.day_of(now(), office.tz),
        starts_at=starts,
        ends_at=starts + timedelta(hours=1),
        state="confirmed",
        pin=pin,
        name="Jana Tajná",
        created_at=starts,
        confirmed_at=starts,
    )


def pair(page: Page, url: str, office: OfficeSnapshot, code: str) -> None:
    """Type the pairing code as the administrator does."""
    device = Device.objects.get(office=office.row, code=code)
    page.goto(f"{url}/{'kiosk' if device.kind == 'kiosk' else 'panel'}/")
    page.get_by_label("Párovací kód").fill(devices.make_pairing_code(device=device, now=now()))
    page.get_by_role("button", name="Spárovat").click()
    page.wait_for_load_state()


def kiosk_of(context: Contexts, url: str, office: OfficeSnapshot, **options: Any) -> Page:
    page = context(viewport=PORTRAIT, has_touch=True, **options).new_page()
    pair(page, url, office, "kiosk")
    return page


def call_next(office: OfficeSnapshot, number: str = "1", who: str = "novakova") -> None:
    clerk = town.clerk(office, who)
    counters.open_counter(counter=town.counter(office, number), clerk=clerk.pk, now=now())
    turns.call_next(office=office, clerk=clerk.pk, now=now())


def give_ticket(office: OfficeSnapshot, code: str = "prepis") -> Ticket:
    return tickets.issue_ticket(
        office=office, service=town.service(office, code), touch=uuid4(), now=now()
    )


def press(page: Page, digits: str) -> None:
    for digit in digits:
        page.get_by_role("button", name=digit, exact=True).click()


def test_from_the_pin_to_the_call(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    booked_now(office)
    with halls.printer() as sink:
        Device.objects.filter(code="kiosk").update(options={"printer": sink.option})
        kiosk = kiosk_of(context, live_url, office)
        axe(kiosk)
        kiosk.get_by_role("link", name="Klienti objednaní přes web").click()
        expect(kiosk.get_by_role("heading", name="Zadejte PIN")).to_be_visible()
        axe(kiosk)
        press(kiosk, "52")
        kiosk.get_by_role("button", name="Smazat").click()
        press(kiosk, "271")
        expect(kiosk.locator("#pin")).to_have_value("5271")
        kiosk.get_by_role("button", name="Potvrdit").click()
        expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
        axe(kiosk)
        paper = halls.Paper(sink.job())
    display = context(viewport=LANDSCAPE).new_page()
    pair(display, live_url, office, "panel")
    axe(display)
    phone = context(viewport={"width": 360, "height": 740}, has_touch=True).new_page()
    phone.goto(paper.qr[0])
    expect(phone.get_by_role("heading", name="Čekáte")).to_be_visible()
    axe(phone)
    call_next(office)
    expect(display.locator("[data-number]")).to_have_text("V1")
    expect(display.locator("[data-latest]")).to_have_class(re.compile("is-new"))
    expect(display.locator(".call-latest [data-place]")).to_have_text("1. patro, dveře 12")
    axe(display)
    expect(phone.get_by_role("heading", name="Právě Vás voláme: přepážka 1")).to_be_visible()
    expect(phone.locator("[data-say]")).to_have_text("Právě Vás voláme: přepážka 1")
    axe(phone)
    for page in (kiosk, display, phone):
        assert "Tajná" not in page.content()


def test_every_screen_passes_axe_in_english_and_in_high_contrast(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    give_ticket(office)
    kiosk = kiosk_of(context, live_url, office)
    for contrast in ("0", "1"):
        kiosk.goto(f"{live_url}/en/kiosk/?kontrast={contrast}")
        axe(kiosk)
        kiosk.goto(f"{live_url}/en/kiosk/pin/")
        axe(kiosk)
        press(kiosk, "99")
        kiosk.get_by_role("button", name="Confirm").click()
        expect(kiosk.get_by_role("heading", name="The PIN has four digits")).to_be_visible()
        axe(kiosk)
        kiosk.goto(f"{live_url}/en/kiosk/")
        kiosk.get_by_role("button", name=re.compile("Transfer")).click()
        expect(kiosk.get_by_role("heading", name="You have a ticket")).to_be_visible()
        axe(kiosk)
    display = context(viewport=PORTRAIT).new_page()
    pair(display, live_url, office, "panel")
    display.goto(f"{live_url}/en/panel/")
    axe(display)
    code = Ticket.objects.latest("pk").code
    for path in ("", "odlozit/", "vzdat/"):
        display.goto(f"{live_url}/en/t/{code}/{path}")
        axe(display)


@pytest.mark.any_day("sounds and sizes of a screen")
@pytest.mark.parametrize("viewport", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
def test_targets_letters_and_reach(
    live_url: str, office: OfficeSnapshot, context: Contexts, viewport: dict[str, int]
) -> None:
    kiosk = context(viewport=viewport, has_touch=True).new_page()
    pair(kiosk, live_url, office, "kiosk")
    give_ticket(office)
    screens = [
        "/kiosk/",
        "/kiosk/pin/",
        "/en/kiosk/",
        f"/kiosk/listek/{Ticket.objects.get().code}/",
    ]
    for path in screens:
        for contrast in ("0", "1"):
            kiosk.goto(f"{live_url}{path}?kontrast={contrast}")
            where = f"{path} contrast {contrast}"
            _check_boxes(kiosk, where)
            smallest = kiosk.evaluate("""() => Math.min(...[...document.querySelectorAll('body *')]
                .filter(e => e.checkVisibility() && [...e.childNodes].some(
                    n => n.nodeType === 3 && n.textContent.trim()) && !e.closest('.visually-hidden'))
                .map(e => parseFloat(getComputedStyle(e).fontSize)))""")
            assert smallest >= 28, f"{where}: {smallest}px"
            # axe passes over letters that have exactly the colour of what is behind them.
            for main in kiosk.locator(
                ".kiosk-choice--main > span:not(.kiosk-choice__letter, .icon), .key--go"
            ).all():
                assert _contrast(main) >= 4.5, where
            assert kiosk.evaluate(
                "[...document.querySelectorAll('.kiosk-main, .kiosk-main > .wrap, .kiosk-scroll')]"
                ".every(e => e.scrollHeight <= e.clientHeight)"
            ), f"{where} must be scrolled"
    number = kiosk.locator(".kiosk-ticket__number").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    # Digits are .71 of the letter's size; a 32" screen has 0.37 mm to the pixel.
    assert number * 0.71 * 0.37 >= 15


def _check_boxes(kiosk: Page, where: str) -> None:
    boxes = [
        box
        for one in kiosk.locator(TARGETS).all()
        if one.is_visible() and (box := one.bounding_box())
    ]
    height = kiosk.viewport_size["height"]  # type: ignore[index]
    for box in boxes:
        assert box["width"] >= 96, f"{where}: {box}"
        assert box["height"] >= 95.5, f"{where}: {box}"
        if height > 1080:  # upright; there the hand from a wheelchair needs it
            assert box["y"] >= height / 3 - 96, f"{where}: {box}"
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            across = max(
                other["x"] - one["x"] - one["width"], one["x"] - other["x"] - other["width"]
            )
            down = max(
                other["y"] - one["y"] - one["height"], one["y"] - other["y"] - other["height"]
            )
            assert max(across, down) >= 7.5, f"{where}: {one} {other}"


def test_it_returns_to_the_start_by_itself_unless_told_to_go_on(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    kiosk = kiosk_of(context, live_url, office)
    kiosk.clock.install(time=real_now())
    kiosk.goto(f"{live_url}/en/kiosk/pin/?kontrast=1")
    # Its time stands from here: a slow machine would use up the seconds between two looks.
    kiosk.clock.pause_at(kiosk.evaluate("Date.now()") / 1000 + 5)
    press(kiosk, "52")
    kiosk.clock.run_for(25_000)
    expect(kiosk.locator("[data-idle-left]")).to_have_text("5")
    kiosk.get_by_role("button", name="Continue").click()
    kiosk.clock.run_for(25_000)
    expect(kiosk.locator("#pin")).to_have_value("52")
    kiosk.clock.run_for(6_000)
    expect(kiosk.get_by_role("heading", name="S čím přicházíte?")).to_be_visible()
    assert kiosk.locator("html").get_attribute("data-contrast") is None
    kiosk.goto(f"{live_url}/kiosk/pin/")
    expect(kiosk.locator("#pin")).to_have_value("")


def not_kept(kiosk: Page) -> Page:
    """A kiosk that may not go on by itself, as its browser could not keep the screens: it asks again."""
    kiosk.context.route("**/kiosk/zasoba/", lambda route: route.abort())
    kiosk.evaluate("async () => { indexedDB.deleteDatabase('prepazka-offline'); }")
    kiosk.reload()
    kiosk.evaluate("async () => { await caches.delete('prepazka-offline'); }")
    return kiosk


def test_a_lost_connection_never_makes_two_tickets(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    kiosk = not_kept(kiosk_of(context, live_url, office))
    lost = 0

    def lose_the_answer(route: Route) -> None:
        nonlocal lost
        if lost < 1:
            lost += 1
            route.fetch()  # the server has given a ticket, but nobody hears of it
            route.abort()
        else:
            route.continue_()

    kiosk.route("**/kiosk/listek/", lose_the_answer)
    kiosk.get_by_role("button", name=re.compile("Přepis")).click()
    expect(kiosk.get_by_role("heading", name="Spojení je přerušené")).to_be_visible()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
    assert lost == 1
    assert Ticket.objects.count() == 1


def test_without_the_server_it_says_what_to_do_and_recovers(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    kiosk = not_kept(kiosk_of(context, live_url, office))
    kiosk.context.set_offline(True)
    kiosk.get_by_role("button", name=re.compile("Přepis")).click()
    expect(kiosk.get_by_role("heading", name="Spojení je přerušené")).to_be_visible()
    axe(kiosk)
    expect(kiosk.get_by_text("Přijďte prosím k informacím")).to_be_visible(timeout=40_000)
    kiosk.context.set_offline(False)
    kiosk.get_by_role("button", name="Zkusit hned znovu").click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
    assert Ticket.objects.count() == 1


def test_the_keypad_works_without_a_script(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    booked_now(office)
    kiosk = kiosk_of(context, live_url, office, java_script_enabled=False)
    kiosk.get_by_role("link", name="Klienti objednaní přes web").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
    kiosk.goto(f"{live_url}/kiosk/pin/")
    kiosk.locator("#pin").fill("5271")
    kiosk.locator("#pin").press("Enter")
    expect(kiosk.get_by_role("heading", name="Víme o Vás")).to_be_visible()


# Every sound that begins and ends, in order; none is faked.
LISTEN = """window.heard = [];
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
        const name = new URL(this.src).pathname.split('/').slice(-2).join('/');
        const note = (what) => window.heard.push([what, name, performance.now()]);
        note('begins');
        this.addEventListener('ended', () => note('ends'), {once: true, capture: true});
        return play.call(this);
    };"""

# Every number that is shown large, with the moment at which it came.
WATCH = """() => {
    window.shown = [];
    new MutationObserver(() => {
        const label = document.querySelector('[data-number]')?.textContent.trim();
        if (label && window.shown.at(-1)?.[0] !== label)
            window.shown.push([label, performance.now()]);
    }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Clips of speech for the program that `live_url` starts: real WAV files, but short tones."""
    for clip in (f"cs/{one}" for one in every_clip("cs")):
        file = tmp_path / "voice" / "own" / f"{clip}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        tone = array("h", [3000 if i // 50 % 2 else -3000 for i in range(4410)])
        sound.write_wav(sound.Sound(tone, 22050), file)
    monkeypatch.setenv("PREPAZKA_VOICE", str(tmp_path / "voice"))


def with_counters(office: OfficeSnapshot, count: int) -> tuple[OfficeSnapshot, list[int]]:
    """So many open counters for everything; and their clerks."""
    first = town.counter(office, "1")
    for number in range(3, count + 1):
        more = Counter.objects.create(
            office=office.row,
            code=f"p{number}",
            name={"cs": f"Přepážka {number}"},
            number=str(number),
            position=number,
        )
        more.services.set(first.services.all())
    Office.objects.update(version=3)
    office, clerks = snapshot_of(Office.objects.get()), []
    for number in range(1, count + 1):
        clerks.append(town.clerk(office, f"urednik{number}").pk)
        place = town.counter(office, str(number))
        counters.open_counter(counter=place, clerk=clerks[-1], now=now())
    return office, clerks


@pytest.mark.any_day("sounds and sizes of a screen")
def test_five_calls_at_once_are_shown_and_said_one_after_another(
    voice: None, live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    office, clerks = with_counters(office, 5)
    display = context(viewport=LANDSCAPE, reduced_motion="reduce").new_page()
    display.add_init_script(LISTEN)
    pair(display, live_url, office, "panel")
    display.locator("body").click()  # a gesture, which a hall's browser does not need
    display.wait_for_timeout(2500)  # the trial is over
    display.evaluate("window.heard.length = 0")
    display.evaluate(WATCH)
    for _ in range(5):
        give_ticket(office)
    for clerk in clerks:
        turns.call_next(office=office, clerk=clerk, now=now())
    latest, number = display.locator("[data-latest]"), display.locator("[data-number]")
    expect(number).to_have_text("V5", timeout=60_000)
    shown = display.evaluate("window.shown")
    assert [label for label, _ in shown] == [f"V{n}" for n in range(1, 6)]
    assert all(b - a >= 5000 for (_, a), (_, b) in pairwise(shown))
    expect(latest).not_to_have_class(re.compile("is-new"), timeout=40_000)
    assert display.evaluate("document.getAnimations().length") == 0
    heard = display.evaluate("window.heard")
    assert [what for what, _, _ in heard] == ["begins", "ends"] * (len(heard) // 2)
    names = [name for what, name, _ in heard if what == "begins"]
    calls = [
        ["display/chime.wav", "cs/number", "cs/letter-v", f"cs/{n}", "cs/counter", f"cs/{c}"]
        for n, c in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5))
    ]
    assert names == [name for call in calls for name in call]


def test_a_display_that_cannot_be_heard_says_so_and_shows_the_call(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    display = context(viewport=LANDSCAPE).new_page()
    display.add_init_script("""window.mute = true;
        const play = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
            return window.mute ? Promise.reject(new DOMException('', 'NotAllowedError'))
                : play.call(this); };""")
    pair(display, live_url, office, "panel")
    touch = display.get_by_role("button", name="Dotykem zapněte zvuk")
    expect(touch).to_be_visible()
    device = Device.objects.filter(code="panel")
    wait_for(lambda: device.get().fault == "sound_blocked")
    give_ticket(office)
    call_next(office)
    expect(display.locator("[data-number]")).to_have_text("V1")
    display.evaluate("window.mute = false")
    touch.click()
    expect(touch).to_be_hidden(timeout=40_000)
    wait_for(lambda: device.get().fault == "")


def wait_for(true: Callable[[], bool]) -> None:
    """What the server does after the page has asked for it."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_call_can_be_read_from_six_metres(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    """In every layout and on every screen, even with long numbers and names."""
    Counter.objects.filter(number="1").update(name={"cs": "Oddělení evidence vozidel a řidičů"})
    Agenda.objects.filter(letter="V").update(letter="VOZ")
    Office.objects.update(version=3)
    office = snapshot_of(Office.objects.get())
    give_ticket(office)
    Ticket.objects.update(number=123)
    call_next(office)
    Office.objects.update(version=4, last_ticket_min=1440)  # the line of notices is there too
    display = context(viewport=LANDSCAPE).new_page()
    pair(display, live_url, office, "panel")
    display.route("**/panel/obsah/", lambda route: route.abort())  # nothing moves while measured
    options = {"text": {"cs": "Platit můžete kartou."}, "arrows": {"p1": "upstairs"}}
    for layout in (one for one in LAYOUTS if one != "door"):  # that one calls nobody
        narrowed = {"counters": ["p1"]} if layout == "counter" else {}
        Device.objects.filter(code="panel").update(options={"layout": layout} | options | narrowed)
        display.reload()
        for width, height in ((1920, 1080), (1080, 1920), (3840, 2160)):
            display.set_viewport_size({"width": width, "height": height})
            _check_reading(display, height, f"{layout} {width} x {height}")


# Parts that stick out of what they are in.
OUTSIDE = """() => ['.call-latest__number', '.call-latest__counter', '.call-latest__note',
        '.calls', '.display-notice', '.display-notice:last-child'].filter((part) => {
    const one = document.querySelector(part);
    if (!one.checkVisibility()) return false;
    const inner = one.getBoundingClientRect();
    const outer = (one.closest('.call-latest') ?? one.closest('.display-main') ?? document.body)
        .getBoundingClientRect();
    return inner.left < outer.left - 1 || inner.right > outer.right + 1
        || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
})"""


def _check_reading(display: Page, height: int, where: str) -> None:
    number = display.locator("[data-number]")
    expect(number).to_have_text("VOZ123")
    letters = number.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert letters >= 0.12 * height, where
    assert _contrast(number) >= 7, where
    assert display.evaluate(OUTSIDE) == [], where
    expect(display.locator("[data-direction]").first).to_have_text("nahoru")
    assert display.evaluate(
        "document.documentElement.scrollHeight <= innerHeight"
        " && document.documentElement.scrollWidth <= innerWidth"
    ), where
    expect(display.locator("[data-clock]")).to_have_text(re.compile(r"^\d{1,2}:\d\d$"))


def _contrast(place: Locator) -> float:
    colours = place.evaluate("""e => {
        let behind = e;
        while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') {
            behind = behind.parentElement;
        }
        return [getComputedStyle(e).color, getComputedStyle(behind).backgroundColor];
    }""")
    light, dark = sorted((_luminance(c) for c in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(c) / 255 for c in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_old_data_are_marked_as_such(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    display = context(viewport=LANDSCAPE).new_page()
    pair(display, live_url, office, "panel")
    sign = display.get_by_text("Údaje se neaktualizují")
    display.wait_for_timeout(12_000)
    expect(sign).to_be_hidden()  # the stream says that it lives
    display.route("**/zive/**", lambda route: route.abort())
    display.route("**/panel/obsah/", lambda route: route.abort())
    display.reload()
    expect(sign).to_be_hidden()
    expect(sign).to_be_visible(timeout=40_000)
    display.unroute_all()
    expect(sign).to_be_hidden(timeout=40_000)

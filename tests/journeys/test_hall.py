"""The hall as people meet it: kiosk, paper, wall display and telephone, in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from prepazka.booking.models import Booking, Lane
from prepazka.core import calendar
from prepazka.offices import devices
from prepazka.offices.directory import Directory, directory
from prepazka.offices.models import Counter, Device, HoursException, Office
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Ticket
from tests import halls, town

pytestmark = pytest.mark.journey

PORTRAIT, LANDSCAPE = {"width": 1080, "height": 1920}, {"width": 1920, "height": 1080}
Contexts = Callable[..., BrowserContext]
TARGETS = ".kiosk a, .kiosk button:not(.kiosk-default), .kiosk input:not([type=hidden])"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def office(live_url: str) -> Directory:
    """The fixture town, open at whatever hour and day the test runs."""
    made = town.office()
    today = calendar.day_of(now(), made.tz)
    HoursException.objects.create(
        office=made.office,
        kind="instead",
        from_date=today - timedelta(days=1),
        to_date=today + timedelta(days=1),
        opens=0,
        closes=1440,
    )
    Counter.objects.filter(number="1").update(place={"cs": "1. patro, dveře 12", "en": "1st floor"})
    Office.objects.update(version=2)
    return directory(Office.objects.get())


def booked_now(office: Directory, pin: str = "5271") -> Booking:
    """A confirmed booking whose window is open at this moment."""
    starts = now() - timedelta(minutes=10)
    return Booking.objects.create(
        office=office.office,
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


def pair(page: Page, url: str, office: Directory, code: str) -> None:
    """Type the pairing code as the administrator does."""
    device = Device.objects.get(office=office.office, code=code)
    page.goto(f"{url}/{'kiosk' if device.kind == 'kiosk' else 'panel'}/")
    page.get_by_label("Párovací kód").fill(devices.make_pairing_code(device=device, now=now()))
    page.get_by_role("button", name="Spárovat").click()
    page.wait_for_load_state()


def kiosk_of(context: Contexts, url: str, office: Directory, **options: Any) -> Page:
    page = context(viewport=PORTRAIT, has_touch=True, **options).new_page()
    pair(page, url, office, "kiosk")
    return page


def call_next(office: Directory, number: str = "1", who: str = "novakova") -> None:
    clerk = town.clerk(office, who)
    counters.open_counter(counter=town.counter(office, number), clerk=clerk.pk, now=now())
    turns.call_next(office=office, clerk=clerk.pk, now=now())


def give_ticket(office: Directory, code: str = "prepis") -> Ticket:
    return tickets.issue_ticket(
        office=office, service=town.service(office, code), touch=uuid4(), now=now()
    )


def press(page: Page, digits: str) -> None:
    for digit in digits:
        page.get_by_role("button", name=digit, exact=True).click()


def test_from_the_pin_to_the_call(
    live_url: str, office: Directory, context: Contexts, axe: Callable[[Page], None]
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
        started = time.monotonic()
        kiosk.get_by_role("button", name="Potvrdit").click()
        expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
        assert time.monotonic() - started < 2
        axe(kiosk)
        paper = halls.Paper(sink.job())
    display = context(viewport=LANDSCAPE).new_page()
    pair(display, live_url, office, "panel")
    axe(display)
    phone = context(viewport={"width": 360, "height": 740}, has_touch=True).new_page()
    phone.goto(paper.qr[0])
    expect(phone.get_by_role("heading", name="Čekáte")).to_be_visible()
    axe(phone)
    called = time.monotonic()
    call_next(office)
    expect(display.locator("[data-number]")).to_have_text("V1", timeout=1500)
    assert time.monotonic() - called < 2
    expect(display.locator("[data-latest]")).to_have_class(re.compile("is-new"))
    expect(display.locator(".call-latest [data-place]")).to_have_text("1. patro, dveře 12")
    axe(display)
    expect(phone.get_by_role("heading", name="Právě Vás voláme: přepážka 1")).to_be_visible()
    expect(phone.locator("[data-say]")).to_have_text("Právě Vás voláme: přepážka 1")
    axe(phone)
    for page in (kiosk, display, phone):
        assert "Tajná" not in page.content()


def test_every_screen_passes_axe_in_english_and_in_high_contrast(
    live_url: str, office: Directory, context: Contexts, axe: Callable[[Page], None]
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


@pytest.mark.parametrize("viewport", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
def test_targets_letters_and_reach(
    live_url: str, office: Directory, context: Contexts, viewport: dict[str, int]
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
                "document.querySelector('.kiosk-main').scrollHeight"
                " <= document.querySelector('.kiosk-main').clientHeight"
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
    live_url: str, office: Directory, context: Contexts
) -> None:
    kiosk = kiosk_of(context, live_url, office)
    kiosk.clock.install()
    kiosk.goto(f"{live_url}/en/kiosk/pin/?kontrast=1")
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


def test_a_lost_connection_never_makes_two_tickets(
    live_url: str, office: Directory, context: Contexts
) -> None:
    kiosk = kiosk_of(context, live_url, office)
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
    live_url: str, office: Directory, context: Contexts, axe: Callable[[Page], None]
) -> None:
    kiosk = kiosk_of(context, live_url, office)
    kiosk.context.set_offline(True)
    kiosk.get_by_role("button", name=re.compile("Přepis")).click()
    expect(kiosk.get_by_role("heading", name="Spojení je přerušené")).to_be_visible()
    axe(kiosk)
    expect(kiosk.get_by_text("Přijďte prosím k informacím")).to_be_visible(timeout=20_000)
    kiosk.context.set_offline(False)
    kiosk.get_by_role("button", name="Zkusit hned znovu").click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
    assert Ticket.objects.count() == 1


def test_the_keypad_works_without_a_script(
    live_url: str, office: Directory, context: Contexts
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
    expect(kiosk.get_by_role("heading", name="Už jste zaregistrováni")).to_be_visible()


def test_calls_at_once_are_shown_one_after_another(
    live_url: str, office: Directory, context: Contexts
) -> None:
    display = context(viewport=LANDSCAPE, reduced_motion="reduce").new_page()
    display.add_init_script("""window.rung = [];
        HTMLMediaElement.prototype.play = function () {
            window.rung.push(Date.now()); return Promise.resolve(); };""")
    pair(display, live_url, office, "panel")
    display.wait_for_timeout(500)
    give_ticket(office)
    give_ticket(office)
    call_next(office, "1")
    call_next(office, "2", "svobodova")
    latest, number = display.locator("[data-latest]"), display.locator("[data-number]")
    expect(number).to_have_text("V1", timeout=1500)
    display.wait_for_timeout(4500)
    expect(number).to_have_text("V1")
    expect(latest).to_have_class(re.compile("is-new"))
    expect(number).to_have_text("V2", timeout=3000)
    expect(display.locator(".call-latest [data-counter]")).to_have_text("2")
    expect(latest).not_to_have_class(re.compile("is-new"), timeout=8000)
    first, second = display.evaluate("window.rung")
    assert second - first >= 5000
    running = display.evaluate("document.getAnimations().length")
    assert running == 0


@pytest.mark.parametrize(
    "viewport",
    [
        LANDSCAPE,
        PORTRAIT,
        {"width": 3840, "height": 2160},
    ],
    ids=["landscape", "portrait", "4k"],
)
def test_the_call_can_be_read_from_six_metres(
    live_url: str, office: Directory, context: Contexts, viewport: dict[str, int]
) -> None:
    display = context(viewport=viewport).new_page()
    pair(display, live_url, office, "panel")
    give_ticket(office)
    call_next(office)
    expect(display.locator("[data-number]")).to_have_text("V1")
    size = display.locator("[data-number]").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert size >= 0.12 * viewport["height"]
    assert display.evaluate(
        "document.documentElement.scrollHeight <= innerHeight"
        " && document.documentElement.scrollWidth <= innerWidth"
    )
    assert _contrast(display.locator("[data-number]")) >= 7
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


def test_old_data_are_marked_as_such(live_url: str, office: Directory, context: Contexts) -> None:
    display = context(viewport=LANDSCAPE).new_page()
    pair(display, live_url, office, "panel")
    sign = display.get_by_text("Údaje se neaktualizují")
    display.wait_for_timeout(12_000)
    expect(sign).to_be_hidden()  # the stream says that it lives
    display.route("**/zive/**", lambda route: route.abort())
    display.route("**/panel/obsah/", lambda route: route.abort())
    display.reload()
    expect(sign).to_be_hidden()
    expect(sign).to_be_visible(timeout=20_000)
    display.unroute_all()
    expect(sign).to_be_hidden(timeout=20_000)

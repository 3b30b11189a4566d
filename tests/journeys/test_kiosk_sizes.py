"""The kiosk's first screen on every screen it is bought with: the way in for the booked is in sight."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import BrowserContext, FloatRect, Locator, Page, expect

from prepazka.offices.models import Agenda, Counter, Device, Office, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests.journeys.test_hall import give_ticket, kiosk_of, office
from tests.journeys.test_offline import is_ready
from tests.waiting import becomes

__all__ = ["office"]
pytestmark = [pytest.mark.journey, pytest.mark.any_day("sizes of a screen")]
Contexts = Callable[..., BrowserContext]
FOLDER = os.environ.get("SCREENSHOTS", "")
SIZES = [(1280, 1024), (1024, 768), (768, 1024), (1080, 1920), (1280, 800)]
NAMES = [
    "Občanský průkaz – žádost",
    "Cestovní pas – žádost",
    "Převzetí dokladů",
    "Řidičský průkaz",
    "Přepis vozidla",
    "Ověření podpisu a listiny",
    "Czech POINT",
    "Evidence obyvatel",
]
LONG = "Zápis technického zhodnocení nebo přestavby silničního vozidla dovezeného ze zahraničí"
TARGET = 95.5


def with_services(office: OfficeSnapshot, count: int, first: str = NAMES[0]) -> None:
    """So many services of two agendas, all served by both counters."""
    Service.objects.update(retired=True)
    agendas = list(Agenda.objects.order_by("pk"))
    names = [first, *(NAMES * 3)[1:count]]
    rows = Service.objects.bulk_create(
        Service(
            office=office.row,
            agenda=agendas[0 if n < 12 else 1],
            code=f"ukon-{count}-{len(first)}-{n}",
            duration_min=10,
            position=n,
            name={"cs": name, "en": name},
        )
        for n, name in enumerate(names)
    )
    for counter in Counter.objects.all():
        counter.services.add(*rows)
    Office.objects.update(version=F("version") + 1)


def inside(kiosk: Page, one: Locator, where: str) -> FloatRect:
    """The whole box is on the screen, and nothing lies over its middle."""
    box, size = one.bounding_box(), kiosk.viewport_size
    assert box, f"{where}: not shown"
    assert size
    assert box["x"] >= 0, f"{where}: {box}"
    assert box["y"] >= 0, f"{where}: {box}"
    assert box["x"] + box["width"] <= size["width"], f"{where}: {box}"
    assert box["y"] + box["height"] <= size["height"], f"{where}: {box}"
    on_top = one.evaluate(
        """e => { const b = e.getBoundingClientRect();
        const at = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);
        return e.contains(at) || at.contains(e); }"""
    )
    assert on_top, f"{where}: something lies over it"
    return box


def hidden_below(kiosk: Page) -> float:
    """How many pixels of the choices lie below the edge."""
    scrolled = """() => { const e = document.querySelector('.kiosk-scroll')
        || document.querySelector('.kiosk-main > .wrap');
        return e.scrollHeight - e.clientHeight - e.scrollTop; }"""
    return float(kiosk.evaluate(scrolled))


def settles(kiosk: Page) -> None:
    """Wait until the choices no longer move."""
    before = -1.0
    while (left := hidden_below(kiosk)) != before:
        before = left
        kiosk.wait_for_timeout(250)


def check_start(kiosk: Page, where: str, *, fits: bool) -> None:
    booked = kiosk.locator(".kiosk-choice--main")
    expect(booked).to_contain_text("Klienti objednaní přes web")
    box = inside(kiosk, booked, f"{where}: the way in for the booked")
    assert box["height"] >= TARGET, where
    assert box["width"] >= 300, where
    question = kiosk.get_by_text("Máte objednaný termín?")
    inside(kiosk, question, f"{where}: its question")
    inside(kiosk, kiosk.locator("h1"), f"{where}: the heading")
    more = kiosk.locator("[data-more]")
    if hidden_below(kiosk) <= 8:
        expect(more).to_be_hidden()
    else:
        assert not fits, f"{where}: {hidden_below(kiosk)} px lie below the edge"
        check_more(kiosk, more, where)
    for choice in kiosk.locator(".kiosk-choices .kiosk-choice").all():
        size = choice.bounding_box()
        assert size
        assert size["height"] >= TARGET, f"{where}: {size}"
        assert size["width"] >= TARGET, f"{where}: {size}"
        cut = choice.evaluate("e => e.scrollWidth > e.clientWidth + 1")
        assert not cut, f"{where}: letters are cut off in {choice.inner_text()}"


def check_more(kiosk: Page, more: Locator, where: str) -> None:
    """The screen says that it goes on, and shows the last choice when asked."""
    kiosk.emulate_media(reduced_motion="reduce")
    expect(more).to_be_visible()  # its script hears of the new size a moment later
    assert inside(kiosk, more, f"{where}: the button for more")["height"] >= TARGET, where
    expect(more.get_by_text("Další níže")).to_be_visible()
    for _ in range(6):
        if hidden_below(kiosk) <= 8:
            break
        more.click()
        settles(kiosk)
    inside(kiosk, kiosk.locator(".kiosk-choices .kiosk-choice").last, f"{where}: the last choice")
    expect(more.get_by_text("Zpět nahoru")).to_be_visible()
    more.click()
    settles(kiosk)
    inside(kiosk, kiosk.locator("h1"), f"{where}: the heading again")


def everywhere(kiosk: Page, name: str, check: Callable[[Page, str], None]) -> None:
    """At every size, with ordinary and with large letters."""
    address = kiosk.url.split("?")[0]
    for contrast in ("0", "1"):
        kiosk.goto(f"{address}?kontrast={contrast}")
        for width, height in SIZES:
            kiosk.set_viewport_size({"width": width, "height": height})
            where = f"{name}-{width}x{height}-{'large' if contrast == '1' else 'ordinary'}"
            becomes(kiosk, "() => document.fonts.status === 'loaded'")
            if FOLDER:
                kiosk.screenshot(path=Path(FOLDER) / f"kiosk-{where}.png")
            check(kiosk, where)


def test_the_booked_always_see_their_way_in(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Any
) -> None:
    Device.objects.filter(code="kiosk").update(options={})
    kiosk = kiosk_of(context, live_url, office)
    for count in (3, 8, 20):
        with_services(office, count)
        kiosk.goto(f"{live_url}/kiosk/")
        everywhere(kiosk, str(count), lambda page, where: check_start(page, where, fits=True))
    kiosk.goto(f"{live_url}/kiosk/agenda/vozidla/")
    everywhere(kiosk, "agenda", check_agenda)
    with_services(office, 8, first=LONG)
    kiosk.goto(f"{live_url}/kiosk/")
    everywhere(kiosk, "long", check_long)
    axe(kiosk)


def check_agenda(kiosk: Page, where: str) -> None:
    inside(kiosk, kiosk.get_by_role("link", name="Zpět na začátek"), f"{where}: the way back")
    more = kiosk.locator("[data-more]")
    if hidden_below(kiosk) > 8:
        check_more(kiosk, more, where)
    else:
        inside(kiosk, kiosk.locator(".kiosk-choices .kiosk-choice").last, where)


def check_long(kiosk: Page, where: str) -> None:
    """One long name makes its own row taller, and no other."""
    check_start(kiosk, where, fits=False)
    boxes = [one.bounding_box() for one in kiosk.locator(".kiosk-choices .kiosk-choice").all()]
    rows: dict[int, float] = {}
    for box in boxes:
        assert box
        rows[round(box["y"])] = max(rows.get(round(box["y"]), 0), box["height"])
    first, *others = (height for _, height in sorted(rows.items()))
    assert others, where
    assert max(others) < first, f"{where}: {rows}"


def test_without_the_server_too(live_url: str, office: OfficeSnapshot, context: Contexts) -> None:
    Device.objects.filter(code="kiosk").update(options={})
    with_services(office, 8)
    kiosk = kiosk_of(context, live_url, office)
    is_ready(kiosk, "/kiosk/bez-site/")
    kiosk.context.set_offline(True)
    kiosk.goto(f"{live_url}/kiosk/")
    expect(kiosk.locator(".kiosk-choices .kiosk-choice")).to_have_count(8)
    for width, height in SIZES:
        kiosk.set_viewport_size({"width": width, "height": height})
        if FOLDER:
            kiosk.screenshot(path=Path(FOLDER) / f"kiosk-cutoff-{width}x{height}.png")
        check_start(kiosk, f"cutoff-{width}x{height}", fits=False)


@pytest.mark.parametrize("paper", ["failed", "unsure"])
def test_the_whole_word_about_the_paper_is_in_sight(
    live_url: str, office: OfficeSnapshot, context: Contexts, paper: str
) -> None:
    """Whoever has no paper must read that the number is to be remembered, and see it."""
    kiosk = kiosk_of(context, live_url, office)
    with_printer = {"printer": {"kind": "escpos", "host": "127.0.0.1", "port": 9}}
    Device.objects.filter(kind="kiosk").update(options=with_printer)
    code = give_ticket(office).code
    for width, height in [*SIZES, (1366, 768)]:
        kiosk.set_viewport_size({"width": width, "height": height})
        kiosk.goto(f"{live_url}/kiosk/listek/{code}/?papir={paper}")
        if FOLDER:
            kiosk.screenshot(path=Path(FOLDER) / f"kiosk-{paper}-{width}.png")
        where = f"{paper} on {width}x{height}"
        message = kiosk.locator(".kiosk .gov-message")
        hidden = message.evaluate("e => e.scrollHeight - e.clientHeight")
        assert hidden <= 0, f"{where}: {hidden} px of the message are hidden"
        inside(kiosk, message, where)
        inside(kiosk, kiosk.locator(".kiosk-ticket__number"), where)
        settles(kiosk)
        if hidden_below(kiosk) > 1:
            expect(kiosk.get_by_text("Další níže")).to_be_visible()
            continue
        inside(kiosk, kiosk.get_by_role("link", name="Hotovo"), where)
        inside(kiosk, kiosk.get_by_role("button", name="Zkusit tisk znovu"), where)

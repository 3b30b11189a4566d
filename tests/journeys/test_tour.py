"""The first five minutes of a demo, begun at 3 in the morning, from its start page alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import BrowserContext, Locator, Page, expect

from prepazka.booking.models import Booking
from prepazka.config import demo_setup
from prepazka.config.mailbox import _Keeper
from prepazka.offices import clock
from prepazka.offices.office_snapshot import snapshot_by_slug
from prepazka.queueing.models import Ticket
from prepazka.web.demo_installation import next_morning

pytestmark = [pytest.mark.journey, pytest.mark.played]


@pytest.fixture
def told(told: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The program has the demo's mailbox, as `prepazka run` opens it."""
    folder = tmp_path / "mail"
    folder.mkdir()
    return told | {"PREPAZKA_MAILBOX": str(folder)}


@pytest.fixture
def mails(told: dict[str, str]) -> Iterator[Path]:
    keeper: Any = _Keeper(Path(told["PREPAZKA_MAILBOX"]))
    controller = Controller(keeper, hostname="127.0.0.1", port=int(told["SMTP_PORT"]))
    controller.start()
    yield keeper.folder
    controller.stop()


@pytest.fixture
def night(live_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The demo's start page at 3:00 of a day on which the office opens."""
    monkeypatch.setattr(demo_setup, "PRESETS", ("cesky-krumlov", "touzim"))
    demo_setup.load_presets()
    morning = next_morning([snapshot_by_slug("krumlov")], clock.now())
    assert morning
    clock.move_to(morning - timedelta(hours=6))
    return live_url


def opened(page: Page, button: Locator) -> Page:
    """The new tab that it opens."""
    with page.context.expect_page() as new:
        button.click()
    new.value.wait_for_load_state()
    return new.value


def test_from_the_start_page_at_night_to_the_first_call(
    night: str,
    context: Callable[..., BrowserContext],
    mails: Path,
    look: Callable[[Page, str], None],
    axe: Callable[[Page], None],
) -> None:
    tour = context(viewport={"width": 1366, "height": 768}).new_page()
    tour.goto(f"{night}/")
    time = tour.locator("[data-part=time]")
    expect(time).to_contain_text(re.compile(r"3:0\d"))
    expect(time).to_contain_text("Zavřeno")
    look(tour, "tour-night")
    citizen = tour.locator("#citizen")

    booking = opened(tour, citizen.get_by_role("link", name="Objednat"))
    booking.get_by_role("link", name="Přepis vozidla").click()
    booking.locator("a.option").first.click()
    booking.locator("button.option", has_text="8:30–9:30").click()
    booking.get_by_label("Jméno a příjmení").fill("Jana Nováková")
    booking.get_by_label("E-mail").fill("jana@example.cz")
    booking.get_by_role("button", name="Pokračovat").click()
    booking.get_by_role("button", name="Objednat a poslat e-mail").click()

    mailbox = opened(tour, citizen.get_by_role("link", name="Pošta ukázky"))
    for _ in range(120):
        if mailbox.locator(".link-list a").count():
            break
        mailbox.wait_for_timeout(300)
        mailbox.reload()
    mailbox.locator(".link-list a").first.click()
    axe(mailbox)
    frame = mailbox.frame_locator("iframe.mail-frame")
    frame.locator("a[href*='/potvrzeni/']").first.click()
    mailbox.get_by_role("button", name="Potvrdit objednávku").click()
    mailbox.locator(".panel__pin").wait_for()
    pin = Booking.objects.get().pin

    tour.get_by_role("button", name="Přejít na").click()
    expect(time).to_contain_text("Otevřeno")
    expect(time).to_contain_text(re.compile(r"9:0\d"))
    kiosk = opened(tour, citizen.get_by_role("button", name="Kiosek v hale"))
    kiosk.get_by_role("link", name="Klienti objednaní přes web").click()
    for digit in pin:
        kiosk.get_by_role("button", name=digit, exact=True).click()
    kiosk.get_by_role("button", name="Potvrdit").click()
    kiosk.locator(".kiosk-ticket__number").wait_for()
    label = Ticket.objects.get(booking__pin=pin).label
    display = opened(tour, citizen.get_by_role("button", name="Vyvolávací panel v hale"))

    console = opened(tour, tour.locator("#clerk").get_by_role("button", name="Jana Nováková"))
    expect(console.get_by_role("status")).to_contain_text("Vyberte si přepážku")
    console.get_by_role("button", name="Přepážka 1").click()
    console.get_by_role("button", name="Vyvolat dalšího").click()
    expect(console.locator(".console-current__number")).to_have_text(label)
    expect(display.locator(".call-latest__number")).to_contain_text(label[1:])
    # The other buttons of the page that stayed open work after the log-in, too.
    head = opened(tour, tour.locator("#head").get_by_role("button", name="Karel Horák"))
    expect(head.get_by_role("heading", name="Dnes")).to_be_visible()


def test_without_scripts_and_in_english_on_a_phone(
    night: str, context: Callable[..., BrowserContext]
) -> None:
    phone = context(viewport={"width": 360, "height": 740}, java_script_enabled=False).new_page()
    phone.goto(f"{night}/en/?urad=touzim")
    expect(phone.locator("main")).to_contain_text("Toužim Town Office opens on")
    phone.get_by_role("button", name="Go to").click()
    expect(phone.locator("main")).to_contain_text("Toužim Town Office is open until")
    clerk = opened(phone, phone.locator("#clerk").get_by_role("button"))
    expect(clerk.get_by_role("heading", name="Choose your counter")).to_be_visible()

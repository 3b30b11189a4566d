"""A PIN entered twice: at once it prints again, later the kiosk sends to reception."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from tests import halls, town
from tests.clock import real_now
from tests.journeys.test_console import log_in
from tests.journeys.test_hall import booked_now, kiosk_of, now, office, press
from tests.journeys.test_kiosk_sizes import FOLDER, SIZES, inside
from tests.journeys.test_missed_clients import enter, pictures
from tests.journeys.test_offline import is_ready

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]
HEADING = "Na tento PIN už byl vydán lístek"


def age(seconds: int) -> None:
    """Let the ticket have been given so long ago."""
    Ticket.objects.update(issued_at=F("issued_at") - timedelta(seconds=seconds))


@pytest.mark.parametrize("script", ["with a script", "without"])
def test_at_once_it_prints_again_later_it_sends_to_reception(
    live_url: str,
    office: OfficeSnapshot,
    context: Contexts,
    axe: Callable[[Page], None],
    script: str,
) -> None:
    booked_now(office)
    with halls.printer() as sink:
        Device.objects.filter(code="kiosk").update(options={"printer": sink.option})
        kiosk = kiosk_of(context, live_url, office, java_script_enabled=script != "without")
        enter(kiosk, "5271")
        number = kiosk.locator(".kiosk-ticket__number")
        expect(number).to_have_text("V1")
        first = halls.Paper(sink.job())
        kiosk.goto(f"{live_url}/kiosk/")
        enter(kiosk, "5271")
        expect(number).to_have_text("V1")
        assert halls.Paper(sink.job()).qr == first.qr
    age(121)
    kiosk.goto(f"{live_url}/kiosk/")
    enter(kiosk, "5271")
    expect(kiosk.get_by_role("heading", name=HEADING)).to_be_visible()
    expect(kiosk.locator("main")).to_contain_text(re.compile(r"Vydali jsme ho ve?\s\d+:\d\d\."))
    expect(kiosk.locator("main")).to_contain_text("zeptejte se prosím na informacích")
    ticket = Ticket.objects.get()
    assert ticket.code not in kiosk.content()
    expect(kiosk.locator("main")).not_to_contain_text(ticket.label)
    if script == "without":
        return
    axe(kiosk)
    for width, height in SIZES:
        kiosk.set_viewport_size({"width": width, "height": height})
        if FOLDER:
            kiosk.screenshot(path=Path(FOLDER) / f"pin-used-{width}x{height}.png")
        inside(kiosk, kiosk.get_by_role("link", name="Hotovo"), f"{width}x{height}")


def test_without_the_server_the_same(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    booked_now(office)
    kiosk = kiosk_of(context, live_url, office)
    is_ready(kiosk, "/kiosk/bez-site/")
    kiosk.goto(f"{live_url}/kiosk/")
    kiosk.context.set_offline(True)
    kiosk.goto(f"{live_url}/kiosk/")
    kiosk.clock.install(time=real_now())
    number = kiosk.locator(".kiosk-ticket__number")
    for _ in range(2):
        kiosk.get_by_role("button", name="Klienti objednaní přes web").click()
        press(kiosk, "5271")
        kiosk.get_by_role("button", name="Potvrdit").click()
        expect(number).to_have_text("V500")
        kiosk.get_by_role("button", name="Hotovo").click()
    kiosk.clock.fast_forward(125_000)
    kiosk.get_by_role("button", name="Klienti objednaní přes web").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.get_by_role("heading", name=HEADING)).to_be_visible()
    expect(kiosk.locator("main")).to_contain_text(re.compile(r"vydaný už od \d+:\d\d\."))
    expect(kiosk.locator("main")).not_to_contain_text("V500")
    axe(kiosk)
    if FOLDER:
        kiosk.screenshot(path=Path(FOLDER) / "pin-used-offline.png")


def test_without_the_server_a_guarded_kiosk_sends_to_reception(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    """Telephones are not known there, so pulling the cable must not skip the second question."""
    booked_now(office)
    kiosk = kiosk_of(context, live_url, office)
    for _ in range(10):
        town.kiosk(office).wrong_pin_rows.create(office=office.row, at=now(), answered=False)
    kiosk.goto(f"{live_url}/kiosk/")
    is_ready(kiosk, "/kiosk/bez-site/")
    kiosk.goto(f"{live_url}/kiosk/")
    kiosk.context.set_offline(True)
    kiosk.goto(f"{live_url}/kiosk/")
    kiosk.get_by_role("button", name="Klienti objednaní přes web").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.get_by_role("heading", name="Přijďte prosím na informace")).to_be_visible()
    axe(kiosk)


def test_reception_checks_the_name_and_prints_it_again(
    live_url: str,
    office: OfficeSnapshot,
    context: Contexts,
    page: Page,
    axe: Callable[[Page], None],
) -> None:
    booked_now(office)
    kiosk = kiosk_of(context, live_url, office)
    enter(kiosk, "5271")
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
    phone = context(viewport={"width": 360, "height": 740}, has_touch=True).new_page()
    earlier = Ticket.objects.get().code
    phone.goto(f"{live_url}/t/{earlier}/")
    expect(phone.get_by_role("heading", name="Čekáte")).to_be_visible()

    town.clerk(office, role="reception")
    log_in(page, live_url)
    for wanted in ("5271", "V1"):
        page.goto(f"{live_url}/pult/lhota/recepce/?hledat={wanted}")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text("Jana Tajná")
    axe(page)
    pictures(page, "pin-desk")
    page.get_by_role("link", name="Vytisknout lístek znovu").click()
    expect(page.locator(".slip__number")).to_have_text("V1")
    expect(page.locator("main")).to_contain_text("Jana Tajná")
    expect(page.get_by_role("button", name="Tisk")).to_be_visible()
    axe(page)
    pictures(page, "pin-desk-ticket")
    page.get_by_role("button", name="Předat lístek správnému člověku").click()
    expect(page.get_by_text("Dřívější papír už žádnou stránku neotevře")).to_be_visible()
    expect(page.locator(".slip__number")).to_have_text("V1")
    ticket = Ticket.objects.get()
    assert ticket.code != earlier
    answer = phone.goto(f"{live_url}/t/{earlier}/")
    assert answer
    assert answer.status == 404
    phone.goto(f"{live_url}/t/{ticket.code}/")
    expect(phone.get_by_role("heading", name="Čekáte")).to_be_visible()
    assert ticket.issued_at <= now()

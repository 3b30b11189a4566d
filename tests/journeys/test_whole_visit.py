"""One visit, whole: booked on Friday, confirmed by mail, served on Monday beside walk-ins."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import holidays
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.accounts.models import User
from prepazka.booking.models import Booking, BookingState
from prepazka.officefile import office_loading, presets
from prepazka.offices import clock, devices
from prepazka.offices.models import Device, Membership
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing.models import Ticket, TicketState
from tests import town
from tests.clock import real_now

pytestmark = [pytest.mark.journey, pytest.mark.played]
Contexts = Callable[..., BrowserContext]
KIOSK, WALL = {"width": 1080, "height": 1920}, {"width": 1920, "height": 1080}
PASSWORD = "heslo heslo heslo"


def coming_monday() -> date:
    """A Monday that both offices open already and that is not a holiday, as late as may be."""
    today = real_now().date()
    days = [today + timedelta(days=ahead) for ahead in range(13, 2, -1)]
    closed = holidays.country_holidays("CZ")
    return next(day for day in days if day.weekday() == 0 and day not in closed)


MONDAY = coming_monday()


def it_is(hour: str, day: date = MONDAY) -> datetime:
    """Set the clock of the whole program."""
    moment = town.at(hour, day)
    clock.play_period(shown_from=moment, lasts=timedelta(hours=3), speed=1)
    time.sleep(clock.LOOK_EVERY + 0.2)
    return moment


def office(preset: str) -> OfficeSnapshot:
    loaded = office_loading.load(presets.preset_text(preset), now=real_now()).office
    clerk = User.objects.create_user(username="novakova", password=PASSWORD)
    Membership.objects.create(office=loaded, user=clerk, role="clerk", name="Jana Nováková")
    return snapshot_by_slug(loaded.slug)


def pair(page: Page, url: str, where: OfficeSnapshot, code: str, moment: datetime) -> Page:
    device = Device.objects.get(office=where.row, code=code)
    page.goto(f"{url}/{'kiosk' if device.kind == 'kiosk' else 'panel'}/")
    page.get_by_label("Párovací kód").fill(devices.make_pairing_code(device=device, now=moment))
    page.get_by_role("button", name="Spárovat").click()
    page.wait_for_load_state()
    return page


def book(page: Page, url: str, slug: str, service: str, mails: Any, hour: str) -> str:
    """The citizen's way on the web; returns the PIN on the last page."""
    page.goto(f"{url}/{slug}/objednat/{service}/{MONDAY.isoformat()}/")
    page.locator("button.option", has_text=hour).click()
    page.get_by_label("Jméno a příjmení").fill("Jana Nováková")
    page.get_by_label("E-mail").fill("jana@example.cz")
    page.get_by_role("button", name="Pokračovat").click()
    page.get_by_role("button", name="Objednat a poslat e-mail").click()
    page.wait_for_url(lambda url: "/kontrola/" not in url)
    if Booking.objects.get().state == BookingState.UNCONFIRMED:
        page.goto(mails.link(mails.wait(), "/potvrzeni/"))
        page.get_by_role("button", name="Potvrdit objednávku").click()
    expect(page.get_by_role("heading", name="Objednávka je potvrzená")).to_be_visible()
    return Booking.objects.get().pin


def sit_down(page: Page, url: str, slug: str, counter: str) -> None:
    page.goto(f"{url}/pult/{slug}/")
    page.get_by_label("Přihlašovací jméno").fill("novakova")
    page.get_by_label("Heslo").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name=counter).click()
    page.locator("#board").wait_for()
    page.wait_for_load_state()  # the board is seen before the script of its keys has run


def wait_for(ticket: Ticket, state: TicketState) -> None:
    deadline = time.monotonic() + 30
    while Ticket.objects.get(pk=ticket.pk).state != state:
        assert time.monotonic() < deadline, f"{ticket} is not {state}"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("preset", "hour", "here", "service", "panel", "counter"),
    [
        ("cesky-krumlov", "7:30–8:30", "7:32", "prepis-vozidla", "hala", "Přepážka 1"),
        ("sumperk", "8:00–8:30", "8:03", "op-zadost", "hala", "Přepážka 1"),
    ],
)
def test_booked_and_walk_in_side_by_side(
    live_url: str,
    context: Contexts,
    mails: Any,
    axe: Callable[[Page], None],
    preset: str,
    hour: str,
    here: str,
    service: str,
    panel: str,
    counter: str,
) -> None:
    it_is("10:00", MONDAY - timedelta(days=3))
    where = office(preset)
    slug = where.slug
    phone = {"width": 360, "height": 740}
    pin = book(context(viewport=phone).new_page(), live_url, slug, service, mails, hour)

    moment = it_is("7:28" if preset == "cesky-krumlov" else "7:55")
    kiosk = pair(
        context(viewport=KIOSK, has_touch=True).new_page(), live_url, where, "kiosk", moment
    )
    wall = pair(context(viewport=WALL).new_page(), live_url, where, panel, moment)
    name = str(where.service_by_code(service).name)  # type: ignore[union-attr]
    if not kiosk.get_by_role("button", name=name).count():
        agenda = where.agendas[where.service_by_code(service).agenda_id]  # type: ignore[union-attr]
        kiosk.get_by_role("link", name=str(agenda.name)).click()
    kiosk.get_by_role("button", name=name).click()
    kiosk.locator(".kiosk-ticket__number").wait_for()
    walk_in = Ticket.objects.get()

    it_is(here)
    kiosk.goto(f"{live_url}/kiosk/")
    kiosk.get_by_role("link", name="Klienti objednaní přes web").click()
    for digit in pin:
        kiosk.get_by_role("button", name=digit, exact=True).click()
    kiosk.get_by_role("button", name="Potvrdit").click()
    kiosk.locator(".kiosk-ticket__number").wait_for()
    booked = Ticket.objects.get(booking__pin=pin)
    assert booked.number == walk_in.number + 1

    monitor = context(viewport=phone).new_page()
    monitor.goto(f"{live_url}/{slug}/nazivo/")
    expect(monitor.get_by_text("Čekají 2 lidé.")).to_be_visible()
    axe(monitor)

    console = context(viewport={"width": 1280, "height": 800}).new_page()
    sit_down(console, live_url, slug, counter)
    console.keyboard.press("n")
    # Whoever came first waits: the booked client's hour has begun.
    expect(console.locator(".console-current__number")).to_have_text(booked.label)
    expect(wall.locator("[data-number]")).to_have_text(booked.label)
    expect(monitor.get_by_text("Čeká 1 člověk.")).to_be_visible()
    page = context(viewport=phone).new_page()
    page.goto(f"{live_url}/t/{booked.code}/")
    expect(page.get_by_role("heading", name="Právě Vás voláme")).to_be_visible()
    console.keyboard.press("s")
    wait_for(booked, TicketState.SERVING)
    console.keyboard.press("f")
    wait_for(booked, TicketState.FINISHED)
    assert Booking.objects.get().state == BookingState.SERVED
    expect(console.get_by_role("heading", name="U přepážky nikdo není")).to_be_visible()
    console.wait_for_load_state()  # where the answer was lost it came as a page, keys and all
    console.keyboard.press("n")
    expect(console.locator(".console-current__number")).to_have_text(walk_in.label)

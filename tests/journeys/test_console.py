"""The clerk's whole shift by keyboard alone, log-in with a code, and axe on every page of staff."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, Route, expect

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking
from prepazka.core import calendar
from prepazka.core.contact import Contact
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import tickets
from prepazka.queueing.models import Ticket, TicketState
from tests import town
from tests.clock import moved_date, real_now
from tests.faults.always import always_open
from tests.one_time_codes import code_of

pytestmark = pytest.mark.journey
PASSWORD = "heslo heslo heslo"


def today(office: OfficeSnapshot) -> date:
    return calendar.day_of(real_now(), office.tz)


def walk_in(office: OfficeSnapshot, minutes_ago: int) -> Ticket:
    return tickets.issue_ticket(
        office=office,
        service=town.service(office),
        touch=uuid4(),
        now=real_now() - timedelta(minutes=minutes_ago),
    )


def booked(office: OfficeSnapshot) -> Ticket:
    """A client booked for the window that runs now, already here."""
    minute = calendar.minute_of(real_now(), office.tz) // 60 * 60
    start = calendar.local_instant(today(office), minute, office.tz)
    made = booking_lifecycle.hold_slot(
        office=office, service=town.service(office), starts_at=start, now=start - timedelta(hours=2)
    )
    booking_lifecycle.request_confirmation(
        booking=made.pk,
        contact=Contact(name="Jana", email="jana@example.cz"),
        now=start - timedelta(hours=2),
    )
    made = booking_lifecycle.confirm_booking(booking=made.pk, now=start - timedelta(hours=2))
    came = tickets.check_in(
        office=office, device=town.kiosk(office), pin=made.pin, touch=uuid4(), now=real_now()
    ).ticket
    assert came
    return came


def log_in(page: Page, live_url: str, username: str = "novakova") -> None:
    """By keyboard: the first field has the focus after one Tab from the top at most."""
    page.goto(f"{live_url}/pult/lhota/")
    page.get_by_label("Přihlašovací jméno").focus()
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sit_down(page: Page) -> None:
    page.keyboard.press("1")
    page.locator("#board").wait_for()
    page.wait_for_load_state()  # the board is seen before the script of its keys has run


def wait_for(state: TicketState, ticket: Ticket) -> None:
    deadline = time.monotonic() + 30
    while True:
        ticket.refresh_from_db()
        if ticket.state == state:
            return
        assert time.monotonic() < deadline, f"{ticket} is {ticket.state}"
        time.sleep(0.05)


def test_a_whole_shift_by_keyboard_alone(  # noqa: PLR0915  # one shift, told in order
    live_url: str, page: Page
) -> None:
    office = always_open()
    town.clerk(office)
    first, second = walk_in(office, 30), walk_in(office, 20)
    client = booked(office)
    # From here on no mouse: only keys.
    log_in(page, live_url)
    expect(page.get_by_role("heading", name="Vyberte svou přepážku")).to_be_visible()
    sit_down(page)
    expect(page.get_by_role("heading", name="Přepážka 1", level=1)).to_be_visible()
    said = page.locator("#said")

    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(client.label)
    expect(page.locator(".console-reason")).to_contain_text("objednáno na")
    page.keyboard.press("n")  # once more by mistake: the button sleeps, nobody else is called
    page.keyboard.press("r")
    expect(said).to_contain_text("Znovu voláte")
    page.keyboard.press("s")
    expect(said).to_contain_text("je u přepážky")
    before = page.viewport_size
    assert before
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 320, "it reflows"
    page.set_viewport_size(before)
    page.keyboard.press("f")
    expect(said).to_contain_text("je hotovo")
    page.keyboard.press("z")
    expect(said).to_contain_text("Vráceno")
    wait_for(TicketState.SERVING, client)
    page.keyboard.press("f")
    wait_for(TicketState.FINISHED, client)
    assert Booking.objects.get().state == "served"

    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(first.label)
    page.keyboard.press("p")
    expect(page.locator("#step-park5")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("je odložen do")
    wait_for(TicketState.PARKED, first)

    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(second.label)
    page.keyboard.press("t")
    page.keyboard.press("Enter")  # the first offer: the other counter
    expect(said).to_contain_text("jde dál")
    wait_for(TicketState.WAITING, second)
    assert second.for_counter_id == town.counter(office, "2").pk

    third = walk_in(office, 0)
    expect(page.locator(".queue-table")).to_contain_text(third.label)  # came by itself, live
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(third.label)
    page.keyboard.press("a")
    wait_for(TicketState.NO_SHOW, third)
    expect(page.locator(".console-current__number")).to_have_count(0)  # the screen knows it, too
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name=re.compile("Přestávka od"))).to_be_visible()
    page.keyboard.press("b")
    expect(said).to_contain_text("skončila")
    page.keyboard.press("x")
    expect(page.locator("#close")).to_contain_text("čeká 1 člověk")  # who was put aside
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Vyberte svou přepážku")).to_be_visible()


def test_the_focus_survives_presses_and_news(live_url: str, page: Page) -> None:
    office = always_open()
    town.clerk(office)
    walk_in(office, 5)
    log_in(page, live_url)
    sit_down(page)
    page.locator("#step-pause").focus()
    late = walk_in(office, 0)
    expect(page.locator(".queue-table")).to_contain_text(late.label)
    expect(page.locator("#step-pause")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator("#step-park5")).to_be_attached()
    page.keyboard.press("t")
    expect(page.locator("#transfer")).to_have_attribute("open", "")
    held = page.evaluate("document.activeElement.id")
    again = walk_in(office, 0)
    expect(page.locator(".queue-table")).to_contain_text(again.label)
    expect(page.locator("#transfer")).to_have_attribute("open", "")
    assert page.evaluate("document.activeElement.id") == held
    # Keys can be turned off (WCAG 2.1.4), and the choice is kept.
    page.get_by_label("Klávesové zkratky").uncheck()
    page.keyboard.press("f")
    page.reload()
    expect(page.get_by_label("Klávesové zkratky")).not_to_be_checked()
    assert Ticket.objects.filter(state=TicketState.CALLED).count() == 1


def test_two_quick_presses_do_one_thing(live_url: str, page: Page) -> None:
    office = always_open()
    town.clerk(office)
    waiting = [walk_in(office, n) for n in (9, 8, 7)]
    log_in(page, live_url)
    sit_down(page)
    expect(page.locator("#step-next")).to_be_enabled()
    page.evaluate("for (let i = 0; i < 5; i++) document.getElementById('step-next').click()")
    expect(page.locator(".console-current__number")).to_have_text(waiting[0].label)
    assert Ticket.objects.filter(state=TicketState.CALLED).count() == 1


def test_a_step_can_be_taken_back_at_a_computer_whose_clock_is_wrong(
    live_url: str, page: Page
) -> None:
    office = always_open()
    town.clerk(office)
    walk_in(office, 9)
    page.add_init_script(moved_date(3600))
    log_in(page, live_url)
    sit_down(page)
    page.keyboard.press("n")
    page.locator(".undo-bar").wait_for()
    page.wait_for_timeout(500)  # enough for a timer of no seconds
    page.locator("#step-undo").click()
    expect(page.locator(".console-current__number")).not_to_be_attached()
    assert not Ticket.objects.filter(state=TicketState.CALLED).exists()


def test_a_quick_hand_loses_no_key(live_url: str, page: Page) -> None:
    office = always_open()
    town.clerk(office)
    first, second = walk_in(office, 9), walk_in(office, 8)
    log_in(page, live_url)
    sit_down(page)
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(first.label)

    def slowly(route: Route) -> None:
        time.sleep(0.3)
        route.continue_()

    page.route("**/krok/**", slowly)
    page.keyboard.press("f")
    page.keyboard.press("n")  # its button sleeps until "finish" is answered
    expect(page.locator(".console-current__number")).to_have_text(second.label)
    wait_for(TicketState.FINISHED, first)


def test_without_script_every_press_is_a_form(
    live_url: str, context: Callable[..., object]
) -> None:
    office = always_open()
    town.clerk(office)
    client = walk_in(office, 5)
    page: Page = context(java_script_enabled=False).new_page()  # type: ignore[attr-defined]
    log_in(page, live_url)
    page.get_by_role("button", name=re.compile("Přepážka 1")).click()
    page.get_by_role("button", name="Vyvolat dalšího").click()
    expect(page.locator(".console-current__number")).to_have_text(client.label)
    page.get_by_text("Odložit", exact=True).click()
    page.get_by_role("button", name="10 min").click()
    expect(page.locator("#said")).to_contain_text("je odložen do")
    page.locator("#step-undo").click()
    page.get_by_role("button", name="Hotovo").click()
    wait_for(TicketState.FINISHED, client)


def test_log_in_with_a_code_from_the_phone(
    live_url: str, page: Page, axe: Callable[[Page], None]
) -> None:
    office = always_open()
    town.clerk(office)
    log_in(page, live_url)
    page.goto(f"{live_url}/ucet/2fa/")
    axe(page)
    with page.expect_navigation():
        page.get_by_role("link", name="Zapnout").click()
    axe(page)  # the password once more
    page.get_by_label("Heslo").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Pokračovat").click()
    axe(page)
    box = page.get_by_role("img", name="QR").bounding_box()
    assert box
    assert box["width"] > 150
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Kód").fill(code_of(secret))
    page.get_by_role("button", name="Zapnout").click()
    expect(page.get_by_role("heading", name="Záložní kódy")).to_be_visible()
    axe(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Odhlásit se").click()
    axe(page)
    log_in(page, live_url)
    expect(page.get_by_role("heading", name="Dvoufázové přihlášení")).to_be_visible()
    axe(page)
    _forget_the_code()
    page.get_by_label("Kód").fill(code_of(secret))
    page.get_by_role("button", name="Přihlásit se").click()
    expect(page.get_by_role("heading", name="Vyberte svou přepážku")).to_be_visible()


def _forget_the_code() -> None:
    """A code is taken once; another one comes in half a minute, for which nobody need wait."""
    cache.clear()


def test_axe_finds_nothing_on_any_page_of_staff(
    live_url: str, page: Page, axe: Callable[[Page], None]
) -> None:
    office = always_open()
    admin = town.clerk(office, role="administrator")
    Device.objects.filter(code="kiosk").update(fault="printer_no_paper", fault_at=real_now())
    first = walk_in(office, 30)
    client = booked(office)
    page.goto(f"{live_url}/ucet/login/")
    axe(page)
    page.locator("input[name=login]").fill(admin.username)
    page.locator("input[name=password]").fill("wrong")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    axe(page)
    page.locator("input[name=login]").fill(admin.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/pult/lhota/")
    axe(page)
    sit_down(page)
    axe(page)
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(client.label)
    page.keyboard.press("t")
    axe(page)
    with page.expect_navigation():
        page.locator("#show-contact").click()
    axe(page)
    booking = Booking.objects.get().pk
    for path in (
        "/pult/lhota/recepce/",
        "/pult/lhota/recepce/?hledat=zzz",
        "/pult/lhota/recepce/listek/",
        f"/pult/lhota/recepce/listek/{first.pk}/",
        "/pult/lhota/recepce/objednat/",
        "/pult/lhota/recepce/objednat/prepis/?osob=1&kanal=phone",
        f"/pult/lhota/recepce/objednavka/{booking}/",
        "/sprava/lhota/",
        "/sprava/lhota/volani/",
        "/sprava/lhota/zarizeni/",
        "/sprava/lhota/lide/",
        "/sprava/lhota/soubor/",
        "/ucet/password/change/",
        "/ucet/2fa/",
        "/ucet/logout/",
    ):
        page.goto(live_url + path)
        axe(page)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/pult/lhota/", "/pult/lhota/recepce/", "/sprava/lhota/", "/sprava/lhota/lide/"):
        page.goto(live_url + path)
        axe(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, f"{path} is {wide} px wide"

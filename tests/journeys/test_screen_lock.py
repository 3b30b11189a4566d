"""Locked screens in the browser: by key and by time, in all tabs, without script, without the server."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.accounts.models import StaffScreen
from prepazka.booking.booking_lifecycle import hold_slot, request_confirmation
from prepazka.booking.slot_search import search_slots
from prepazka.core.contact import Contact
from prepazka.officefile import office_loading, presets
from prepazka.offices.models import Office, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing.models import CallLease, Shift, Ticket, TicketState
from tests import town
from tests.clock import real_now
from tests.journeys.test_console import PASSWORD, log_in, sit_down
from tests.journeys.test_hall import give_ticket, office
from tests.journeys.test_offline import has_list_of, is_ready
from tests.journeys.test_silent_consoles import until
from tests.journeys.test_staff_accounts import log_in as log_in_at

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]
LOCKED = "Obrazovka je zamčená"
SIZES = ((360, 740), (1366, 768), (1920, 1080))


def see_locked(page: Page) -> None:
    """The cover is there, and nothing of the page: neither to the eye nor to a screen reader."""
    expect(page.get_by_role("heading", name=LOCKED)).to_be_visible()
    expect(page.get_by_label("Heslo")).to_be_focused()
    for seen in (page.locator("body").inner_text(), page.locator("body").aria_snapshot()):
        assert not re.search(r"\bV\d|Přepážka 1|Svoboda", seen), seen
    expect(page).to_have_title(re.compile(f"^{LOCKED}"))


def enter(page: Page, password: str) -> None:
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def picture(page: Page, name: str) -> None:
    """With SCREENSHOTS, the screen as it is, in three sizes."""
    folder = os.environ.get("SCREENSHOTS", "")
    before = page.viewport_size
    for width, height in SIZES if folder else ():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=Path(folder) / f"{name}-{width}.png")
    if before:
        page.set_viewport_size(before)


def idle(**long: float) -> None:
    StaffScreen.objects.update(pressed_at=F("pressed_at") - timedelta(**long))


@pytest.fixture
def console(live_url: str, office: OfficeSnapshot, context: Contexts) -> Page:
    """The console of a clerk with one client at the counter and two who wait."""
    for _ in range(3):
        give_ticket(office)
    town.clerk(office, role="administrator")
    page = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(page, live_url)
    sit_down(page)
    page.locator("[data-key='n']").click()
    expect(page.locator(".console-current__number")).to_have_text("V1")
    return page


def test_the_key_locks_and_the_password_goes_on_where_it_was(
    console: Page, live_url: str, look: Callable[[Page, str], None]
) -> None:
    picture(console, "lock-open")
    has_list_of(console, 2)
    console.keyboard.press("F8")
    see_locked(console)
    until(lambda: not CallLease.objects.exists(), "the locked counter has a list")
    has_no_list = (
        "() => new Promise((done) => { const asked = indexedDB.open('prepazka-offline', 1);"
    )
    has_no_list += " asked.onsuccess = () => { const kept = asked.result.transaction('kept')"
    has_no_list += ".objectStore('kept').get('console');"
    has_no_list += " kept.onsuccess = () => done(kept.result.tickets.length === 0); }; })"
    assert console.evaluate(has_no_list)
    look(console, "locked")
    picture(console, "locked")
    console.get_by_label("Heslo").focus()
    enter(console, "špatné heslo")
    expect(console.get_by_role("alert")).to_have_text("Toto není heslo k tomuto účtu.")
    expect(console.get_by_label("Heslo")).to_be_focused()
    look(console, "locked-wrong")
    picture(console, "locked-wrong")
    console.get_by_label("Heslo").focus()
    enter(console, PASSWORD)
    expect(console.locator(".console-current__number")).to_have_text("V1")
    assert Ticket.objects.get(number=1).state == TicketState.CALLED
    has_list_of(console, 2)  # the list comes back by a page of a new id
    console.keyboard.press("s")
    until(lambda: Ticket.objects.get(number=1).state == TicketState.SERVING, "the keys do not work")


def test_what_was_typed_stays_and_back_and_reload_show_nothing(
    console: Page, live_url: str
) -> None:
    console.goto(f"{live_url}/pult/lhota/recepce/")
    field = console.get_by_role("searchbox").or_(console.locator("[name=hledat]")).first
    field.fill("Svoboda")
    console.keyboard.press("F8")
    see_locked(console)
    enter(console, PASSWORD)
    expect(field).to_have_value("Svoboda")
    expect(field).to_be_focused()
    console.get_by_role("button", name="Zamknout").click()
    see_locked(console)
    console.reload()
    see_locked(console)
    console.go_back()
    see_locked(console)
    console.goto(f"{live_url}/sprava/lhota/")
    see_locked(console)
    enter(console, PASSWORD)
    console.wait_for_url("**/sprava/lhota/")
    expect(console.get_by_role("button", name="Zamknout")).to_be_visible()
    picture(console, "lock-manager")


def test_time_locks_every_tab_and_one_password_opens_them(console: Page, live_url: str) -> None:
    other = console.context.new_page()
    other.goto(f"{live_url}/pult/lhota/recepce/")
    idle(minutes=61)  # a client is at the counter
    see_locked(console)
    expect(other.get_by_role("heading", name=LOCKED)).to_be_visible()
    assert not CallLease.objects.exists()
    assert Shift.objects.get().closed_at is None
    console.bring_to_front()
    enter(console, PASSWORD)
    expect(console.locator(".console-current__number")).to_have_text("V1")
    expect(other.get_by_role("heading", name=LOCKED)).to_have_count(0)
    expect(other.locator("[name=hledat]")).to_be_visible()


def test_presses_are_told_to_the_server(console: Page) -> None:
    idle(minutes=50)
    before = StaffScreen.objects.get().pressed_at
    console.mouse.click(5, 400)
    until(lambda: StaffScreen.objects.get().pressed_at > before + timedelta(minutes=40), "untold")
    before = StaffScreen.objects.get().pressed_at
    # The stream, renewals and the board go on by themselves, and are no press.
    console.wait_for_timeout(12_000)
    assert StaffScreen.objects.get().pressed_at == before


def test_without_script_the_server_locks(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    town.clerk(office)
    page = context(java_script_enabled=False).new_page()
    log_in(page, live_url)
    page.get_by_role("button", name="Zamknout").click()
    see_locked(page)
    enter(page, PASSWORD)
    page.wait_for_url("**/pult/lhota/")
    idle(minutes=16)
    page.reload()
    see_locked(page)
    enter(page, PASSWORD)
    expect(page.get_by_role("button", name="Zamknout")).to_be_visible()


def test_a_locked_counter_stays_locked_without_the_server(console: Page, live_url: str) -> None:
    is_ready(console, "/pult/lhota/bez-site/")
    has_list_of(console, 2)
    console.keyboard.press("F8")
    see_locked(console)
    console.context.set_offline(True)
    enter(console, PASSWORD)
    expect(console.get_by_role("alert")).to_contain_text("Server neodpovídá")
    console.reload()
    expect(console.get_by_text("Obrazovka této přepážky je zamčená")).to_be_visible()
    assert not re.search(r"\bV\d", console.locator("body").inner_text())
    picture(console, "locked-offline")
    console.context.set_offline(False)
    see_locked(console)
    enter(console, PASSWORD)
    expect(console.locator(".console-current__number")).to_have_text("V1")


def test_a_page_with_names_is_covered_when_the_server_does_not_answer(
    console: Page, live_url: str
) -> None:
    """The time passes by the browser's clock as well; the password is asked for later."""
    console.goto(f"{live_url}/pult/lhota/recepce/")
    console.mouse.click(5, 400)
    until(lambda: bool(StaffScreen.objects.count()), "no screen")
    with console.expect_response("**/ucet/zamek/obrazovka/"):
        console.mouse.click(6, 400)
    console.context.set_offline(True)
    console.evaluate("() => { const now = Date.now; Date.now = () => now() + 2 * 3600e3; }")
    expect(console.get_by_role("heading", name=LOCKED)).to_be_visible()
    expect(console.get_by_text("O heslo požádáme, jakmile")).to_be_visible()
    assert "Objednávky" not in console.locator("body").inner_text()
    idle(hours=2)
    console.context.set_offline(False)
    see_locked(console)


def test_somebody_else_signs_in_from_the_locked_screen(
    console: Page, office: OfficeSnapshot
) -> None:
    town.clerk(office, "dvorak")
    console.keyboard.press("F8")
    see_locked(console)
    console.get_by_role("button", name="Odhlásit").click()
    console.get_by_label("Přihlašovací jméno").fill("dvorak")
    console.get_by_label("Heslo").fill(PASSWORD)
    console.keyboard.press("Enter")
    expect(console.get_by_role("link", name="Dvorak")).to_be_visible()
    assert Shift.objects.get().closed_at is None


# Somebody's screen with a client's name on it.
LATER = "() => { const now = Date.now; Date.now = () => now() + 2 * 3600e3; }"
CLIENT = "Karel Vomáčka"


def see_covered(page: Page) -> None:
    """The lock is there, and neither client nor matter: to the eye and to a screen reader."""
    expect(page.get_by_role("heading", name=LOCKED)).to_be_visible()
    expect(page.get_by_label("Heslo")).to_be_focused()
    for seen in (page.locator("body").inner_text(), page.locator("body").aria_snapshot()):
        assert not re.search(r"Vomáčk|Stavební", seen), seen


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("clerk", "/pult/praha6/diar/novotna/?den={day}"),
        ("operator", "/pult/praha6/telefon/?hledat=Vomáčka"),
    ],
    ids=["official", "operator"],
)
def test_pages_of_officials_and_operators_are_covered_by_time(
    live_url: str, context: Contexts, look: Callable[[Page, str], None], role: str, path: str
) -> None:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    user = town.clerk(snapshot_by_slug("praha6"), "novotna", role)
    Official.objects.filter(code="novotna").update(user=user)
    Office.objects.update(version=F("version") + 1)
    office = snapshot_by_slug("praha6")
    day = booked_with_official(office)
    page = context(viewport={"width": 360, "height": 740}).new_page()
    log_in_at(page, live_url + path.format(day=day.isoformat()), "novotna")
    expect(page.get_by_text(CLIENT).first).to_be_visible()
    page.wait_for_load_state()  # the text is seen before the script that notices presses has run
    until(StaffScreen.objects.exists, "the page has not asked yet")
    with page.expect_response("**/ucet/zamek/obrazovka/"):
        page.mouse.click(5, 500)
    idle(hours=2)
    page.evaluate(LATER)
    see_covered(page)
    look(page, f"locked-{role}")
    page.reload()
    see_covered(page)
    enter(page, PASSWORD)
    expect(page.get_by_text(CLIENT).first).to_be_visible()


def booked_with_official(office: OfficeSnapshot) -> date:
    """The day of a client who is booked with the official."""
    official, moment = office.official_by_code("novotna"), real_now()
    service = town.service(office, "stavebni-upravy")
    slot = search_slots(office=office, service=service, official=official, now=moment)[0]
    held = hold_slot(
        office=office,
        service=service,
        official=official,
        starts_at=slot.starts_at,
        now=moment,
        channel="desk",
    )
    request_confirmation(
        booking=held.pk, contact=Contact(name=CLIENT, email="karel@example.cz"), now=moment
    )
    return slot.day


def test_who_is_on_the_way_is_not_led_elsewhere(console: Page, live_url: str) -> None:
    """A log-out whose answer is still coming ends on its own page, though the session is over."""
    console.goto(f"{live_url}/ucet/logout/")
    console.context.route("**/obrazovka/", lambda route: route.fulfill(status=401))
    for on_the_way in (True, False):
        if on_the_way:
            console.evaluate("dispatchEvent(new Event('beforeunload'))")
        with console.expect_response(lambda answer: answer.status == 401):
            console.evaluate("document.dispatchEvent(new Event('screen:ask'))")
        if on_the_way:
            console.wait_for_timeout(500)  # time enough to lead away
            expect(console).to_have_url(re.compile("/logout/$"))
            console.clock.install()
            console.clock.fast_forward(11_000)
    expect(console).not_to_have_url(re.compile("/logout/$"))

"""The operator's whole call by keyboard alone: search, book, find again, move, cancel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from prepazka.accounts.models import User
from prepazka.booking.models import Booking, BookingState
from prepazka.core.booking_reference import reference_of
from prepazka.journal.models import Event
from prepazka.officefile import office_loading, presets
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town
from tests.clock import real_now

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


def press(page: Page, key: str) -> None:
    """A key that brings another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


def tab_to(page: Page, wanted: str) -> None:
    for _ in range(60):
        if focused(page) == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {wanted}")


def ask(page: Page, words: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(words)
    press(page, "Enter")


@pytest.fixture
def operator(live_url: str, page: Page) -> User:
    """Logged in, at the screen."""
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    user = town.clerk(snapshot_by_slug("praha6"), "ustredna", role="operator")
    page.goto(f"{live_url}/pult/")
    tab_to(page, "id_login")
    page.keyboard.type("ustredna")
    tab_to(page, "id_password")
    page.keyboard.type("heslo heslo heslo")
    press(page, "Enter")
    expect(page).to_have_url(f"{live_url}/pult/praha6/telefon/")
    return user


def choose_place(page: Page, look: Look) -> None:
    """From an empty search to a held place: department, next free day, arrows, Enter."""
    ask(page, "nováková")
    expect(page.get_by_text("Nic se nenašlo")).to_be_visible()
    tab_to(page, "odbor")
    page.keyboard.type("Odbor výs")
    tab_to(page, "osob")
    press(page, "Enter")
    press(page, "d")
    look(page, "operators-day")
    page.keyboard.press("v")
    assert page.evaluate("document.activeElement.name") == "place"
    first = page.evaluate("document.activeElement.value")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") > first
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.value") == first
    press(page, "Enter")


def say_who(page: Page, look: Look) -> None:
    """The name and a fixed line; the page says which message will go."""
    look(page, "operators-contact")
    assert focused(page) == "id_name"
    page.keyboard.type("Jana Nováková")
    tab_to(page, "id_email")
    page.keyboard.type("jana@example.cz")
    expect(page.locator("[data-way=email]")).to_be_visible()
    expect(page.locator("[data-way=spoken]")).to_be_hidden()
    for _ in "jana@example.cz":
        page.keyboard.press("Backspace")
    tab_to(page, "id_phone")
    page.keyboard.type("353 111 222")
    expect(page.locator("[data-way=spoken]")).to_be_visible()
    press(page, "Enter")


def test_a_call_by_keyboard_alone(operator: User, page: Page, look: Look) -> None:
    choose_place(page, look)
    say_who(page, look)
    booking = Booking.objects.get(state=BookingState.CONFIRMED)
    expect(page.locator(".slip__number")).to_contain_text(" ".join(booking.pin))
    look(page, "operators-slip")

    press(page, "t")
    ask(page, "353111222")
    look(page, "operators-found")
    press(page, "m")
    look(page, "operators-move")
    page.keyboard.press("v")
    page.keyboard.press("ArrowDown")
    press(page, "Enter")
    expect(page.get_by_text("Objednání je přesunuté")).to_be_visible()
    assert Booking.objects.get(pk=booking.pk).starts_at != booking.starts_at

    press(page, "t")
    ask(page, reference_of(booking.pk))
    page.keyboard.press("x")
    press(page, "Enter")
    expect(page.get_by_text("Objednání je zrušené")).to_be_visible()
    assert Booking.objects.get(pk=booking.pk).state == BookingState.CANCELLED_BY_OFFICE
    wanted = ("BookingHeld", "BookingConfirmed", "BookingMoved", "BookingCancelled")
    done = Event.objects.filter(kind__in=wanted).order_by("id").values_list("kind", "actor")
    assert list(done) == [(kind, operator.pk) for kind in wanted]

    # The head of the office reads it, and every look at people and the log-in before it.
    Membership.objects.filter(user=operator).update(role="head")
    last = Event.objects.latest("at").at.astimezone(town.PRAGUE).date().isoformat()
    page.goto(f"{page.url.split('/pult/')[0]}/sprava/praha6/kdo-co/?den={last}")
    expect(page.get_by_role("cell", name="Ustredna")).to_have_count(
        Event.objects.filter(actor=operator.pk).count()
    )
    look(page, "deeds")

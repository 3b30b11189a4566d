"""The waiting list: a freed slot is declined by one person and accepted by the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking import booking_lifecycle, waiting_list
from prepazka.booking.booking_links import sign_token
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.slot_search import search_slots
from prepazka.booking.waiting_list import Wanted
from prepazka.core.contact import Contact
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web.models import RateCount
from tests import town
from tests.clock import real_now

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


def full_week(office: OfficeSnapshot, now: datetime) -> Booking:
    """Everything is booked by telephone, but for one citizen's booking, which is returned."""
    service = town.service(office)
    mine: Booking | None = None
    for slot in search_slots(office=office, service=service, now=now, channel="phone"):
        channel = "web" if mine is None and slot.starts_at > now + timedelta(days=1) else "phone"
        held = booking_lifecycle.hold_slot(
            office=office, service=service, starts_at=slot.starts_at, now=now, channel=channel
        )
        asked = booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="K"), now=now
        )
        if channel == "web":
            mine = booking_lifecycle.confirm_booking(booking=asked.pk, now=now)
    assert mine
    return mine


def test_one_declines_and_the_next_accepts(
    live_url: str,
    mails: Any,
    page: Page,
    context: Callable[..., BrowserContext],
    look: Look,
) -> None:
    office = town.office(waiting_list=True, return_from_min=2, return_to_min=15, horizon_days=4)
    now = real_now()
    freed = full_week(office, now)
    page.goto(f"{live_url}/lhota/objednat/prepis/")
    look(page, "waiting-full")
    page.get_by_role("link", name="Zapsat se do pořadníku").click()
    look(page, "waiting-wish")
    page.get_by_label("Jméno a příjmení").fill("Jana Nováková")
    page.get_by_label("E-mail").fill("nikdo")
    page.get_by_role("button", name="Zapsat se do pořadníku").click()
    page.get_by_label("E-mail").fill("jana@example.cz")
    page.get_by_role("button", name="Zapsat se do pořadníku").click()
    page.goto(mails.link(mails.wait(), "/s/"))
    look(page, "waiting-confirm")
    page.get_by_role("button", name="Ano, budu čekat").click()
    expect(page.get_by_text("Nikdo před Vámi není.")).to_be_visible()
    look(page, "waiting-place-in-order")

    petr = waiting_list.join_waiting_list(
        office=office,
        service=town.service(office),
        wish=Wanted(freed.date, freed.date),
        contact=Contact(name="Petr Dvořák", email="petr@example.cz"),
        now=real_now(),
    )
    waiting_list.confirm_entry(entry=petr.pk, now=real_now())
    mails.wait(2)
    booking_lifecycle.cancel_booking(booking=freed.pk, now=real_now())
    offer = mails.wait(3)
    assert offer["To"] == "jana@example.cz"
    page.goto(mails.link(offer, "/s/"))
    look(page, "waiting-offer")
    page.get_by_role("button", name="Nehodí se mi").click()
    expect(page.get_by_role("heading", name="Jste v pořadníku")).to_be_visible()

    second = mails.wait(4)
    assert second["To"] == "petr@example.cz"
    plain = context(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
    plain.goto(mails.link(second, "/s/"))
    plain.get_by_role("button", name="Přijmout termín").click()
    expect(plain.locator(".panel__pin")).to_be_visible()
    booked = Booking.objects.get(email="petr@example.cz")
    assert (booked.state, booked.starts_at) == (BookingState.CONFIRMED, freed.starts_at)
    assert booked.pin in mails.text(mails.wait(5))
    # axe itself is a script, so it cannot look at a page without scripts.
    page.goto(f"{live_url}/objednavka/{sign_token(booked.pk, 'personal')}/drive/")
    look(page, "waiting-sooner")

    town.clerk(office, "vedouci", "head")
    page.goto(f"{live_url}/sprava/lhota/poradnik/")
    page.locator("#id_login").fill("vedouci")
    page.locator("#id_password").fill("heslo heslo heslo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/poradnik/")
    expect(page.get_by_text("odmítnuto")).to_be_visible()
    expect(page.get_by_text("přijato")).to_be_visible()
    look(page, "waiting-head")


def test_a_press_before_the_task_is_solved_waits_for_it(live_url: str, page: Page) -> None:
    """A slow telephone takes seconds; the person does not press again for that."""
    town.office(proof="always")
    page.goto(f"{live_url}/lhota/objednat/prepis/")
    page.add_init_script(
        "const Real = Worker; window.Worker = class extends Real {"
        " postMessage(...given) { setTimeout(() => super.postMessage(...given), 3000); } };"
    )
    page.locator("a.option").last.click()
    page.locator("[data-proof] altcha-widget").wait_for(state="attached")
    page.locator("button.option").last.click()
    expect(page.locator("button.option").last).to_have_attribute("aria-busy", "true")
    expect(page.get_by_label("Jméno a příjmení")).to_be_visible()
    assert RateCount.objects.filter(scope="proof").count() == 1
    assert not RateCount.objects.filter(scope="no-proof").exists()


def test_the_browser_solves_the_task_by_itself(live_url: str, page: Page, look: Look) -> None:
    town.office(proof="always")
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(f"{live_url}/lhota/objednat/prepis/")
    page.locator("a.option").last.click()
    expect(page.locator("input[name=altcha]")).to_have_value(re.compile(".{50,}"), timeout=40_000)
    look(page, "proof-times")
    page.locator("button.option").last.click()
    expect(page.get_by_label("Jméno a příjmení")).to_be_visible()
    assert RateCount.objects.filter(scope="proof").count() == 1
    assert not RateCount.objects.filter(scope="no-proof").exists()
    assert wrong == []

"""A register goes down and comes back, in front of everybody's eyes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from prepazka.offices import devices
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters
from tests import town
from tests.clock import real_now
from tests.journeys.test_hall import LANDSCAPE, Contexts, booked_now, give_ticket, kiosk_of, pair
from tests.journeys.test_hall import office as open_office
from tests.journeys.test_official_absent import log_in
from tests.usecases.test_incidents import with_register

pytestmark = pytest.mark.journey
DOWN = "Registr vozidel nefunguje."
office = open_office


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS", ""):
        page.screenshot(path=Path(folder) / f"{name}.png")


def say_faults(kiosk: Page) -> None:
    """A kiosk with little paper and a wrong clock, a display that is not heard."""
    kiosk.close()  # or it would say of itself that all is well
    moment = real_now()
    Device.objects.filter(code="kiosk").update(
        app_version="1.4.0",
        clock_off_s=372,
        printer_state={"paper_low": True},
        printer_asked_at=moment,
        printed="V1",
        printed_at=moment,
        waiting_events=2,
    )
    panel = Device.objects.get(code="panel")
    devices.report_fault(device=panel.pk, fault="sound_blocked", now=moment)


def test_a_register_goes_down_and_comes_back(
    live_url: str,
    office: OfficeSnapshot,
    context: Contexts,
    page: Page,
    phone: Page,
    mails: Any,
    look: Callable[[Page, str], None],
    axe: Callable[[Page], None],
) -> None:
    with_register(office, "prepis", "znacky")
    office = snapshot_by_slug("lhota")
    town.clerk(office, "hlava", "head")
    booked = booked_now(office)
    type(booked).objects.filter(pk=booked.pk).update(email="jana@example.cz")
    waits = give_ticket(office)
    give_ticket(office, "pas")
    clerk = town.clerk(office, "novakova")
    counters.open_counter(counter=town.counter(office, "2"), clerk=clerk.pk, now=real_now())
    kiosk = kiosk_of(context, live_url, office)
    wall = context(viewport=LANDSCAPE).new_page()
    pair(wall, live_url, office, "panel")
    phone.goto(f"{live_url}/t/{waits.code}/")
    desk = context(viewport={"width": 1280, "height": 800}).new_page()
    log_in(desk, live_url, "novakova", "/pult/lhota/")
    log_in(page, live_url, "hlava", "/pult/lhota/porucha/")
    look(page, "incident-form")
    page.get_by_label("Vlastní věta (čeština)").fill("Pracujeme na tom s ministerstvem.")
    page.get_by_label("Totéž (angličtina)").fill("We work on it with the ministry.")
    page.get_by_role("button", name="Ukázat").click()
    look(page, "incident-preview")
    page.get_by_role("button", name="Vyhlásit").click()
    look(page, "incident-open")

    for seen in (wall, phone, desk):
        expect(seen.get_by_text(DOWN).first).to_be_visible()
    kiosk.goto(f"{live_url}/kiosk/")
    expect(kiosk.get_by_text(DOWN).first).to_be_visible()
    expect(kiosk.get_by_role("button", name="Přepis vozidla")).to_have_count(0)
    for name, seen in (("kiosk", kiosk), ("wall", wall), ("desk", desk)):
        axe(seen)
        picture(seen, f"incident-{name}")
    kiosk.goto(f"{live_url}/en/kiosk/")
    picture(kiosk, "incident-kiosk-en")
    look(phone, "incident-ticket")
    phone.goto(f"{live_url}/en/t/{waits.code}/")
    look(phone, "incident-ticket-en")
    for name, address in (
        ("monitor", "/lhota/nazivo/"),
        ("office", "/lhota/"),
        ("days", "/lhota/objednat/prepis/"),
        ("days-en", "/en/lhota/objednat/prepis/"),
    ):
        phone.goto(live_url + address)
        look(phone, f"incident-{name}")

    assert DOWN in mails.text(mails.wait())
    phone.goto(mails.link(mails[0], "/zmenit/"))
    expect(phone.get_by_role("heading", level=1)).to_be_visible()

    page.get_by_role("button", name="Už to funguje").click()
    expect(wall.get_by_text(DOWN)).to_have_count(0)
    expect(desk.get_by_role("button", name="Vyvolat dalšího")).to_be_enabled()
    assert "opět funguje" in mails.text(mails.wait(2))

    say_faults(kiosk)
    page.goto(f"{live_url}/sprava/lhota/zarizeni/")
    expect(page.get_by_text("hodiny jdou napřed o 6 minut")).to_be_visible()
    look(page, "devices")
    page.goto(f"{live_url}/en/sprava/lhota/zarizeni/")
    look(page, "devices-en")
    expect(desk.get_by_text("ale nejsou slyšet")).to_be_visible()

"""From the code at the door to a ticket in the telephone, and to the notice that the turn is near."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from prepazka.offices.models import Device, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing.models import Ticket, TurnAlert
from prepazka.web import door_passes
from tests import rounds
from tests.journeys.conftest import Mails
from tests.journeys.test_hall import (
    LANDSCAPE,
    PORTRAIT,
    Contexts,
    call_next,
    give_ticket,
    kiosk_of,
    now,
    office,
    pair,
)

pytestmark = pytest.mark.journey
__all__ = ["office"]  # the fixture


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def width_of(shown: Locator) -> float:
    box = shown.bounding_box()
    return box["width"] if box else 0.0


def until(value: Callable[[], float], at_least: float) -> None:
    deadline = time.monotonic() + 30
    while (last := value()) < at_least:
        assert time.monotonic() < deadline, last
        time.sleep(0.05)


def test_a_ticket_in_the_telephone_and_its_notice(
    live_url: str,
    office: OfficeSnapshot,
    context: Contexts,
    mails: Mails,
    axe: Callable[[Page], None],
    look: Callable[[Page, str], None],
) -> None:
    Office.objects.update(phone_tickets="door", version=3)
    office = snapshot_of(Office.objects.get())
    kiosk = kiosk_of(context, live_url, office)
    picture(kiosk, "kiosk-start")
    kiosk.get_by_role("link", name="Lístek do telefonu").click()
    expect(kiosk.get_by_role("heading", name="Lístek do telefonu")).to_be_visible()
    axe(kiosk)
    picture(kiosk, "kiosk-code")
    panel = context(viewport=LANDSCAPE).new_page()
    Device.objects.filter(code="panel").update(options={"layout": "door"})
    pair(panel, live_url, office, "panel")
    for name, size in (("landscape", LANDSCAPE), ("portrait", PORTRAIT)):
        panel.set_viewport_size({"width": size["width"], "height": size["height"]})
        shown = panel.get_by_role("img", name="QR kód")
        # As large as the screen lets it be; the panel may just be showing a newer one.
        until(partial(width_of, shown), at_least=0.5 * min(size.values()))
        picture(panel, f"panel-{name}")
    axe(panel)
    give_ticket(office)
    device = Device.objects.select_related("office").get(code="panel")
    phone = context(java_script_enabled=False).new_page()
    phone.goto(live_url + urlsplit(door_passes.link_of(device, now())).path)
    phone.get_by_role("button", name="Přepis vozidla").click()
    phone.wait_for_url("**/t/*/")
    ticket = Ticket.objects.latest("pk")
    assert phone.url == f"{live_url}/t/{ticket.code}/"
    phone.get_by_role("link", name="Upozornit, než přijdu na řadu").click()
    phone.get_by_label("E-mail").fill("jana@example.cz")
    phone.get_by_role("button", name="Upozornit tam").click()
    expect(phone.get_by_text("Na Vaši řadu Vás upozorníme e-mailem.")).to_be_visible()
    call_next(office)
    rounds.tell_near(now=now())
    assert f"/t/{ticket.code}/" in mails.text(mails.wait())
    assert TurnAlert.objects.get().has_contact
    reader = context(permissions=["notifications"]).new_page()
    for language in ("", "/en"):
        reader.goto(f"{live_url}{language}/t/{ticket.code}/")
        look(reader, f"ticket{language.strip('/')}")
        reader.goto(f"{live_url}{language}/t/{ticket.code}/upozornit/")
        expect(reader.locator("[data-push] button")).to_be_visible()
        look(reader, f"alert{language.strip('/')}")
        token = door_passes.sign_pass(
            door_passes.pass_of_scan(
                office, door_passes.link_of(device, now()).split("/")[-2], now()
            )
        )
        reader.goto(f"{live_url}{language}/listek/lhota/vyber/{token}/")
        look(reader, f"choose{language.strip('/')}")
        reader.goto(f"{live_url}{language}/listek/{office.slug}/kod/1-aaaaaaaaaaaaaaaa/")
        look(reader, f"old{language.strip('/')}")
    phone.get_by_role("link", name="Změnit nebo zrušit").click()
    phone.get_by_role("button", name="Už neupozorňovat").click()
    until(lambda: not TurnAlert.objects.get().has_contact, at_least=True)

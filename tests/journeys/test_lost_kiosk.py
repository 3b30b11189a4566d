"""A stolen kiosk: the head reports it, people get new PINs, old ones say so, its log is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.models import Booking
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from tests import town
from tests.journeys.test_console import log_in
from tests.journeys.test_hall import booked_now, kiosk_of, office, pair, press
from tests.journeys.test_missed_clients import enter, pictures
from tests.journeys.test_offline import is_ready

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]
FOLDER = os.environ.get("SCREENSHOTS", "")
DEVICES = "/sprava/lhota/zarizeni/"


def test_a_lost_kiosk(
    live_url: str,
    office: OfficeSnapshot,
    context: Contexts,
    page: Page,
    mails: Any,
    axe: Callable[[Page], None],
) -> None:
    booking = booked_now(office)
    earlier = timedelta(days=1)
    Booking.objects.update(email="jana@example.cz", confirmed_at=booking.starts_at - earlier)
    stolen = kiosk_of(context, live_url, office)
    is_ready(stolen, "/kiosk/bez-site/")
    stolen.goto(f"{live_url}/kiosk/")
    stolen.context.set_offline(True)
    stolen.goto(f"{live_url}/kiosk/")
    stolen.get_by_role("button", name="Klienti objednaní přes web").click()
    press(stolen, "5271")
    stolen.get_by_role("button", name="Potvrdit").click()
    expect(stolen.locator(".kiosk-ticket__number")).to_have_text("V500")

    town.clerk(office, role="head")
    log_in(page, live_url)
    page.goto(f"{live_url}{DEVICES}")
    page.get_by_role("link", name="Kiosek se ztratil").click()
    expect(page.get_by_role("heading", name="Ztratil se kiosek")).to_be_visible()
    expect(page.locator("main")).to_contain_text("1 objednávka, jejíž PIN kiosek měl")
    axe(page)
    pictures(page, "lost-sure")
    assert Booking.objects.get().pin == "5271"
    page.get_by_role("button", name="Ano, kiosek se ztratil").click()
    expect(page.get_by_text("Kiosek je odpojen. 1 objednávka má nový PIN")).to_be_visible()
    expect(page.get_by_text("nahlášen jako ztracený", exact=True)).to_be_visible()
    axe(page)
    new = Booking.objects.get().pin
    assert new != "5271"
    letter = mails.text(mails.wait())
    assert new in letter
    assert "změnili PIN" in letter
    assert "5271" not in letter

    Device.objects.create(office=office.row, code="k2", kind="kiosk", name={"cs": "Druhý"})
    other = context(viewport={"width": 1280, "height": 1024}, has_touch=True).new_page()
    pair(other, live_url, office, "k2")
    enter(other, "5271")
    expect(other.get_by_role("heading", name="Tento PIN byl změněn")).to_be_visible()
    axe(other)
    if FOLDER:
        other.screenshot(path=Path(FOLDER) / "lost-old-pin.png")
    other.goto(f"{live_url}/kiosk/")
    enter(other, new)
    expect(other.locator(".kiosk-ticket__number")).to_have_text("V1")

    # The thief plugs it in: it is no kiosk any more, and what it gave alone counts for nothing.
    stolen.context.set_offline(False)
    stolen.goto(f"{live_url}/kiosk/")
    expect(stolen.get_by_label("Párovací kód")).to_be_visible()
    assert Ticket.objects.get().label == "V1"
    page.goto(f"{live_url}{DEVICES}")
    expect(page.get_by_text(re.compile(r"^Nahlášen jako ztracený \d"))).to_be_visible()
    pictures(page, "lost-devices")

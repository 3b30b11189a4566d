"""An official's calendars: own time by keyboard, a calendar kept elsewhere, a feed, the week."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect

from prepazka.booking.models import Busy
from prepazka.officefile import load, presets
from prepazka.offices.directory import directory_by_slug
from prepazka.offices.models import Office, Official
from tests import town
from tests.clock import real_now
from tests.gateways import calendar_peer
from tests.gateways.calendar_peer import Peer
from tests.gateways.test_calendars import ics

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]


@pytest.fixture
def elsewhere() -> Iterator[Peer]:
    """A calendar's server."""
    with calendar_peer.running() as made:
        yield made


def test_the_calendars_of_an_official(
    elsewhere: Peer, live_url: str, mails: Any, page: Page, look: Look
) -> None:
    load.load(presets.text("praha-6"), now=real_now())
    office = directory_by_slug("praha6")
    Official.objects.filter(code="novotna").update(user=town.clerk(office, "novotna"))
    Office.objects.update(version=F("version") + 1)
    day = (real_now() + timedelta(days=7)).date()

    page.goto(f"{live_url}/pult/praha6/diar/")
    page.locator("#id_login").fill("novotna")
    page.locator("#id_password").fill("heslo heslo heslo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/diar/novotna/")

    page.get_by_role("link", name="Vlastní čas").press("Enter")
    look(page, "appointment")
    for field, value in {
        "title": "zubař",
        "from_date": day.isoformat(),
        "opens": "10:00",
        "closes": "11:00",
    }.items():
        page.locator(f"#id_{field}").fill(value)
    page.locator("#id_title").press("Enter")
    expect(page.get_by_text("Diář je změněný.")).to_be_visible()
    page.goto(f"{live_url}/pult/praha6/diar/novotna/?den={day.isoformat()}")
    expect(page.get_by_role("link", name="zubař")).to_be_visible()
    look(page, "diary-busy")

    elsewhere.body = ics(f"DTSTART:{day:%Y%m%d}T130000Z|DURATION:PT1H|SUMMARY:porada")
    page.get_by_role("link", name="Kalendáře").press("Enter")
    page.locator("#id_url").fill(elsewhere.url)
    page.locator("#id_url").press("Enter")
    look(page, "calendars")
    for _ in range(100):
        if Busy.objects.filter(calendar__isnull=False).exists():
            break
        page.wait_for_timeout(100)
    page.reload()
    expect(page.get_by_text("byl přečten")).to_be_visible()
    page.get_by_role("button", name="Vytvořit adresu").press("Enter")
    look(page, "feed")
    shown = re.search(r"/kalendar/[\w-]+\.ics", page.locator(".one-time").inner_text())
    assert shown
    with urlopen(f"{live_url}{shown[0]}", timeout=10) as answer:  # noqa: S310  # our own
        assert answer.read().startswith(b"BEGIN:VCALENDAR")
    page.goto(f"{live_url}/pult/praha6/diar/novotna/?den={day.isoformat()}")
    expect(page.get_by_text("z cizího kalendáře")).to_be_visible()
    assert "porada" not in page.content()

    page.get_by_role("link", name="Týdenní hodiny").press("Enter")
    look(page, "week")
    page.locator("#id_first").fill(day.isoformat())
    page.locator(f"#id_day{day.weekday()}").fill("9–12")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Diář je změněný.")).to_be_visible()
    page.goto(f"{live_url}/pult/praha6/diar/novotna/?den={day.isoformat()}")
    expect(page.get_by_role("heading", name="9:00–12:00")).to_be_visible()


def test_the_administrators_view(live_url: str, page: Page, look: Look) -> None:
    load.load(presets.text("praha-6"), now=real_now())
    town.clerk(directory_by_slug("praha6"), "spravce", "administrator")
    page.goto(f"{live_url}/sprava/praha6/urednici/")
    page.locator("#id_login").fill("spravce")
    page.locator("#id_password").fill("heslo heslo heslo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/urednici/")
    look(page, "manager-diaries")

"""An official's calendars: own time by keyboard, a calendar kept elsewhere, a feed, the week."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect

from prepazka.booking.models import Busy, OutsideCalendar
from prepazka.officefile import office_loading, presets
from prepazka.offices.models import Office, Official
from prepazka.offices.office_snapshot import snapshot_by_slug
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
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    office = snapshot_by_slug("praha6")
    Official.objects.filter(code="novotna").update(user=town.clerk(office, "novotna"))
    Office.objects.update(version=F("version") + 1)
    day = (real_now().astimezone(town.PRAGUE) + timedelta(days=7)).date()

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
    _until(lambda: Busy.objects.filter(calendar__isnull=False).exists(), page)
    page.reload()
    expect(page.get_by_text("byl přečten")).to_be_visible()
    doubtful_events(elsewhere, page, day, look)
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


def doubtful_events(elsewhere: Peer, page: Page, day: date, look: Look) -> None:
    """What cannot be understood is listed and freed by a press; a calendar that empties is said."""
    soon = [day + timedelta(days=n) for n in range(1, 4)]
    elsewhere.body = ics(
        f"UID:0@x|DTSTART:{day:%Y%m%d}T130000Z|DURATION:PT1H",
        f"UID:rule|DTSTART:{soon[0]:%Y%m%d}T080000Z|DURATION:PT1H|RRULE:FREQ=WEEKLY;UNTIL=nikdy",
        f"UID:zone|DTSTART;TZID=Nikde/Nic:{soon[1]:%Y%m%d}T100000|DURATION:PT1H"
        "|RRULE:FREQ=DAILY;COUNT=3",
        f"UID:days|DTSTART;VALUE=DATE:{soon[2]:%Y%m%d}|DTEND:nic",
        "UID:lost|DTSTART:nic",
    )
    read_anew(page)
    _until(lambda: OutsideCalendar.objects.get().failure == "partly", page)
    page.reload()
    expect(page.get_by_role("row").filter(has_text="Nejde přečíst, jak se opakuje")).to_be_visible()
    page.get_by_text("Co obsazuje čas").click()
    look(page, "calendars-doubts")
    busy = Busy.objects.count()
    row = page.get_by_role("row").filter(has_text="Nejde přečíst, jak se opakuje")
    row.get_by_role("button").press("Enter")
    expect(page.get_by_text("Čas je volný")).to_be_visible()
    assert Busy.objects.count() == busy - 1

    before, elsewhere.body = elsewhere.body, ics()
    read_anew(page)
    _until(lambda: OutsideCalendar.objects.get().failure == "vanished", page)
    page.reload()
    expect(page.get_by_text("naráz zmizely")).to_be_visible()
    look(page, "calendars-vanished")
    page.get_by_role("button", name="Jsou zrušené").press("Enter")
    expect(page.get_by_text("naráz zmizely")).not_to_be_visible()
    assert not Busy.objects.filter(calendar__isnull=False).exists()
    elsewhere.body = before
    read_anew(page)
    _until(lambda: Busy.objects.filter(calendar__isnull=False).exists(), page)
    page.reload()


def read_anew(page: Page) -> None:
    """Saving the settings of a calendar has it read at once."""
    page.get_by_text("Co obsazuje čas").click()
    page.get_by_label("co je označené jako nezávazné").click()
    page.get_by_role("button", name="Uložit").press("Enter")
    expect(page.get_by_text("Nastavení je uložené.")).to_be_visible()


def _until(holds: Callable[[], bool], page: Page) -> None:
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come")


def test_the_administrators_view(live_url: str, page: Page, look: Look) -> None:
    office_loading.load(presets.preset_text("praha-6"), now=real_now())
    town.clerk(snapshot_by_slug("praha6"), "spravce", "administrator")
    page.goto(f"{live_url}/sprava/praha6/urednici/")
    page.locator("#id_login").fill("spravce")
    page.locator("#id_password").fill("heslo heslo heslo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/urednici/")
    look(page, "manager-diaries")

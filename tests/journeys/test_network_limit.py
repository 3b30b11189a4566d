"""A family behind one connection in a crowd: three get times, the fourth is refused, told how, and helped."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking import networks
from prepazka.booking.booking_lifecycle import hold_slot
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.slot_search import search_slots
from prepazka.core.hold_limits import CITIZEN, Asker
from prepazka.officefile import office_loading, presets
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import town
from tests.clock import real_now
from tests.journeys.test_booking import WORDS, choose
from tests.journeys.test_staff_accounts import log_in

pytestmark = pytest.mark.journey
Look = Callable[[Page, str], None]
Contexts = Callable[..., BrowserContext]
TELEPHONE = "380 000 300"


def make_a_crowd(office: OfficeSnapshot) -> None:
    """Many networks keep a time each, so that one network may keep three."""
    now, service = real_now(), town.service(office, "prepis-vozidla")
    free = iter(search_slots(office=office, service=service, now=now)[-40:])
    number = 0
    while not networks.is_office_crowded(office, now=now):
        slot = next(free)
        for _ in range(slot.free):
            number += 1
            name = f"crowd{number}"
            hold_slot(
                office=office,
                service=service,
                starts_at=slot.starts_at,
                now=now,
                asker=Asker((name,) * 3, CITIZEN),
            )


@pytest.fixture
def krumlov(live_url: str) -> OfficeSnapshot:
    office_loading.load(presets.preset_text("cesky-krumlov"), now=real_now())
    office = snapshot_by_slug("krumlov")
    make_a_crowd(office)
    return office


@pytest.fixture
def family(live_url: str, krumlov: OfficeSnapshot, context: Contexts) -> list[Page]:
    """Four telephones at home; the last one's owner has just been refused."""
    pages = [context(viewport={"width": 360, "height": 740}).new_page() for _ in range(4)]
    for page in pages:
        choose(page, live_url, WORDS["cs"])
        if page is not pages[-1]:
            expect(page.get_by_label("Jméno a příjmení")).to_be_visible()
    return pages


def see_refusal(page: Page) -> None:
    """In Czech: why, when to try again, and whom to call."""
    expect(page.get_by_text("Z Vašeho připojení k internetu")).to_be_visible()
    words = page.locator("main").inner_text().replace("\xa0", " ")
    assert "znovu za 3 min" in words or "znovu za 2 min" in words, words
    number = page.get_by_role("link", name=TELEPHONE)
    assert number.get_attribute("href") == f"tel:{TELEPHONE.replace(' ', '')}"


def test_reception_books_by_telephone(
    live_url: str, krumlov: OfficeSnapshot, family: list[Page], context: Contexts, look: Look
) -> None:
    see_refusal(family[-1])
    look(family[-1], "family-refused")
    town.clerk(krumlov, "recepce", role="reception")
    desk = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(desk, f"{live_url}/pult/krumlov/telefon/", "recepce")
    desk.locator("a[data-key=d]").click()  # the next day with a free place
    desk.locator("button[name=place]").first.click()
    desk.locator("#id_name").fill("Jana Nováková")
    desk.locator("#id_phone").fill("353 111 222")
    desk.locator("#id_phone").press("Enter")
    expect(desk.locator(".slip__number")).to_be_visible()
    look(desk, "family-booked")
    booking = Booking.objects.get(state=BookingState.CONFIRMED)
    assert (booking.name, booking.channel) == ("Jana Nováková", "phone")
    expect(family[0].get_by_label("Jméno a příjmení")).to_be_visible()
    assert Booking.objects.filter(state=BookingState.HELD, network_48=family_network()).count() == 3


def test_the_head_releases_what_the_connection_keeps(
    live_url: str, krumlov: OfficeSnapshot, family: list[Page], context: Contexts, look: Look
) -> None:
    see_refusal(family[-1])
    town.clerk(krumlov, "vedouci", role="head")
    head = context(viewport={"width": 1366, "height": 768}).new_page()
    log_in(head, f"{live_url}/sprava/krumlov/rozpracovane/", "vedouci")
    row = head.get_by_role("row").filter(has_text=family_network()[:6].upper())
    look(head, "family-kept")
    row.get_by_role("button", name="Uvolnit").click()
    expect(head.get_by_text("Uvolnily se 3 termíny")).to_be_visible()
    choose(family[-1], live_url, WORDS["cs"])
    expect(family[-1].get_by_label("Jméno a příjmení")).to_be_visible()
    assert Booking.objects.filter(state=BookingState.HELD, network_48=family_network()).count() == 1


def family_network() -> str:
    """The hash of the connection that the browsers share."""
    held = Booking.objects.exclude(network__startswith="crowd").exclude(network="")
    return held.latest("created_at").network

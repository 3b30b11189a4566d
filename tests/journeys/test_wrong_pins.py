"""Many wrong PINs at a kiosk that its script drives: the second question, and what staff see."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.models import Booking
from prepazka.core.booking_reference import reference_of
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import WrongPin
from tests import town
from tests.journeys.test_console import log_in, sit_down
from tests.journeys.test_hall import booked_now, kiosk_of, now, office, press
from tests.journeys.test_kiosk_sizes import FOLDER, SIZES, inside
from tests.journeys.test_missed_clients import enter
from tests.waiting import becomes

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]


def wrong_pins(office: OfficeSnapshot, times: int, *, answered: bool = False) -> None:
    WrongPin.objects.bulk_create(
        WrongPin(
            office=office.row, device=town.kiosk(office), answered=answered,
            at=now() - timedelta(minutes=2),
        )
        for _ in range(times)
    )  # fmt: skip


def booked_with_telephone(office: OfficeSnapshot) -> Booking:
    booking = booked_now(office)
    booking.phone = "+420777123456"
    booking.save(update_fields=["phone"])
    return booking


def asked(kiosk: Page, url: str, pin: str = "5271") -> None:
    """Enter the PIN on the start screen and be asked for the digits."""
    kiosk.goto(f"{url}/kiosk/")
    enter(kiosk, pin)
    expect(kiosk.get_by_role("heading", name="Poslední tři číslice telefonu")).to_be_visible()


def test_the_digits_the_code_a_wrong_answer_and_the_way_to_reception(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Callable[[Page], None]
) -> None:
    booking = booked_with_telephone(office)
    wrong_pins(office, 10)
    kiosk = kiosk_of(context, live_url, office)

    asked(kiosk, live_url)
    axe(kiosk)
    with kiosk.expect_request("**/kiosk/**") as sent:  # the script types the keys by itself
        press(kiosk, "45")
        expect(kiosk.locator("#second")).to_have_value("45")
        kiosk.get_by_role("button", name="Smazat").click()
        press(kiosk, "99")
        expect(kiosk.locator("#second")).to_have_value("499")
        kiosk.get_by_role("button", name="Potvrdit").click()
    assert "key=" not in (sent.value.post_data or "")
    expect(kiosk.get_by_role("heading", name="PIN a telefon k sobě nepatří")).to_be_visible()
    axe(kiosk)
    assert not hasattr(Booking.objects.get(), "ticket")
    assert WrongPin.objects.filter(answered=True).count() == 1

    asked(kiosk, live_url)
    kiosk.get_by_role("link", name="Telefon jsem neuvedl").click()
    expect(kiosk.get_by_role("heading", name="Přijďte prosím na informace")).to_be_visible()
    expect(kiosk.locator("main")).to_contain_text("zaregistrují podle jména")
    axe(kiosk)

    asked(kiosk, live_url)
    press(kiosk, "456")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
    assert Booking.objects.get().state == "arrived"

    earlier = timedelta(hours=3)
    Booking.objects.update(starts_at=F("starts_at") - earlier, ends_at=F("ends_at") - earlier)
    other = booked_now(office, pin="5272")
    asked(kiosk, live_url, "5272")
    kiosk.keyboard.type(reference_of(other.pk).lower())
    kiosk.keyboard.press("Enter")
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V2")

    wrong_pins(office, 19, answered=True)
    kiosk.goto(f"{live_url}/kiosk/")
    enter(kiosk, booking.pin)
    expect(kiosk.get_by_role("heading", name="Přijďte prosím na informace")).to_be_visible()
    axe(kiosk)


def test_the_second_question_without_a_script(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    booked_with_telephone(office)
    wrong_pins(office, 10)
    kiosk = kiosk_of(context, live_url, office, java_script_enabled=False)
    asked(kiosk, live_url)
    press(kiosk, "456")
    expect(kiosk.locator("#second")).to_have_value("456")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")


def whole(kiosk: Page, name: str, field: str) -> None:
    """Question, field, keys and the way out are in sight at every size."""
    expect(kiosk.locator(field)).to_be_visible()
    for width, height in SIZES:
        kiosk.set_viewport_size({"width": width, "height": height})
        where = f"{name}-{width}x{height}"
        becomes(kiosk, "() => document.fonts.status === 'loaded'")
        if FOLDER:
            kiosk.screenshot(path=Path(FOLDER) / f"{where}.png")
        for shown in ("h1", "#pin-hint:visible", field, ".key", ".kiosk-pin-back a"):
            for one in kiosk.locator(shown).all():
                inside(kiosk, one, f"{where} {shown}")


@pytest.mark.any_day("sizes of a screen")
@pytest.mark.parametrize("language", ["cs", "en"])
def test_the_second_question_is_whole_on_every_screen(
    live_url: str, office: OfficeSnapshot, context: Contexts, axe: Any, language: str
) -> None:
    booked_with_telephone(office)
    wrong_pins(office, 10)
    kiosk = kiosk_of(context, live_url, office)
    start = "/en/kiosk/" if language == "en" else "/kiosk/"
    for contrast in ("0", "1"):
        kiosk.goto(f"{live_url}{start}pin/?kontrast={contrast}")
        whole(kiosk, f"pin-{language}-{contrast}", "#pin")
        press(kiosk, "5271")
        kiosk.locator(".key--go").click()
        whole(kiosk, f"second-{language}-{contrast}", "#second")
        axe(kiosk)


def test_staff_see_it_the_moment_it_begins(
    live_url: str,
    office: OfficeSnapshot,
    context: Contexts,
    page: Page,
    axe: Callable[[Page], None],
) -> None:
    booked_with_telephone(office)
    wrong_pins(office, 9)
    town.clerk(office)
    log_in(page, live_url)
    sit_down(page)
    notice = page.get_by_text(re.compile(r"Kiosek se od \d+:\d\d ptá kromě PINu"))
    expect(notice).to_have_count(0)
    kiosk = kiosk_of(context, live_url, office)
    enter(kiosk, "0037")
    expect(kiosk.get_by_role("heading", name="Tento PIN neznáme")).to_be_visible()
    expect(notice).to_be_visible()
    axe(page)
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / "second-console.png")

"""Liberec: a sports club books an official by video, invites a member, and changes its mind."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.accounts.models import User
from prepazka.booking.models import Booking
from prepazka.officefile import office_loading, presets
from prepazka.offices.models import Membership, Office, Role
from tests import citizen
from tests.clock import real_now
from tests.meetings_town import held

pytestmark = pytest.mark.journey
FOLDER = os.environ.get("SCREENSHOTS", "")


def test_a_slot_in_person_becomes_a_meeting_by_video(
    live_url: str,
    mails: Any,
    page: Page,
    look: Callable[[Page, str], None],
) -> None:
    office_loading.load(presets.preset_text("liberec"), now=real_now())
    page.goto(f"{live_url}/liberec/objednat/dotace-sport/")
    expect(page.get_by_role("link", name="Po videu ve webovém prohlížeči")).to_have_attribute(
        "aria-current", "true"
    )
    look(page, "liberec-days")
    page.get_by_role("link", name="Osobně na úřadě").click()
    page.locator("a.option").nth(2).click()
    look(page, "liberec-times")
    page.locator("button.option").last.click()
    page.get_by_label("Jméno a příjmení").fill("Sportovní klub Ještěd")
    page.get_by_label("E-mail").fill("klub@example.cz")
    page.get_by_role("button", name="Pokračovat").click()
    look(page, "liberec-check")
    page.get_by_role("button", name="Objednat", exact=True).click()
    look(page, "liberec-in-person")
    page.get_by_role("link", name="Sejít se jinak").click()
    look(page, "liberec-mode")
    page.get_by_label("Po videu").check()
    page.get_by_role("button", name="Změnit způsob setkání").click()
    expect(page.get_by_text("Schůzka po videu", exact=True)).to_be_visible()
    look(page, "liberec-video")
    page.get_by_role("link", name="Pozvat další lidi").click()
    page.get_by_label("E-mail hosta").fill("clen@example.cz")
    page.get_by_role("button", name="Poslat pozvánku").click()
    expect(page.get_by_text("clen@example.cz").first).to_be_visible()
    look(page, "liberec-people")
    made = Booking.objects.get(email="klub@example.cz")
    page.goto(page.url.replace(live_url, f"{live_url}/en"))
    look(page, "liberec-people-en")

    office = Office.objects.get(slug="liberec")
    user = User.objects.create_user(username="linka", password="heslo-linky")
    Membership.objects.create(office=office, user=user, role=Role.OPERATOR, name="Linka")
    page.goto(f"{live_url}/ucet/login/")
    page.locator("#id_login").fill("linka")
    page.locator("#id_password").fill("heslo-linky")
    page.locator("#id_password").press("Enter")
    page.wait_for_url("**/pult/**")
    page.goto(f"{live_url}/pult/liberec/recepce/objednavka/{made.pk}/")
    look(page, "liberec-slip")
    page.goto(f"{live_url}/pult/liberec/recepce/objednavka/{made.pk}/ucastnici/")
    look(page, "liberec-console-people")
    page.goto(f"{live_url}/pult/liberec/recepce/objednat/vyuctovani/")
    look(page, "liberec-slots")


def test_the_way_in_is_on_the_first_screen_of_a_phone(
    live_url: str, context: Callable[..., BrowserContext]
) -> None:
    with transaction.atomic():
        here = held(starts_at=real_now() + timedelta(minutes=2))
    phone = context(viewport={"width": 360, "height": 640}, has_touch=True).new_page()
    for path, role, name in (
        (citizen.personal_url(here.meeting.booking), "link", "Vstoupit na schůzku"),
        (here.path(here.citizen), "button", "Vstoupit"),
    ):
        phone.goto(live_url + path)
        way_in = phone.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
        expect(way_in).to_be_visible()
        if FOLDER:
            phone.screenshot(path=Path(FOLDER) / f"way-in-{role}.png")
        box = way_in.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 640, f"{path}: {box}"

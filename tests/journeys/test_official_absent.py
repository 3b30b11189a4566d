"""An official falls ill: one citizen takes a link, one writes an SMS, one is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.booking_lifecycle import hold_slot, request_confirmation
from prepazka.booking.models import Booking, Offer
from prepazka.booking.slot_search import search_slots
from prepazka.core.contact import Contact
from prepazka.looks import typography
from prepazka.messaging.message_types import Incoming
from prepazka.messaging.models import Message
from prepazka.messaging.replies import handle_reply
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import officials, town
from tests.clock import real_now

pytestmark = pytest.mark.journey
PASSWORD = "heslo heslo heslo"  # of the fixture town
Look = Callable[[Page, str], None]


@pytest.fixture
def lhota(live_url: str) -> OfficeSnapshot:
    cache.clear()
    where = officials.office()
    town.clerk(where, "vedouci", "head")
    town.clerk(where, "operator", "operator")
    return where


def book(where: OfficeSnapshot, number: int, email: str = "", phone: str = "") -> Booking:
    """With Nováková on her next day, at a time when nobody else works."""
    now, ill = real_now(), officials.official(where)
    permit = town.service(where, "povoleni")
    free = search_slots(office=where, service=permit, now=now, official=ill)
    day = next(t.day for t in free if t.starts_at > now + timedelta(days=2))
    slot = [t for t in free if t.day == day][2 * number]
    held = hold_slot(
        office=where,
        service=permit,
        starts_at=slot.starts_at,
        now=now,
        official=ill,
        channel="desk",
    )
    return request_confirmation(
        booking=held.pk, contact=Contact(name=f"Klient {number}", email=email, phone=phone), now=now
    )


def log_in(page: Page, live_url: str, username: str, path: str) -> None:
    page.goto(f"{live_url}{path}")
    page.locator("input[name=login]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_illness_of_an_official(
    live_url: str,
    lhota: OfficeSnapshot,
    mails: Any,
    context: Callable[..., BrowserContext],
    look: Look,
) -> None:
    by_link = book(lhota, 0, email="prvni@example.cz")
    by_sms = book(lhota, 1, phone="+420777123456")
    by_call = book(lhota, 2, phone="+420321456789")
    day = by_link.date.isoformat()
    mails.wait(1)

    head = context().new_page()
    log_in(head, live_url, "vedouci", "/pult/lhota/vypadek/")
    look(head, "illness-1-what")
    head.get_by_label("Čeho se to týká").select_option("official:novakova")
    head.get_by_label("Od dne").fill(day)
    head.get_by_role("button", name="Ukázat, koho se to dotkne").click()
    expect(head.get_by_role("heading", name="objednaní 3 lidé")).to_be_visible()
    look(head, "illness-2-impact")
    head.get_by_role("button", name="Provést návrh pro všechny").click()
    expect(head.get_by_role("button", name="Vzít zpět")).to_be_visible()
    look(head, "illness-3-done")
    expect(head.locator("[data-seconds-left]")).to_have_text(re.compile(r"^5\d:\d\d$"))

    mail = mails.wait(2)
    phone = context(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
    phone.goto(mails.link(mail, "termin=2"))
    look_without_script(phone)
    assert Offer.objects.get(booking=by_link).state == "open"
    phone.get_by_role("button", name="Přijmout tento termín").click()
    expect(phone.get_by_text("PIN", exact=False).first).to_be_visible()
    assert "SEQUENCE:2" in calendar_of(mails.wait(3))

    assert handle_reply(Incoming("+420777123456", "1"), gateway="web", now=real_now()) == "choose"
    assert Booking.objects.get(pk=by_sms.pk).state == "confirmed"

    operator = context().new_page()
    log_in(operator, live_url, "operator", "/pult/lhota/volani/")
    look(operator, "illness-4-list")
    with operator.expect_navigation():
        operator.keyboard.press("n")
    expect(operator.get_by_text("321 456 789")).to_be_visible()
    look(operator, "illness-5-call")
    with operator.expect_navigation():
        operator.keyboard.press("3")
    expect(operator.get_by_text("Klient má nový termín.")).to_be_visible()
    now = Booking.objects.get(pk=by_call.pk)
    assert now.state == "confirmed"
    assert now.starts_at != by_call.starts_at


def test_a_person_with_a_fixed_line_only_agrees_by_telephone(
    live_url: str, lhota: OfficeSnapshot, context: Callable[..., BrowserContext], look: Look
) -> None:
    booking = book(lhota, 0, phone="+420321456789")
    head = context().new_page()
    log_in(head, live_url, "vedouci", "/pult/lhota/vypadek/")
    head.get_by_label("Čeho se to týká").select_option("official:novakova")
    head.get_by_label("Od dne").fill(booking.date.isoformat())
    head.get_by_label("Důvod pro veřejnost").fill("Úřednice je nemocná")
    head.get_by_role("button", name="Ukázat, koho se to dotkne").click()
    head.get_by_role("button", name="Provést návrh pro všechny").click()
    expect(head.get_by_role("button", name="Vzít zpět")).to_be_visible()
    assert not Message.objects.exists(), "nothing is written to a fixed line"

    operator = context().new_page()
    log_in(operator, live_url, "operator", "/pult/lhota/volani/")
    (row,) = operator.get_by_role("row").filter(has_text="Klient 0").all()
    expect(row).to_contain_text("není kam napsat")
    expect(row).to_contain_text(day_of(booking, lhota))
    look(operator, "fixed-line-1-list")
    with operator.expect_navigation():
        operator.keyboard.press("n")
    expect(operator.get_by_role("link", name="321 456 789")).to_be_visible()
    expect(operator.get_by_text("není kam napsat")).to_be_visible()
    script = operator.get_by_role("blockquote")
    expect(script).to_contain_text(day_of(booking, lhota))
    expect(script).to_contain_text("Důvod: Úřednice je nemocná")
    claims = list(Offer.objects.get(booking=booking).claims.order_by("starts_at"))
    assert len(claims) == 3
    for number, claim in enumerate(claims, start=1):
        offered_slot = operator.locator(f"button[name=choice][value='{number}']")
        expect(offered_slot).to_contain_text(clock_of(claim, lhota))
    look(operator, "fixed-line-2-call")
    with operator.expect_navigation():
        operator.keyboard.press("2")
    expect(operator.get_by_text("Klient má nový termín.")).to_be_visible()
    expect(operator.get_by_text("Na zavolání teď nikdo nečeká.")).to_be_visible()
    expect(operator.get_by_text("Dnes hotovo: 1 z 1.")).to_be_visible()
    look(operator, "fixed-line-3-empty")
    agreed = Booking.objects.get(pk=booking.pk)
    assert (agreed.state, agreed.starts_at) == ("confirmed", claims[1].starts_at)
    assert not Booking.objects.filter(state="held").exists(), "the other times are free again"


def day_of(booking: Booking, where: OfficeSnapshot) -> str:
    return typography.long_date(booking.starts_at.astimezone(where.tz).date(), "cs")


def clock_of(booking: Booking, where: OfficeSnapshot) -> str:
    return f"{booking.starts_at.astimezone(where.tz):%-H:%M}"


def look_without_script(page: Page) -> None:
    expect(page.get_by_role("heading", name="Přijmout tento termín?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def calendar_of(mail: Any) -> str:
    (found,) = [one for one in mail.iter_attachments() if one.get_filename() == "termin.ics"]
    content = found.get_content()
    return content if isinstance(content, str) else content.decode()


def test_an_absence_over_days(
    live_url: str, lhota: OfficeSnapshot, context: Callable[..., BrowserContext], look: Look
) -> None:
    """From 14:00 of her next day until 10:00 two days later: one row, taken back as one."""
    ill, permit = officials.official(lhota), town.service(lhota, "povoleni")
    free = search_slots(office=lhota, service=permit, now=real_now(), official=ill)
    day = next(t.day for t in free if t.starts_at > real_now() + timedelta(days=2))
    evening = next(t for t in free if t.day == day and t.starts_at >= town.at("17:00", day))
    held = hold_slot(
        office=lhota,
        service=permit,
        starts_at=evening.starts_at,
        now=real_now(),
        official=ill,
        channel="desk",
    )
    request_confirmation(booking=held.pk, contact=Contact(name="Klient večer"), now=real_now())

    head = context().new_page()
    log_in(head, live_url, "vedouci", "/pult/lhota/diar/novakova/zmena/")
    head.get_by_label("Od dne").fill(day.isoformat())
    head.locator("#id_opens").fill("14:00")
    head.get_by_label("Do dne").fill((day + timedelta(days=2)).isoformat())
    head.locator("#id_closes").fill("10:00")
    expect(head.get_by_label("bez přerušení")).to_be_checked()
    look(head, "absence-1-form")
    head.get_by_role("button", name="Změnit diář").click()
    expect(head.get_by_role("heading", name="objednaný 1 člověk")).to_be_visible()
    expect(head.get_by_text(f"{day.year} 14:00 –")).to_be_visible()
    look(head, "absence-2-impact")
    head.get_by_role("button", name="Provést návrh pro všechny").click()
    expect(head.get_by_role("button", name="Vzít zpět")).to_be_visible()

    head.goto(f"{live_url}/pult/lhota/diar/novakova/?den={day.isoformat()}")
    row = head.get_by_role("row").filter(has_text="bez přerušení")
    expect(row).to_have_count(1)
    look(head, "absence-3-diary")
    row.get_by_role("button", name="Zrušit").click()
    expect(head.get_by_text("bez přerušení")).to_have_count(0)

"""What is printed from a browser, as paper: on rolls 58 and 80 mm wide and on A4 sheets.

Each page becomes a PDF of the real size of its paper. With SCREENSHOTS=folder the PDFs and pictures
of them are kept there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pypdfium2 as pdfium
import pytest
from django.db.models import F
from playwright.sync_api import BrowserContext, Page, expect

from prepazka.booking.models import Booking, Lane
from prepazka.core import calendar
from prepazka.looks import typography
from prepazka.officefile.office_loading import load
from prepazka.offices.crests import set_crest
from prepazka.offices.models import Counter, Device, Office, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import tickets
from prepazka.queueing.models import Ticket
from tests import citizen, officials, town
from tests.clock import real_now
from tests.crests import png
from tests.journeys.test_hall import booked_now, kiosk_of, office, press
from tests.journeys.test_offline import is_ready
from tests.waiting import becomes

__all__ = ["office"]
pytestmark = pytest.mark.journey
Contexts = Callable[..., BrowserContext]
FOLDER = os.environ.get("SCREENSHOTS", "")
POINT = 25.4 / 72  # mm
ROLLS = (58.0, 80.0)
A4 = (210.0, 297.0)


@dataclass(frozen=True)
class Sheets:
    """A printed page: its words, how many sheets it takes, and where its ink lies in millimetres."""

    text: str
    count: int
    left: float
    right: float
    top: float
    bottom: float


def printed(page: Page, name: str, width: float, height: float) -> Sheets:
    """Print as the browser does when the printer has paper of that size in millimetres."""
    content = page.pdf(width=f"{width}mm", height=f"{height}mm", prefer_css_page_size=False)
    document = pdfium.PdfDocument(content)
    texts, lefts, rights, tops, bottoms = [], [], [], [], []
    for number, sheet in enumerate(document):
        assert sheet.get_width() * POINT == pytest.approx(width, abs=0.5)
        texts.append(sheet.get_textpage().get_text_range())
        picture = sheet.render(scale=2).to_pil().convert("L")
        if FOLDER:
            sheet.render(scale=3).to_pil().save(Path(FOLDER) / f"{name}-{number + 1}.png")
        ink = picture.point(lambda level: 255 if level < 200 else 0).getbbox()
        assert ink, f"{name}: sheet {number + 1} is blank"
        lefts.append(ink[0] / 2 * POINT)
        rights.append(width - ink[2] / 2 * POINT)
        tops.append(ink[1] / 2 * POINT)
        bottoms.append(ink[3] / 2 * POINT)
    if FOLDER:
        (Path(FOLDER) / f"{name}.pdf").write_bytes(content)
    words = " ".join(" ".join(texts).replace("\u00a0", " ").replace("\u00ad", "").split())
    return Sheets(words, len(document), min(lefts), min(rights), tops[0], max(bottoms))


def check_roll(page: Page, name: str, *words: str) -> None:
    """One piece on both rolls, within what their heads reach, with all these words."""
    for width in ROLLS:
        sheets = printed(page, f"{name}-{width:.0f}mm", width, 297)
        assert sheets.count == 1, f"{name} on {width} mm takes {sheets.count} pieces"
        assert sheets.left >= 4.5, f"{name} on {width} mm: {sheets}"
        assert sheets.right >= 4.5, f"{name} on {width} mm: {sheets}"
        assert sheets.top <= 12, f"{name} on {width} mm begins with white: {sheets}"
        assert sheets.bottom <= 210, f"{name} on {width} mm is {sheets.bottom:.0f} mm long"
        for one in words:
            assert one in sheets.text, f"{one!r} is missing on {name}, {width} mm: {sheets.text}"


def check_a4(page: Page, name: str, *words: str, sheets: int = 1) -> None:
    got = printed(page, name, *A4)
    assert got.count == sheets, f"{name} takes {got.count} sheets"
    assert got.left >= 4.5, f"{name}: {got}"
    assert got.right >= 4.5, f"{name}: {got}"
    for one in words:
        assert one in got.text, f"{one!r} is missing on {name}: {got.text}"


def day(moment: date) -> str:
    return f"{moment.day}. {moment.month}. {moment.year}"


def clock(moment: object) -> str:
    return f"{moment.hour}:{moment.minute:02}"  # type: ignore[attr-defined]


LONG = {
    "cs": "Zápis technického zhodnocení nebo přestavby silničního vozidla dovezeného ze zahraničí",
    "en": "Registration of a technical conversion of a road vehicle imported from abroad",
}


def test_tickets_of_a_kiosk_that_prints_by_its_browser(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    Device.objects.filter(code="kiosk").update(options={"printer": {"kind": "browser"}})
    Counter.objects.update(place={"cs": "1. patro, dveře 12", "en": "1st floor, door 12"})
    Service.objects.filter(code="prepis").update(name=LONG)
    Office.objects.update(version=3)
    booking = booked_now(office)
    # The window begins in a while: who comes early learns from when the turn comes.
    booking.starts_at += timedelta(minutes=20)
    booking.save()
    kiosk = kiosk_of(context, live_url, office)
    kiosk.add_init_script("window.print = () => { window.printed = (window.printed || 0) + 1; };")
    kiosk.get_by_role("link", name="Klienti objednaní přes web").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V1")
    becomes(kiosk, "() => window.printed === 1")
    ticket = Ticket.objects.get()
    issued, starts, ends = (
        moment.astimezone(office.tz)
        for moment in (ticket.issued_at, booking.starts_at, booking.ends_at)
    )
    always = ("Městský úřad Lhota", "V1", LONG["cs"], f"t/{ticket.code}")
    check_roll(
        kiosk,
        "ticket",
        *always,
        f"Vydáno: {day(issued)} {clock(issued)}",
        f"Objednáno na {clock(starts)}–{clock(ends)}",
        f"Na řadu přijdete od {clock(starts)}",
        "Čekejte zde: 1. patro, dveře 12",
        "ukáže obrazovka Vaše číslo",
        "Neplatí po",
    )
    # With several displays the paper names the one that shows this call, and its floor as one word.
    for code, name, counters in (
        ("panel", {"cs": "Hala, 1. patro", "en": "Hall, 1st floor"}, ["p1", "p2"]),
        ("chodba", {"cs": "Chodba, 2. patro", "en": "Corridor, 2nd floor"}, ["p9"]),
    ):
        Device.objects.update_or_create(
            office=office.row,
            code=code,
            defaults={"kind": "display", "name": name, "options": {"counters": counters}},
        )
    kiosk.reload()
    check_roll(
        kiosk,
        "ticket-displays",
        *always,
        "Čekejte zde: 1. patro, dveře 12",
        "Číslo uvidíte na displeji: Hala, 1. patro",
    )
    lines = kiosk.locator(".ticket-paper li").all_text_contents()
    assert "Čekejte zde: 1.\u00a0patro, dveře\u00a012" in lines
    assert "Číslo uvidíte na displeji: Hala, 1.\u00a0patro" in lines
    Ticket.objects.update(number=1234, letter="VOZ", language="en")
    # Large letters and white on black are for the screen, never for the paper.
    kiosk.goto(f"{live_url}/kiosk/listek/{ticket.code}/?kontrast=1")
    check_roll(
        kiosk,
        "ticket-english",
        "VOZ1234",
        LONG["en"],
        LONG["cs"],
        "Wait here: 1st floor, door 12",
        "Your number appears here: Hall, 1st floor",
        "Booked for",
        "Not valid after",
    )


def test_a_ticket_of_a_kiosk_without_the_server(
    live_url: str, office: OfficeSnapshot, context: Contexts
) -> None:
    Device.objects.filter(code="kiosk").update(options={"printer": {"kind": "browser"}})
    Office.objects.update(version=3)
    set_crest(office=office.row, content=png(), now=real_now(), actor=None)
    booked_now(office)
    kiosk = kiosk_of(context, live_url, office)
    is_ready(kiosk, "/kiosk/bez-site/")
    kiosk.add_init_script("window.print = () => {};")
    kiosk.context.new_cdp_session(kiosk).send("Network.clearBrowserCache")
    kiosk.context.set_offline(True)
    kiosk.goto(f"{live_url}/kiosk/")
    # What the worker keeps holds the office's crest, too.
    becomes(kiosk, "() => document.querySelector('.brand__crest').naturalWidth === 160")
    kiosk.get_by_role("button", name="Klienti objednaní přes web").click()
    press(kiosk, "5271")
    kiosk.get_by_role("button", name="Potvrdit").click()
    expect(kiosk.locator(".kiosk-ticket__number")).to_have_text("V500")
    booking = Booking.objects.get()
    starts, ends = (m.astimezone(office.tz) for m in (booking.starts_at, booking.ends_at))
    check_roll(
        kiosk,
        "ticket-offline",
        "Městský úřad Lhota",
        "V500",
        "Přepis vozidla",
        f"Vydáno: {day(real_now().astimezone(office.tz))}",
        f"Objednáno na {clock(starts)}–{clock(ends)}",
        "Čekejte zde: 1. patro",
        "Číslo vyvolají hlasem",
    )


def test_sheets_of_the_desk_and_the_door(live_url: str, page: Page) -> None:
    """The desk's ticket and slip, an official's day and week, a booking, the poster at the door."""
    office = with_officials()
    town.clerk(office, "recepce", "reception")
    monday = next_monday(office)
    booked = full_day(office, monday)
    walk_in = tickets.issue_ticket(
        office=office, service=town.service(office, "rodny-list"), touch=uuid4(), now=real_now()
    )
    page.goto(f"{live_url}/pult/lhota/diar/novakova/?den={monday.isoformat()}")
    page.locator("#id_login").fill("recepce")
    page.locator("#id_password").fill("heslo heslo heslo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nováková")).to_be_visible()
    names = [one.name for one in booked]
    check_a4(
        page,
        "day",
        "Městský úřad Lhota",
        "stav k",
        "Nováková",
        typography.long_date(monday, "cs").replace("\u00a0", " "),
        *names,
    )
    page.goto(f"{live_url}/pult/lhota/diar/novakova/?tyden&den={monday.isoformat()}")
    check_a4(page, "week", "Městský úřad Lhota", *names, sheets=2)
    for code, counters in (("hala", []), ("chodba", ["p9"])):
        name = {"cs": {"hala": "Hala, 1. patro", "chodba": "Chodba"}[code]}
        Device.objects.update_or_create(
            office=office.row,
            code=code,
            defaults={"kind": "display", "name": name, "options": {"counters": counters}},
        )
    page.goto(f"{live_url}/pult/lhota/recepce/objednavka/{booked[0].pk}/")
    check_a4(
        page,
        "slip",
        "Městský úřad Lhota, 353 000 111",
        "Ohlášení stavby",
        "12 34",
        "Náměstí 1, Lhota; 2. patro, dveře 12",
        "Kdy přijít",
        "Číslo uvidíte na displeji",
        "Hala, 1. patro",
        "občanský průkaz",
    )
    page.goto(f"{live_url}/pult/lhota/recepce/listek/{walk_in.pk}/")
    check_roll(page, "desk-ticket", "Městský úřad Lhota", walk_in.label, "Rodný list", "Vydáno:")
    check_a4(page, "desk-ticket-a4", "Městský úřad Lhota", walk_in.label, "Neplatí po")
    page.goto(live_url + urlsplit(citizen.personal_url(booked[0])).path)
    check_a4(
        page, "booking", "Městský úřad Lhota", "12 34", "2. patro, dveře 12", "situační výkres"
    )
    page.goto(f"{live_url}/listek/lhota/plakat/")
    check_a4(page, "poster", "Městský úřad Lhota", "Lístek do telefonu", "/listek/lhota/")


def with_officials() -> OfficeSnapshot:
    """The office of the officials, open around the clock, with tickets from anywhere."""
    text = officials.FILE
    for name in ("mon", "tue"):
        text = text.replace(f'  {name}: "8:00-12:00"\n', "", 1)
    days = "".join(
        f'  {name}: "0:00-24:00"\n' for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    load(text.replace("hours:\n", f"hours:\n{days}", 1), now=real_now())
    Office.objects.update(phone_tickets="anywhere", public_holidays="")
    Service.objects.update(documents={"cs": "občanský průkaz\nsituační výkres"})
    Office.objects.update(version=F("version") + 1)
    return snapshot_by_slug("lhota")


def next_monday(office: OfficeSnapshot) -> date:
    today = calendar.day_of(real_now(), office.tz)
    return today + timedelta(days=7 - today.weekday())


def full_day(office: OfficeSnapshot, when: date) -> list[Booking]:
    """Every quarter of an hour from eight to ten and from five to seven is booked."""
    service, lane = town.service(office, "ohlaseni"), Lane.objects.get(official__code="novakova")
    minutes = [*range(480, 600, 15), *range(1020, 1140, 15)]
    rows = [
        Booking(
            office=office.row,
            service=service,
            lane=lane,
            date=when,
            starts_at=calendar.local_instant(when, minute, office.tz),
            ends_at=calendar.local_instant(when, minute + 15, office.tz),
            state="confirmed",
            pin=str(1234 + n),
            name=f"Klient Číslo{n + 10}",
            created_at=real_now(),
            confirmed_at=real_now(),
        )
        for n, minute in enumerate(minutes)
    ]
    return Booking.objects.bulk_create(rows)

"""What the pages say: counts in words, full calendars, and Czech without English or torn dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db.models import F
from django.test import Client
from django.utils import translation

import prepazka
from prepazka.booking import booking_links
from prepazka.booking.booking_lifecycle import hold_slot
from prepazka.booking.models import Booking
from prepazka.booking.slot_search import search_slots
from prepazka.core.message_rules import MessageRules
from prepazka.looks.catalogue import messages_of_package
from prepazka.looks.typography import day_and_month
from prepazka.offices.models import Agenda, HoursException, Office, OpeningHours, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets
from prepazka.surfaces.citizen.page_frame import free_slots_in_words
from tests import citizen, town
from tests.citizen import DAYS, TIMES, Clock, text, words

pytestmark = pytest.mark.django_db
CS_MONTHS = [day_and_month(date(2026, month, 1), "cs").split()[-1] for month in range(1, 13)]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0\xa0volných termínů"),
        (1, "1\xa0volný termín"),
        (2, "2\xa0volné termíny"),
        (4, "4\xa0volné termíny"),
        (5, "5\xa0volných termínů"),
        (21, "21\xa0volných termínů"),
    ],
)
def test_free_slots_in_words(count: int, said: str) -> None:
    with translation.override("cs"):
        assert free_slots_in_words(count) == said


@pytest.mark.parametrize(
    ("free", "said"),
    [
        (1, "1 volný termín"),
        (2, "2 volné termíny"),
        (5, "5 volných termínů"),
    ],
)
def test_a_day_says_how_many_slots_are_free(client: Client, free: int, said: str) -> None:
    office = town.office()
    for clock in ("8:00", "9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00")[free:]:
        town.hold(office, clock)
    assert f"Pondělí 23. listopadu {said}".lower() in words(client.get(DAYS)).lower()


def test_a_day_without_free_slots_is_not_offered(client: Client) -> None:
    office = town.office(horizon_days=4)
    for clock in ("8:00", "9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"):
        town.hold(office, clock)
    assert f'href="{TIMES}"' not in client.get(DAYS).content.decode()
    empty = client.get(TIMES)
    assert "Na tento den už není volný žádný termín." in words(empty)
    assert "Vybrat jiný den" in words(empty)


def fill_everything(office: OfficeSnapshot) -> None:
    for slot in search_slots(office=office, service=town.service(office), now=town.FRIDAY_BEFORE):
        hold_slot(
            office=office,
            service=town.service(office),
            starts_at=slot.starts_at,
            now=town.FRIDAY_BEFORE,
        )


def test_a_full_calendar_says_what_to_do(client: Client) -> None:
    office = town.office(horizon_days=14, release_time_min=420)
    Office.objects.update(phone="380123456", version=2)
    fill_everything(office)
    counters.open_counter(
        counter=town.counter(office), clerk=town.clerk(office).pk, now=town.FRIDAY_BEFORE
    )
    for _ in range(3):
        tickets.issue_ticket(
            office=office,
            service=town.service(office),
            touch=uuid4(),
            now=town.FRIDAY_BEFORE,
        )
    page = words(client.get(DAYS))
    assert "Teď není volný žádný termín" in page
    assert "Termíny na 7. prosince uvolníme v pondělí 23. listopadu v 7:00." in page
    assert "Na tento úkon teď čekají 3 lidé." in page
    assert re.search(r"Když si teď vezmete lístek, počkáte: obvykle do \d+ (minut|hodin)", page)
    assert "380 123 456" in page


def test_a_full_calendar_of_a_closed_office_says_when_it_opens(
    client: Client, clock: Clock
) -> None:
    office = town.office(horizon_days=7)
    fill_everything(office)
    clock.at = town.at("23:00", town.MONDAY - timedelta(days=3))
    Booking.objects.update(expires_at=town.at("23:30", town.MONDAY - timedelta(days=3)))
    page = words(client.get(DAYS))
    assert "Úřad má teď zavřeno." in page
    assert "Otevíráme v pondělí 23. listopadu v 8:00, přijít můžete i bez objednání." in page


def test_the_office_says_if_it_is_open(client: Client, clock: Clock) -> None:
    town.office()
    assert "Právě otevřeno. Dnes 8:00–12:00, 13:00–17:00." in words(client.get("/lhota/"))
    clock.at = town.at("12:30")
    page = words(client.get("/lhota/"))
    assert "Právě zavřeno. Otevíráme dnes ve 13:00." in page


def every_page(client: Client, office: OfficeSnapshot, prefix: str) -> list[tuple[str, str]]:
    """The text of every page there is, by its address."""
    booking = town.confirmed(office, "15:00", language="cs")
    waiting = town.requested(office, "16:00", email="karel@example.cz")
    gone = town.hold(office, "14:00", now=town.FRIDAY_BEFORE - timedelta(hours=1))
    contact = prefix + citizen.take(client)
    citizen.fill_in(client, contact)
    personal = prefix + citizen.personal_url(booking)
    got = [
        prefix + path
        for path in (
            "/",
            "/lhota/",
            "/lhota/osobni-udaje/",
            "/lhota/pristupnost/",
            "/lhota/objednat/",
            DAYS,
            TIMES,
            "/nic/",
            "/objednavka/x/",
            citizen.confirm_url(waiting),
            f"/termin/{booking_links.sign_token(gone.pk, 'hold')}/",
            f"/termin/{booking_links.sign_token(waiting.pk, 'hold')}/odeslano/",
        )
    ]
    got += [
        contact,
        f"{contact}kontrola/",
        personal,
        f"{personal}zrusit/",
        f"{personal}zmenit/",
        f"{personal}zmenit/{town.MONDAY}/",
    ]
    pages = [(path, text(client.get(path))) for path in got]
    pages.append(("errors", text(client.post(contact, {"name": "", "email": "x"}))))
    pages.append(("taken", text(client.post(prefix + TIMES, {"starts_at": ""}))))
    return pages


def test_czech_pages_hold_no_english_and_no_torn_words(client: Client) -> None:
    office = town.office(quota=2)
    root = Path(prepazka.__file__).parent
    english = {
        message.text
        for package in ("surfaces/citizen", "looks", "messaging", "booking")
        for message in messages_of_package(root / package)
        if len(message.text) > 8 and "%" not in message.text
    }
    for path, page in every_page(client, office, ""):
        assert len(page) > 80, path
        for phrase in english:
            assert phrase not in page, f"{path}: {phrase}"
        assert not re.search(r"(?<!\w)[ksvzouai] \w", page), (path, page)
        assert not re.search(rf"(?<!:)\b\d{{1,2}}\. (?:\d|{'|'.join(CS_MONTHS)})", page), page
        assert not re.search(r"\d (?:minut|lidí|volný|volné|místo|místa|Kč|dní)", page), page
        assert not re.search(r"(?i)confirmed|unconfirmed|cancelled|held|None", page), path


def test_english_pages_hold_no_czech(client: Client) -> None:
    office = town.office(quota=2)
    for path, page in every_page(client, office, "/en"):
        body = page.replace("Česky", "").replace("Čeština", "").replace("Náměstí 1, Lhota", "")
        body = body.replace("Nováková", "").replace("Přepážka", "")
        assert not re.search(r"[ěščřžýůďťň]", body.lower()), (path, body)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-16", "Tento den už je pryč."),
        ("2026-11-28", "V tento den nikoho s tímto úkonem nepřijímáme."),
        ("2026-11-26", "V tento den je zavřeno: stěhování kartotéky."),
        ("2026-12-25", "V tento den je zavřeno: 1. svátek vánoční."),
        ("2027-03-10", "Termíny na tento den zatím objednat nejde. Uvolníme je v pondělí 8. února"),
    ],
)
def test_a_day_without_slots_says_why(client: Client, day: str, said: str) -> None:
    office = town.office()
    HoursException.objects.create(
        office=office.row,
        kind="closed",
        from_date="2026-11-26",
        to_date="2026-11-26",
        reason={"cs": "stěhování kartotéky"},
    )
    Office.objects.update(version=F("version") + 1)
    assert said in words(client.get(f"{DAYS}{day}/"))


def test_a_closed_office_says_why(client: Client, clock: Clock) -> None:
    town.office()
    clock.at = town.at("9:00", date(2026, 12, 24))
    page = words(client.get("/lhota/"))
    assert "Dnes je zavřeno: Štědrý den. Otevíráme v pondělí 28. prosince v 8:00." in page
    assert "zavřeno (Štědrý den)" in page


def test_an_agenda_that_is_open_alone_does_not_open_the_office(
    client: Client, clock: Clock
) -> None:
    office = town.office()
    vehicles = town.service(office).agenda
    hours = [(weekday, 480, 1020) for weekday in range(5)] + [(5, 480, 720)]
    OpeningHours.objects.bulk_create(
        [
            OpeningHours(
                office=office.row, agenda=vehicles, weekday=weekday, opens=opens, closes=closes
            )
            for weekday, opens, closes in hours
        ]
    )
    Office.objects.update(version=F("version") + 1)
    saturday = town.MONDAY - timedelta(days=2)
    clock.at = town.at("18:00", saturday - timedelta(days=1))
    assert "Otevíráme v pondělí 23. listopadu v 8:00." in words(client.get("/lhota/"))
    clock.at = town.at("9:00", saturday)
    page = words(client.get("/lhota/"))
    assert "Právě otevřeno jen pro: Registr vozidel, 8:00–12:00." in page
    assert "sobota 21. listopadu 2026 zavřeno jen Registr vozidel: 8:00–12:00" in page


def test_personal_data_are_said_of_what_the_office_uses(client: Client) -> None:
    office = town.office()

    def read() -> str:
        return client.get("/lhota/osobni-udaje/").content.decode().replace("\xa0", " ")

    text = read()
    assert "připomeneme den a dvě hodiny předem" in text
    for unused in ("Schůzky po videu", "SMS", "pořadníku", "vlastními slovy"):
        assert unused not in text
    Service.objects.filter(code="prepis").update(modes=["person", "video"])
    Agenda.objects.filter(code="vozidla").update(
        rules_data=office.rules_of(town.service(office)).data()
        | {"waiting_list": True, "topic_line": True}
    )
    Office.objects.update(messages_data=MessageRules(reminders=()).data(), version=F("version") + 1)
    text = read()
    assert "Návštěvu Vám připomeneme" not in text
    for words_of_use in ("Schůzky po videu", "Nic se nenahrává", "v pořadníku", "vlastními slovy"):
        assert words_of_use in text

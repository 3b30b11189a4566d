"""A ticket with one's own telephone, by the code that changes every minute."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from prepazka.offices.models import Device, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import walk_in_stops
from prepazka.queueing.models import Ticket
from prepazka.web import door_passes
from tests import halls, refusals, town
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return halls.stop_clocks(monkeypatch, NINE)


@pytest.fixture
def office() -> OfficeSnapshot:
    return allowing(town.office(), "door")


def allowing(office: OfficeSnapshot, who: str) -> OfficeSnapshot:
    row = Office.objects.get(pk=office.office_id)
    row.phone_tickets, row.version = who, row.version + 1
    row.save()
    return snapshot_of(row)


def code(office: OfficeSnapshot, clock: Clock) -> str:
    """What the kiosk shows now, as a telephone reads it."""
    halls.paired(office, "kiosk", clock())
    device = Device.objects.select_related("office").get(code="kiosk")
    return door_passes.link_of(device, clock()).split("localhost:8000")[1]


def scanned(link: str, language: str = "cs") -> Any:
    return Client().get(link, follow=True, headers={"Accept-Language": language})


def test_a_code_gives_a_ticket_once_without_any_script(
    office: OfficeSnapshot, clock: Clock
) -> None:
    answer = scanned(code(office, clock))
    words = text_of(answer)
    assert "S čím přicházíte?" in words
    assert "Vyberte si do 9:05, dostanete jeden lístek." in words
    (address, _) = answer.redirect_chain[-1]
    phone = Client(enforce_csrf_checks=True)
    page = phone.get(address).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    said = {"service": "prepis", "csrfmiddlewaretoken": token[1]}
    answers = [phone.post(address, said) for _ in range(2)]
    ticket = Ticket.objects.get()
    for given in answers:
        assert given.headers["Location"] == f"/t/{ticket.code}/"
    assert phone.get(address).headers["Location"] == f"/t/{ticket.code}/"
    assert ticket.language == "cs"


def test_in_the_language_of_the_telephone(office: OfficeSnapshot, clock: Clock) -> None:
    answer = scanned(code(office, clock), "en-GB,en;q=0.9,cs;q=0.5")
    assert answer.redirect_chain[-1][0].startswith("/en/listek/")
    assert "What do you need today?" in text_of(answer)


def test_an_old_code_sends_to_the_door(office: OfficeSnapshot, clock: Clock) -> None:
    link = code(office, clock)
    clock.set(NINE + timedelta(minutes=3))
    assert scanned(link).status_code == 200
    clock.set(NINE + timedelta(minutes=4))
    answer = scanned(link)
    assert answer.status_code == 410
    assert refusals.says(text_of(answer), "door_code_old")


def test_the_choice_lasts_five_minutes(office: OfficeSnapshot, clock: Clock) -> None:
    address = scanned(code(office, clock)).redirect_chain[-1][0]
    clock.set(NINE + timedelta(minutes=5))
    answer = Client().post(address, {"service": "prepis"})
    assert answer.status_code == 410
    assert not Ticket.objects.exists()


def test_codes_that_nobody_showed(office: OfficeSnapshot, clock: Clock) -> None:
    link = code(office, clock)
    start, _, mac = link.rstrip("/").rpartition("-")
    elsewhere = allowing(town.office("horni"), "door")
    panel = Device.objects.get(office=elsewhere.row, code="panel")
    wrong = [
        start + "-" + "a" * 16 + "/",
        f"/listek/lhota/kod/{panel.pk}-{mac}/",
        link.replace("lhota", "horni"),
        "/listek/lhota/kod/nic/",
        "/listek/lhota/vyber/nic/",
    ]
    for one in wrong:
        assert scanned(one).status_code == 410, one
    chosen = scanned(link).redirect_chain[-1][0]
    assert scanned(chosen.replace("/lhota/", "/horni/")).status_code == 410
    Device.objects.filter(office=office.row).update(token_hash="x" * 64)
    assert scanned(link).status_code == 410, "the kiosk was paired anew"
    Device.objects.filter(office=office.row).update(token_hash="")
    assert scanned(link).status_code == 410, "or disconnected"


def test_nobody_queues_from_home_unless_the_office_lets_them(
    office: OfficeSnapshot, clock: Clock
) -> None:
    answer = scanned("/listek/lhota/")
    assert answer.status_code == 403
    assert refusals.says(text_of(answer), "door_only")
    assert scanned("/listek/lhota/plakat/").status_code == 404
    allowing(office, "anywhere")
    assert "S čím přicházíte?" in text_of(scanned("/listek/lhota/"))
    poster = scanned("/listek/lhota/plakat/")
    assert "http://testserver/listek/lhota/" in text_of(poster)
    link = code(office, clock)
    allowing(office, "none")
    assert scanned(link).status_code == scanned("/listek/lhota/").status_code == 403


def test_the_rules_of_the_kiosk(office: OfficeSnapshot, clock: Clock) -> None:
    link = code(office, clock)
    Device.objects.filter(code="kiosk").update(options={"services": ["prepis"]})
    answer = scanned(link)
    address = answer.redirect_chain[-1][0]
    assert "Přepis vozidla" in text_of(answer)
    assert "Cestovní pas" not in text_of(answer)
    Client().post(address, {"service": "pas"})
    assert not Ticket.objects.exists()
    walk_in_stops.stop_tickets(office=office, service=town.service(office), now=clock())
    answer = Client().post(address, {"service": "prepis"})
    assert answer.status_code == 409
    assert "Dnes už bez lístků: Přepis vozidla" in text_of(answer)
    clock.set(town.at("20:00"))
    closed = text_of(scanned(code(office, clock)))
    assert "Úřad znovu otevře úterý 24. listopadu" in closed


def test_one_address_takes_so_many(office: OfficeSnapshot, clock: Clock, settings: Any) -> None:
    settings.RATE_LIMITS = True
    link, answers = code(office, clock), []
    for _ in range(31):
        address = Client().get(link).headers["Location"]
        answers.append(Client().post(address, {"service": "prepis"}).status_code)
    assert answers == [302] * 30 + [429]


def test_kiosk_and_display_show_the_code_where_it_is_allowed(
    office: OfficeSnapshot, clock: Clock
) -> None:
    kiosk = halls.paired(office, "kiosk", clock())
    assert "Lístek do telefonu" in text_of(kiosk.get("/kiosk/"))
    first = kiosk.get("/kiosk/telefon/").content
    assert b"data:image/svg+xml" in first
    clock.set(NINE + timedelta(minutes=1))
    assert kiosk.get("/kiosk/telefon/").content != first
    panel = halls.paired(office, "panel", clock(), layout="door")
    assert b"data:image/svg+xml" in panel.get("/panel/").content
    clock.set(town.at("20:00"))
    assert "Lístky se teď nevydávají" in text_of(panel.get("/panel/"))
    clock.set(NINE)
    allowing(office, "none")
    assert "Lístek do telefonu" not in text_of(kiosk.get("/kiosk/"))
    assert kiosk.get("/kiosk/telefon/").status_code == 302
    assert "lístky do telefonu nevydává" in text_of(panel.get("/panel/"))

"""An incident and a full day on every screen at once; declared and ended by who may."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.offices import staff
from prepazka.offices.models import Incident, Membership, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters, tickets, walk_in_stops
from prepazka.surfaces.citizen import booking_pages, office_pages, slot_pages
from prepazka.surfaces.console import desk, incident_pages, views
from prepazka.surfaces.monitor import views as monitor_views
from tests import halls, refusals, town
from tests.halls import Clock, text_of
from tests.usecases.test_incidents import with_register

pytestmark = pytest.mark.django_db
DOWN = "Registr vozidel nefunguje."
SCREEN = "/pult/lhota/porucha/"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = halls.stop_clocks(monkeypatch, town.at("9:00"))
    for module in (
        booking_pages,
        slot_pages,
        office_pages,
        desk,
        incident_pages,
        views,
        monitor_views,
    ):
        monkeypatch.setattr(module, "now", made)
    return made


@pytest.fixture
def office(clock: Clock) -> OfficeSnapshot:
    made = town.office()
    with_register(made, "prepis", "znacky")
    return snapshot_by_slug("lhota")


def walk_in(office: OfficeSnapshot, at: str = "8:10") -> Any:
    return tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at(at)
    )


def logged_in(office: OfficeSnapshot, name: str, role: str) -> Client:
    client = Client()
    client.force_login(town.clerk(office, name, role))
    return client


def declared(office: OfficeSnapshot, **more: str) -> Client:
    head = logged_in(office, "hlava", "head")
    said = {"system": "registr", "cause": "down", "expected": "11:30", "warn": "day", **more}
    preview = head.post(SCREEN, said)
    assert preview.status_code == 200
    assert not Incident.objects.exists(), "nothing changes before the second press"
    answer = head.post(SCREEN, {**said, "apply": "1"})
    assert answer.status_code == 302, text_of(answer)
    return head


def everywhere(office: OfficeSnapshot) -> dict[str, Client]:
    return {
        "/kiosk/": halls.paired(office, "kiosk", town.at("9:00")),
        "/panel/": halls.paired(office, "panel", town.at("9:00")),
        "/lhota/nazivo/": Client(),
        "/lhota/": Client(),
    }


def test_the_head_sees_whom_it_touches_and_declares_it(office: OfficeSnapshot) -> None:
    walk_in(office)
    town.confirmed(office, "10:00")
    head = logged_in(office, "hlava", "head")
    said = {"system": "registr", "cause": "unreachable", "warn": "2", "note_cs": "Omlouváme se."}
    page = text_of(head.post(SCREEN, said))
    for expected in (
        "Koho se to týká: Registr vozidel",
        "Přepis vozidla, Značky",
        "V hale teď čeká 1",
        "Zprávu dostane 1",
        "Úřad nemá spojení se systémem: Registr vozidel. Omlouváme se. Zatím nevíme",
        "The office has no connection to: Vehicle register.",
    ):
        assert expected in page
    head.post(SCREEN, {**said, "apply": "1"})
    head.post(SCREEN, {**said, "apply": "1"})
    page = text_of(head.get(SCREEN))
    assert "Čeká 1 člověk" in page
    assert "Zprávu má 1 objednaný" in page
    incident = Incident.objects.get()
    for _ in range(2):
        assert head.post(f"{SCREEN}{incident.pk}/konec/").status_code == 302
    assert "Registr vozidel opět funguje" in text_of(head.get(SCREEN))


def test_a_time_that_has_passed_is_refused(office: OfficeSnapshot) -> None:
    head = logged_in(office, "hlava", "head")
    said = {"system": "registr", "cause": "down", "expected": "8:30", "warn": "day"}
    assert "Tento čas už uplynul." in text_of(head.post(SCREEN, {**said, "apply": "1"}))
    assert not Incident.objects.exists()


def test_one_incident_shows_on_every_screen_at_once(office: OfficeSnapshot) -> None:
    waits, screens = walk_in(office), everywhere(office)
    town.confirmed(office, "10:00")
    head = declared(office)
    screens |= {f"/t/{waits.code}/": Client(), "/lhota/objednat/prepis/": Client()}
    for address, client in screens.items():
        page = text_of(client.get(address, follow=True))
        assert DOWN in page, address
        assert "11:30" in page, address
    assert "čeká se na: Registr vozidel" in text_of(Client().get(f"/t/{waits.code}/"))
    assert "Vehicle register does not work." in text_of(Client().get(f"/en/t/{waits.code}/"))
    kiosk = screens["/kiosk/"]
    refused = kiosk.post(
        "/kiosk/listek/", {"touch": str(uuid4()), "service": "prepis"}, follow=True
    )
    assert DOWN in text_of(refused)
    head.post(f"{SCREEN}{Incident.objects.get().pk}/konec/")
    for address, client in screens.items():
        assert DOWN not in text_of(client.get(address, follow=True)), address


def test_what_is_said_is_corrected_on_every_screen_at_once(office: OfficeSnapshot) -> None:
    screens = everywhere(office)
    town.confirmed(office, "10:00")
    head = declared(office)
    address = f"{SCREEN}{Incident.objects.get().pk}/zmena/"
    form = head.get(address)
    assert 'value="11:30"' in form.content.decode()
    said = {"system": "registr", "cause": "power", "expected": "12:45", "note_cs": "Omlouváme se."}
    page = text_of(head.post(address, said))
    assert "Už upozornění, dostanou nový čas 1" in page
    assert Incident.objects.get().cause == "down", "nothing changes before the second press"
    done = text_of(head.post(address, {**said, "apply": "1"}, follow=True))
    assert "1 upozorněný dostane novou zprávu" in done
    for where, client in screens.items():
        page = text_of(client.get(where, follow=True))
        assert "Nejde elektřina, proto Registr vozidel nefunguje." in page, where
        assert "12:45" in page, where
        assert "11:30" not in page, where
    again = text_of(head.post(address, {**said, "apply": "1"}, follow=True))
    assert "Změněno, všichni to už vidí." in again


def test_a_correction_keeps_a_time_that_has_passed_and_comes_too_late_after_the_end(
    office: OfficeSnapshot, clock: Clock
) -> None:
    head = declared(office)
    incident = Incident.objects.get()
    address = f"{SCREEN}{incident.pk}/zmena/"
    clock.moment = town.at("11:40")
    said = {"system": "registr", "cause": "down", "expected": "11:30", "note_cs": "Ještě chvíli."}
    assert head.post(address, {**said, "apply": "1"}).status_code == 302
    passed = head.post(address, {**said, "expected": "11:35", "apply": "1"})
    assert "Tento čas už uplynul." in text_of(passed)
    assert logged_in(office, "novakova", "clerk").get(address).status_code == 403
    head.post(f"{SCREEN}{incident.pk}/konec/")
    assert refusals.says(text_of(head.get(address, follow=True)), "incident_over")


def test_a_full_day_shows_on_the_kiosk_the_display_the_monitor_and_the_web_at_once(
    office: OfficeSnapshot,
) -> None:
    screens = everywhere(office)
    said = {
        "/kiosk/": "Dnes už bez lístků:",
        "/panel/": "Přepis vozidla",
        "/lhota/nazivo/": "dnes už skončily",
        "/lhota/": "Lístky bez objednání už dnes nevydáváme: Přepis vozidla",
    }
    counters.open_counter(
        counter=town.counter(office), clerk=town.clerk(office).pk, now=town.at("8:00")
    )
    before = {address: text_of(one.get(address)) for address, one in screens.items()}
    walk_in_stops.stop_tickets(office=office, service=town.service(office), now=town.at("9:00"))
    after = {address: text_of(one.get(address)) for address, one in screens.items()}
    for address in screens:
        assert before[address] != after[address], address
    for address, words in said.items():
        assert words in after[address], address


def test_the_clerk_reads_it_and_may_call_by_hand(office: OfficeSnapshot) -> None:
    waits = walk_in(office)
    clerk = logged_in(office, "novakova", "clerk")
    counters.open_counter(
        counter=town.counter(office),
        clerk=Membership.objects.get(role="clerk").user_id,
        now=town.at("8:00"),
    )
    declared(office)
    page = text_of(clerk.get("/pult/lhota/"))
    assert DOWN in page
    assert "čeká: mimo provoz" in page
    assert "Na tuto přepážku nikdo nečeká" in page
    pick = clerk.post("/pult/lhota/krok/pick/", {"ticket": str(waits.pk)}, follow=True)
    assert "V1" in text_of(pick)


def test_a_clerk_needs_the_right(office: OfficeSnapshot) -> None:
    clerk = logged_in(office, "novakova", "clerk")
    assert clerk.get(SCREEN).status_code == 403
    member = Membership.objects.get(role="clerk")
    staff.set_may_declare(member=member, may=True, actor=0, now=town.at("9:00"))
    staff.set_may_declare(member=member, may=True, actor=0, now=town.at("9:00"))
    assert "Porucha registru" in text_of(clerk.get(SCREEN))


def test_an_office_without_systems_is_told_who_adds_them(office: OfficeSnapshot) -> None:
    town.service(office).needs.clear()
    town.service(office, "znacky").needs.clear()
    Office.objects.update(version=77)
    head = logged_in(office, "hlava", "head")
    assert "Doplní je správce podle návodu k souboru úřadu." in text_of(head.get(SCREEN))


def test_a_cut_off_kiosk_does_not_issue_what_was_stopped(office: OfficeSnapshot) -> None:
    kiosk = halls.paired(office, "kiosk", town.at("9:00"))
    declared(office)
    body = '{"browser": "0123456789abcdef0123", "clock": 0}'
    pack = kiosk.post("/kiosk/zasoba/", body, content_type="application/json").json()
    hours = {one["code"]: one["hours"] for one in pack["services"]}
    assert hours["prepis"] == []
    assert hours["pas"]

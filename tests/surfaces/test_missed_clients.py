"""The list of those who were called today and did not come, and the way back into the queue."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Ticket, TicketState
from prepazka.surfaces.console import (
    desk,
    desk_booking_pages,
    operators,
    queue_pages,
    views,
)
from tests import halls, refusals, town
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db
LIST = "/pult/lhota/neprisli/"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = halls.stop_clocks(monkeypatch, town.at("9:30"))
    for screen in (desk_booking_pages, desk, queue_pages, operators, views):
        monkeypatch.setattr(screen, "now", clock)
    return clock


@pytest.fixture
def office(clock: Clock) -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def clerk(office: OfficeSnapshot) -> int:
    pk = town.clerk(office).pk
    counters.open_counter(counter=town.counter(office), clerk=pk, now=town.at("8:00"))
    return pk


def missed(office: OfficeSnapshot, clerk: int, many: int = 1) -> list[Ticket]:
    """So many walk-ins, called in vain."""
    for _ in range(many):
        tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=town.at("9:00")
        )
    called = []
    for _ in range(many):
        turns.call_next(office=office, clerk=clerk, now=town.at("9:05"))
        called.append(turns.mark_no_show(office=office, clerk=clerk, now=town.at("9:06")))
    return called


def as_role(office: OfficeSnapshot, role: str) -> Client:
    client = Client()
    client.force_login(town.clerk(office, f"jako-{role}", role))
    return client


@pytest.mark.parametrize("role", ["clerk", "reception", "operator", "administrator"])
def test_those_who_meet_people_put_them_back(office: OfficeSnapshot, clerk: int, role: str) -> None:
    (ticket,) = missed(office, clerk)
    client = as_role(office, role)
    words = text_of(client.get(LIST))
    assert "V1 Přepis vozidla 9:05, Přepážka 1 bez objednání Zařadit znovu" in words
    assert "půjde na řadu hned po těch, kteří se vrátili dříve. Teď před nimi nejde nikdo." in words
    done = text_of(client.post(f"{LIST}{ticket.pk}/zpet/", follow=True))
    assert "V1 je znovu ve frontě. Na řadu přijde hned po těch" in done
    assert Ticket.objects.get().state == TicketState.WAITING
    (event,) = Event.objects.filter(kind="MissedReturned")
    assert event.data["by"] == "staff"
    assert event.actor
    again = text_of(client.post(f"{LIST}{ticket.pk}/zpet/", follow=True))
    assert refusals.says(again, "not_missed")


def test_the_head_only_looks_at_figures(office: OfficeSnapshot, clerk: int) -> None:
    (ticket,) = missed(office, clerk)
    client = as_role(office, "head")
    assert client.get(LIST).status_code == 403
    assert client.post(f"{LIST}{ticket.pk}/zpet/").status_code == 403
    assert Ticket.objects.get().state == TicketState.NO_SHOW


def test_a_number_finds_it_however_it_is_typed(office: OfficeSnapshot, clerk: int) -> None:
    missed(office, clerk, 12)
    client = as_role(office, "reception")

    def found(number: str) -> list[str]:
        words = text_of(client.get(LIST, {"cislo": number})).split()
        return [word for word in words if word.startswith("V1") and word[1:].isdigit()]

    assert set(found("v12")) == set(found("12")) == set(found(" V 12 ")) == {"V12"}
    assert "V99 není mezi těmi" in text_of(client.get(LIST, {"cislo": "v99"}))
    assert client.get(LIST, {"cislo": "x" * 400}).status_code == 200
    assert client.get(LIST, {"cislo": "\x00" * 400}).status_code == 400


def test_nobody_of_another_office_and_nobody_unknown(office: OfficeSnapshot, clerk: int) -> None:
    client = as_role(office, "reception")
    other = town.office("jinde")
    foreign = tickets.issue_ticket(
        office=other, service=town.service(other), touch=uuid4(), now=town.at("9:00")
    )
    for pk in (foreign.pk, 10**9):
        assert client.post(f"{LIST}{pk}/zpet/").status_code == 404


def test_empty_three_and_thirty(office: OfficeSnapshot, clerk: int) -> None:
    client = as_role(office, "clerk")
    assert "Všichni, kdo byli dnes vyvoláni, přišli" in text_of(client.get(LIST))
    first, *_ = missed(office, clerk, 30)
    page = text_of(client.get(LIST))
    assert page.count("Zařadit znovu : V") + page.count("Zařadit znovu: V") == 30
    turns.return_missed(office=office, ticket=first.pk, now=town.at("9:10"), actor=clerk)
    assert "Teď před nimi jde 1 člověk" in text_of(client.get(LIST))


def test_after_closing_it_says_so(office: OfficeSnapshot, clerk: int, clock: Clock) -> None:
    (ticket,) = missed(office, clerk)
    client = as_role(office, "reception")
    clock.set(town.at("17:00"))
    page = text_of(client.get(LIST))
    assert "Úřad už má dnes zavřeno" in page
    assert "Zařadit znovu" not in page
    done = text_of(client.post(f"{LIST}{ticket.pk}/zpet/", follow=True))
    assert refusals.says(done, "returns_over")
    assert Ticket.objects.get().state == TicketState.NO_SHOW


def test_the_desk_and_the_telephone_say_when_and_where(office: OfficeSnapshot, clerk: int) -> None:
    visit = town.confirmed(office, "9:00")
    tickets.check_in(
        office=office,
        device=town.kiosk(office),
        pin=visit.pin,
        touch=uuid4(),
        now=town.at("9:00"),
    )
    turns.call_next(office=office, clerk=clerk, now=town.at("9:05"))
    turns.mark_no_show(office=office, clerk=clerk, now=town.at("9:06"))
    client = as_role(office, "reception")
    said = "vyvolání v 9:05 k přepážce 1, nikdo nepřišel"
    desk = text_of(client.get("/pult/lhota/recepce/"))
    assert said in desk
    assert "Nepřišli dnes : 1" in desk or "Nepřišli dnes: 1" in desk
    assert "Zařadit znovu" in desk
    assert said in text_of(client.get("/pult/lhota/telefon/", {"hledat": "Jana"}))
    assert said in text_of(client.get(f"/pult/lhota/recepce/objednavka/{visit.pk}/"))
    assert "PINem se vrátí do 10:10" in text_of(client.get(LIST))


def test_the_board_counts_them(office: OfficeSnapshot, clerk: int) -> None:
    missed(office, clerk, 3)
    client = Client()
    client.force_login(town.clerk(office, "druha"))
    client.post("/pult/lhota/otevrit/", {"counter": "p2"})
    page = client.get("/pult/lhota/").content.decode()
    assert f'href="{LIST}"' in page
    assert "Nepřišli dnes: 3" in page

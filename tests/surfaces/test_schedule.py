"""Today's meetings in the console: who sees them, one key to enter, and what is done from there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from prepazka.accounts.models import User
from prepazka.booking import booking_links
from prepazka.booking.models import Booking, BookingState
from prepazka.meetings import participants, room
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.offices.models import Membership, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import meetings, officials, town
from tests.halls import Clock, text_of

pytestmark = pytest.mark.django_db
LIST = "/pult/lhota/schuzky/"


READERS = (
    *(
        "console.schedule",
        "console.views",
        "console.disruption_pages",
        "console.desk_meeting_pages",
    ),
    *("citizen.booking_pages", "citizen.meeting_mode_pages", "room.views"),
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(town.at("9:01"))
    for reader in READERS:
        monkeypatch.setattr(f"prepazka.surfaces.{reader}.now", made)
    return made


@pytest.fixture
def where(clock: Clock) -> OfficeSnapshot:
    found = meetings.office()
    user = town.clerk(found, "jana")
    Official.objects.filter(code="novakova").update(user=user)
    return meetings.office()


def logged_in(where: OfficeSnapshot, name: str, role: str = "") -> Client:
    user = town.clerk(where, name, role) if role else User.objects.get(username=name)
    made = Client()
    made.force_login(user)
    return made


def in_lobby(booking: Booking, at: Any) -> None:
    meeting = participants.meeting_for(booking, at)
    who = Participant.objects.get(meeting=meeting, role="citizen")
    room.enter_room(participant=who.pk, link=who.link, now=at)


def test_the_official_sees_the_day_and_enters_by_one_key(
    where: OfficeSnapshot, clock: Clock
) -> None:
    first, second = meetings.confirmed(where, "9:00"), meetings.confirmed(where, "9:15")
    call = meetings.confirmed(where, "9:30", mode="phone")
    in_lobby(second, town.at("9:00"))
    jana = logged_in(where, "jana")
    answer = jana.get(LIST)
    said = text_of(answer)
    for words in ("9:00–9:15", "Ohlášení stavby", "Jana Malá, od 9:00", "po telefonu", "po videu"):
        assert words in said, words
    html = answer.content.decode()
    assert 'href="tel:+420777123456"' in html
    assert html.count('data-key="v"') == 1
    assert (
        html.index(f"enter-{first.pk}")
        < html.index('data-key="v"')
        < html.index(f"enter-{second.pk}")
    )
    assert str(call.pk) in html
    entered = jana.post(f"{LIST}{first.pk}/vstup/")
    page = jana.get(entered["Location"])
    assert page.status_code == 200
    assert b'data-chair="true"' in page.content
    taken = jana.post(entered["Location"] + "vstup/").json()
    assert taken["place"] == "inside"
    assert Meeting.objects.get(booking=first).state == MeetingState.RUNNING
    assert "Právě probíhá" in text_of(jana.get(LIST + "nazivo/"))


def test_who_is_not_the_official_needs_the_role(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where)
    enter, late = f"{LIST}{booking.pk}/vstup/", f"{LIST}{booking.pk}/krok/pozde/"
    other = logged_in(where, "karel", "clerk")
    assert "Jana Malá" not in text_of(other.get(LIST))
    operator = logged_in(where, "olga", "operator")
    shown = operator.get(LIST)
    assert "Jana Malá" in text_of(shown)
    assert b"777123456" not in shown.content
    for client in (other, operator):
        assert client.post(enter).status_code == 403
        assert client.post(late, {"minutes": "10"}).status_code == 403
        assert client.get(f"{LIST}{booking.pk}/dalsi/").status_code == 403
    chief = logged_in(where, "hana", "head")
    way = chief.post(enter)["Location"]
    assert chief.get(way).status_code == 200
    # The link of the chair opens nothing to a colleague who only has the link.
    assert other.get(way).status_code == 403
    assert other.post(way + "vstup/").status_code == 403
    assert Client().get(way).status_code == 302


def test_running_late_is_told_and_nonsense_is_not(where: OfficeSnapshot) -> None:
    first, second = meetings.confirmed(where, "9:00"), meetings.confirmed(where, "9:15")
    jana = logged_in(where, "jana")
    answer = jana.post(f"{LIST}{first.pk}/krok/pozde/", {"minutes": "10"}, follow=True)
    assert "Lidé ze 2 schůzek to už vědí." in text_of(answer)
    assert Meeting.objects.get(booking=second).late_min == 10
    assert "později: 9:10" in text_of(answer)
    for minutes in ("7", "-5", "x", ""):
        jana.post(f"{LIST}{first.pk}/krok/pozde/", {"minutes": minutes}, follow=True)
    assert Meeting.objects.get(booking=second).late_min == 10
    assert jana.post(f"{LIST}{first.pk}/krok/nic/").status_code == 404


def test_a_missed_and_an_ended_meeting(where: OfficeSnapshot, clock: Clock) -> None:
    first, second = meetings.confirmed(where, "9:00"), meetings.confirmed(where, "9:15")
    jana = logged_in(where, "jana")
    clock.set(town.at("9:06"))
    said = text_of(jana.post(f"{LIST}{first.pk}/krok/neprisel/", follow=True))
    assert "Zapsáno, že nikdo nepřišel" in said
    in_lobby(second, town.at("9:10"))
    jana.post(f"{LIST}{second.pk}/krok/konec/")
    states = Booking.objects.in_bulk([first.pk, second.pk])
    assert (states[first.pk].state, states[second.pk].state) == (
        BookingState.NO_SHOW,
        BookingState.SERVED,
    )


@pytest.mark.real_time
def test_the_next_meeting_is_booked_from_the_list(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where, "9:00")
    jana = logged_in(where, "jana")
    address = f"{LIST}{booking.pk}/dalsi/"
    page = jana.get(address)
    assert "Další schůzka týchž lidí" in text_of(page)
    assert town.at("9:15").isoformat() in page.content.decode()
    answer = jana.post(address, {"starts_at": town.at("9:15").isoformat()}, follow=True)
    assert "Další schůzka je objednaná" in text_of(answer)
    assert "po videu" in text_of(answer)  # in the diary
    made = Booking.objects.get(starts_at=town.at("9:15"))
    assert (made.email, made.mode) == (booking.email, "video")
    taken = jana.post(address, {"starts_at": town.at("9:15").isoformat()})
    assert taken.status_code == 200
    assert Booking.objects.filter(starts_at=town.at("9:15")).count() == 1


def test_the_counter_shows_the_clerks_own_meetings(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where, "9:00")
    in_lobby(booking, town.at("8:50"))
    jana = logged_in(where, "jana")
    jana.post("/pult/lhota/otevrit/", {"counter": "p1"})
    html = jana.get("/pult/lhota/").content.decode()
    assert "Dnešní schůzky" in html
    assert "Jana Malá, od" in html
    assert f"enter-{booking.pk}" in html
    karel = logged_in(where, "karel", "clerk")
    karel.post("/pult/lhota/otevrit/", {"counter": "d12"})
    assert "Jana Malá" not in karel.get("/pult/lhota/nazivo/").content.decode()
    assert Membership.objects.filter(office=where.row).count() == 2


def test_a_colleague_who_will_be_away_is_seen_by_everybody(
    where: OfficeSnapshot, clock: Clock
) -> None:
    clock.set(town.at("8:00"))
    booking = meetings.confirmed(where)
    official = officials.official(where, "dvorak")
    participants.invite_colleague(booking=booking.pk, official=official, now=town.FRIDAY_BEFORE)
    personal = f"/objednavka/{booking_links.sign_token(booking.pk, 'personal')}/"
    assert "Přijdou také Petr Dvořák" in text_of(Client().get(personal))
    head = Client()
    head.force_login(town.clerk(where, "vedouci", "head"))
    asked = {
        "what": "official:dvorak",
        "kind": "closed",
        "from_date": town.MONDAY.isoformat(),
        "to_date": town.MONDAY.isoformat(),
    }
    answer = head.post("/pult/lhota/vypadek/", asked)
    page = text_of(answer)
    assert "Videoschůzky, které přijdou o přizvaného kolegu" in page
    assert "Petr Dvořák – na schůzce, kterou vede Ing. Jana Nováková" in page
    seen = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert seen
    head.post("/pult/lhota/vypadek/", {**asked, "seen": seen[1], "apply": "all"})
    assert "Nakonec nemůže přijít Petr Dvořák" in text_of(Client().get(personal))
    assert "nakonec nemůže přijít" in text_of(Client().get(f"{personal}ucastnici/"))
    assert "Nemůže přijít: Petr Dvořák" in text_of(head.get("/pult/lhota/schuzky/"))
    desk = Client()
    desk.force_login(town.clerk(where, "recepce", "reception"))
    page = text_of(desk.get(f"/pult/lhota/recepce/objednavka/{booking.pk}/ucastnici/"))
    assert "Petr Dvořák – nemůže přijít" in page

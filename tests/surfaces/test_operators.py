"""The operators' screen: finding people, the day side by side, booking, moving, cancelling."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking, BookingState
from prepazka.core.booking_reference import reference_of
from prepazka.core.contact import Contact
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting import department_day
from prepazka.surfaces.console import desk_booking_pages, operators
from prepazka.surfaces.manager import audit_pages
from tests import officials, town
from tests.halls import text_of

pytestmark = pytest.mark.django_db
SCREEN, TAKE = "/pult/lhota/telefon/", "/pult/lhota/telefon/misto/"
MONDAY = town.MONDAY.isoformat()
ASKED = {"odbor": "vystavba", "ukon": "ohlaseni", "den": MONDAY, "kanal": "phone", "osob": "1"}


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (operators, desk_booking_pages, audit_pages):
        monkeypatch.setattr(module, "now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


@pytest.fixture
def operator(office: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(office, "operatorka", role="operator"))
    return client


def places(answer: Any) -> list[tuple[str, str]]:
    """Local times and officials of the buttons."""
    found = re.findall(r'name="place" value="([^|]+)\|([^"]*)"', answer.content.decode())
    return [(at, code) for at, code in found]


def booked(office: OfficeSnapshot, clock: str, code: str, name: str, phone: str = "") -> Booking:
    held = officials.hold(office, clock, code, channel="phone")
    return booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name=name, phone=phone), now=town.FRIDAY_BEFORE
    )


def at(clock: str) -> str:
    return town.at(clock).isoformat()


def test_diaries_stand_side_by_side(office: OfficeSnapshot, operator: Client) -> None:
    booked(office, "9:00", "novakova", "Karel Vomáčka")
    page = operator.get(SCREEN, ASKED)
    free = places(page)
    assert (at("9:00"), "novakova") not in free
    assert {(at("9:00"), "dvorak"), (at("17:00"), "novakova")} <= set(free)
    assert (at("8:00"), "dvorak") not in free, "his hours begin at nine"
    said = text_of(page)
    assert "Ing. Jana Nováková" in said
    assert "Petr Dvořák" in said
    assert "Karel Vomáčka" in said
    assert "Matrika" not in said, "another department"


def test_windows_say_how_many_are_taken(office: OfficeSnapshot, operator: Client) -> None:
    held = town.hold(office, "9:00", service="rodny-list", channel="phone")
    booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Karel"), now=town.FRIDAY_BEFORE
    )
    page = operator.get(SCREEN, {"ukon": "rodny-list", "den": MONDAY})
    assert "obsazeno 1 z 1" in text_of(page)
    assert (at("10:00"), "") in places(page)
    assert (at("9:00"), "") not in places(page)
    assert not any(code for _, code in places(page)), "officials do not do this"


def test_booking_in_four_steps_with_the_operator_in_the_journal(
    office: OfficeSnapshot, operator: Client
) -> None:
    page = operator.get(SCREEN, ASKED)
    key = re.search(r'name="key" value="([^"]+)"', page.content.decode())
    assert key
    place = {**ASKED, "key": key[1], "place": f"{at('9:15')}|dvorak"}
    answer = operator.post(TAKE, place)
    again = operator.post(TAKE, place)
    assert answer.headers["Location"] == again.headers["Location"], "pressed twice, held once"
    form = operator.get(answer.headers["Location"])
    assert "PIN přečtěte" in text_of(form)
    page = operator.post(
        answer.headers["Location"], {"name": "Marie Nová", "phone": "353 123 456"}, follow=True
    )
    booking = Booking.objects.get()
    assert booking.state == BookingState.CONFIRMED
    assert booking.channel == "phone"
    assert officials.whose(booking) == "dvorak"
    assert reference_of(booking.pk) in text_of(page)
    assert "Žádná zpráva se neposílá" in text_of(page)
    who = dict(Event.objects.values_list("kind", "actor"))
    user = int(operator.session["_auth_user_id"])
    assert who["BookingHeld"] == who["BookingConfirmed"] == user


def test_a_slot_given_back_is_free_at_once(office: OfficeSnapshot, operator: Client) -> None:
    answer = operator.post(TAKE, {**ASKED, "place": f"{at('9:15')}|dvorak"})
    held = Booking.objects.get()
    address = answer.headers["Location"].replace("kontakt", "vratit")
    assert operator.post(address).headers["Location"] == SCREEN
    held.refresh_from_db()
    assert held.state == BookingState.EXPIRED
    assert Event.objects.get(kind="HoldReleased").actor
    assert (at("9:15"), "dvorak") in places(operator.get(SCREEN, ASKED))
    mine = town.hold(office, "10:00", service="rodny-list", channel="web")
    theirs = f"/pult/lhota/recepce/objednavka/{mine.pk}/vratit/"
    assert operator.post(theirs).status_code == 404, "somebody at home is filling it in"


def test_a_place_taken_meanwhile_is_said(office: OfficeSnapshot, operator: Client) -> None:
    booked(office, "9:00", "dvorak", "Karel")
    page = operator.post(TAKE, {**ASKED, "place": f"{at('9:00')}|dvorak"}, follow=True)
    assert page.redirect_chain[0][0].startswith(SCREEN)
    assert "odbor=vystavba" in page.redirect_chain[0][0]
    assert "zabral" in text_of(page) or "obsad" in text_of(page)
    assert Booking.objects.count() == 1


def test_find_move_and_cancel(office: OfficeSnapshot, operator: Client) -> None:
    booking = booked(office, "9:00", "dvorak", "Jiří Šťastný", phone="+420777123456")
    other = booked(office, "17:00", "novakova", "Jiří Šťastný", phone="+420777123456")
    booked(office, "9:15", "novakova", "Karel Malý")
    page = operator.get(SCREEN, {"hledat": "stastny"})
    assert page.content.decode().count("data-result") == 2
    page = operator.get(SCREEN, {"hledat": "stastny", "kdo": str(booking.pk)})
    said = text_of(page)
    assert "Další objednávky téhož člověka" in said
    assert reference_of(booking.pk) in said
    assert "777" not in said, "the contact is shown only by a recorded look"
    assert f"kdo={other.pk}" in page.content.decode()

    moving = {"kdo": str(booking.pk), "presun": "1", "den": MONDAY}
    page = operator.get(SCREEN, moving)
    assert {code for _, code in places(page)} == {"dvorak"}, "it stays with its official"
    page = operator.post(TAKE, {**moving, "place": f"{at('9:30')}|dvorak"}, follow=True)
    booking.refresh_from_db()
    assert booking.starts_at == town.at("9:30")
    operator.post(f"/pult/lhota/recepce/objednavka/{booking.pk}/zrusit/")
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED_BY_OFFICE
    page = operator.get(SCREEN, {"hledat": reference_of(booking.pk)})
    assert "zrušil" in text_of(page) or "zrušeno" in text_of(page)


def test_the_statements_do_not_grow(office: OfficeSnapshot, django_assert_num_queries: Any) -> None:
    wanted = department_day.Wanted(town.service(office, "ohlaseni"))
    department_day.day_plan(office, None, wanted, day=town.MONDAY, now=town.FRIDAY_BEFORE)
    for clock in ("", "9:00", "9:15"):
        if clock:
            booked(office, clock, "novakova", "Karel")
        with django_assert_num_queries(2):
            department_day.day_plan(office, None, wanted, day=town.MONDAY, now=town.FRIDAY_BEFORE)


def test_the_next_free_day(office: OfficeSnapshot, operator: Client) -> None:
    answer = operator.get(SCREEN, {**ASKED, "den": "2026-11-25", "volno": "1"})
    assert "den=2026-11-30" in answer.headers["Location"]
    page = operator.get(SCREEN, {**ASKED, "den": "2027-11-25", "volno": "1"}, follow=True)
    assert "volno nemá" in text_of(page)
    assert "nikdo nepřijímá" in text_of(page)


def test_the_share_kept_for_the_telephone_is_counted(operator: Client) -> None:
    kept = officials.FILE.replace(
        "lead: 0 min}", "lead: 0 min, kept for desk: 50 % until 1 day before}"
    )
    assert "drží míst" not in text_of(operator.get(SCREEN, ASKED))
    officials.office(kept)
    said = text_of(operator.get(SCREEN, ASKED))
    # Nováková has sixteen quarters of an hour, Dvořák four; half of them is ten.
    assert "drží míst: 10" in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"place": "x"},
        {"place": "2026-11-23T09:00|dvorak"},
        {"place": f"{at('9:00')}|nikdo"},
        {"place": f"{at('9:00')}|dvorak", "ukon": "povoleni"},
        {"place": f"{at('9:00')}|dvorak", "presun": "1", "kdo": "0"},
    ],
)
def test_wrong_forms_are_not_found(operator: Client, wrong: dict[str, str]) -> None:
    assert operator.post(TAKE, {**ASKED, **wrong}).status_code == 404
    assert not Booking.objects.exists()


def test_wrong_addresses_do_no_harm(operator: Client) -> None:
    for query in (
        {"den": "x", "osob": "x", "ukon": "x", "odbor": "x", "kanal": "x"},
        {"presun": "1"},
    ):
        assert operator.get(SCREEN, query).status_code == 200
    assert operator.get(SCREEN, {"kdo": "00000000-0000-0000-0000-000000000000"}).status_code == 404


def test_the_head_reads_who_did_what(office: OfficeSnapshot, client: Client) -> None:
    one, two = town.clerk(office, "prvni", "operator"), town.clerk(office, "druha", "operator")
    made = {}
    for user in (one, two):
        held = officials.hold(
            office, "9:00" if user is one else "9:15", "novakova", channel="phone", actor=user.pk
        )
        made[user.pk] = booking_lifecycle.request_confirmation(
            booking=held.pk,
            contact=Contact(name="Tajná Osoba"),
            now=town.FRIDAY_BEFORE,
            actor=user.pk,
        )
    client.force_login(two)
    client.post(f"/pult/lhota/recepce/objednavka/{made[one.pk].pk}/osoba/")
    assert client.get("/sprava/lhota/kdo-co/").status_code == 403
    client.force_login(town.clerk(office, "vedouci", "head"))
    said = text_of(client.get("/sprava/lhota/kdo-co/"))
    assert "Prvni objednáno" in said
    assert "Druha nahlédnutí do jména a kontaktu" in said
    assert reference_of(made[one.pk].pk) in said
    assert "Tajná" not in said
    said = text_of(client.get("/sprava/lhota/kdo-co/", {"kdo": one.pk}))
    assert "Druha podržení" not in said
    assert "Prvni podržení" in said
    said = text_of(client.get("/sprava/lhota/kdo-co/", {"kontakty": "1"}))
    assert "nahlédnutí do jména" in said
    assert "objednáno" not in said
    two.memberships.all().delete()
    assert "druha nahlédnutí" in text_of(client.get("/sprava/lhota/kdo-co/")), "gone, still named"
    said = text_of(client.get("/sprava/lhota/kdo-co/", {"den": "2026-01-01", "kdo": "x" * 30}))
    assert "se nic nedělo" in said

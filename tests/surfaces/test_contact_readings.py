"""Reading of people is noted: once a list and quarter of an hour, a search, a booking; no refresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import limits
from tests import town
from tests.surfaces import test_desk
from tests.surfaces.test_desk import DESK, Clock, text

pytestmark = pytest.mark.django_db
clock, office, reception = test_desk.clock, test_desk.office, test_desk.reception


def looks() -> list[tuple[str, dict[str, object]]]:
    kinds = ("PeopleListed", "ContactShown")
    rows = Event.objects.filter(kind__in=kinds).order_by("pk")
    return [(one.kind, one.data) for one in rows]


BOOKINGS = ("PeopleListed", {"list": "bookings", "official": None})
SEARCH = ("PeopleListed", {"list": "search", "official": None})


def test_a_list_is_noted_once_in_a_quarter_of_an_hour(
    office: OfficeSnapshot, reception: Client, clock: Clock
) -> None:
    for _ in range(3):
        reception.get(DESK)
        clock.at += timedelta(minutes=4)
    assert looks() == [BOOKINGS], "9:05, 9:09 and 9:13 are one look"
    clock.at = town.at("9:15")
    reception.get(DESK)
    assert looks() == [BOOKINGS] * 2
    colleague = Client()
    colleague.force_login(town.clerk(office, "druha", "reception"))
    colleague.get(DESK)
    assert looks() == [BOOKINGS] * 3, "each person of the staff by themselves"


def test_each_search_is_noted_and_nothing_of_what_was_typed(
    office: OfficeSnapshot, reception: Client
) -> None:
    for words in ("Vomáčka", "vomáčka", "777 123"):
        reception.get(DESK, {"hledat": words})
    assert looks() == [SEARCH] * 2


def test_a_booking_that_is_opened_again_is_one_look(
    office: OfficeSnapshot, reception: Client, clock: Clock
) -> None:
    booking, other = town.confirmed(office, "9:00"), town.confirmed(office, "10:00")
    shown = ("ContactShown", {"booking": str(booking.pk)})
    for _ in range(3):
        page = reception.post(f"{DESK}objednavka/{booking.pk}/osoba/")
        assert ">Jana<" in text(page)
    assert looks() == [shown]
    reception.post(f"{DESK}objednavka/{other.pk}/osoba/")
    assert looks() == [shown, ("ContactShown", {"booking": str(other.pk)})]


def test_the_head_reads_who_looked(office: OfficeSnapshot, reception: Client, clock: Clock) -> None:
    reception.get(DESK)
    head = Client()
    head.force_login(town.clerk(office, "vedouci", "head"))
    day = town.MONDAY.isoformat()
    page = text(head.get(f"/sprava/lhota/kdo-co/?den={day}&kontakty=1"))
    assert "nahlédnutí do seznamu klientů nebo jejich hledání" in page


def test_what_was_counted_is_a_keyed_hash() -> None:
    assert "vomáčka" not in limits.hashed_key("reading", "1:search:vomáčka")

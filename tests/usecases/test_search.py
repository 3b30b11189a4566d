"""The search of whoever answers the telephone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from prepazka.booking import booking_lifecycle, scheduled
from prepazka.booking.models import Booking, BookingState
from prepazka.core.booking_reference import reference_of
from prepazka.core.contact import Contact
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting import search
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.at("8:00")


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office(quota=4)


def booked(office: OfficeSnapshot, clock: str = "9:00", **what: Any) -> Booking:
    made = town.confirmed(office, clock)
    Booking.objects.filter(pk=made.pk).update(**{"email": "", "name": "Nikdo", **what})
    made.refresh_from_db()
    return made


def found(office: OfficeSnapshot, said: str) -> list[Booking]:
    return search.find_bookings(office.office_id, said, now=NOW).bookings


@pytest.mark.parametrize(
    "said",
    [
        "novakova",
        "NOVÁ",
        "jana",
        "nov jan",
        "jana novák",
        "dvořák",
        "Ing. Jana",
        "  nováková-dvořáková ",
    ],
)
def test_any_word_of_a_name_finds_it(office: OfficeSnapshot, said: str) -> None:
    wanted = booked(office, name="Ing. Jana Nováková-Dvořáková")
    booked(office, "10:00", name="Karel Malý")
    assert found(office, said) == [wanted]


@pytest.mark.parametrize("said", ["", " ", "n", "ova", "karel", "jana xaver", "%", "_", "'; --"])
def test_what_is_no_beginning_finds_nothing(office: OfficeSnapshot, said: str) -> None:
    booked(office, name="Jana Nováková")
    assert found(office, said) == []


def test_other_alphabets(office: OfficeSnapshot) -> None:
    wanted = booked(office, name="Тарас Шевченко")
    assert found(office, "ШЕВ") == [wanted]
    wanted = booked(office, "10:00", name="Łukasz O’Žďár")
    assert found(office, "zdar") == [wanted]


@pytest.mark.parametrize(
    "said", ["777123456", "777 123 456", "+420 777 123 456", "00420777123456", "456", "3456"]
)
def test_a_telephone_in_any_way_of_writing(office: OfficeSnapshot, said: str) -> None:
    wanted = booked(office, phone="+420777123456", pin="8305")
    booked(office, "10:00", phone="+420777123457", pin="8306")
    assert found(office, said) == [wanted]


def test_a_foreign_number(office: OfficeSnapshot) -> None:
    wanted = booked(office, phone="+4915112345678")
    assert found(office, "+49 1511 2345678") == [wanted]


def test_mail_pin_and_reference(office: OfficeSnapshot) -> None:
    wanted = booked(office, email="Jana.Novakova@Example.cz", pin="8305")
    booked(office, "10:00", pin="8306", email="karel@example.cz")
    for said in ("jana.novakova@example.cz", "JANA.NOVAKOVA@", "8305", "83 05"):
        assert found(office, said) == [wanted], said
    assert found(office, reference_of(wanted.pk).lower()) == [wanted]
    assert found(office, "@example.cz") == []


def test_upcoming_first_then_past(office: OfficeSnapshot) -> None:
    made = [booked(office, clock, name="Jana Nová") for clock in ("11:00", "9:00", "10:00")]
    later, sooner, middle = made
    assert found(office, "nova") == [sooner, middle, later]
    seen = search.find_bookings(office.office_id, "nova", now=town.at("10:30"))
    assert seen.bookings == [later, middle, sooner]
    assert not seen.more


def past(like: Booking, many: int) -> None:
    """As many past bookings of different people."""
    Booking.objects.bulk_create(
        Booking(
            office=like.office,
            service=like.service,
            lane=like.lane,
            date=like.date,
            starts_at=like.starts_at,
            ends_at=like.ends_at,
            state=BookingState.NO_SHOW,
            created_at=NOW,
            name=f"Jana Nová{'abcdefghij'[n % 10]}{'abcdefghij'[n // 10 % 10]}",
            phone=f"+420777{n:06}",
            email=f"jana{n}@example.cz",
        )
        for n in range(many)
    )


def test_no_more_than_twenty_and_says_so(office: OfficeSnapshot) -> None:
    past(booked(office, name="Jana Nová"), 24)
    seen = search.find_bookings(office.office_id, "nova", now=NOW)
    assert len(seen.bookings) == 20
    assert seen.more


def test_too_many_different_words_are_said(
    office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_WORDS", 5)
    past(booked(office, name="Jana Nová"), 5)
    assert search.find_bookings(office.office_id, "nov", now=NOW).more
    assert not search.find_bookings(office.office_id, "novaa", now=NOW).more
    nothing = search.find_bookings(office.office_id, "nov xy", now=NOW)
    assert nothing.bookings == []
    assert nothing.more, "others of them might be meant"


def test_another_office_and_a_hold_are_not_found(office: OfficeSnapshot) -> None:
    booked(office, name="Jana Nováková", phone="+420777123456", pin="8305")
    other = town.office("horka")
    assert found(other, "nováková") == found(other, "777123456") == found(other, "8305") == []
    held = town.hold(office, "10:00")
    booking_lifecycle.note_contact(
        booking=held.pk, contact=Contact(name="Petr Klíč", email="p@example.cz"), now=NOW
    )
    assert found(office, "klíč") == found(office, "p@example.cz") == []
    booking_lifecycle.release_hold(booking=held.pk, now=NOW)
    assert found(office, "klíč") == []


def test_after_erasing_only_the_reference_finds(office: OfficeSnapshot) -> None:
    wanted = booked(office, name="Jana Nováková", phone="+420777123456", pin="8305")
    late = town.at("8:00", town.MONDAY.replace(month=12, day=7))
    assert scheduled.erase_personal_data(office=office.row, now=late) == 1
    for said in ("nováková", "777123456", "8305"):
        assert search.find_bookings(office.office_id, said, now=late).bookings == []
    seen = search.find_bookings(office.office_id, reference_of(wanted.pk), now=late)
    assert seen.bookings == [wanted]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name_folded FROM booking_booking")
        assert cursor.fetchall() == [("",)]


def test_the_bookings_of_a_person(office: OfficeSnapshot) -> None:
    one = booked(office, "9:00", email="Jana@example.cz")
    two = booked(office, "10:00", email="jana@example.cz", phone="+420777123456")
    three = booked(office, "11:00", phone="+420777123456")
    nobody = booked(office, "13:00")
    assert search.of_same_person(two, now=NOW).bookings == [one, two, three]
    assert search.of_same_person(nobody, now=NOW).bookings == [nobody]


@pytest.mark.parametrize(
    ("said", "indexes"),
    [
        ("nov jan", {f"booking_name_{n}" for n in range(1, 5)}),
        ("777123456", {"booking_phone"}),
        ("jana@", {"booking_email"}),
        ("4K7-9M2", {"booking_booking_pkey"}),
        ("8305", {"(pin)::text = '8305'", "booking_phone"}),
    ],
)
def test_every_reading_has_its_index(office: OfficeSnapshot, said: str, indexes: set[str]) -> None:
    past(booked(office), 3_000)
    told = []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE booking_booking")
        for statement, values in search._statements_for(said):
            values |= {"office": office.office_id, "now": NOW, "most": 20}
            cursor.execute(f"EXPLAIN {statement}", values)
            told += [row[0] for row in cursor.fetchall()]
    plan = "\n".join(told)
    assert "Seq Scan" not in plan
    for index in indexes:
        assert index in plan, plan


@pytest.mark.parametrize(
    "said",
    [
        "+420 (0)777 123 456",
        "tel. 777 123 456",
        "0777123456",
        "777\u2009123\u202f456",
        "\u202a777123456\u202c",
        "777123456 linka 5",
        "777\t123\t456",
    ],
)
def test_a_number_is_found_however_it_was_copied(office: OfficeSnapshot, said: str) -> None:
    wanted = booked(office, phone="+420777123456")
    booked(office, "10:00", phone="+420777123457")
    assert found(office, said) == [wanted]


@pytest.mark.parametrize(
    "said",
    ["jan@příklad.cz", "jan@xn--pklad-zsa96e.cz", "jan@pří\u200bklad.cz", "<jan@příklad.cz>"],
)
def test_an_address_is_found_however_it_was_copied(office: OfficeSnapshot, said: str) -> None:
    wanted = booked(office, email="jan@příklad.cz")
    booked(office, "10:00", email="jana@příklad.cz")
    assert found(office, said) == [wanted]

"""Telephone numbers as people write them, and the limit that holds however they write them."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from prepazka.booking import booking_lifecycle, scheduled
from prepazka.booking.booking_links import SHORT, SHORT_LENGTH
from prepazka.booking.contact_rows import clean_contacts
from prepazka.booking.contacts import contact_hash, normalise_phone
from prepazka.booking.models import Booking, WaitingListEntry
from prepazka.booking.refusals import (
    PhoneNotMobile,
    PhoneNotUnderstood,
    PhoneWithExtension,
    TooManyBookings,
)
from prepazka.core.contact import Contact
from prepazka.meetings.models import Participant
from prepazka.queueing.models import TurnAlert
from tests import town


@pytest.mark.parametrize(
    "said",
    [
        "777 123 456",
        "777123456",
        "+420777123456",
        "+420 777 123 456",
        "00420777123456",
        "00420 777-123-456",
        "(+420) 777 123 456",
        "777.123.456",
        "777\u00a0123\u00a0456",
        " 777123456 ",
        "0777123456",
        "0 777 123 456",
        "+420 0777 123 456",
        "+420 (0)777 123 456",
        "+420(0)777123456",
        "00420 (0) 777 123 456",
        "777\u2009123\u202f456",
        "\u202a777123456\u202c",
        "777\u00ad123\u200b456\ufeff",
        "777\t123\t456",
        "777\u2010123\u2011456",
        "777\u2212123\u2013456",
        "tel. 777 123 456",
        "Tel.: +420 777 123 456",
        "tel:+420777123456",
        "mobil 777123456",
        "mob. 777123456",
        "＋420７７７123456",
    ],
)
def test_one_czech_number_however_it_is_written(said: str) -> None:
    assert normalise_phone(said, mobile=True) == "+420777123456"


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("+421 905 123 456", "+421905123456"),
        ("+49 1512 3456789", "+4915123456789"),
        ("0044 7400 123456", "+447400123456"),
        ("+1 202 555 0143", "+12025550143"),
    ],
)
def test_foreign_mobiles(settings: Any, said: str, made: str) -> None:
    settings.SMS_COUNTRIES = ["SK", "GB", "US", "DE"]
    assert normalise_phone(said, mobile=True) == made


@pytest.mark.parametrize(
    "said",
    [
        "",
        "jana",
        "123",
        "77712345",
        "7771234567",
        "+420 77 712 345",
        "+999 777 123 456",
        "112",
        "777 123 456 jana",
        "777 123 456 ext. 5",
        "0905 123 456",
        "٧٧٧١٢٣٤٥٦",
        "+" * 300,
        "7" * 300,
    ],
)
def test_what_is_no_number(said: str) -> None:
    with pytest.raises(PhoneNotUnderstood):
        normalise_phone(said)


@pytest.mark.parametrize(
    "text",
    [
        "777123456 linka 5",
        "382 766 111 l. 12",
        "382 766 111, kl. 5",
        "382766111 klapka 5",
        "382 766 111 ext. 12",
        "382766111x12",
        "382766111 #12",
    ],
)
def test_an_extension_gets_a_sentence_that_says_so(text: str) -> None:
    with pytest.raises(PhoneWithExtension, match="without an extension"):
        normalise_phone(text)


def test_addresses_that_are_one_mailbox_are_one_contact() -> None:
    spellings = ["jan@příklad.cz", "JAN@xn--pklad-zsa96e.cz", "j\u200ban+x@PŘÍKLAD.cz"]
    assert {Contact(email=address).key for address in spellings} == {"jan@xn--pklad-zsa96e.cz"}


def test_a_fixed_line_is_a_number_but_takes_no_message() -> None:
    assert normalise_phone("353 000 100") == "+420353000100"
    with pytest.raises(PhoneNotMobile):
        normalise_phone("353 000 100", mobile=True)


@given(st.text(max_size=40))
def test_any_text_is_either_refused_or_made_e164(said: str) -> None:
    try:
        made = normalise_phone(said)
    except PhoneNotUnderstood:
        return
    assert made.startswith("+")
    assert made[1:].isascii()
    assert made[1:].isdigit()
    assert normalise_phone(made) == made


def test_an_old_contact_that_nobody_can_read_still_counts_as_itself() -> None:
    assert Contact(phone="12345").key == "12345"
    assert Contact(email="J.ana+x@gmail.com", phone="777123456").key == "jana@gmail.com"


@pytest.mark.django_db
def test_the_limit_of_a_contact_knows_its_number_in_every_form() -> None:
    office = town.office(quota=2)
    town.confirmed(office, "9:00", email="", phone="777 123 456")
    held = town.hold(office, "10:00")
    with pytest.raises(TooManyBookings):
        booking_lifecycle.request_confirmation(
            booking=held.pk,
            contact=Contact(name="Jana", phone="00420777123456"),
            now=town.FRIDAY_BEFORE,
        )
    assert Booking.objects.filter(contact_hash=contact_hash("+420777123456")).exists()


@pytest.mark.django_db
def test_a_short_address_belongs_to_who_has_a_telephone_only_and_is_erased_with_it() -> None:
    office = town.office(quota=3)
    by_mail = town.requested(office, "9:00")
    both = town.requested(office, "9:00", email="b@example.cz", phone="777123457")
    by_phone = town.requested(office, "9:00", email="", phone="777123456")
    assert by_mail.short_code is None
    assert both.short_code is None
    assert by_phone.short_code is not None
    assert len(by_phone.short_code) == SHORT_LENGTH
    assert len(set(SHORT)) ** SHORT_LENGTH >= 2**60
    booking_lifecycle.cancel_booking(booking=by_phone.pk, now=town.FRIDAY_BEFORE)
    later = town.at("9:00").replace(year=2027)
    scheduled.erase_personal_data(office=office.row, now=later)
    by_phone.refresh_from_db()
    assert by_phone.phone == ""
    assert Booking.objects.get(pk=by_phone.pk).short_code is None


@pytest.mark.django_db
def test_stored_contacts_are_brought_to_one_form_batch_by_batch() -> None:
    office = town.office(quota=8)
    clean = town.requested(office, "9:00", email="jan@příklad.cz")
    rows = [town.requested(office, "9:00", email=f"x{number}@example.cz") for number in range(5)]
    for booking, (email, phone) in zip(
        rows,
        [
            ("jan@xn--pklad-zsa96e.cz", ""),
            ("jan@p\u200bříklad.cz", ""),
            ("", "777 123 456"),
            ("jan@localhost", ""),
            ("", ""),
        ],
        strict=True,
    ):
        Booking.objects.filter(pk=booking.pk).update(email=email, phone=phone, contact_hash="old")
    assert clean_contacts(Booking, batch=2) == 4
    stored = {row.pk: (row.email, row.phone, row.contact_hash) for row in Booking.objects.all()}
    jan = contact_hash("jan@xn--pklad-zsa96e.cz")
    assert [stored[booking.pk] for booking in (clean, *rows)] == [
        ("jan@příklad.cz", "", jan),
        ("jan@příklad.cz", "", jan),
        ("jan@příklad.cz", "", jan),
        ("", "+420777123456", contact_hash("+420777123456")),
        ("jan@localhost", "", contact_hash("jan@localhost")),
        ("", "", "old"),  # erased
    ]
    assert clean_contacts(Booking, batch=2) == 0


@pytest.mark.django_db
def test_stored_contacts_are_read_in_batches_and_written_one_by_one() -> None:
    """However many rows there are, no statement reads or holds them all."""
    office = town.office(quota=8)
    for number in range(7):
        booking = town.requested(office, "9:00", email=f"x{number}@example.cz")
        Booking.objects.filter(pk=booking.pk).update(email=f"x{number}@xn--pklad-zsa96e.cz")
    with CaptureQueriesContext(connection) as queries:
        assert clean_contacts(Booking, batch=3) == 7
    statements = [query["sql"] for query in queries.captured_queries]
    reads = [sql for sql in statements if sql.startswith("SELECT")]
    writes = [sql for sql in statements if sql.startswith("UPDATE")]
    assert [sql.count("LIMIT 3") for sql in reads] == [1, 1, 1]
    assert [sql.count('"booking_booking"."id" = ') for sql in writes] == [1] * 7


@pytest.mark.django_db
def test_contacts_of_alerts_and_participants_are_cleaned_too() -> None:
    assert [clean_contacts(model) for model in (WaitingListEntry, TurnAlert, Participant)] == [
        0
    ] * 3

"""Telephone numbers as people write them, and the limit that holds however they write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.booking import due, usecases
from prepazka.booking.contacts import contact_hash, contact_of, normalise_phone
from prepazka.booking.links import SHORT, SHORT_LENGTH
from prepazka.booking.models import Booking
from prepazka.booking.refusals import PhoneNotMobile, PhoneNotUnderstood, TooManyBookings
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
def test_foreign_mobiles(said: str, made: str) -> None:
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
    assert contact_of("", "12345") == "12345"
    assert contact_of("J.ana+x@gmail.com", "777123456") == "jana@gmail.com"


@pytest.mark.django_db
def test_the_limit_of_a_contact_knows_its_number_in_every_form() -> None:
    office = town.office(quota=2)
    town.confirmed(office, "9:00", email="", phone="777 123 456")
    held = town.hold(office, "10:00")
    with pytest.raises(TooManyBookings):
        usecases.request_confirmation(
            booking=held.pk, name="Jana", email="", phone="00420777123456", now=town.FRIDAY_BEFORE
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
    usecases.cancel_booking(booking=by_phone.pk, now=town.FRIDAY_BEFORE)
    later = town.at("9:00").replace(year=2027)
    due.erase_personal_data(office=office.office, now=later)
    by_phone.refresh_from_db()
    assert by_phone.phone == ""
    assert Booking.objects.get(pk=by_phone.pk).short_code is None

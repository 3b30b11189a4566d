"""The contact of a person: how limits compare it, and how it is read."""

from __future__ import annotations

import pytest

from prepazka.core import phone_numbers
from prepazka.core.contact import Contact


@pytest.mark.parametrize(
    ("contact", "key"),
    [
        (Contact(email="J.ana+x@Gmail.com", phone="777123456"), "jana@gmail.com"),
        (Contact(email="jan@příklad.cz"), "jan@xn--pklad-zsa96e.cz"),
        (Contact(phone="777 123 456"), "+420777123456"),
        (Contact(phone="linka 12"), "linka 12"),
        (Contact(name="Jana"), ""),
    ],
)
def test_limits_count_one_normalised_contact(contact: Contact, key: str) -> None:
    assert contact.key == key


def test_fields_that_a_form_did_not_show_are_empty() -> None:
    contact = Contact.from_fields({"name": "Jana", "email": None, "topic": "plot"})
    assert contact == Contact(name="Jana")
    assert contact.filled == ["name"]
    assert not contact.by_phone_only


def test_text_messages_are_the_only_way_without_an_address() -> None:
    assert Contact(phone="+420777123456").by_phone_only
    assert not Contact(email="jana@example.cz", phone="+420777123456").by_phone_only


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("777123456 linka 12", phone_numbers.WithExtension),
        ("777 12", phone_numbers.NotANumber),
        ("zavolejte", phone_numbers.NotANumber),
    ],
)
def test_a_number_that_cannot_be_dialled_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        phone_numbers.parse_phone(text)

"""Contacts as they are stored, refused in sentences for people, and their keyed hashes.

The hash recognises a contact after the contact itself has been erased.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress

from django.conf import settings

from prepazka.booking.models import Booking
from prepazka.booking.refusals import (
    AddressNotUnderstood,
    NameWithoutLetter,
    PhoneNotMobile,
    PhoneNotUnderstood,
    PhoneOfOtherCountry,
    PhoneWithExtension,
)
from prepazka.core import contact_text, phone_numbers
from prepazka.offices.models import Office


def clean_email(text: str) -> str:
    """The address as it is stored, see `contact_text`. Raises AddressNotUnderstood."""
    try:
        return contact_text.clean_email(text)
    except ValueError:
        raise AddressNotUnderstood from None


def clean_name(text: str) -> str:
    """The name as it is stored, in one line. Raises NameWithoutLetter."""
    try:
        return contact_text.clean_name(text)
    except ValueError:
        raise NameWithoutLetter from None


def normalise_phone(text: str, *, mobile: bool = False) -> str:
    """The number as E.164 has it (+420777123456); without a country code it is a Czech one.

    Raises PhoneNotUnderstood, PhoneWithExtension, and where a `mobile` is needed PhoneNotMobile, or
    PhoneOfOtherCountry where the installation sends no short messages to its country.
    """
    try:
        parsed = phone_numbers.parse_phone(text)
    except phone_numbers.WithExtension:
        raise PhoneWithExtension from None
    except phone_numbers.NotANumber:
        raise PhoneNotUnderstood from None
    countries: list[str] = settings.SMS_COUNTRIES
    if mobile and not phone_numbers.is_mobile(parsed):
        raise PhoneNotMobile
    if mobile and phone_numbers.country_of(parsed) not in countries:
        raise PhoneOfOtherCountry(countries=", ".join(countries))
    return phone_numbers.e164(parsed)


def can_be_written_to(booking: Booking, office: Office) -> bool:
    """Whether a message can reach the person: an e-mail, or an SMS where the office sends them."""
    if booking.email:
        return True
    if not (settings.SMS_GATEWAY and office.message_rules.sms and booking.phone):
        return False
    with suppress(PhoneNotUnderstood, PhoneNotMobile):
        return bool(normalise_phone(booking.phone, mobile=True))
    return False


def contact_hash(contact: str) -> str:
    """A keyed hash (HMAC-SHA-256, hex) of a normalised contact."""
    key = f"contact:{settings.SECRET_KEY}".encode()
    return hmac.new(key, contact.encode(), hashlib.sha256).hexdigest()

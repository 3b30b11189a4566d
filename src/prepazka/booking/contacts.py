"""Normalised e-mail addresses and telephone numbers, and their keyed hashes.

The hash recognises a contact after the contact itself has been erased.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from contextlib import suppress

import phonenumbers
from django.conf import settings
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from prepazka.booking.models import Booking
from prepazka.booking.refusals import (
    AddressNotUnderstood,
    NameWithoutLetter,
    PhoneNotMobile,
    PhoneNotUnderstood,
    PhoneOfOtherCountry,
    PhoneWithExtension,
)
from prepazka.core import contact_text
from prepazka.offices.models import Office

HOME, HOME_CODE = "CZ", 420
# In some countries mobile numbers cannot be told from landlines.
MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
# Characters of a number after all kinds of spaces and dashes have been unified.
WRITTEN_WITH = set("0123456789+ -./()")
DASHES = re.compile(r"[\u2010-\u2015\u2043\u2212\ufe58\ufe63]")
BEFORE_NUMBER = re.compile(
    r"(?i)^(?:tel(?:efon|\.)?|mob(?:il|\.)?|phone|č\.)(?: č\.)? ?[.:]? ?(?=[+(\d])"
)
EXTENSION = re.compile(
    r"(?i)(?<=[\d) ])[ ,;]*(?:linka|klapka|kl\.?|l\.|extension|ext\.?|x|#) ?:? ?\d{1,6}$"
)
# "+420 (0)777 …": the zero is for callers within the country only.
ZERO_WITHIN = re.compile(r"^\(?((?:\+|00) ?[\d ]{1,4})\)? ?\(0\)")


def normalise_email(address: str) -> str:
    """The address as limits compare it: lower case, punycode, no `+tag`, no dots in a Gmail name."""
    with suppress(ValueError):
        address = contact_text.ascii_email(contact_text.clean_email(address))
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.split("+", 1)[0]
    if domain in {"gmail.com", "googlemail.com"}:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


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


def plain_phone(text: str) -> str:
    """The number with plain spaces and dashes, without `tel.` and a zero in brackets."""
    number = contact_text.clean_text(text.translate(contact_text.FULL_WIDTH))
    number = BEFORE_NUMBER.sub("", DASHES.sub("-", number))
    return ZERO_WITHIN.sub(r"\1 ", number)


def normalise_phone(text: str, *, mobile: bool = False) -> str:
    """The number as E.164 has it (+420777123456); without a country code it is a Czech one.

    Raises PhoneNotUnderstood, PhoneWithExtension, and where a `mobile` is needed PhoneNotMobile, or
    PhoneOfOtherCountry where the installation sends no short messages to its country.
    """
    number = plain_phone(text)
    try:
        parsed = phonenumbers.parse(number if set(number) <= WRITTEN_WITH else "", HOME)
    except NumberParseException:
        raise (PhoneWithExtension if EXTENSION.search(number) else PhoneNotUnderstood) from None
    if not phonenumbers.is_valid_number(parsed):
        parsed = _without_zero(parsed)
    if mobile and phonenumbers.number_type(parsed) not in MOBILE:
        raise PhoneNotMobile
    countries: list[str] = settings.SMS_COUNTRIES
    if mobile and phonenumbers.region_code_for_number(parsed) not in countries:
        raise PhoneOfOtherCountry(countries=", ".join(countries))
    return str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def _without_zero(parsed: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """A Czech number without the zero that was dialled before it until 2002."""
    if parsed.country_code == HOME_CODE and parsed.italian_leading_zero:
        shorter = phonenumbers.PhoneNumber(
            country_code=parsed.country_code, national_number=parsed.national_number
        )
        if phonenumbers.number_type(shorter) in {*MOBILE, PhoneNumberType.FIXED_LINE}:
            return shorter
    raise PhoneNotUnderstood


def contact_of(email: str, phone: str) -> str:
    """The normalised contact by which limits count a person; an unreadable number as it is."""
    if email:
        return normalise_email(email)
    with suppress(PhoneNotUnderstood):
        return normalise_phone(phone)
    return phone


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

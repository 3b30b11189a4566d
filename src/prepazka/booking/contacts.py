"""Contacts: normalised, and recognised again by a keyed hash after they have been erased."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress

import phonenumbers
from django.conf import settings
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from prepazka.booking.models import Booking
from prepazka.booking.refusals import PhoneNotMobile, PhoneNotUnderstood
from prepazka.offices.models import Office

HOME = "CZ"
# Some countries do not tell mobile numbers from others.
MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
# What people write a number with; a word or an extension is no part of one.
WRITTEN_WITH = set("0123456789+ -./()\u00a0\u2009\u202f\u2011\u2013")


def normalise_email(address: str) -> str:
    """The address as limits compare it: lower case, no `+tag`, no dots in a Gmail name."""
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.split("+", 1)[0]
    if domain in {"gmail.com", "googlemail.com"}:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def normalise_phone(said: str, *, mobile: bool = False) -> str:
    """The number as E.164 has it (+420777123456); without a country code it is a Czech one.

    Raises PhoneNotUnderstood, and PhoneNotMobile where a `mobile` is needed.
    """
    try:
        found = phonenumbers.parse(said if set(said) <= WRITTEN_WITH else "", HOME)
    except NumberParseException:
        raise PhoneNotUnderstood from None
    if not phonenumbers.is_valid_number(found):
        raise PhoneNotUnderstood
    if mobile and phonenumbers.number_type(found) not in MOBILE:
        raise PhoneNotMobile
    return str(phonenumbers.format_number(found, PhoneNumberFormat.E164))


def contact_of(email: str, phone: str) -> str:
    """What stands for the person in limits; a number nobody can read stands as it is."""
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

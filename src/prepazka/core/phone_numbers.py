"""Telephone numbers as people write them, and as they are stored (E.164: +420777123456)."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from prepazka.core import contact_text

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


class NotANumber(ValueError):
    """The text is no valid telephone number."""


class WithExtension(NotANumber):
    """The text is a number with an extension, which cannot be dialled from here."""


def plain_phone(text: str) -> str:
    """The number with plain spaces and dashes, without `tel.` and a zero in brackets."""
    number = contact_text.clean_text(text.translate(contact_text.FULL_WIDTH))
    number = BEFORE_NUMBER.sub("", DASHES.sub("-", number))
    return ZERO_WITHIN.sub(r"\1 ", number)


def parse_phone(text: str) -> phonenumbers.PhoneNumber:
    """The valid number; without a country code it is a Czech one.

    Raises NotANumber, WithExtension.
    """
    number = plain_phone(text)
    try:
        parsed = phonenumbers.parse(number if set(number) <= WRITTEN_WITH else "", HOME)
    except NumberParseException:
        raise (WithExtension if EXTENSION.search(number) else NotANumber) from None
    return parsed if phonenumbers.is_valid_number(parsed) else _without_zero(parsed)


def e164(parsed: phonenumbers.PhoneNumber) -> str:
    """The number as it is stored."""
    return str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def is_mobile(parsed: phonenumbers.PhoneNumber) -> bool:
    """Whether text messages can reach the number."""
    return phonenumbers.number_type(parsed) in MOBILE


def country_of(parsed: phonenumbers.PhoneNumber) -> str | None:
    """The country of the number by its two letters (ISO 3166)."""
    return phonenumbers.region_code_for_number(parsed)


def _without_zero(parsed: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """A Czech number without the zero that was dialled before it until 2002."""
    if parsed.country_code == HOME_CODE and parsed.italian_leading_zero:
        shorter = phonenumbers.PhoneNumber(
            country_code=parsed.country_code, national_number=parsed.national_number
        )
        if phonenumbers.number_type(shorter) in {*MOBILE, PhoneNumberType.FIXED_LINE}:
            return shorter
    raise NotANumber

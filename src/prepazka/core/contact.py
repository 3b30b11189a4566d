"""The contact of a person: name, e-mail address and telephone number."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Self

from prepazka.core import contact_text, phone_numbers


@dataclass(frozen=True, slots=True)
class Contact:
    """A person's name, e-mail address and telephone number, as they are stored.

    Each may be empty. Nothing is checked here: an unfinished form stores what was typed.
    """

    name: str = ""
    email: str = ""
    phone: str = ""

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The contact of a mapping with these names, such as a form's values; missing are empty."""
        return cls(*(str(fields.get(name) or "") for name in cls.__slots__))

    @property
    def fields(self) -> dict[str, str]:
        """Name, e-mail address and telephone number by these names."""
        return asdict(self)

    @property
    def filled(self) -> list[str]:
        """The names of the fields that are not empty."""
        return [name for name, text in self.fields.items() if text]

    @property
    def by_phone_only(self) -> bool:
        """Whether text messages are the only way to write to the person."""
        return bool(self.phone and not self.email)

    @property
    def key(self) -> str:
        """The one contact by which limits count a person, normalised; empty if there is none.

        The e-mail address, else the telephone number; an unreadable number is kept as it is.
        """
        if self.email:
            return _normalise_email(self.email)
        with suppress(phone_numbers.NotANumber):
            return phone_numbers.e164(phone_numbers.parse_phone(self.phone))
        return self.phone


def _normalise_email(address: str) -> str:
    """The address as limits compare it: lower case, punycode, no `+tag`, no dots in a Gmail name."""
    with suppress(ValueError):
        address = contact_text.ascii_email(contact_text.clean_email(address))
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.split("+", 1)[0]
    if domain in {"gmail.com", "googlemail.com"}:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"

"""Addresses at a well-known mail service whose domain seems to be mistyped."""

from __future__ import annotations

WELL_KNOWN = (
    *("seznam.cz", "email.cz", "post.cz", "spoluzaci.cz", "centrum.cz", "atlas.cz", "volny.cz"),
    *("tiscali.cz", "quick.cz", "gmail.com", "outlook.com", "outlook.cz", "hotmail.com"),
    *("hotmail.cz", "yahoo.com", "icloud.com", "azet.sk", "zoznam.sk", "proton.me", "me.com"),
)
# Domains of others that people write when they mean a mail service.
USUAL_MISTAKES = {"gmail.cz": "gmail.com", "seznam.com": "seznam.cz", "seznam.sk": "seznam.cz"}


def suggested(address: str) -> str:
    """The address that was probably meant, or nothing where the domain looks right.

    A domain one slip away from a well-known one counts: a letter left out, added, changed, or two
    neighbours swapped. Domains of four letters and fewer are too close to one another to tell.
    """
    local, at, domain = address.strip().rpartition("@")
    typed = domain.lower()
    if not at or typed in WELL_KNOWN:
        return ""
    meant = USUAL_MISTAKES.get(typed) or next(
        (one for one in WELL_KNOWN if len(one) > len("me.com") and _is_one_slip(typed, one)), ""
    )
    return f"{local}@{meant}" if meant else ""


def _is_one_slip(typed: str, meant: str) -> bool:
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    rest, wanted = typed[start:], meant[start:]
    swapped = rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:]
    return swapped or rest[1:] == wanted or rest == wanted[1:] or rest[1:] == wanted[1:]

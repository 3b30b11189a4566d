"""Suggestions for mistyped domains of well-known mail services."""

from __future__ import annotations

WELL_KNOWN = (
    *("seznam.cz", "email.cz", "post.cz", "spoluzaci.cz", "centrum.cz", "atlas.cz", "volny.cz"),
    *("tiscali.cz", "quick.cz", "gmail.com", "outlook.com", "outlook.cz", "hotmail.com"),
    *("hotmail.cz", "yahoo.com", "icloud.com", "azet.sk", "zoznam.sk", "proton.me", "me.com"),
)
# Existing domains that people write when they mean a mail service.
USUAL_MISTAKES = {"gmail.cz": "gmail.com", "seznam.com": "seznam.cz", "seznam.sk": "seznam.cz"}


def suggest_address(address: str) -> str:
    """The address that was probably meant, or "" where the domain looks right.

    A domain one slip away from a well-known one counts: a letter left out, added, changed, or two
    neighbours swapped. Domains of four letters and fewer are too close to one another to tell.
    """
    local, at, domain = address.strip().rpartition("@")
    typed = domain.lower()
    if not at or typed in WELL_KNOWN:
        return ""
    meant = USUAL_MISTAKES.get(typed) or next(
        (
            known_domain
            for known_domain in WELL_KNOWN
            if len(known_domain) > len("me.com") and _is_one_slip(typed, known_domain)
        ),
        "",
    )
    return f"{local}@{meant}" if meant else ""


def _is_one_slip(typed: str, meant: str) -> bool:
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    typed_tail, meant_tail = typed[start:], meant[start:]
    swapped = typed_tail[:2] == meant_tail[1::-1] and typed_tail[2:] == meant_tail[2:]
    return (
        swapped
        or typed_tail[1:] == meant_tail
        or typed_tail == meant_tail[1:]
        or typed_tail[1:] == meant_tail[1:]
    )

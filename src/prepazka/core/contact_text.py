"""Cleaning of names and e-mail addresses before they are stored."""

from __future__ import annotations

import re
import unicodedata

import idna

LONGEST_NAME = LONGEST_TOPIC = 120  # of a person; of the subject of a visit
LONGEST_ADDRESS, LONGEST_LOCAL = 254, 64  # RFC 5321
LONGEST_PHONE = 20  # of a number as it is stored: E.164 has at most 16
# Invisible characters that are not in Unicode's category of formatting ones: a joiner, Hangul and
# Khmer fillers, Mongolian and other variation selectors, the empty Braille pattern.
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Categories removed: controls, formatting (also bidirectional marks), surrogates, private use,
# unassigned.
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LAST_LABEL = re.compile(r"xn--[a-z0-9-]+|[a-z]{2,63}")
# Reserved names that no mailbox of the public has (RFC 6761).
NEVER_MAIL = {"localhost", "localdomain", "invalid"}
# "Jana Nováková <jana@example.cz>", as mail programs copy it.
WITH_NAME = re.compile(r"[^<>]*<([^<>]+)>")


def clean_text(text: str) -> str:
    """The text in one line without invisible characters: NFC, single spaces, none at the ends."""
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        if letter.isspace():
            letters.append(" ")
        elif unicodedata.category(letter) not in UNSEEN and not BLANK.match(letter):
            letters.append(letter)
    return unicodedata.normalize("NFC", " ".join("".join(letters).split()))


def clean_name(text: str) -> str:
    """The name of a person as it is stored and printed. Raises ValueError where it has no letter."""
    name = clean_text(text)
    if not any(letter.isalpha() for letter in name):
        raise ValueError("no such contact")
    return name


def clean_email(text: str) -> str:
    """The address as it is stored, its domain in the letters that people read.

    A domain in punycode becomes the same address as in letters. Raises ValueError for what is no
    address of a mailbox that can be written to: without a full domain, by the number of a machine,
    or with letters before the @ that mail servers do not take.
    """
    address = re.sub(" ?@ ?", "@", clean_text(text.translate(FULL_WIDTH)))
    if copied := WITH_NAME.fullmatch(address):
        address = copied[1].strip()
    address = re.sub(r"(?i)^mailto:", "", address).rstrip(".,;")
    local, at, domain = address.rpartition("@")
    ascii_domain = _ascii_domain(domain)
    labels = ascii_domain.split(".")
    if (
        not at
        or not DOT_ATOM.fullmatch(local)
        or len(local) > LONGEST_LOCAL
        or len(labels) < 2  # noqa: PLR2004  # a name in a domain
        or not LAST_LABEL.fullmatch(labels[-1])
        or labels[-1] in NEVER_MAIL
        or len(local) + 1 + len(ascii_domain) > LONGEST_ADDRESS
    ):
        raise ValueError("no such contact")
    return f"{local}@{_readable_domain(ascii_domain)}"


def ascii_email(address: str) -> str:
    """The address as mail servers take it, its domain in punycode. Raises ValueError."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not local.isascii():
        raise ValueError("no such contact")
    return f"{local}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    """The domain in lower case and punycode. Raises ValueError."""
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode().rstrip(".")
    except idna.IDNAError as error:
        raise ValueError("no such contact") from error


def _readable_domain(ascii_domain: str) -> str:
    """The domain in letters, where its punycode stands for some."""
    try:
        return idna.decode(ascii_domain)
    except idna.IDNAError:
        return ascii_domain

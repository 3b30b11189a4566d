"""The GSM alphabet of short messages (3GPP TS 23.038): fitting texts, their length and parts."""

from __future__ import annotations

import unicodedata

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = "\f^{}\\[~]|€"  # an escape and a character: two septets each
ONE, EACH = 160, 153  # septets in a single message, and in each part of a longer one
ONE_WIDE, EACH_WIDE = 70, 67  # 16-bit units of a message with other characters
INSTEAD = {
    "–": "-",
    "—": "-",
    "‑": "-",
    "−": "-",
    "„": '"',
    "“": '"',
    "”": '"',
    "‚": "'",
    "‘": "'",
    "’": "'",
    "…": "...",
    "×": "x",
    "•": "-",
    "\t": " ",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ẞ": "SS",
    "\u00ad": "",
    "\u200b": "",
    "\ufeff": "",
}


def is_gsm7(text: str) -> bool:
    """Whether the text can be sent in septets as it is."""
    return all(character in BASIC or character in EXTENDED for character in text)


def count_septets(text: str) -> int:
    """The length of a text of the alphabet. Raises ValueError for any other."""
    if not is_gsm7(text):
        raise ValueError("characters outside the alphabet")
    return len(text) + sum(character in EXTENDED for character in text)


def without_diacritics(text: str) -> str:
    """The text without diacritics, in characters that every telephone shows the same.

    Letters that the alphabet has with an accent (é, ä) lose it too: half a word in háčky and half
    without reads worse than none. A character without a likeness becomes a question mark.
    """
    return "".join(map(_plain, unicodedata.normalize("NFC", text)))


def _plain(character: str) -> str:
    if character in INSTEAD:
        return INSTEAD[character]
    if character.isspace() and character != "\n":
        return " "
    bare = "".join(
        mark for mark in unicodedata.normalize("NFKD", character) if not unicodedata.combining(mark)
    )
    if bare and is_gsm7(bare):
        return bare
    return character if is_gsm7(character) else "?"


def count_parts(text: str) -> int:
    """How many parts the text is sent in; an empty text takes one."""
    if is_gsm7(text):
        return (
            1 if count_septets(text) <= ONE else _split([1 + (c in EXTENDED) for c in text], EACH)
        )
    units = [len(character.encode("utf-16-be")) // 2 for character in text]
    return 1 if sum(units) <= ONE_WIDE else _split(units, EACH_WIDE)


def _split(sizes: list[int], room: int) -> int:
    """The number of parts when no character may be split between two."""
    count, used = 1, 0
    for size in sizes:
        if used + size > room:
            count, used = count + 1, 0
        used += size
    return count

"""The alphabet of short messages (3GPP TS 23.038): what fits it, how long it is, in how many parts."""

from __future__ import annotations

import unicodedata

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = "\f^{}\\[~]|€"  # an escape and a character: two septets each
ONE, EACH = 160, 153  # septets in a lone message, and in each of several
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
    return all(one in BASIC or one in EXTENDED for one in text)


def septets(text: str) -> int:
    """The length of a text of the alphabet. Raises ValueError for any other."""
    if not is_gsm7(text):
        raise ValueError("characters outside the alphabet")
    return len(text) + sum(one in EXTENDED for one in text)


def plain(text: str) -> str:
    """The text without diacritics, in characters that every telephone shows the same.

    Letters that the alphabet has with an accent (é, ä) lose it too: half a word in háčky and half
    without reads worse than none. What has no likeness becomes a question mark.
    """
    return "".join(map(_plain, unicodedata.normalize("NFC", text)))


def _plain(one: str) -> str:
    if one in INSTEAD:
        return INSTEAD[one]
    if one.isspace() and one != "\n":
        return " "
    bare = "".join(
        part for part in unicodedata.normalize("NFKD", one) if not unicodedata.combining(part)
    )
    if bare and is_gsm7(bare):
        return bare
    return one if is_gsm7(one) else "?"


def parts(text: str) -> int:
    """How many messages the text makes; the empty one makes one."""
    if is_gsm7(text):
        return 1 if septets(text) <= ONE else _split([1 + (c in EXTENDED) for c in text], EACH)
    units = [len(one.encode("utf-16-be")) // 2 for one in text]
    return 1 if sum(units) <= ONE_WIDE else _split(units, EACH_WIDE)


def _split(sizes: list[int], room: int) -> int:
    """Parts in which no character is torn in two."""
    count, used = 1, 0
    for size in sizes:
        if used + size > room:
            count, used = count + 1, 0
        used += size
    return count

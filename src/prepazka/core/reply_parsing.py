"""Parsing of short messages that people send us in reply."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

WORDS = {
    "ANO": "confirm",
    "OK": "confirm",
    "YES": "confirm",
    "POTVRZUJI": "confirm",
    "POTVRDIT": "confirm",
    "CONFIRM": "confirm",
    "STORNO": "cancel",
    "STORNUJI": "cancel",
    "ZRUSIT": "cancel",
    "ZRUSTE": "cancel",
    "RUSIM": "cancel",
    "CANCEL": "cancel",
    "KDY": "when",
    "WHEN": "when",
    "NE": "decline",
    "NO": "decline",
    "STOP": "stop",
}
MOST_WORDS = 3  # "Ano, dekuji"; a longer message is left for people to read


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """One of confirm, cancel, when, decline, stop, choose (always with a number), unknown.

    `choice` is the number beside the word, 0 where there is none.
    """

    word: str
    choice: int = 0


def parse_reply(text: str) -> ParsedReply:
    """The reply's meaning, regardless of case and diacritics; `unknown` for longer texts."""
    bare = unicodedata.normalize("NFKD", text[:400])
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter)).upper()
    words = re.findall(r"[A-Z]+|\d+", bare)
    if not 1 <= len(words) <= MOST_WORDS:
        return ParsedReply("unknown")
    meant = {WORDS[word] for word in words if word in WORDS}
    numbers = [word for word in words if word.isdigit()]
    choice = int(numbers[0]) if len(numbers) == 1 and len(numbers[0]) == 1 else 0
    if words[0] in WORDS and len(meant) == 1:
        return ParsedReply(WORDS[words[0]], choice)
    if choice and not meant:
        return ParsedReply("choose", choice)
    return ParsedReply("unknown")

"""Texts for printing and PDF/A: forbidden characters removed, those without a glyph replaced.

A replacement stands in square brackets: the Unicode name of a symbol ("[grinning face]"), the number
of anything else ("[U+674E]"), so that a reader sees it and can look it up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

# Surrogates, and characters for private use: PDF/A does not allow them in a text.
FORBIDDEN = re.compile("[\ud800-\uf8ff\U000f0000-\U0010ffff]")
CONTROL = re.compile("[\x00-\x09\x0e-\x1f\x7f-\x9f]")
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Embedding, override and isolate marks could show a sentence in another order than it was written.
REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
FLAG_LETTER = "REGIONAL INDICATOR SYMBOL LETTER "
TAGS = range(0xE0020, 0xE0080)  # behind a black flag they spell a region; the last one ends it
TAGS_OFFSET = 0xE0000
SKIN = range(0x1F3FB, 0x1F400)
ZWJ = "\u200d"
# Characters that all embedded fonts have and that never combine with their neighbours.
PLAIN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x180)))) | {"\n"}
PART = re.compile(r"[\U0001f1e6-\U0001f1ff]{2}|\n|.", re.DOTALL)


def clean_for_print(text: str) -> str:
    """The text composed (NFC), its line ends one kind, its control characters blank."""
    text = LINE_ENDS.sub("\n", REORDERING.sub("", unicodedata.normalize("NFC", text)))
    return CONTROL.sub(" ", text)


def forbidden_in(text: str) -> set[str]:
    """The characters of the text that PDF/A forbids."""
    return set(FORBIDDEN.findall(text))


class Replacer:
    """Replaces every cluster of a text that contains one of the `missing` texts.

    A plain letter stays; only its marks are replaced.
    """

    def __init__(self, missing: Collection[str]) -> None:
        self.parts = {
            sequence
            for text in missing
            for sequence in (text, *grapheme_clusters(text))
            if sequence
        }
        self.long = [sequence for sequence in self.parts if len(sequence) > 1]

    def __call__(self, text: str) -> str:
        """The text with its replacements."""
        text_clusters = grapheme_clusters(text)
        changes = {
            cluster: describe_cluster(cluster)
            for cluster in set(text_clusters)
            if self._needs_replacing(cluster)
        }
        return "".join(changes.get(cluster, cluster) for cluster in text_clusters)

    def _needs_replacing(self, cluster: str) -> bool:
        if PLAIN.issuperset(cluster):
            return False
        if not self.parts.isdisjoint((cluster, *cluster)):
            return True
        return len(cluster) > 1 and any(sequence in cluster for sequence in self.long)


def plain_latin(text: str) -> str:
    """The text in plain Latin characters, everything else replaced."""
    return "".join(
        cluster if PLAIN.issuperset(cluster) else describe_cluster(cluster)
        for cluster in grapheme_clusters(text)
    )


def grapheme_clusters(text: str) -> list[str]:
    """The text's grapheme clusters, roughly as in Unicode's UAX 29."""
    joined: list[str] = []
    for piece in PART.findall(text):
        joins = piece == ZWJ or unicodedata.category(piece[0]) in {"Mn", "Mc", "Me"}
        joins = joins or ord(piece[0]) in TAGS or ord(piece[0]) in SKIN
        if joined and joined[-1] != "\n" and (joins or joined[-1].endswith(ZWJ)):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def describe_cluster(cluster: str) -> str:
    """The replacement of one cluster; empty if nothing of it is visible."""
    base, symbols = ("", cluster) if cluster[0] not in PLAIN else (cluster[0], cluster[1:])
    if _name(symbols[:1]).startswith(FLAG_LETTER):
        words = ["flag " + "".join(_name(c).removeprefix(FLAG_LETTER) for c in symbols)]
    else:
        words = [_word(character) for character in symbols if ord(character) not in TAGS]
        words.append("".join(chr(ord(c) - TAGS_OFFSET) for c in symbols if ord(c) in TAGS[:-1]))
    inside = ", ".join(filter(None, words))
    return f"{base}[{inside}]" if inside else base


def _word(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F:  # noqa: PLR2004  # a choice of form
        return ""
    if category[0] in "SMP" and (name := _name(character)):
        return name.lower()
    return f"U+{ord(character):04X}"


def _name(character: str) -> str:
    return unicodedata.name(character, "") if character else ""

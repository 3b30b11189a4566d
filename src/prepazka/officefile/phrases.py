"""Phrases of the messages about an office file, in English until a language is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext, override

ENGLISH = "en"


@dataclass(frozen=True)
class Phrase:
    """A text of the catalogue with its values, some of which may be phrases themselves.

    In English it needs no Django: `prepazka office check` runs without it.
    """

    msgid: str
    values: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return self.in_language(ENGLISH)

    def in_language(self, language: str) -> str:
        """The phrase in that language; in English where the catalogue does not have it."""
        text = self.msgid
        if language != ENGLISH:
            with override(language):
                text = gettext(text)
        values = {name: in_language(value, language) for name, value in self.values}
        return text % values if values else text


def phrase(msgid: str, /, **values: object) -> Phrase:
    """A phrase; modules import it as `_`, by which the catalogue's test finds its text."""
    return Phrase(msgid, tuple(values.items()))


def in_language(text: object, language: str) -> str:
    """The text of a value or phrase."""
    return text.in_language(language) if isinstance(text, Phrase) else str(text)


def listed(words: Iterable[object]) -> str:
    """Words of the file one after another; they are the same in every language."""
    return ", ".join(map(str, words))

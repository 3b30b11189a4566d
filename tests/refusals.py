"""Whether a page refuses, by the stable code of the refusal instead of by its wording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from django.utils import translation

from prepazka.core.refusal import Refused


def says(text: str, code: str, language: str = "cs") -> bool:
    """Whether the text of a page has the whole sentence of the refusal with this code.

    Any words may stand for its parameters. Raises KeyError for a code that no refusal has.
    """
    message = _refusals()[code].message
    with translation.override(language):
        sentence = _one_line(translation.gettext(message))
    literal = (re.escape(part) for part in re.split(r"%\(\w+\)[a-z]", sentence))
    return re.search(".+?".join(literal), _one_line(text)) is not None


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@cache
def _refusals() -> dict[str, Refused]:
    """Of each class of refusals an instance without parameters, by its code."""
    return {refusal.code: refusal for refusal in map(_bare, _subclasses(Refused))}


def _bare(refusal: type[Refused]) -> Refused:
    return refusal.__new__(refusal)


def _subclasses(of: type[Refused]) -> Iterator[type[Refused]]:
    for subclass in of.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)

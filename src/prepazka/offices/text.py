"""Texts of the office in several languages, shown in the active one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from prepazka.offices.languages import active_language, fallbacks


class Texts(dict[str, str]):
    """A text in several languages: `{"cs": "Registr vozidel", "en": "Vehicle register"}`.

    As a string it is the one in the active language, else the English one, else that in the main
    language, else any; in another language than the active one it is a `TextInAnother`.
    """

    def __str__(self) -> str:
        active = active_language()
        for code in dict.fromkeys((*fallbacks(active), *self)):
            if text := self.get(code):
                return text if code == active else TextInAnother(text, code)
        return ""


class TextInAnother(str):
    """A text in another language than that of the page, which the page has to mark (WCAG 3.1.2)."""

    __slots__ = ("language",)
    language: str

    def __new__(cls, text: str, language: str) -> Self:
        """The text with the code of its language."""
        marked = super().__new__(cls, text)
        marked.language = language
        return marked


def without_repeats(places: Sequence[str]) -> list[str]:
    """Places as they are listed: what all of them begin with is kept in the first one only.

    `přízemí, dveře 12` and `přízemí, dveře 14` give `přízemí, dveře 12` and `dveře 14`.
    """
    split_places = [place.split(", ") for place in places]
    shared_count = 0
    while all(len(levels) > shared_count + 1 for levels in split_places) and (
        len({levels[shared_count] for levels in split_places}) == 1
    ):
        shared_count += 1
    return [
        ", ".join(split_places[0]),
        *(", ".join(levels[shared_count:]) for levels in split_places[1:]),
    ]


class _Attribute(DeferredAttribute):
    """Makes `Texts` of a plain dict that is given to a model."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, dict) and not isinstance(value, Texts):
            value = Texts(value)
        instance.__dict__[self.field.attname] = value


class LocalText(models.JSONField):
    """A column of `Texts`."""

    descriptor_class = _Attribute

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Read the stored object as `Texts`."""
        decoded = super().from_db_value(value, expression, connection)
        return Texts(decoded) if isinstance(decoded, dict) else decoded

"""Dates, units and names of languages as a language writes them, from Babel's data."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.units import format_unit

NBSP = "\u00a0"

# The variety of a language whose dates we write, where it is not the language's first one.
VARIETIES = {"en": "en_GB"}
# Patterns of dates that differ from Babel's: GOV.UK writes no comma after the weekday.
FULL_PATTERNS = {"en": "EEEE d MMMM y"}


def main_language(language: str) -> str:
    """The language without its variety: `en` of `en-gb`."""
    return language.split("-", maxsplit=1)[0]


def locale_of(language: str) -> str:
    """The name of Babel's locale whose data the language uses."""
    language = main_language(language)
    return VARIETIES.get(language, language)


@lru_cache(maxsize=64)
def _patterns(locale: str) -> tuple[str, str]:
    """The patterns of a short and of a full date.

    The short one has no abbreviated names: 20. 11. 2026, but 20 November 2026.
    """
    formats = Locale.parse(locale).date_formats
    medium, full = formats["medium"].pattern, formats["full"].pattern
    short = formats["long"].pattern if "MMM" in medium else medium
    return short, FULL_PATTERNS.get(locale.split("_", maxsplit=1)[0], full)


@lru_cache(maxsize=4096)
def _written(day: date, pattern: str, locale: str) -> str:
    return re.sub(r"\s", NBSP, format_date(day, pattern, locale))


def _date_of(day: date) -> date:
    return day.date() if isinstance(day, datetime) else day


def short_date(day: date, language: str) -> str:
    """20. 11. 2026, in English 20 November 2026."""
    locale = locale_of(language)
    return _written(_date_of(day), _patterns(locale)[0], locale)


def long_date(day: date, language: str) -> str:
    """pátek 20. listopadu 2026, in English Friday 20 November 2026."""
    locale = locale_of(language)
    return _written(_date_of(day), _patterns(locale)[1], locale).replace(NBSP, " ", 1)


def weekday_and_date(day: date, language: str) -> str:
    """The full date without its year: pátek 20. listopadu."""
    locale = locale_of(language)
    pattern = re.sub(r"[\s,]*y.*$", "", _patterns(locale)[1])
    return _written(_date_of(day), pattern, locale).replace(NBSP, " ", 1)


def month_and_year(day: date, language: str) -> str:
    """The month as it stands in a heading: listopad 2026."""
    return _written(_date_of(day), "LLLL y", locale_of(language))


def weekday_name(weekday: int, language: str) -> str:
    """The name of the day, of which Monday is 0: pondělí, Monday."""
    return str(Locale.parse(locale_of(language)).days["format"]["wide"][weekday])


@lru_cache(maxsize=4096)
def _day_and_month(day: date, locale: str) -> str:
    return re.sub(r"\s", NBSP, format_skeleton("MMMMd", day, locale=locale))


def day_and_month(day: date, language: str) -> str:
    """20. listopadu, in English 20 November."""
    return _day_and_month(_date_of(day), locale_of(language))


def date_with_month_name(day: date, language: str) -> str:
    """20. listopadu 2026, in English 20 November 2026."""
    return _written(_date_of(day), "long", locale_of(language))


@lru_cache(maxsize=4096)
def unit_in_words(count: int, unit: str, language: str) -> str:
    """So many hours or minutes (`unit`): 5 hodin, 1 minute."""
    words = format_unit(count, f"duration-{unit}", "long", locale=locale_of(language))
    return re.sub(r"\s", NBSP, words)


@lru_cache(maxsize=256)
def language_name(code: str, language: str) -> str:
    """The name of the language `code` in another language: němčina, German; an unknown code as it is."""
    try:
        return Locale.parse(code).get_display_name(locale_of(language)) or code
    except (UnknownLocaleError, ValueError):
        return code


@lru_cache(maxsize=64)
def has_latin_letters(language: str) -> bool:
    """Whether the language is written in Latin letters; Ukrainian, for example, is not."""
    return unicodedata.name(language_name(language, language)[0], "").startswith("LATIN")

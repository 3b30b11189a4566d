"""Spoken calls: the words of a call and the recorded clips for them, in the languages of `spoken`.

A call is a row of short clips: "číslo", the letters, the number, the kind of place, its number. A
number up to 999 takes at most two clips, so an office can record all of them in an hour.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

MOST = 999
_CARON = "\u030c"


@dataclass(frozen=True)
class Spoken:
    """The words of a language: the file `spoken/<language>.toml`."""

    voice: str
    number: str
    units: list[str]
    """From zero to nineteen."""
    tens: list[str]
    """From twenty to ninety."""
    between: str
    """How tens and units make a number: `{tens} {units}`, or `{units}und{tens}`."""
    hundreds: list[str]
    """From one hundred to nine hundred."""
    places: dict[str, str]
    letters: dict[str, str]
    before_the_rest: str = ""
    """The hundreds before a smaller number, where they sound different from a round number."""
    units_before_tens: dict[str, str] = field(default_factory=dict)
    """Units that are different next to tens: eins, but einundzwanzig."""
    pronounced: dict[str, str] = field(default_factory=dict)
    """Words that a speech program reads wrong, with what it is given instead."""


def _read_all() -> dict[str, Spoken]:
    files = sorted((resources.files("prepazka.core") / "spoken").iterdir(), key=lambda f: f.name)
    return {
        file.name.removesuffix(".toml"): Spoken(**tomllib.loads(file.read_text("utf-8")))
        for file in files
        if file.name.endswith(".toml")
    }


SPOKEN = _read_all()
LANGUAGES = tuple(SPOKEN)
PLACES = tuple(SPOKEN["cs"].places)


def number_words(number: int, language: str) -> str:
    """A number from 0 to 999 as it is counted: 231 is "dvě stě třicet jedna"."""
    return " ".join(words_of_clip(clip, language) for clip in _number_clips(number, language))


def place_word(name: str) -> str:
    """The kind of place with which a counter's Czech name begins; `counter` for any other name."""
    first_word = name.casefold().split()[:1]
    czech_places = SPOKEN["cs"].places.items()
    matching_kinds = (kind for kind, words in czech_places if words.split()[:1] == first_word)
    return next(matching_kinds, "counter")


def clips_of_call(label: str, place_kind: str, number: str, language: str) -> tuple[str, ...]:
    """The names of a call's clips, in order."""
    return ("number", *_spelled(label, language), place_kind, *_spelled(number, language))


def call_sentence(label: str, place_kind: str, number: str, language: str) -> str:
    """The call in words, as its clips say them."""
    ticket = " ".join(words_of_clip(c, language) for c in ("number", *_spelled(label, language)))
    where = " ".join(words_of_clip(c, language) for c in (place_kind, *_spelled(number, language)))
    return f"{ticket[:1].upper()}{ticket[1:]}, {where}."


@cache
def every_clip(language: str) -> tuple[str, ...]:
    """All names of clips that `clips_of_call` can return."""
    hundreds = [str(h) for h in range(100, 1000, 100)]
    joined = [f"{h}-and" for h in hundreds] if SPOKEN[language].before_the_rest else []
    letters = [f"letter-{letter}" for letter in SPOKEN[language].letters]
    numbers = [str(n) for n in range(100)]
    return ("number", *PLACES, *letters, *numbers, *hundreds, *joined)


def words_of_clip(clip: str, language: str) -> str:
    """The words of one clip."""
    spoken = SPOKEN[language]
    if clip == "number":
        return spoken.number
    if clip in spoken.places:
        return spoken.places[clip]
    if clip.startswith("letter-"):
        return spoken.letters[clip.removeprefix("letter-")]
    if clip.endswith("-and"):
        hundreds = words_of_clip(clip.removesuffix("-and"), language)
        return spoken.before_the_rest.format(hundreds=hundreds)
    return _counted(int(clip), spoken)


def _counted(number: int, spoken: Spoken) -> str:
    """A number below a hundred, or a round hundred."""
    if number < len(spoken.units):
        return spoken.units[number]
    if not number % 100:
        return spoken.hundreds[number // 100 - 1]
    tens, units = spoken.tens[number // 10 - 2], spoken.units[number % 10]
    if not number % 10:
        return tens
    return spoken.between.format(tens=tens, units=spoken.units_before_tens.get(units, units))


def _spelled(label: str, language: str) -> list[str]:
    """Clips of a label: "A023" is a, zero, twenty-three. Other characters are left out."""
    clips: list[str] = []
    for run in re.findall(r"[0-9]+|[^\W\d_]", label):
        clips += _digits(run, language) if run.isdecimal() else _letter(run, language)
    return clips


def _digits(digits: str, language: str) -> list[str]:
    number = digits.lstrip("0")
    zeros = ["0"] * (len(digits) - len(number))
    if len(number) > len(str(MOST)):
        return zeros + list(number)
    return zeros + (_number_clips(int(number), language) if number else [])


def _number_clips(number: int, language: str) -> list[str]:
    hundreds, below_hundred = number // 100 * 100, number % 100
    if not hundreds:
        return [str(below_hundred)]
    if not below_hundred:
        return [str(hundreds)]
    joined = f"{hundreds}-and" if SPOKEN[language].before_the_rest else str(hundreds)
    return [joined, str(below_hundred)]


def _letter(letter: str, language: str) -> list[str]:
    """The letter's clip; a letter with a mark and no clip of its own is spoken without the mark."""
    base, *marks = list(unicodedata.normalize("NFD", letter.lower()))
    name = f"{base}-caron" if _CARON in marks else base
    letter_names = SPOKEN[language].letters
    return [f"letter-{candidate}" for candidate in (name, base) if candidate in letter_names][:1]

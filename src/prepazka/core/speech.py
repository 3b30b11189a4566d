"""Spoken calls: the words of a call and the recorded clips for them, in Czech or English.

A call is a row of short clips: "číslo", the letters, the number, the kind of place, its number. A
number up to 999 takes at most two clips, so an office can record all of them in an hour.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

LANGUAGES = ("cs", "en")
MOST = 999

_UNITS = {
    "cs": (
        "nula jedna dva tři čtyři pět šest sedm osm devět deset jedenáct dvanáct třináct čtrnáct"
        " patnáct šestnáct sedmnáct osmnáct devatenáct"
    ).split(),
    "en": (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen"
    ).split(),
}
_TENS = {
    "cs": "dvacet třicet čtyřicet padesát šedesát sedmdesát osmdesát devadesát".split(),
    "en": "twenty thirty forty fifty sixty seventy eighty ninety".split(),
}
_HUNDREDS = {
    "cs": "sto,dvě stě,tři sta,čtyři sta,pět set,šest set,sedm set,osm set,devět set".split(","),
    "en": [f"{unit} hundred" for unit in _UNITS["en"][1:10]],
}
_BASE = "abcdefghijklmnopqrstuvwxyz"
_LETTERS = {
    "cs": dict(
        zip(
            _BASE,
            (
                "á,bé,cé,dé,é,ef,gé,há,í,jé,ká,el,em,en,ó,pé,kvé,er,es,té,ú,vé,dvojité vé,iks,"
                "ypsilon,zet"
            ).split(","),
            strict=True,
        )
    )
    | {
        "c-caron": "čé",
        "d-caron": "ďé",
        "n-caron": "eň",
        "r-caron": "eř",
        "s-caron": "eš",
        "t-caron": "ťé",
        "z-caron": "žet",
    },
    "en": {letter: letter.upper() for letter in _BASE},
}
_CARON = "\u030c"
PLACES = {
    "cs": {
        "counter": "přepážka",
        "door": "dveře číslo",
        "office": "kancelář",
        "booth": "kabinka",
        "room": "místnost",
        "window": "okénko",
        "desk": "stůl",
    },
    "en": {
        "counter": "counter",
        "door": "door number",
        "office": "office",
        "booth": "booth",
        "room": "room",
        "window": "window",
        "desk": "desk",
    },
}
_NUMBER = {"cs": "číslo", "en": "number"}


def number_words(number: int, language: str) -> str:
    """A number from 0 to 999 as it is counted: 231 is "dvě stě třicet jedna"."""
    return " ".join(words_of_clip(clip, language) for clip in _number_clips(number, language))


def place_word(name: str) -> str:
    """The kind of place with which a counter's Czech name begins; `counter` for any other name."""
    first_word = name.casefold().split()[:1]
    matching_kinds = (
        kind for kind, words in PLACES["cs"].items() if words.split()[:1] == first_word
    )
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
    joined = [f"{h}-and" for h in hundreds] if language == "en" else []
    letters = [f"letter-{letter}" for letter in _LETTERS[language]]
    numbers = [str(n) for n in range(100)]
    return ("number", *PLACES[language], *letters, *numbers, *hundreds, *joined)


def words_of_clip(clip: str, language: str) -> str:
    """The words of one clip."""
    if clip == "number":
        return _NUMBER[language]
    if clip in PLACES[language]:
        return PLACES[language][clip]
    if clip.startswith("letter-"):
        return _LETTERS[language][clip.removeprefix("letter-")]
    if clip.endswith("-and"):
        return f"{words_of_clip(clip.removesuffix('-and'), language)} and"
    return _counted(int(clip), language)


def _counted(number: int, language: str) -> str:
    """A number below a hundred, or a round hundred."""
    if number < len(_UNITS[language]):
        return _UNITS[language][number]
    if not number % 100:
        return _HUNDREDS[language][number // 100 - 1]
    tens, units = divmod(number, 10)
    return " ".join([_TENS[language][tens - 2], *([_UNITS[language][units]] if units else [])])


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
    return [f"{hundreds}-and" if language == "en" else str(hundreds), str(below_hundred)]


def _letter(letter: str, language: str) -> list[str]:
    """The letter's clip; a letter with a mark and no clip of its own is spoken without the mark."""
    base, *marks = list(unicodedata.normalize("NFD", letter.lower()))
    name = f"{base}-caron" if _CARON in marks else base
    letter_names = _LETTERS[language]
    return [f"letter-{candidate}" for candidate in (name, base) if candidate in letter_names][:1]

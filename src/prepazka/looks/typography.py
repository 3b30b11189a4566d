"""Typography of dates, times, amounts and line breaks in a given language.

Names and patterns come from Babel's data, phrases ("on Monday", "usually within") from the catalogue.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import npgettext, pgettext

from prepazka.core.locales import (
    NBSP,
    date_with_month_name,
    day_and_month,
    long_date,
    main_language,
    month_and_year,
    short_date,
    unit_in_words,
    weekday_and_date,
    weekday_name,
)

__all__ = [
    "NBSP",
    "day_and_month",
    "long_date",
    "month_and_year",
    "short_date",
    "weekday_and_date",
    "weekday_name",
]

DASH = "\u2013"
HALF_A_YEAR = 183

# Hours before which the preposition gets a vowel: ve dvě, ve dvanáct, ve dvacet; об одинадцятій.
VOWEL_HOURS = {"cs": frozenset({2, 3, 4, 12, 13, 14, 20, 21, 22, 23}), "uk": frozenset({11})}

# Functions, so that each call translates into the language that is active then.
ON_DAYS: tuple[Callable[[], str], ...] = (
    lambda: pgettext("a day of the week", "on Monday"),
    lambda: pgettext("a day of the week", "on Tuesday"),
    lambda: pgettext("a day of the week", "on Wednesday"),
    lambda: pgettext("a day of the week", "on Thursday"),
    lambda: pgettext("a day of the week", "on Friday"),
    lambda: pgettext("a day of the week", "on Saturday"),
    lambda: pgettext("a day of the week", "on Sunday"),
)

_UNITS = r"(?:Kč|min|minut\w*|hodin\w*|h|hod|dn[íyůe]\w*|den|týd\w+|měsíc\w*|let|rok\w*|os|osob\w*|lid\w+|m|km|mm|%|°C)"
_ENGLISH_UNITS = r"(?:CZK|Kč|minutes?|min|hours?|days?|weeks?|people|persons?|m|km|%)"
_PREPOSITION = re.compile(r"(?<!\w)([ksvzouaiKSVZOUAI]) +(?=\S)")
# A date, or an ordinal with its noun: 20. listopadu, 1. patro, 2. den, 1. NP (the office's own floors).
_DATE_GAP = re.compile(r"(\d{1,2}\.) +(?=\d|[a-zá-ž]{3,}|[NP]P(?!\w))")
_THOUSANDS = re.compile(r"(\d) +(?=\d{3}(?!\d))")
_ABBREVIATION = re.compile(r"(?<!\w)(č\.|čp\.|tel\.|str\.|odst\.|§) +(?=\w)")
# Nouns whose number must not begin the next line, such as "counter 5".
_CS_NUMBERED = (
    r"(?:[Dd]veř[eí]|[Pp]řepáž\w+|[Kk]ancelář\w*|[Mm]ístnost\w*|[Oo]kénk\w+|[Kk]abin\w+|[Pp]atr\w+)"
)
_EN_NUMBERED = r"(?:[Dd]oors?|[Cc]ounters?|[Rr]ooms?|[Ww]indows?|[Ff]loor|[Nn]o\.)"
_CS_BEFORE_NUMBER = re.compile(rf"(?<!\w)({_CS_NUMBERED}) +(?=\d)")
_EN_BEFORE_NUMBER = re.compile(rf"(?<!\w)({_EN_NUMBERED}) +(?=\d)")
_EN_ORDINAL = re.compile(r"(\d(?:st|nd|rd|th)) +(?=[A-Za-z])")
_CS_AMOUNT = re.compile(rf"(\d) +(?={_UNITS}(?!\w))")
_EN_AMOUNT = re.compile(rf"(\d) +(?={_ENGLISH_UNITS}(?!\w))")
_CZECH_TIES = (
    _PREPOSITION,
    _DATE_GAP,
    _THOUSANDS,
    _ABBREVIATION,
    _CS_AMOUNT,
    _CS_BEFORE_NUMBER,
)
_ENGLISH_TIES = (_THOUSANDS, _EN_AMOUNT, _EN_ORDINAL, _EN_BEFORE_NUMBER)
# Of any other language: a word of one letter, and a number with the word that follows it.
_ONE_LETTER = re.compile(r"(?<!\w)([^\W\d_]) +(?=\S)")
_NUMBER_AND_WORD = re.compile(r"(\d\.?) +(?=[^\W_])")
_OTHER_TIES = (_ONE_LETTER, _NUMBER_AND_WORD)
_TIES = {"cs": _CZECH_TIES, "en": _ENGLISH_TIES}
_MARKUP = re.compile(r"(<[^>]*>)")


def is_czech(language: str) -> bool:
    """Whether the language is any variety of Czech."""
    return main_language(language) == "cs"


def on_day(day: date, today: date, language: str) -> str:
    """The day in words relative to today: dnes, zítra, v pondělí 28. prosince.

    The year is added for days more than half a year away.
    """
    ahead = (day - today).days
    with translation.override(language):
        if ahead == 0:
            return pgettext("a day", "today")
        if ahead == 1:
            return pgettext("a day", "tomorrow")
        return pgettext("a day of the week, and its date", "%(weekday)s %(date)s") % {
            "weekday": ON_DAYS[day.weekday()](),
            "date": date_with_month_name(day, language)
            if abs(ahead) > HALF_A_YEAR
            else day_and_month(day, language),
        }


def on_day_at(moment: datetime, today: date, language: str) -> str:
    """Dnes v 8:00, v pondělí 28. prosince ve 13:30; English: today at 8:00."""
    return f"{on_day(moment.date(), today, language)} {at_clock(moment, language)}"


def date_span(first_day: date, last_day: date, language: str) -> str:
    """1.–18. prosince 2026, 28. listopadu – 3. prosince 2026; shared parts are written once."""
    if first_day == last_day:
        return short_date(first_day, language)
    end = date_with_month_name(last_day, language)
    if first_day.year != last_day.year:
        return f"{date_with_month_name(first_day, language)} {DASH} {end}"
    start = day_and_month(first_day, language)
    if first_day.month == last_day.month and (number := re.match(r"\d+\.?", start)):
        return f"{number[0]}{DASH}{end}"
    return f"{start} {DASH} {end}"


def clock(moment: time | datetime) -> str:
    """8:30, without a leading zero."""
    return f"{moment.hour}:{moment.minute:02}"


def to_the_second(moment: time | datetime) -> str:
    """8:30:05, with seconds."""
    return f"{clock(moment)}:{moment.second:02}"


def at_clock(moment: time | datetime, language: str) -> str:
    """Ve 13:40, v 9:05, with the preposition as spoken; in English at 13:40."""
    with translation.override(language):
        if moment.hour in VOWEL_HOURS.get(main_language(language), ()):
            phrase = pgettext("before an hour that wants a vowel added", "at %(time)s")
        else:
            phrase = pgettext("before an hour", "at %(time)s")
    return phrase % {"time": clock(moment)}


def span(start: time | datetime, end: time | datetime, language: str) -> str:
    """8:30–9:00, 23:00–24:00; with both dates if they are on different local days."""
    if end.hour == end.minute == 0 and (
        not isinstance(start, datetime)
        or (isinstance(end, datetime) and end.date() - start.date() == timedelta(days=1))
    ):
        return f"{clock(start)}{DASH}24:00"
    if isinstance(start, datetime) and isinstance(end, datetime) and start.date() != end.date():
        beginning = f"{short_date(start, language)} {clock(start)}"
        return f"{beginning} {DASH} {short_date(end, language)} {clock(end)}"
    return f"{clock(start)}{DASH}{clock(end)}"


def minutes(duration: timedelta | float, language: str) -> str:
    """1 hodina 5 minut; rounded up to whole minutes, so that waits are never understated."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration * 60
    total = max(0, int(-(-seconds // 60)))
    hours, minute_count = divmod(total, 60)
    phrases = []
    if hours:
        phrases.append(unit_in_words(hours, "hour", language))
    if minute_count or not hours:
        phrases.append(unit_in_words(minute_count, "minute", language))
    return " ".join(phrases)


def minutes_range(low: int, high: int, language: str) -> str:
    """20–30 minut; the word agrees with the higher number."""
    if low == high:
        return minutes(high, language)
    return f"{low}{DASH}{unit_in_words(high, 'minute', language)}"


def usual_wait(high: int, language: str, *, thin: bool = False) -> str:
    """Obvykle do 20 minut; `thin` adds that the estimate is rough."""
    with translation.override(language):
        if not high:
            return _("no waiting")
        phrase = _("usually within %(wait)s") % {"wait": _limit(high)}
        return _("%(wait)s (a rough estimate)") % {"wait": phrase} if thin else phrase


def _limit(whole_minutes: int) -> str:
    """The duration as it follows "within", in Czech in the genitive: 2 hodin 20 minut, 1 hodiny."""
    hours, count = divmod(whole_minutes, 60)
    words = []
    if hours:
        words.append(npgettext("after within", "%(n)s hour", "%(n)s hours", hours) % {"n": hours})
    if count:
        words.append(
            npgettext("after within", "%(n)s minute", "%(n)s minutes", count) % {"n": count}
        )
    return " ".join(phrase.replace(" ", NBSP) for phrase in words)


def pin_pairs(pin: str) -> list[str]:
    """Groups of digits: threes if the length is divisible by three, else pairs."""
    size = 3 if len(pin) % 3 == 0 else 2
    return [pin[start : start + size] for start in range(0, len(pin), size)]


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence of a text for its heading, and the rest; the rest may be empty.

    A sentence ends with a full stop, question or exclamation mark before a space and a capital.
    """
    end = re.search(r"[.?!](?= +[A-ZÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ])", text)
    if end is None:
        return text, ""
    return text[: end.end()], text[end.end() :].strip()


def phone(number: str) -> str:
    """777 123 456; foreign numbers keep their code, other texts stay unchanged."""
    digits = re.sub(r"[\s\-()/.]", "", number)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if re.fullmatch(r"(\+420)?\d{9}", digits):
        return NBSP.join(re.findall("...", digits[-9:]))
    if re.fullmatch(r"\+\d{8,15}", digits):
        code = 2 if digits[1] in "17" else 4
        groups = re.findall(".{1,3}", digits[code:])
        return NBSP.join([digits[:code], *groups])
    return number


def nbsp(text: str, language: str) -> str:
    """The text with non-breaking spaces where lines must not break; markup in <> is unchanged."""
    ties = _TIES.get(main_language(language), _OTHER_TIES)
    pieces = _MARKUP.split(text)
    return "".join(piece if piece.startswith("<") else _bind(piece, ties) for piece in pieces)


def _bind(text: str, ties: tuple[re.Pattern[str], ...]) -> str:
    for pattern in ties:
        text = pattern.sub(rf"\1{NBSP}", text)
    return text

"""Czech and English typography of dates, times, amounts and line breaks; pure functions."""

import re
from datetime import date, datetime, time, timedelta

NBSP = "\u00a0"
DASH = "\u2013"
FEW = (2, 3, 4)
VE_HOURS = frozenset({2, 3, 4, 12, 13, 14, 20, 21, 22, 23})  # ve dvě, ve dvanáct, ve dvacet

CS_MONTHS = [
    "ledna",
    "února",
    "března",
    "dubna",
    "května",
    "června",
    "července",
    "srpna",
    "září",
    "října",
    "listopadu",
    "prosince",
]
EN_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
CS_DAYS = ["pondělí", "úterý", "středa", "čtvrtek", "pátek", "sobota", "neděle"]
CS_ON_DAYS = [f"v{NBSP}pondělí", f"v{NBSP}úterý", "ve středu", "ve čtvrtek"]
CS_ON_DAYS += [f"v{NBSP}pátek", f"v{NBSP}sobotu", f"v{NBSP}neděli"]
HALF_A_YEAR = 183
EN_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# one, two to four, anything else; English uses the first and the last
CS_HOUR = ("hodina", "hodiny", "hodin")
CS_MINUTE = ("minuta", "minuty", "minut")
EN_HOUR = ("hour", "hours", "hours")
EN_MINUTE = ("minute", "minutes", "minutes")

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
_MARKUP = re.compile(r"(<[^>]*>)")


def is_czech(language: str) -> bool:
    """Whether the language is any variety of Czech."""
    return language.split("-", maxsplit=1)[0] == "cs"


def short_date(day: date, language: str) -> str:
    """20. 11. 2026, in English 20 November 2026."""
    if is_czech(language):
        return f"{day.day}.{NBSP}{day.month}.{NBSP}{day.year}"
    return f"{day.day}{NBSP}{EN_MONTHS[day.month - 1]}{NBSP}{day.year}"


def long_date(day: date, language: str) -> str:
    """pátek 20. listopadu 2026, in English Friday 20 November 2026."""
    if is_czech(language):
        return (
            f"{CS_DAYS[day.weekday()]} {day.day}.{NBSP}{CS_MONTHS[day.month - 1]}{NBSP}{day.year}"
        )
    return f"{EN_DAYS[day.weekday()]} {short_date(day, language)}"


def day_and_month(day: date, language: str) -> str:
    """20. listopadu, in English 20 November."""
    if is_czech(language):
        return f"{day.day}.{NBSP}{CS_MONTHS[day.month - 1]}"
    return f"{day.day}{NBSP}{EN_MONTHS[day.month - 1]}"


def on_day(day: date, today: date, language: str) -> str:
    """The day in words relative to today: dnes, zítra, v pondělí 28. prosince.

    The year is added for days more than half a year away.
    """
    czech = is_czech(language)
    ahead = (day - today).days
    if 0 <= ahead <= 1:
        return ("dnes", "zítra")[ahead] if czech else ("today", "tomorrow")[ahead]
    year = f"{NBSP}{day.year}" if abs(ahead) > HALF_A_YEAR else ""
    name = CS_ON_DAYS[day.weekday()] if czech else f"on {EN_DAYS[day.weekday()]}"
    return f"{name} {day_and_month(day, language)}{year}"


def on_day_at(moment: datetime, today: date, language: str) -> str:
    """Dnes v 8:00, v pondělí 28. prosince ve 13:30; English: today at 8:00."""
    return f"{on_day(moment.date(), today, language)} {at_clock(moment, language)}"


def date_span(first_day: date, last_day: date, language: str) -> str:
    """1.–18. prosince 2026, 28. listopadu – 3. prosince 2026; shared parts are written once."""
    if first_day == last_day:
        return short_date(first_day, language)
    if first_day.year != last_day.year:
        return (
            f"{_day_month_year(first_day, language)} {DASH} {_day_month_year(last_day, language)}"
        )
    if first_day.month != last_day.month:
        return f"{day_and_month(first_day, language)} {DASH} {_day_month_year(last_day, language)}"
    start = f"{first_day.day}." if is_czech(language) else f"{first_day.day}"
    return f"{start}{DASH}{_day_month_year(last_day, language)}"


def _day_month_year(day: date, language: str) -> str:
    return f"{day_and_month(day, language)}{NBSP}{day.year}"


def clock(moment: time | datetime) -> str:
    """8:30, without a leading zero."""
    return f"{moment.hour}:{moment.minute:02}"


def to_the_second(moment: time | datetime) -> str:
    """8:30:05, with seconds."""
    return f"{clock(moment)}:{moment.second:02}"


def at_clock(moment: time | datetime, language: str) -> str:
    """Ve 13:40, v 9:05, with the preposition as spoken; in English at 13:40."""
    if not is_czech(language):
        return f"at {clock(moment)}"
    return f"{'ve' if moment.hour in VE_HOURS else 'v'}{NBSP}{clock(moment)}"


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


def plural(count: int, forms: tuple[str, str, str], language: str) -> str:
    """The plural form for the count."""
    if count == 1:
        return forms[0]
    return forms[1] if is_czech(language) and count in FEW else forms[2]


def minutes(duration: timedelta | float, language: str) -> str:
    """1 hodina 5 minut; rounded up to whole minutes, so that waits are never understated."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration * 60
    total = max(0, int(-(-seconds // 60)))
    hours, minute_count = divmod(total, 60)
    hour_forms, minute_forms = (CS_HOUR, CS_MINUTE) if is_czech(language) else (EN_HOUR, EN_MINUTE)
    phrases = []
    if hours:
        phrases.append(f"{hours}{NBSP}{plural(hours, hour_forms, language)}")
    if minute_count or not hours:
        phrases.append(f"{minute_count}{NBSP}{plural(minute_count, minute_forms, language)}")
    return " ".join(phrases)


def minutes_range(low: int, high: int, language: str) -> str:
    """20–30 minut; the word agrees with the higher number."""
    if low == high:
        return minutes(high, language)
    word = plural(high, CS_MINUTE if is_czech(language) else EN_MINUTE, language)
    return f"{low}{DASH}{high}{NBSP}{word}"


def usual_wait(high: int, language: str, *, thin: bool = False) -> str:
    """Obvykle do 20 minut; `thin` adds that the estimate is rough."""
    if is_czech(language):
        phrase = f"obvykle do {_genitive(high)}" if high else "bez čekání"
        return f"{phrase} (odhad orientační)" if thin and high else phrase
    phrase = f"usually within {minutes(high, language)}" if high else "no waiting"
    return f"{phrase} (a rough estimate)" if thin and high else phrase


def _genitive(whole_minutes: int) -> str:
    """The duration in the Czech genitive, after "do": 2 hodin 20 minut, 1 hodiny, 15 minut."""
    hours, minute_count = divmod(whole_minutes, 60)
    words = [(hours, "hodiny", "hodin"), (minute_count, "minuty", "minut")]
    return " ".join(
        f"{n}{NBSP}{singular if n == 1 else plural_form}" for n, singular, plural_form in words if n
    )


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
    pieces = _MARKUP.split(text)
    bind = _bind_czech if is_czech(language) else _bind_english
    return "".join(piece if piece.startswith("<") else bind(piece) for piece in pieces)


def _bind_czech(text: str) -> str:
    for pattern in _CZECH_TIES:
        text = pattern.sub(rf"\1{NBSP}", text)
    return text


def _bind_english(text: str) -> str:
    for pattern in _ENGLISH_TIES:
        text = pattern.sub(rf"\1{NBSP}", text)
    return text

"""Kinds of single values: durations, dates, times of day, texts, addresses.

A reader takes a YAML node and raises Wrong; a writer returns text that its reader understands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import yaml
from babel.localedata import exists as known_language

from prepazka.core.contact_text import clean_email, clean_text
from prepazka.core.interval import Interval
from prepazka.core.room_addresses import is_room_address
from prepazka.core.slots import MOST_RETURN_MIN, Rules, Step
from prepazka.officefile.declarations import FileContext, Kind, plain
from prepazka.officefile.nodes import Wrong, items, nearest_names, one_of, scalar
from prepazka.officefile.phrases import Phrase, listed
from prepazka.officefile.phrases import phrase as _
from prepazka.offices.languages import installed_languages

T = TypeVar("T")
Text = dict[str, str]  # by language
HOUR_MIN, DAY_MIN = 60, 1440
MOST_MIN = 366 * DAY_MIN
SMALL = 32767  # the largest value of the database's smallint
UNITS = {
    "min": 1,
    "h": HOUR_MIN,
    "day": DAY_MIN,
    "days": DAY_MIN,
    "week": 7 * DAY_MIN,
    "weeks": 7 * DAY_MIN,
}
CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
PORT = 9100
NARROW = 58  # mm of paper
# A source of `frame-ancestors`: a host name, with an optional wildcard subdomain and port.
HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?")
LONGEST_HOST = 255


def code(node: yaml.Node) -> str:
    """A code for addresses and references."""
    expected = _('a short code of letters, digits and hyphens such as "registr-vozidel"')
    text = scalar(node, expected)
    if not CODE.fullmatch(text):
        raise Wrong(expected)
    return text


def flag(node: yaml.Node) -> bool:
    """Yes or no."""
    word = scalar(node, _('"yes" or "no"')).lower()
    if word not in {"yes", "no", "true", "false"}:
        raise Wrong(_('"yes" or "no"'))
    return word in {"yes", "true"}


def write_flag(answer: bool) -> str:  # noqa: FBT001  # it is what is written
    """The flag as `flag` reads it."""
    return "yes" if answer else "no"


MODES = ("person", "phone", "video")
ROOMS = ("embedded", "jitsi", "bigbluebutton", "link")
CODE_OF_ROOM = "{code}"


def several(allowed: tuple[str, ...], expected: Phrase) -> Kind[tuple[str, ...]]:
    """Some of the allowed words, the preferred one first, each once: `[person, video]`."""

    def read(node: yaml.Node) -> tuple[str, ...]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        words = [n.value.strip() if isinstance(n, yaml.ScalarNode) else "" for n in nodes]
        wrong = [n for n, word in zip(nodes, words, strict=True) if word not in allowed]
        if wrong or not words or len(set(words)) < len(words):
            raise Wrong(expected, wrong[0] if wrong else None)
        return tuple(words)

    return plain("several", read, choices=allowed)


ROLES = ("clerk", "reception", "operator", "head", "administrator")


def roles(node: yaml.Node) -> tuple[str, ...]:
    """Roles of the staff in the order of ROLES: `[head, administrator]`, `all` or `none`."""
    expected = _(
        "roles such as [head, administrator], of %(roles)s; or all, or none", roles=listed(ROLES)
    )
    nodes = {scalar(name, expected): name for name in items(node, expected)}
    if nodes.keys() in ({"all"}, {"none"}):
        return ROLES if "all" in nodes else ()
    if unknown := [name for name in nodes if name not in ROLES]:
        nearest = nearest_names(unknown[0], ROLES)
        raise Wrong(_("%(what)s (%(nearest)s)", what=expected, nearest=nearest), nodes[unknown[0]])
    return tuple(role for role in ROLES if role in nodes)


def write_roles(chosen: tuple[str, ...]) -> str | list[str]:
    """The roles as `roles` reads them."""
    return "all" if chosen == ROLES else list(chosen)


def room_link(node: yaml.Node) -> str:
    """The address of an external room; `{code}` in it is replaced by a code of each meeting."""
    expected = _("an address such as https://meet.example/{code}, where {code} differs per meeting")
    address = scalar(node, expected)
    sample = address.replace(CODE_OF_ROOM, "a")
    if not is_room_address(sample) or "{" in sample or address.count(CODE_OF_ROOM) != 1:
        raise Wrong(expected)
    return address


def number(lowest: int, highest: int) -> Kind[int]:
    """A whole number within bounds."""
    expected = _("a whole number from %(lowest)s to %(highest)s", lowest=lowest, highest=highest)

    def read(node: yaml.Node) -> int:
        text = scalar(node, expected)
        if not re.fullmatch(r"\d{1,9}", text) or not lowest <= int(text) <= highest:
            raise Wrong(expected)
        return int(text)

    return plain("number", read, str, lowest=lowest, highest=highest)


def choice(*allowed: str) -> Kind[str]:
    """One of the allowed words."""
    return meaning({word: word for word in allowed})


def meaning(meanings: Mapping[str, T]) -> Kind[T]:
    """One of the words, each with the value that it stands for."""

    def read(node: yaml.Node) -> T:
        word = scalar(node, one_of(meanings))
        if word not in meanings:
            raise Wrong(nearest_names(word, meanings))
        return meanings[word]

    def write(meant: T) -> str:
        return next(word for word, meaning_ in meanings.items() if meaning_ == meant)

    return plain("choice", read, write, choices=meanings)


def words(limit: int, expected: Phrase) -> Kind[str]:
    """A text of at most `limit` characters, without a language."""

    def read(node: yaml.Node) -> str:
        text = clean_text(scalar(node, expected))
        if len(text) > limit:
            raise Wrong(_("%(what)s of at most %(limit)s characters", what=expected, limit=limit))
        return text

    return plain("words", read, limit=limit)


def letter(node: yaml.Node, context: FileContext) -> str:
    """The letters before a ticket's number, which no other agenda has."""
    expected = _('one to three capital letters A-Z for the tickets, such as "V"')
    text = scalar(node, expected)
    if not re.fullmatch(r"[A-Z]{1,3}", text):
        raise Wrong(expected)
    if text in context.letters:
        agenda = context.letters[text]
        raise Wrong(_('a letter of its own; "%(agenda)s" has this one', agenda=agenda))
    context.letters[text] = context.agenda
    return text


def email(node: yaml.Node) -> str:
    """An e-mail address."""
    expected = _('an e-mail address such as "podatelna@urad.example"')
    text = scalar(node, expected)
    try:
        return clean_email(text)
    except ValueError:
        raise Wrong(expected) from None


def hosts(node: yaml.Node) -> tuple[str, ...] | None:
    """Sites that may embed the booking pages; None for any, an empty tuple for none."""
    expected = _('a list of sites such as [www.lhota.example], "any" or "none"')
    names = [scalar(site_node, expected).lower() for site_node in items(node, expected)]
    if names in (["any"], ["none"]):
        return None if names == ["any"] else ()
    if not names or not all(HOST.fullmatch(name) and len(name) <= LONGEST_HOST for name in names):
        raise Wrong(expected)
    return tuple(dict.fromkeys(names))


def write_hosts(sites: tuple[str, ...] | None) -> list[str] | str:
    """The sites as `hosts` reads them."""
    return "any" if sites is None else list(sites) or "none"


def timezone(node: yaml.Node) -> str:
    """A name of the IANA time zone database."""
    expected = _('a time zone such as "Europe/Prague"')
    name = scalar(node, expected)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Wrong(expected) from error
    return name


def languages(node: yaml.Node) -> tuple[str, ...]:
    """Languages of the office, the default one first."""
    expected = _("languages such as [cs, en]")
    codes = [scalar(language_node, expected) for language_node in items(node, expected)]
    for language in codes:
        if not re.fullmatch(r"[a-z]{2}", language) or not known_language(language):
            unknown = _('%(what)s; "%(language)s" is none', what=expected, language=language)
            raise Wrong(_("%(what)s (Czech is cs)", what=unknown) if language == "cz" else unknown)
        if language not in installed_languages():
            raise Wrong(
                _(
                    '%(what)s; there is no "%(language)s" here, only: %(installed)s',
                    what=expected,
                    language=language,
                    installed=listed(installed_languages()),
                )
            )
    if not codes or len(set(codes)) < len(codes):
        raise Wrong(_("%(what)s, each once", what=expected))
    return tuple(codes)


def some_languages(node: yaml.Node, context: FileContext) -> tuple[str, ...]:
    """Some of the office's languages."""
    chosen = languages(node)
    if not set(chosen) <= set(context.languages):
        raise Wrong(_("languages of the office (%(names)s)", names=listed(context.languages)))
    return chosen


def length(
    lowest: int, highest: int, example: str = "60 min", *, none: int | None = None, unit: int = 1
) -> Kind[int]:
    """A duration in multiples of `unit` minutes.

    `none` is the value of the word "none", which is not allowed without it.
    """
    expected = _(
        'a length of time from %(lowest)s to %(highest)s such as "%(example)s"',
        lowest=write_length(lowest * unit),
        highest=write_length(highest * unit),
        example=example,
    )
    if none is not None:
        expected = _('%(what)s or "none"', what=expected)

    def read(node: yaml.Node) -> int:
        text = scalar(node, expected).lower()
        if text == "none" and none is not None:
            return none
        minutes = _minutes(text)
        if minutes is None or minutes % unit or not lowest <= minutes // unit <= highest:
            raise Wrong(expected)
        return minutes // unit

    def write(amount: int) -> str:
        return "none" if amount == none else write_length(amount * unit)

    return plain("length", read, write, lowest=lowest, highest=highest, none=none, unit=unit)


def length_or_none(lowest: int, highest: int, example: str) -> Kind[int | None]:
    """A duration in minutes; None for "none"."""
    kind = length(lowest, highest, example, none=-1)

    def read(node: yaml.Node, context: FileContext) -> int | None:
        minutes = kind.read(node, context)
        return None if minutes == -1 else minutes

    return Kind(
        "length or none",
        read,
        lambda value, _: "none" if value is None else write_length(value),
        kind.bounds,
    )


def _minutes(text: str) -> int | None:
    """Minutes of a duration such as `1 h 30 min` or `92 days`; None if it is not one."""
    if not re.fullmatch(r"(\d{1,6}\s*[a-z]+\s*)+", text):
        return None
    amounts = re.findall(r"(\d+)\s*([a-z]+)", text)
    if any(unit not in UNITS for _, unit in amounts):
        return None
    return sum(int(count) * UNITS[unit] for count, unit in amounts)


def write_length(minutes: int) -> str:
    """A duration as `length` reads it."""
    days, remaining_min = divmod(minutes, DAY_MIN)
    if days and not remaining_min:
        return "1 day" if days == 1 else f"{days} days"
    return f"{minutes} min"


def day(text: str) -> date:
    """The date of 2026-12-24 or 24. 12. 2026. Raises ValueError."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    czech = re.fullmatch(r"(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})", text)
    if not czech:
        raise ValueError(text)
    return date(int(czech[3]), int(czech[2]), int(czech[1]))


def one_day(node: yaml.Node) -> date:
    """A date."""
    expected = _('a date such as "2026-12-24"')
    try:
        return day(scalar(node, expected))
    except ValueError as error:
        raise Wrong(expected) from error


class Days(NamedTuple):
    """Days with an optional time of the first and last one, in minutes; no `end`: open-ended."""

    start: date
    end: date | None
    begins: int | None = None
    ends: int | None = None

    @property
    def has_times(self) -> bool:
        """Whether the days begin or end at a time of day."""
        return self.begins is not None or self.ends is not None


def days(node: yaml.Node) -> Days:
    """Days such as `2026-12-24`, `2026-12-24 to 2026-12-31`, or open-ended `from 2026-12-24`.

    Either end may have a time, as in `2026-11-30 14:00 to 2026-12-02 10:00`.
    """
    expected = _(
        'days such as "2026-12-24", "2026-12-24 to 2026-12-31", "from 2026-12-24"'
        ' or "2026-11-30 14:00 to 2026-12-02 10:00"'
    )
    text = scalar(node, expected)
    try:
        if text.startswith("from "):
            start, begins = _day_and_clock(text.removeprefix("from "))
            return Days(start, None, begins)
        first_text, last_text = (*text.split(" to ", 1), "")[:2]
        start, begins = _day_and_clock(first_text)
        if not last_text and begins is not None:
            raise Wrong(_('a time on its own line, such as times: "14:00-16:00"'))
        end, ends = _day_and_clock(last_text) if last_text else (start, None)
    except ValueError as error:
        raise Wrong(expected) from error
    if end < start:
        raise Wrong(_("a last day that does not come before the first"))
    if start == end and (begins or 0) >= (DAY_MIN if ends is None else ends):
        raise Wrong(_("an end that does not come before the beginning"))
    if begins == DAY_MIN or ends == 0:
        raise Wrong(_("a beginning before 24:00 and an end after 0:00"))
    return Days(start, end, begins, ends)


def _day_and_clock(text: str) -> tuple[date, int | None]:
    """A date with an optional time of day after it, in minutes. Raises ValueError."""
    head, _space, tail = text.strip().rpartition(" ")
    if ":" not in tail:
        return day(text.strip()), None
    minute = clock(tail)
    if minute > DAY_MIN:
        raise ValueError(text)
    return day(head.strip()), minute


def write_days(
    start: date, end: date | None, begins: int | None = None, ends: int | None = None
) -> str:
    """Days as `days` reads them."""
    first_text = str(start) if begins is None else f"{start} {write_clock(begins)}"
    if end is None:
        return f"from {first_text}"
    last_text = str(end) if ends is None else f"{end} {write_clock(ends)}"
    return first_text if first_text == last_text else f"{first_text} to {last_text}"


def clock(text: str) -> int:
    """A time of day such as `7:30` as minutes after midnight. Raises ValueError."""
    match = CLOCK.fullmatch(text)
    if not match or int(match[2]) >= HOUR_MIN:
        raise ValueError(text)
    return int(match[1]) * HOUR_MIN + int(match[2])


def one_clock(node: yaml.Node) -> int:
    """A time of day, as minutes after midnight."""
    expected = _('a time of day such as "7:30"')
    try:
        minute = clock(scalar(node, expected))
    except ValueError as error:
        raise Wrong(expected) from error
    if minute >= DAY_MIN:
        raise Wrong(expected)
    return minute


def write_clock(minute: int) -> str:
    """Minutes after midnight as `7:30`."""
    return f"{minute // HOUR_MIN}:{minute % HOUR_MIN:02}"


def spans(node: yaml.Node) -> list[Interval[int]]:
    """Times such as `7:30-11:30, 12:30-17:00`, in order and without overlap."""
    expected = _('times such as "7:30-11:30, 12:30-17:00"')
    intervals: list[Interval[int]] = []
    for span_node in items(node, expected):
        ends = [end.strip() for end in re.split(r"[-–]", scalar(span_node, expected))]
        try:
            opens, closes = map(clock, ends)
        except ValueError as error:
            raise Wrong(expected, span_node) from error
        if not opens < closes <= DAY_MIN:
            raise Wrong(_("a time that ends after it starts, within one day"), span_node)
        if intervals and opens < intervals[-1].end:
            raise Wrong(_("times one after another that do not overlap"), span_node)
        intervals.append(Interval(opens, closes))
    if not intervals:
        raise Wrong(expected)
    return intervals


def write_spans(intervals: list[Interval[int]]) -> str:
    """Times as `spans` reads them."""
    return ", ".join(
        f"{write_clock(interval.start)}-{write_clock(interval.end)}" for interval in intervals
    )


def share(node: yaml.Node) -> tuple[float, int]:
    """A share such as `20 % until 1 day before`: the fraction, and the days before."""
    expected = _('"none", or a share such as "20 % until 1 day before"')
    text = scalar(node, expected)
    if text == "none":
        return 0.0, 1
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,6})?)\s*%(?:\s+until\s+(\d{1,3}) days? before)?", text)
    if not match or not 0 < Decimal(match[1]) <= 100 or int(match[2] or 1) > 366:  # noqa: PLR2004
        raise Wrong(expected)
    return float(Decimal(match[1]) / 100), int(match[2] or 1)


def write_share(fraction: float, until: int) -> str:
    """A share as `share` reads it."""
    return f"{_percent(fraction)} % until {until} {'day' if until == 1 else 'days'} before"


STEP = re.compile(
    r"(\d{1,2}(?:\.\d{1,6})?)\s*%\s+(?:(\d{1,3}) days? before|same day)\s+at\s+(\d{1,2}:\d{2})"
)


def steps(node: yaml.Node) -> tuple[Step, ...]:
    """Parts released later, such as `[20 % 2 days before at 7:00, 20 % same day at 7:00]`."""
    expected = _(
        "later parts, one after another, such as"
        ' ["20 % 2 days before at 7:00", "20 % same day at 7:00"]; the rest opens at the horizon'
    )
    release_steps = []
    for step_node in items(node, expected):
        match = STEP.fullmatch(scalar(step_node, expected))
        try:
            if not match:
                raise ValueError(step_node)
            minute = clock(match[3])
        except ValueError as error:
            raise Wrong(expected, step_node) from error
        release_steps.append(Step(float(Decimal(match[1]) / 100), int(match[2] or 0), minute))
    try:
        # Order and sum are checked by Rules.
        Rules(release="graduated", horizon_days=366, release_steps=tuple(release_steps))
    except ValueError as error:
        raise Wrong(expected) from error
    return tuple(release_steps)


def write_steps(release_steps: tuple[Step, ...]) -> list[str]:
    """Parts as `steps` reads them."""
    return [
        f"{_percent(step.share)} % {_days_before(step.days_before)} at {write_clock(step.minute)}"
        for step in release_steps
    ]


def _days_before(days: int) -> str:
    return "same day" if not days else f"{days} {'day' if days == 1 else 'days'} before"


def _percent(fraction: float) -> str:
    return f"{(Decimal(str(fraction)) * 100).normalize():f}"


def delay(node: yaml.Node) -> tuple[int, int]:
    """A random delay such as `2-15 min`: its minimum and maximum in minutes."""
    expected = _('"none", or minutes such as "2-15 min", at most %(most)s', most=MOST_RETURN_MIN)
    text = scalar(node, expected)
    if text == "none":
        return 0, 0
    match = re.fullmatch(r"(\d{1,3})\s*[-–]\s*(\d{1,3})\s*min", text)
    if not match or not int(match[1]) < int(match[2]) <= MOST_RETURN_MIN:
        raise Wrong(expected)
    return int(match[1]), int(match[2])


def write_delay(lowest: int, highest: int) -> str:
    """A delay as `delay` reads it."""
    return f"{lowest}-{highest} min" if highest else "none"


def printer(node: yaml.Node) -> dict[str, Any]:
    """The printer of a kiosk, as in `Device.options`."""
    expected = _(
        '"none", "browser", or "escpos" with an address such as "escpos 192.168.1.50:9100",'
        ' and " 58 mm" after it where the paper is that narrow'
    )
    text = scalar(node, expected)
    if text in {"none", "browser"}:
        return {"kind": text}
    address = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?"
    match = re.fullmatch(rf"escpos\s+{address}(?:\s+(58|80) ?mm)?", text)
    if not match or not 0 < int(match[2] or PORT) < 65536:  # noqa: PLR2004  # TCP
        raise Wrong(expected)
    options = {"kind": "escpos", "host": match[1].strip("[]"), "port": int(match[2] or PORT)}
    return options | ({"paper": NARROW} if match[3] == str(NARROW) else {})


def write_printer(options: dict[str, Any]) -> str:
    """A printer as `printer` reads it."""
    if options["kind"] != "escpos":
        return str(options["kind"])
    host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
    narrow = f" {NARROW} mm" if options.get("paper") == NARROW else ""
    return f"escpos {host}:{options['port']}{narrow}"


def text(node: yaml.Node, context: FileContext) -> Text:
    """A string in Czech or one per language; a list is a text of lines."""
    if not isinstance(node, yaml.MappingNode):
        return {"cs": _lines(node)}
    allowed = dict.fromkeys(("cs", *context.languages))
    by_language: Text = {}
    for key, text_node in node.value:
        language = str(key.value)
        if language not in allowed or language in by_language:
            names = listed(allowed)
            raise Wrong(
                _("a text in each of the office's languages once (%(names)s)", names=names), key
            )
        by_language[language] = _lines(text_node)
    if "cs" not in by_language:
        raise Wrong(_("a text in Czech (cs) at least"))
    return {language: by_language[language] for language in allowed if language in by_language}


def write_text(by_language: Text) -> Any:
    """The text as `text` reads it."""
    by_lines = {
        language: in_language.split("\n") if "\n" in in_language else in_language
        for language, in_language in by_language.items()
    }
    only = by_lines.get("cs") if list(by_lines) == ["cs"] else None
    return only if isinstance(only, str) else by_lines


def _lines(node: yaml.Node) -> str:
    expected = _("a text, or one per language such as {cs: Doklady, en: Documents}")
    if isinstance(node, yaml.SequenceNode):
        if not node.value:
            raise Wrong(expected, node)
        return "\n".join(" ".join(scalar(line_node, expected).split()) for line_node in node.value)
    lines = scalar(node, expected).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip()


CODES = plain("code", code)
FLAG = plain("flag", flag, write_flag)
TEXT: Kind[Text] = Kind("text", text, lambda value, _: write_text(value))
EMAIL = plain("email", email)
PHONE = words(40, _("a telephone number"))
HOSTS = plain("hosts", hosts, write_hosts)
TIMEZONE = plain("timezone", timezone)
LANGUAGES = replace(plain("languages", languages), restore=lambda codes: tuple(codes) or ("cs",))
SOME_LANGUAGES: Kind[tuple[str, ...]] = Kind("some languages", some_languages)
LETTER: Kind[str] = Kind("letter", letter)
MODES_OF_MEETING = several(
    MODES, _("a list of person, phone and video, each once, such as [person, video]")
)
ROOMS_OF_MEETING = several(
    ROOMS,
    _("a list of %(rooms)s, each once, such as [jitsi, embedded]", rooms=listed(ROOMS)),
)
ROOM_LINK = plain("room link", room_link)
ROLES_OF_STAFF = plain("roles", roles, write_roles)
CLOCK_TIME = plain("clock", one_clock, write_clock)
SHARE = plain("share", share, lambda value: write_share(*value))
DELAY = plain("delay", delay, lambda value: write_delay(*value), highest=MOST_RETURN_MIN)
PRINTER = plain("printer", printer, write_printer)

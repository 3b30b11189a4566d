"""Single values as people write them: lengths of time, dates, times of day, texts, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import yaml
from babel.localedata import exists as known_language

from prepazka.core.addresses import is_room_address
from prepazka.core.contact_text import clean_email, clean_text
from prepazka.core.interval import Interval
from prepazka.core.slots import MOST_RETURN_MIN, Rules, Step
from prepazka.officefile.nodes import Wrong, items, nearest, scalar
from prepazka.officefile.plan import Text

HOUR_MIN, DAY_MIN = 60, 1440
MOST_MIN = 366 * DAY_MIN
SMALL = 32767  # what the database's small number holds
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
# What may stand in a policy of frames: a name, perhaps with any subdomain, perhaps with a port.
HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?")
LONGEST_HOST = 255


def code(node: yaml.Node) -> str:
    """A short name for addresses and references."""
    expected = 'a short code of letters, digits and hyphens such as "registr-vozidel"'
    found = scalar(node, expected)
    if not CODE.fullmatch(found):
        raise Wrong(expected)
    return found


def flag(node: yaml.Node) -> bool:
    """Yes or no."""
    found = scalar(node, '"yes" or "no"').lower()
    if found not in {"yes", "no", "true", "false"}:
        raise Wrong('"yes" or "no"')
    return found in {"yes", "true"}


MODES = ("person", "phone", "video")


def modes(node: yaml.Node) -> tuple[str, ...]:
    """How people meet, the usual one first: `[person, video]`."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found = [one.value.strip() if isinstance(one, yaml.ScalarNode) else "" for one in items]
    wrong = [one for one, said in zip(items, found, strict=True) if said not in MODES]
    if wrong or not found or len(set(found)) < len(found):
        expected = "a list of person, phone and video, each once, such as [person, video]"
        raise Wrong(expected, wrong[0] if wrong else None)
    return tuple(found)


ROOMS = ("embedded", "jitsi", "bigbluebutton", "link")
CODE_OF_ROOM = "{code}"


def rooms(node: yaml.Node) -> tuple[str, ...]:
    """Rooms of meetings by video, the first one first: `[jitsi, embedded]`."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found = [one.value.strip() if isinstance(one, yaml.ScalarNode) else "" for one in items]
    wrong = [one for one, said in zip(items, found, strict=True) if said not in ROOMS]
    if wrong or not found or len(set(found)) < len(found):
        expected = f"a list of {', '.join(ROOMS)}, each once, such as [jitsi, embedded]"
        raise Wrong(expected, wrong[0] if wrong else None)
    return tuple(found)


ROLES = ("clerk", "reception", "operator", "head", "administrator")


def roles(node: yaml.Node) -> tuple[str, ...]:
    """Roles of the staff, in the order of ROLES: `[head, administrator]`, or the words all, none."""
    expected = f"roles such as [head, administrator], of {', '.join(ROLES)}; or all, or none"
    nodes = {scalar(name, expected): name for name in items(node, expected)}
    if nodes.keys() in ({"all"}, {"none"}):
        return ROLES if "all" in nodes else ()
    if unknown := [name for name in nodes if name not in ROLES]:
        raise Wrong(f"{expected} ({nearest(unknown[0], ROLES)})", nodes[unknown[0]])
    return tuple(role for role in ROLES if role in nodes)


def write_roles(chosen: tuple[str, ...]) -> str | list[str]:
    """The roles as `roles` reads them."""
    return "all" if chosen == ROLES else list(chosen)


def room_link(node: yaml.Node) -> str:
    """The address of a room elsewhere; `{code}` in it is another one for every meeting."""
    expected = "an address such as https://meet.example/{code}, where {code} differs per meeting"
    found = scalar(node, expected)
    named = found.replace(CODE_OF_ROOM, "a")
    if not is_room_address(named) or "{" in named or found.count(CODE_OF_ROOM) != 1:
        raise Wrong(expected)
    return found


def number(least: int, most: int) -> Callable[[yaml.Node], int]:
    """A whole number within bounds."""
    expected = f"a whole number from {least} to {most}"

    def read(node: yaml.Node) -> int:
        found = scalar(node, expected)
        if not re.fullmatch(r"\d{1,9}", found) or not least <= int(found) <= most:
            raise Wrong(expected)
        return int(found)

    return read


def choice(*known: str) -> Callable[[yaml.Node], str]:
    """One of a few words."""
    expected = "one of: " + ", ".join(known)

    def read(node: yaml.Node) -> str:
        found = scalar(node, expected)
        if found not in known:
            raise Wrong(nearest(found, known))
        return found

    return read


def words(most: int, expected: str) -> Callable[[yaml.Node], str]:
    """A text in no particular language, up to a length."""

    def read(node: yaml.Node) -> str:
        found = clean_text(scalar(node, expected))
        if len(found) > most:
            raise Wrong(f"{expected} of at most {most} characters")
        return found

    return read


def letter(node: yaml.Node) -> str:
    """The letter before a ticket's number."""
    expected = 'one to three capital letters A-Z for the tickets, such as "V"'
    found = scalar(node, expected)
    if not re.fullmatch(r"[A-Z]{1,3}", found):
        raise Wrong(expected)
    return found


def email(node: yaml.Node) -> str:
    """An address for mail."""
    expected = 'an e-mail address such as "podatelna@urad.example"'
    found = scalar(node, expected)
    try:
        return clean_email(found)
    except ValueError:
        raise Wrong(expected) from None


def hosts(node: yaml.Node) -> tuple[str, ...] | None:
    """Sites of a list; None for any, an empty tuple for none."""
    expected = 'a list of sites such as [www.lhota.example], "any" or "none"'
    found = [scalar(one, expected).lower() for one in items(node, expected)]
    if found in (["any"], ["none"]):
        return None if found == ["any"] else ()
    if not found or not all(HOST.fullmatch(one) and len(one) <= LONGEST_HOST for one in found):
        raise Wrong(expected)
    return tuple(dict.fromkeys(found))


def write_hosts(found: tuple[str, ...] | None) -> list[str] | str:
    """As `hosts` reads it; nothing for any, which is usual."""
    return "" if found is None else list(found) or "none"


def timezone(node: yaml.Node) -> str:
    """A zone of the time-zone database."""
    expected = 'a time zone such as "Europe/Prague"'
    found = scalar(node, expected)
    try:
        ZoneInfo(found)
    except (KeyError, ValueError, OSError) as error:
        raise Wrong(expected) from error
    return found


def languages(node: yaml.Node) -> tuple[str, ...]:
    """Languages of the office, the first one first."""
    expected = "languages such as [cs, en]"
    found = [scalar(one, expected) for one in items(node, expected)]
    for one in found:
        if not re.fullmatch(r"[a-z]{2}", one) or not known_language(one):
            raise Wrong(f'{expected}; "{one}" is none' + (" (Czech is cs)" if one == "cz" else ""))
    if not found or len(set(found)) < len(found):
        raise Wrong(f"{expected}, each once")
    return tuple(found)


def length(
    least: int, most: int, *, none: int | None = None, unit: int = 1, example: str = "60 min"
) -> Callable[[yaml.Node], int]:
    """A length of time in multiples of `unit` minutes; `none` is what the word "none" means."""
    bounds = f"from {write_length(least * unit)} to {write_length(most * unit)}"
    expected = f'a length of time {bounds} such as "{example}"'
    if none is not None:
        expected += ' or "none"'

    def read(node: yaml.Node) -> int:
        found = scalar(node, expected).lower()
        if found == "none" and none is not None:
            return none
        minutes = _minutes(found)
        if minutes is None or minutes % unit or not least <= minutes // unit <= most:
            raise Wrong(expected)
        return minutes // unit

    return read


def _minutes(text: str) -> int | None:
    """`1 h 30 min`, `92 days` as minutes."""
    if not re.fullmatch(r"(\d{1,6}\s*[a-z]+\s*)+", text):
        return None
    parts = re.findall(r"(\d+)\s*([a-z]+)", text)
    if any(unit not in UNITS for _, unit in parts):
        return None
    return sum(int(count) * UNITS[unit] for count, unit in parts)


def write_length(minutes: int) -> str:
    """A length of time as `length` reads it."""
    days, rest = divmod(minutes, DAY_MIN)
    if days and not rest:
        return "1 day" if days == 1 else f"{days} days"
    return f"{minutes} min"


def day(text: str) -> date:
    """A date, 2026-12-24 or 24. 12. 2026. Raises ValueError."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    czech = re.fullmatch(r"(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})", text)
    if not czech:
        raise ValueError(text)
    return date(int(czech[3]), int(czech[2]), int(czech[1]))


def one_day(node: yaml.Node) -> date:
    """A date."""
    expected = 'a date such as "2026-12-24"'
    try:
        return day(scalar(node, expected))
    except ValueError as error:
        raise Wrong(expected) from error


class Days(NamedTuple):
    """Days, perhaps with a time of the first and of the last one; no last day: until further notice."""

    start: date
    end: date | None
    begins: int | None = None
    ends: int | None = None

    @property
    def has_times(self) -> bool:
        """Whether they begin or end at a time of day."""
        return self.begins is not None or self.ends is not None


def days(node: yaml.Node) -> Days:
    """`2026-12-24`, `2026-12-24 to 2026-12-31`, or `from 2026-12-24` until further notice.

    A time may stand after either end, as `2026-11-30 14:00 to 2026-12-02 10:00`.
    """
    expected = (
        'days such as "2026-12-24", "2026-12-24 to 2026-12-31", "from 2026-12-24"'
        ' or "2026-11-30 14:00 to 2026-12-02 10:00"'
    )
    text = scalar(node, expected)
    try:
        if text.startswith("from "):
            start, begins = _day_and_clock(text.removeprefix("from "))
            return Days(start, None, begins)
        first, _, last = text.partition(" to ")
        start, begins = _day_and_clock(first)
        if not last and begins is not None:
            raise Wrong('a time on its own line, such as times: "14:00-16:00"')
        end, ends = _day_and_clock(last) if last else (start, None)
    except ValueError as error:
        raise Wrong(expected) from error
    if end < start:
        raise Wrong("a last day that does not come before the first")
    if start == end and (begins or 0) >= (DAY_MIN if ends is None else ends):
        raise Wrong("an end that does not come before the beginning")
    if begins == DAY_MIN or ends == 0:
        raise Wrong("a beginning before 24:00 and an end after 0:00")
    return Days(start, end, begins, ends)


def _day_and_clock(text: str) -> tuple[date, int | None]:
    """A date, perhaps with a time of day after it. Raises ValueError."""
    head, _, tail = text.strip().rpartition(" ")
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
    first = str(start) if begins is None else f"{start} {write_clock(begins)}"
    if end is None:
        return f"from {first}"
    last = str(end) if ends is None else f"{end} {write_clock(ends)}"
    return first if first == last else f"{first} to {last}"


def clock(text: str) -> int:
    """Minutes after midnight of `7:30`. Raises ValueError."""
    found = CLOCK.fullmatch(text)
    if not found or int(found[2]) >= HOUR_MIN:
        raise ValueError(text)
    return int(found[1]) * HOUR_MIN + int(found[2])


def one_clock(node: yaml.Node) -> int:
    """A time of day."""
    expected = 'a time of day such as "7:30"'
    try:
        found = clock(scalar(node, expected))
    except ValueError as error:
        raise Wrong(expected) from error
    if found >= DAY_MIN:
        raise Wrong(expected)
    return found


def write_clock(minute: int) -> str:
    """Minutes after midnight as `7:30`."""
    return f"{minute // HOUR_MIN}:{minute % HOUR_MIN:02}"


def spans(node: yaml.Node) -> list[Interval[int]]:
    """`7:30-11:30, 12:30-17:00`: one after another, none overlapping."""
    expected = 'times such as "7:30-11:30, 12:30-17:00"'
    found: list[Interval[int]] = []
    for part in items(node, expected):
        ends = [end.strip() for end in re.split(r"[-–]", scalar(part, expected))]
        try:
            opens, closes = map(clock, ends)
        except ValueError as error:
            raise Wrong(expected, part) from error
        if not opens < closes <= DAY_MIN:
            raise Wrong("a time that ends after it starts, within one day", part)
        if found and opens < found[-1].end:
            raise Wrong("times one after another that do not overlap", part)
        found.append(Interval(opens, closes))
    if not found:
        raise Wrong(expected)
    return found


def write_spans(found: list[Interval[int]]) -> str:
    """Times as `spans` reads them."""
    return ", ".join(f"{write_clock(one.start)}-{write_clock(one.end)}" for one in found)


def share(node: yaml.Node) -> tuple[float, int]:
    """`20 % until 1 day before`: the part of the places, and until how many days before."""
    expected = '"none", or a share such as "20 % until 1 day before"'
    found = scalar(node, expected)
    if found == "none":
        return 0.0, 1
    parts = re.fullmatch(
        r"(\d{1,3}(?:\.\d{1,6})?)\s*%(?:\s+until\s+(\d{1,3}) days? before)?", found
    )
    if not parts or not 0 < Decimal(parts[1]) <= 100 or int(parts[2] or 1) > 366:  # noqa: PLR2004
        raise Wrong(expected)
    return float(Decimal(parts[1]) / 100), int(parts[2] or 1)


def write_share(part: float, until: int) -> str:
    """A share as `share` reads it."""
    return f"{_percent(part)} % until {until} {'day' if until == 1 else 'days'} before"


STEP = re.compile(
    r"(\d{1,2}(?:\.\d{1,6})?)\s*%\s+(?:(\d{1,3}) days? before|same day)\s+at\s+(\d{1,2}:\d{2})"
)


def steps(node: yaml.Node) -> tuple[Step, ...]:
    """`[20 % 2 days before at 7:00, 20 % same day at 7:00]`: parts of a day released later."""
    expected = (
        "later parts, one after another, such as"
        ' ["20 % 2 days before at 7:00", "20 % same day at 7:00"]; the rest opens at the horizon'
    )
    found = []
    for part in items(node, expected):
        said = STEP.fullmatch(scalar(part, expected))
        try:
            if not said:
                raise ValueError(part)
            minute = clock(said[3])
        except ValueError as error:
            raise Wrong(expected, part) from error
        found.append(Step(float(Decimal(said[1]) / 100), int(said[2] or 0), minute))
    try:
        # Their order and their sum are what the rules themselves ask.
        Rules(release="graduated", horizon_days=366, release_steps=tuple(found))
    except ValueError as error:
        raise Wrong(expected) from error
    return tuple(found)


def write_steps(found: tuple[Step, ...]) -> list[str]:
    """Parts as `steps` reads them."""
    return [
        f"{_percent(one.share)} % {_before(one.days_before)} at {write_clock(one.minute)}"
        for one in found
    ]


def _before(days: int) -> str:
    return "same day" if not days else f"{days} {'day' if days == 1 else 'days'} before"


def _percent(part: float) -> str:
    return f"{(Decimal(str(part)) * 100).normalize():f}"


def delay(node: yaml.Node) -> tuple[int, int]:
    """`2-15 min`: the least and the most of something drawn at random."""
    expected = f'"none", or minutes such as "2-15 min", at most {MOST_RETURN_MIN}'
    found = scalar(node, expected)
    if found == "none":
        return 0, 0
    parts = re.fullmatch(r"(\d{1,3})\s*[-–]\s*(\d{1,3})\s*min", found)
    if not parts or not int(parts[1]) < int(parts[2]) <= MOST_RETURN_MIN:
        raise Wrong(expected)
    return int(parts[1]), int(parts[2])


def write_delay(least: int, most: int) -> str:
    """A delay as `delay` reads it."""
    return f"{least}-{most} min" if most else "none"


def printer(node: yaml.Node) -> dict[str, Any]:
    """How a kiosk prints."""
    expected = (
        '"none", "browser", or "escpos" with an address such as "escpos 192.168.1.50:9100",'
        ' and " 58 mm" after it where the paper is that narrow'
    )
    found = scalar(node, expected)
    if found in {"none", "browser"}:
        return {"kind": found}
    address = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?"
    parts = re.fullmatch(rf"escpos\s+{address}(?:\s+(58|80) ?mm)?", found)
    if not parts or not 0 < int(parts[2] or PORT) < 65536:  # noqa: PLR2004  # TCP
        raise Wrong(expected)
    where = {"kind": "escpos", "host": parts[1].strip("[]"), "port": int(parts[2] or PORT)}
    return where | ({"paper": NARROW} if parts[3] == str(NARROW) else {})


def write_printer(found: dict[str, Any]) -> str:
    """A printer as `printer` reads it."""
    if found["kind"] != "escpos":
        return str(found["kind"])
    host = f"[{found['host']}]" if ":" in found["host"] else found["host"]
    narrow = f" {NARROW} mm" if found.get("paper") == NARROW else ""
    return f"escpos {host}:{found['port']}{narrow}"


def text_in(known: tuple[str, ...]) -> Callable[[yaml.Node], Text]:
    """A text: a string in Czech, or one per language; a list is a text of several lines."""

    def read(node: yaml.Node) -> Text:
        if not isinstance(node, yaml.MappingNode):
            return {"cs": _lines(node)}
        found: Text = {}
        for key, value in node.value:
            language = str(key.value)
            if language not in {"cs", *known} or language in found:
                names = ", ".join(dict.fromkeys(("cs", *known)))
                raise Wrong(f"a text in each of the office's languages once ({names})", key)
            found[language] = _lines(value)
        if "cs" not in found:
            raise Wrong("a text in Czech (cs) at least")
        return {one: found[one] for one in dict.fromkeys(("cs", *known)) if one in found}

    return read


def _lines(node: yaml.Node) -> str:
    expected = "a text, or one per language such as {cs: Doklady, en: Documents}"
    if isinstance(node, yaml.SequenceNode):
        if not node.value:
            raise Wrong(expected, node)
        return "\n".join(" ".join(scalar(one, expected).split()) for one in node.value)
    lines = scalar(node, expected).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip()

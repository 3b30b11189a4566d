"""Values of iCalendar properties: days and times, lengths, zones. Each raises ValueError."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from prepazka.gateways.calendars.text import Component, Property

DAY = timedelta(days=1)
DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
TIME = re.compile(r"[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?")
LENGTH = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
OFFSET = re.compile(r"\(?(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d\d)?\)?", re.IGNORECASE)
UNIVERSAL = frozenset({"UTC", "GMT", "Z", "ETC/UTC"})


@dataclass(frozen=True)
class When:
    """A day (at its midnight) or a time, as the clock of a zone shows it."""

    local: datetime  # without a zone
    zone: tzinfo
    all_day: bool = False
    certain: bool = True  # the zone is the one that was meant
    zone_given: bool = True  # and not only taken for lack of one

    @property
    def instant(self) -> datetime:
        """In UTC. A time that the spring change skips counts by the offset before it."""
        return to_utc(self.local, self.zone)


class Zones:
    """The zones that the files of one calendar speak of; without one, it is the office's."""

    def __init__(self, office: tzinfo, definitions: Iterable[Component]) -> None:
        self.office = office
        self.defined = {
            one.value.strip(): component
            for component in definitions
            for one in component.all("TZID")
        }
        self.cache: dict[str, tuple[tzinfo, bool]] = {}

    def named(self, name: str) -> tuple[tzinfo, bool]:
        """The zone, and whether it is certain; the office's where nobody knows the name."""
        if name not in self.cache:
            # Stays so where the definition takes so long that reading it is interrupted.
            self.cache[name] = (self.office, False)
            zone = _by_name(name) or self._by_definition(name) or _by_offset(name)
            self.cache[name] = (zone or self.office, zone is not None)
        return self.cache[name]

    def when(self, text: str, zone_name: str = "") -> When:
        """The day or time. Raises ValueError."""
        text = text.strip().upper()
        day = DATE.match(text)
        if day is None:
            raise ValueError(text)
        midnight = datetime.combine(date(int(day[1]), int(day[2]), int(day[3])), time())
        rest = text[day.end() :]
        if not rest:
            return When(midnight, self.office, all_day=True)
        clock = TIME.fullmatch(rest)
        if clock is None:
            raise ValueError(text)
        hour, minute, second = int(clock[1]), int(clock[2]), min(int(clock[3] or 0), 59)
        local = datetime.combine(midnight.date(), time(hour, minute, second))
        if clock[4]:
            return When(local, UTC if clock[4] == "Z" else _offset(clock[4]))
        zone, certain = self.named(zone_name) if zone_name else (self.office, True)
        return When(local, zone, certain=certain, zone_given=bool(zone_name))

    def of(self, found: Property) -> When:
        """The day or time of a property. Raises ValueError."""
        return self.when(found.value, found.parameters.get("TZID", ""))

    def _by_definition(self, name: str) -> tzinfo | None:
        component = self.defined.get(name)
        if component is None or not component.sound:
            return None
        for one in component.all("X-LIC-LOCATION"):
            if zone := _by_name(one.value):
                return zone
        try:
            # The zone's own rules, read once by a strict library.
            text = "\r\n".join([*component.lines(), ""])
            definition = Timezone.from_ical(text)
            assert isinstance(definition, Timezone)  # noqa: S101  # else: as not understood
            own: tzinfo = definition.to_tz(lookup_tzid=False)
            datetime(2026, 1, 1, tzinfo=own).astimezone(UTC)
        except Exception:  # noqa: BLE001  # a stranger's definition may be wrong in any way
            return None
        return own


def length(text: str) -> tuple[timedelta, timedelta]:
    """Whole days, and the rest: days follow the clock on the wall. Raises ValueError."""
    found = LENGTH.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise ValueError(text)
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    sign = -1 if found[1] == "-" else 1
    try:
        return (
            sign * timedelta(days=7 * weeks + days),
            sign * timedelta(hours=hours, minutes=minutes, seconds=seconds),
        )
    except OverflowError as error:
        raise ValueError(text) from error


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """The instant; at the ends of the calendar the offset is left out."""
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (OverflowError, ValueError):
        return local.replace(tzinfo=UTC)


def to_local(instant: datetime, zone: tzinfo) -> datetime:
    """What the clock of the zone shows, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def plus(local: datetime, more: timedelta) -> datetime:
    """The sum, at most the end of the calendar."""
    try:
        return local + more
    except OverflowError:
        year, month, day = (9999, 12, 31) if more > timedelta(0) else (1, 1, 1)
        return local.replace(year=year, month=month, day=day)


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    return {name.upper(): name for name in available_timezones()}


@lru_cache(maxsize=256)
def _by_name(name: str) -> tzinfo | None:
    """A zone of the IANA or of Windows, also behind a prefix such as /mozilla.org/20050126_1/."""
    known = name.strip().strip('"')
    if known.upper() in UNIVERSAL:
        return UTC
    known = WINDOWS_TO_OLSON.get(known, known)
    parts = [part for part in known.split("/") if part]
    for first in range(max(0, len(parts) - 3), len(parts)):
        if full := _zone_names().get("/".join(parts[first:]).upper()):
            # "Prague" alone would be a guess, while "EST5EDT" is a name of its own.
            return ZoneInfo(full)
    return None


def _by_offset(name: str) -> tzinfo | None:
    """`UTC+1`, `GMT+01:00`, `+0100`: an offset that is written out."""
    found = OFFSET.fullmatch(name.strip())
    if found is None:
        return None
    try:
        return _offset(f"{found[1]}{int(found[2]):02}{found[3] or '00'}")
    except ValueError:
        return None


def _offset(text: str) -> tzinfo:
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 15 or minutes > 59:  # noqa: PLR2004  # no zone is farther
        raise ValueError(text)
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))

"""Values of iCalendar properties: dates and times, durations, zones.

Functions raise ValueError for values that cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from prepazka.gateways.calendars.ical_parser import Component, Property

DAY = timedelta(days=1)
DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
TIME = re.compile(r"[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?")
LENGTH = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
OFFSET = re.compile(r"\(?(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d\d)?\)?", re.IGNORECASE)
UNIVERSAL = frozenset({"UTC", "GMT", "Z", "ETC/UTC"})


@dataclass(frozen=True)
class When:
    """A day (as its midnight) or a time, in local time of a zone."""

    local: datetime  # without a zone
    zone: tzinfo
    all_day: bool = False
    certain: bool = True  # whether the zone's name was recognised
    zone_given: bool = True  # False if the office's zone is used for lack of one

    @property
    def instant(self) -> datetime:
        """The instant in UTC; a time skipped by a clock change uses the offset before it."""
        return to_utc(self.local, self.zone)


class Zones:
    """Resolves the time zones of one calendar; times without a zone are in the office's."""

    def __init__(self, office: tzinfo, definitions: Iterable[Component]) -> None:
        self.office = office
        self.defined = {
            tzid.value.strip(): component
            for component in definitions
            for tzid in component.all("TZID")
        }
        self.cache: dict[str, tuple[tzinfo, bool]] = {}

    def named(self, name: str) -> tuple[tzinfo, bool]:
        """The zone of that name, and whether it was recognised; otherwise the office's."""
        if name not in self.cache:
            # Remains the entry if reading the definition takes too long and is interrupted.
            self.cache[name] = (self.office, False)
            zone = _by_name(name) or self._by_definition(name) or _by_offset(name)
            self.cache[name] = (zone or self.office, zone is not None)
        return self.cache[name]

    def when(self, text: str, zone_name: str = "") -> When:
        """The day or time of a value. Raises ValueError."""
        text = text.strip().upper()
        day = DATE.match(text)
        if day is None:
            raise ValueError(text)
        midnight = datetime.combine(date(int(day[1]), int(day[2]), int(day[3])), time())
        time_text = text[day.end() :]
        if not time_text:
            return When(midnight, self.office, all_day=True)
        clock = TIME.fullmatch(time_text)
        if clock is None:
            raise ValueError(text)
        hour, minute, second = int(clock[1]), int(clock[2]), min(int(clock[3] or 0), 59)
        local = datetime.combine(midnight.date(), time(hour, minute, second))
        if clock[4]:
            return When(local, UTC if clock[4] == "Z" else _offset(clock[4]))
        zone, certain = self.named(zone_name) if zone_name else (self.office, True)
        return When(local, zone, certain=certain, zone_given=bool(zone_name))

    def of(self, prop: Property) -> When:
        """The day or time of a property. Raises ValueError."""
        return self.when(prop.value, prop.parameters.get("TZID", ""))

    def _by_definition(self, name: str) -> tzinfo | None:
        component = self.defined.get(name)
        if component is None or not component.sound:
            return None
        for location in component.all("X-LIC-LOCATION"):
            if zone := _by_name(location.value):
                return zone
        try:
            # The definition in the calendar, read by a strict library.
            text = "\r\n".join([*component.lines(), ""])
            definition = Timezone.from_ical(text)
            assert isinstance(definition, Timezone)  # noqa: S101  # else it counts as unreadable
            defined_zone: tzinfo = definition.to_tz(lookup_tzid=False)
            datetime(2026, 1, 1, tzinfo=defined_zone).astimezone(UTC)
        except Exception:  # noqa: BLE001  # a stranger's definition may be wrong in any way
            return None
        return defined_zone


def read_duration(text: str) -> tuple[timedelta, timedelta]:
    """A DURATION as whole days of local time and an exact duration. Raises ValueError."""
    match = LENGTH.fullmatch(text.strip().upper())
    if match is None or not any(match.groups()[1:]):
        raise ValueError(text)
    weeks, days, hours, minutes, seconds = (int(amount or 0) for amount in match.groups()[1:])
    sign = -1 if match[1] == "-" else 1
    try:
        return (
            sign * timedelta(days=7 * weeks + days),
            sign * timedelta(hours=hours, minutes=minutes, seconds=seconds),
        )
    except OverflowError as error:
        raise ValueError(text) from error


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """The instant of a local time; at the ends of the calendar the offset is left out."""
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (OverflowError, ValueError):
        return local.replace(tzinfo=UTC)


def to_local(instant: datetime, zone: tzinfo) -> datetime:
    """The instant in local time of the zone, as a naive datetime."""
    return instant.astimezone(zone).replace(tzinfo=None)


def add_within_range(local: datetime, duration: timedelta) -> datetime:
    """The sum, limited to the years 1 to 9999."""
    try:
        return local + duration
    except OverflowError:
        year, month, day = (9999, 12, 31) if duration > timedelta(0) else (1, 1, 1)
        return local.replace(year=year, month=month, day=day)


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    return {name.upper(): name for name in available_timezones()}


@lru_cache(maxsize=256)
def _by_name(name: str) -> tzinfo | None:
    """The zone of an IANA or Windows name, also with a prefix such as /mozilla.org/20050126_1/."""
    zone_name = name.strip().strip('"')
    if zone_name.upper() in UNIVERSAL:
        return UTC
    zone_name = WINDOWS_TO_OLSON.get(zone_name, zone_name)
    segments = [segment for segment in zone_name.split("/") if segment]
    for start in range(max(0, len(segments) - 3), len(segments)):
        if iana_name := _zone_names().get("/".join(segments[start:]).upper()):
            # "Prague" alone would be a guess, whereas "EST5EDT" is a full name.
            return ZoneInfo(iana_name)
    return None


def _by_offset(name: str) -> tzinfo | None:
    """The zone of an explicit offset such as `UTC+1`, `GMT+01:00` or `+0100`."""
    match = OFFSET.fullmatch(name.strip())
    if match is None:
        return None
    try:
        return _offset(f"{match[1]}{int(match[2]):02}{match[3] or '00'}")
    except ValueError:
        return None


def _offset(text: str) -> tzinfo:
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 15 or minutes > 59:  # noqa: PLR2004  # no zone is farther
        raise ValueError(text)
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))

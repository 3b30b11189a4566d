"""Recurrence rules (RFC 5545, 3.3.10): validated, started near the window, expanded lazily."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from dateutil.rrule import rrule, rrulestr

from prepazka.gateways.calendars.ical_values import DAY, When, Zones, to_local, to_utc

# The length of one interval by frequency; the longer frequencies have few repeats anyway.
STEPS = {
    "SECONDLY": timedelta(seconds=1),
    "MINUTELY": timedelta(minutes=1),
    "HOURLY": timedelta(hours=1),
    "DAILY": DAY,
    "WEEKLY": timedelta(days=7),
}
RHYTHMS = frozenset({*STEPS, "MONTHLY", "YEARLY"})
# The smallest and largest number of each list; zero is allowed only as the smallest.
RANGES = {
    "BYSECOND": (0, 60),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
}
WEEKDAYS = "MO|TU|WE|TH|FR|SA|SU"
BY_DAY = re.compile(rf"(?:[+-]?[1-9]\d?)?(?:{WEEKDAYS})")


class Rule:
    """One RRULE or EXRULE of an event. Raises ValueError if it cannot be read."""

    def __init__(self, text: str, start: When, zones: Zones) -> None:
        fields = _fields_of(text)
        self.start = start
        self.until = zones.when(fields.pop("UNTIL")) if "UNTIL" in fields else None
        self.rhythm = fields["FREQ"]
        self.interval = int(fields.get("INTERVAL", "1"))
        self.counted = "COUNT" in fields
        self.text = ";".join(f"{key}={value}" for key, value in fields.items())

    def occurrences(self, earliest: datetime) -> Iterator[datetime]:
        """Local times in order, from `earliest` on, up to the rule's end or without end."""
        rule = rrulestr(self.text, dtstart=self._start_near(earliest))
        assert isinstance(rule, rrule)  # noqa: S101  # one rule, so no set of rules
        for local in rule:
            if self.until and self._is_past(local, self.until):
                return
            if local >= earliest:
                yield local

    def _start_near(self, earliest: datetime) -> datetime:
        """A start shortly before `earliest` with the same pattern, if the rule has no COUNT."""
        start = self.start.local
        step = STEPS.get(self.rhythm)
        if self.counted or step is None:
            return start
        intervals = (earliest - start) // (step * self.interval) - 1
        return start + intervals * step * self.interval if intervals > 0 else start

    def _is_past(self, local: datetime, until: When) -> bool:
        if until.all_day:
            return local.date() > until.local.date()
        if self.start.all_day:
            return local.date() > _last_day(until, self.start)
        if until.zone is self.start.zone:
            return local > until.local
        return to_utc(local, self.start.zone) > until.instant


def _last_day(until: When, start: When) -> date:
    """The last day of repeated all-day events; some programs write its midnight as a UTC time."""
    local_until = to_local(until.instant, start.zone)
    return local_until.date() if local_until.time() == time() else until.local.date()


def _fields_of(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    assignments = (assignment.strip() for assignment in text.upper().strip().split(";"))
    for assignment in filter(None, assignments):
        key, equals, value = (side.strip() for side in assignment.partition("="))
        if not equals or not value or key in fields:
            raise ValueError(text)
        fields[key] = value
    if fields.pop("RSCALE", "GREGORIAN") != "GREGORIAN" or fields.pop("SKIP", "OMIT") != "OMIT":
        raise ValueError(text)
    if fields.get("FREQ") not in RHYTHMS:
        raise ValueError(text)
    for key, value in fields.items():
        _check_field(key, value)
    return fields


def _check_field(key: str, value: str) -> None:
    if key in RANGES:
        low, high = RANGES[key]
        numbers = [int(number) for number in value.split(",")]
        fits = all(low <= n <= high and (n != 0 or low == 0) for n in numbers)
    elif key in {"INTERVAL", "COUNT"}:
        fits = value.isdecimal() and 1 <= int(value) < 10**6
    elif key == "BYDAY":
        fits = all(BY_DAY.fullmatch(by_day.strip()) for by_day in value.split(","))
    elif key == "WKST":
        fits = value in WEEKDAYS.split("|")
    else:
        fits = key in {"FREQ", "UNTIL"}
    if not fits:
        raise ValueError(f"{key}={value}")

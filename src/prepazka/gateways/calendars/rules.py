"""Recurrence rules (RFC 5545, 3.3.10): checked, brought near the window, and unfolded lazily."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from dateutil.rrule import rrule, rrulestr

from prepazka.gateways.calendars.values import DAY, When, Zones, to_local, to_utc

# How far the pattern of a rule moves with each interval; longer ones have few repeats anyway.
STEPS = {
    "SECONDLY": timedelta(seconds=1),
    "MINUTELY": timedelta(minutes=1),
    "HOURLY": timedelta(hours=1),
    "DAILY": DAY,
    "WEEKLY": timedelta(days=7),
}
RHYTHMS = frozenset({*STEPS, "MONTHLY", "YEARLY"})
# The smallest and the largest number of each list; zero only where it is the smallest.
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
    """One RRULE or EXRULE of an event. Raises ValueError for what is not understood in it."""

    def __init__(self, text: str, start: When, zones: Zones) -> None:
        parts = _parts(text)
        self.start = start
        self.until = zones.when(parts.pop("UNTIL")) if "UNTIL" in parts else None
        self.rhythm = parts["FREQ"]
        self.interval = int(parts.get("INTERVAL", "1"))
        self.counted = "COUNT" in parts
        self.text = ";".join(f"{key}={value}" for key, value in parts.items())

    def occurrences(self, first: datetime) -> Iterator[datetime]:
        """Local times in their order, from about `first` on, up to the rule's end or for ever."""
        rule = rrulestr(self.text, dtstart=self._near(first))
        assert isinstance(rule, rrule)  # noqa: S101  # one rule, so no set of rules
        for local in rule:
            if self.until and self._is_past(local, self.until):
                return
            if local >= first:
                yield local

    def _near(self, first: datetime) -> datetime:
        """A start of the same pattern shortly before `first`, where repeats are not counted."""
        start = self.start.local
        step = STEPS.get(self.rhythm)
        if self.counted or step is None:
            return start
        whole = (first - start) // (step * self.interval) - 1
        return start + whole * step * self.interval if whole > 0 else start

    def _is_past(self, local: datetime, until: When) -> bool:
        if until.all_day:
            return local.date() > until.local.date()
        if self.start.all_day:
            return local.date() > _last_day(until, self.start)
        if until.zone is self.start.zone:
            return local > until.local
        return to_utc(local, self.start.zone) > until.instant


def _last_day(until: When, start: When) -> date:
    """The last day of days that repeat; some programs write its midnight here as a time in UTC."""
    here = to_local(until.instant, start.zone)
    return here.date() if here.time() == time() else until.local.date()


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in filter(None, (part.strip() for part in text.upper().strip().split(";"))):
        key, equals, value = (part.strip() for part in piece.partition("="))
        if not equals or not value or key in parts:
            raise ValueError(text)
        parts[key] = value
    if parts.pop("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.pop("SKIP", "OMIT") != "OMIT":
        raise ValueError(text)
    if parts.get("FREQ") not in RHYTHMS:
        raise ValueError(text)
    for key, value in parts.items():
        _check(key, value)
    return parts


def _check(key: str, value: str) -> None:
    if key in RANGES:
        low, high = RANGES[key]
        numbers = [int(part) for part in value.split(",")]
        fits = all(low <= n <= high and (n != 0 or low == 0) for n in numbers)
    elif key in {"INTERVAL", "COUNT"}:
        fits = value.isdecimal() and 1 <= int(value) < 10**6
    elif key == "BYDAY":
        fits = all(BY_DAY.fullmatch(part.strip()) for part in value.split(","))
    elif key == "WKST":
        fits = value in WEEKDAYS.split("|")
    else:
        fits = key in {"FREQ", "UNTIL"}
    if not fits:
        raise ValueError(f"{key}={value}")

"""Opening hours: weekly hours, exceptions and public holidays, and their instants.

Hours are local minutes after midnight (450 = 7:30, at most 1440); instants are aware and in UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import holidays as public_holidays

from prepazka.core.interval import Interval, subtract, union
from prepazka.core.locales import main_language

DAY_MIN = 1440


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Open every `weekday` (0 = Monday) from `opens` to `closes`, within the dates of validity."""

    weekday: int
    opens: int
    closes: int
    valid_from: date | None = None
    valid_to: date | None = None  # inclusive

    def __post_init__(self) -> None:
        if self.weekday not in range(7):
            raise ValueError(f"weekday must be 0 (Monday) to 6 (Sunday), not {self.weekday}")
        _check_times(self.opens, self.closes)
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to must not come before valid_from")

    def holds_on(self, day: date) -> bool:
        """Whether these hours are valid on the day."""
        return (
            day.weekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class DayException:
    """A stretch of days on which the hours differ.

    `closed` without times closes the days, with times that part of each (one time alone: from it
    to midnight, or until it); `extra` adds hours, `instead` replaces the weekly ones. `reduced`
    leaves the hours and lets only so many `places` of each agenda be booked at a time.

    `opens` and `closes` hold on each of the days. What lasts without a break from a time of the
    first day until a time of the last has `begins` and `ends` instead, or one of them.
    """

    from_date: date
    to_date: date | None  # inclusive; None = until further notice
    opens: int | None = None
    closes: int | None = None
    kind: Literal["closed", "extra", "instead", "reduced"] = "closed"
    places: int | None = None
    begins: int | None = None  # local minute of the first day
    ends: int | None = None  # local minute of the last day

    def __post_init__(self) -> None:
        if self.kind not in ("closed", "extra", "instead", "reduced"):
            raise ValueError(f"kind must be closed, extra, instead or reduced, not {self.kind!r}")
        if (self.kind == "reduced") != (self.places is not None):
            raise ValueError("places belong to reduced days, and only to them")
        if self.to_date is not None and self.to_date < self.from_date:
            raise ValueError("to_date must not come before from_date")
        if self.kind in ("extra", "instead") and (self.opens is None or self.closes is None):
            raise ValueError(f"opens and closes must be given for {self.kind}")
        _check_times(*_bounds(self.opens, self.closes))
        if self.begins is not None or self.ends is not None:
            self._check_ends()

    @classmethod
    def without_break(
        cls,
        from_date: date,
        to_date: date | None,
        begins: int | None,
        ends: int | None,
        kind: Literal["closed", "reduced"] = "closed",
        places: int | None = None,
    ) -> "DayException":
        """From a local minute of the first day until one of the last; None is that day's end."""
        begins, ends = begins or None, None if ends == DAY_MIN else ends
        if from_date == to_date:
            return cls(from_date, to_date, begins, ends, kind, places)
        return cls(from_date, to_date, None, None, kind, places, begins, ends)

    def minutes_on(self, day: date) -> Interval[int] | None:
        """The local minutes of the day that the exception covers; None on other days."""
        if not self.holds_on(day):
            return None
        opens, closes = _bounds(self.opens, self.closes)
        if self.begins is not None and day == self.from_date:
            opens = self.begins
        if self.ends is not None and day == self.to_date:
            closes = self.ends
        return Interval(opens, closes)

    def _check_ends(self) -> None:
        if self.kind not in ("closed", "reduced"):
            raise ValueError(f"begins and ends do not belong to {self.kind}")
        if self.opens is not None or self.closes is not None:
            raise ValueError("begins and ends do not go with times of each day")
        if self.to_date == self.from_date or (self.ends is not None and self.to_date is None):
            raise ValueError("begins and ends belong to several days")
        _check_times(*_bounds(self.begins, None))
        _check_times(*_bounds(None, self.ends))

    def holds_on(self, day: date) -> bool:
        """Whether the exception covers the day."""
        return self.from_date <= day and (self.to_date is None or day <= self.to_date)


def _bounds(opens: int | None, closes: int | None) -> tuple[int, int]:
    """Both minutes, with the day's midnights in place of None."""
    return 0 if opens is None else opens, DAY_MIN if closes is None else closes


def _check_times(opens: int, closes: int) -> None:
    if not 0 <= opens < closes <= DAY_MIN:
        raise ValueError(f"opens must come before closes within one day, not {opens} to {closes}")


def open_minutes(
    day: date,
    weekly: Iterable[WeeklyHours],
    exceptions: Iterable[DayException] = (),
    holidays: frozenset[date] = frozenset(),
) -> list[Interval[int]]:
    """The local minutes of the day when it is open: sorted and disjoint.

    A public holiday cancels the weekly hours; `instead` replaces them and `extra` adds to them,
    on a holiday too; `closed` wins over all of them, so that nobody comes in vain.
    """
    today = [
        (exception.kind, minutes)
        for exception in exceptions
        if (minutes := exception.minutes_on(day))
    ]
    hours = [minutes for kind, minutes in today if kind == "instead"]
    if not hours and day not in holidays:
        hours = [
            Interval(weekly_hours.opens, weekly_hours.closes)
            for weekly_hours in weekly
            if weekly_hours.holds_on(day)
        ]
    hours += [minutes for kind, minutes in today if kind == "extra"]
    return subtract(hours, union(minutes for kind, minutes in today if kind == "closed"))


def czech_holidays(years: Iterable[int]) -> frozenset[date]:
    """The Czech public holidays of the years."""
    return frozenset().union(*(_czech_holidays_of(year) for year in years))


def czech_holiday_name(day: date, language: str) -> str | None:
    """The Czech public holiday in that language, or in English; None on an ordinary day."""
    return _czech_holiday_names(day.year, main_language(language)).get(day)


@lru_cache(maxsize=64)
def _czech_holiday_names(year: int, language: str) -> dict[date, str]:
    country = public_holidays.country_holidays("CZ", years=year)
    if language not in country.supported_languages:
        language = "en_US"
    return dict(public_holidays.country_holidays("CZ", years=year, language=language))


@lru_cache(maxsize=64)
def _czech_holidays_of(year: int) -> frozenset[date]:
    return frozenset(public_holidays.country_holidays("CZ", years=year))


def local_instant(day: date, minute: int, tz: ZoneInfo) -> datetime:
    """The instant (UTC) of a local minute of the day; it never decreases with the minute.

    A local time that is skipped in spring gives the moment of the change; one that happens twice in
    autumn gives its first occurrence.
    """
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    instant = local.replace(tzinfo=tz).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == local:
        return instant
    return _change_between(local.replace(tzinfo=tz, fold=1).astimezone(UTC), instant, tz)


def _change_between(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """The second at which the zone's offset changes from that of `before` to that of `after`."""
    low, high = 0, int((after - before).total_seconds())
    offset_after = after.astimezone(tz).utcoffset()
    while low + 1 < high:
        middle = (low + high) // 2
        changed = (before + timedelta(seconds=middle)).astimezone(tz).utcoffset() == offset_after
        low, high = (low, middle) if changed else (middle, high)
    return before + timedelta(seconds=high)


def instants_of_minutes(
    minutes: Interval[int], day: date, tz: ZoneInfo
) -> Interval[datetime] | None:
    """The instants of local minutes of the day; None where the spring change skips them all."""
    start, end = local_instant(day, minutes.start, tz), local_instant(day, minutes.end, tz)
    return Interval(start, end) if start < end else None


def has_clock_change(day: date, tz: ZoneInfo) -> bool:
    """Whether the day is longer or shorter than 24 hours."""
    return local_instant(day, DAY_MIN, tz) - local_instant(day, 0, tz) != timedelta(days=1)


def lasting_minutes(minutes: Interval[int], day: date, tz: ZoneInfo) -> int:
    """How many minutes really pass between two local minutes of the day.

    Over a clock change this differs from the clock on the wall: from 2:00 to 3:00 no minute passes
    in spring, and 120 in autumn.
    """
    start, end = local_instant(day, minutes.start, tz), local_instant(day, minutes.end, tz)
    return int((end - start).total_seconds()) // 60


def day_of(instant: datetime, tz: ZoneInfo) -> date:
    """The local date of the instant."""
    return instant.astimezone(tz).date()


def minute_of(instant: datetime, tz: ZoneInfo) -> int:
    """The local minutes after midnight of the instant, as the clock on the wall shows them."""
    local = instant.astimezone(tz)
    return local.hour * 60 + local.minute

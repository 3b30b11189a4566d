"""One day of slots on the clocks of an office: candidates with their instants, claims as minutes."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from prepazka.core import calendar, slots
from prepazka.core.interval import Interval
from prepazka.core.slots import Laid, Lasts, Moment, Rules, Taken

MINUTE = timedelta(minutes=1)


class DayLayout(NamedTuple):
    """The layout of an empty day, and when its candidates start and end, by their first minute."""

    laid: Laid
    instants: dict[int, tuple[datetime, datetime]]

    def minute_at(self, instant: datetime) -> int | None:
        """The local minute of the candidate that starts at that instant."""
        starts = (minute for minute, (begins, _) in self.instants.items() if begins == instant)
        return next(starts, None)


def lay_out(
    day: date,
    tz: ZoneInfo,
    rules: Rules,
    hours: Sequence[Interval[int]],
    *,
    duration: int,
    units: int,
) -> DayLayout:
    """The layout of a day on which all lanes have the same hours."""
    lasts = elapsed_minutes_on(day, tz)
    laid = slots.lay_out_day(hours, rules, duration=duration, units=units, lasts=lasts)
    return _with_instants(laid, day, tz)


def lay_out_diaries(
    day: date,
    tz: ZoneInfo,
    rules: Rules,
    openings: Sequence[Sequence[Interval[int]]],
    *,
    duration: int,
    units: int,
) -> DayLayout:
    """The layout of a day on which each lane has hours of its own."""
    lasts = elapsed_minutes_on(day, tz)
    laid = slots.lay_out_diaries(openings, rules, duration=duration, units=units, lasts=lasts)
    return _with_instants(laid, day, tz)


def _with_instants(laid: Laid, day: date, tz: ZoneInfo) -> DayLayout:
    spans = (
        (candidate.start, calendar.instants_of_minutes(candidate, day, tz))
        for candidate in laid.candidates
    )
    return DayLayout(laid, {minute: (span.start, span.end) for minute, span in spans if span})


def elapsed_minutes_on(day: date, tz: ZoneInfo) -> Lasts:
    """A function from local minutes of the day to elapsed ones, which differ at a clock change."""
    if calendar.has_clock_change(day, tz):
        return partial(calendar.lasting_minutes, day=day, tz=tz)
    return slots.clock_length


def local_moment(instant: datetime, tz: ZoneInfo) -> Moment:
    """The instant as the local day and minute."""
    return Moment(calendar.day_of(instant, tz), calendar.minute_of(instant, tz))


def local_claims(
    day: date, tz: ZoneInfo, starts: Sequence[int], ends: Sequence[int], lanes: Sequence[int]
) -> list[Taken]:
    """Claims on sets of lanes in local minutes of the day, from minutes since 1970."""
    minutes = zip(
        _local_minutes(day, starts, tz), _local_minutes(day, ends, tz), lanes, strict=True
    )
    return [Taken(*claim) for claim in minutes]


def closed_lanes(reduced: Iterable[tuple[Interval[int], int]], quota: int) -> list[Taken]:
    """Claims on the lanes that are closed while there are fewer places than the quota."""
    all_lanes = (1 << quota) - 1
    return [
        Taken(during.start, during.end, lanes)
        for during, places in reduced
        if (lanes := all_lanes & ~((1 << places) - 1))
    ]


def carry_over_midnight(by_day: dict[date, Any], last_day: date, tz: ZoneInfo) -> None:
    """Add time that lasts past midnight to the next day too, ordered by start.

    Each day has starts and ends (minutes since 1970), sets of lanes, and a number.
    """
    day = min(by_day, default=last_day)
    while day < last_day:
        midnight, next_day = _end_of(day, tz), day + timedelta(days=1)
        for span in zip(*by_day.get(day, ((), (), ()))[:3], strict=True):
            if span[1] > midnight:
                starts, ends, sets, _ = by_day.setdefault(next_day, ([], [], [], 0))
                index = bisect(starts, span[0])
                for column, cell in zip((starts, ends, sets), span, strict=True):
                    column.insert(index, cell)
        day = next_day


def day_bounds(first_day: date, last_day: date, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants at which the first day begins and the last one ends."""
    next_day = last_day + timedelta(days=1)
    return calendar.local_instant(first_day, 0, tz), calendar.local_instant(next_day, 0, tz)


@lru_cache(maxsize=4096)
def _end_of(day: date, tz: ZoneInfo) -> int:
    """The minute since 1970 at which the local day ends."""
    return int(calendar.local_instant(day + timedelta(days=1), 0, tz).timestamp()) // 60


@lru_cache(maxsize=4096)
def _midnight(day: date, tz: ZoneInfo) -> int | None:
    """The minute since 1970 of the day's midnight; None on a day with a clock change."""
    noon = calendar.local_instant(day, 720, tz) - 720 * MINUTE
    plain = calendar.local_instant(day, 0, tz) == noon
    return int(noon.timestamp()) // 60 if plain else None


def _local_minutes(day: date, instants: Sequence[int], tz: ZoneInfo) -> list[int]:
    """Minutes since 1970 as local minutes after the midnight of `day`."""
    midnight = _midnight(day, tz)
    if midnight is not None:
        return [minute - midnight for minute in instants]
    local_times = (datetime.fromtimestamp(minute * 60, tz) for minute in instants)
    return [
        (local_time.date() - day).days * calendar.DAY_MIN + local_time.hour * 60 + local_time.minute
        for local_time in local_times
    ]

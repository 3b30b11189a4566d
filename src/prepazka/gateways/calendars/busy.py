"""From iCalendar objects to busy times; titles, places and people are left where they are."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from math import prod
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component

from prepazka.core import calendar
from prepazka.core.interval import Interval, union
from prepazka.gateways.calendars.fetch import Unreadable

WITHIN = 60.0  # seconds for the recurrences of a whole calendar
RHYTHMS = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
TIMES_A_DAY = 24
OLDEST = 1900
# An own booking that came back through somebody's calendar takes nothing anew.
OURS = "-termin@"


class Busy(NamedTuple):
    """Sorted and disjoint times, and how many events could not be understood."""

    times: list[Interval[datetime]]
    skipped: int


def busy_times(texts: Iterable[bytes], window: Interval[datetime], tz: ZoneInfo) -> Busy:
    """When somebody is busy within the window. Raises Unreadable if nothing is a calendar."""
    deadline = time.monotonic() + WITHIN
    found: list[Interval[datetime]] = []
    skipped = 0
    for calendar_ in _calendars(texts):
        found += _free_busy(calendar_, tz)
        for series in _series(calendar_):
            if time.monotonic() > deadline:
                raise Unreadable("slow")
            try:
                found += _occurrences(series, window, tz)
            except Exception:  # noqa: BLE001  # a stranger's event may be wrong in any way
                skipped += 1
    whole = (_within(one, window) for one in found)
    return Busy(union(one for one in whole if one), skipped)


def _calendars(texts: Iterable[bytes]) -> Iterator[Component]:
    for text in texts:
        try:
            found = Calendar.from_ical(text, multiple=True)
        except Exception as error:
            raise Unreadable("garbage") from error
        if not found or any(one.name != "VCALENDAR" for one in found):
            raise Unreadable("garbage")
        yield from found


def _series(calendar_: Component) -> Iterator[list[Component]]:
    """The events by their UID: a recurrence with its exceptions."""
    by_uid: dict[str, list[Component]] = defaultdict(list)
    for number, event in enumerate(calendar_.walk("VEVENT")):
        uid = str(event.get("UID") or f"without-{number}")
        if OURS not in uid:
            by_uid[uid].append(event)
    yield from by_uid.values()


def _occurrences(
    series: list[Component], window: Interval[datetime], tz: ZoneInfo
) -> list[Interval[datetime]]:
    for event in series:
        _must_be_modest(event)
    alone = Calendar()
    for event in series:
        alone.add_component(event)
    # A day around it, for days and times without a zone are compared in UTC.
    around = window.start - timedelta(days=1), window.end + timedelta(days=1)
    return [
        during
        for one in recurring_ical_events.of(alone).between(*around)
        if _takes_time(one) and (during := _interval(one.start, one.end, tz))
    ]


def _must_be_modest(event: Any) -> None:
    """Refuse a rhythm that would take for ever to unfold."""
    rules = event.get("RRULE") or []
    for rule in rules if isinstance(rules, list) else [rules]:
        times = prod(max(1, len(rule.get(key, ()))) for key in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        every = [str(one).upper() for one in rule.get("FREQ", ())]
        if (
            not set(every) <= RHYTHMS
            or any(int(one) < 1 for one in rule.get("INTERVAL", ()))
            or times > TIMES_A_DAY
            or event.start.year < OLDEST
        ):
            raise ValueError(rule)


def _takes_time(event: Component) -> bool:
    def said(name: str) -> str:
        return str(event.get(name, "")).upper()

    return not (
        said("STATUS") == "CANCELLED"
        or said("TRANSP") == "TRANSPARENT"
        or said("X-MICROSOFT-CDO-BUSYSTATUS") == "FREE"
    )


def _free_busy(calendar_: Component, tz: ZoneInfo) -> Iterator[Interval[datetime]]:
    """What a server publishes that shows when its people are busy, and nothing more."""
    for component in calendar_.walk("VFREEBUSY"):
        said: Any = component.get("FREEBUSY") or []
        for one in said if isinstance(said, list) else [said]:
            if str(getattr(one, "params", {}).get("FBTYPE", "BUSY")).upper() == "FREE":
                continue
            for start, end in [one.dt] if hasattr(one, "dt") else []:
                until = start + end if isinstance(end, timedelta) else end
                if during := _interval(start, until, tz):
                    yield during


def _interval(start: date, end: date, tz: ZoneInfo) -> Interval[datetime] | None:
    first, last = _instant(start, tz), _instant(end, tz)
    return Interval(first, last) if first < last else None


def _instant(one: date, tz: ZoneInfo) -> datetime:
    """The instant of a day's beginning, or of a time, which without a zone is the office's."""
    if not isinstance(one, datetime):
        return calendar.local_instant(one, 0, tz)
    if one.tzinfo is None:
        return one.replace(tzinfo=tz)
    return one


def _within(one: Interval[datetime], window: Interval[datetime]) -> Interval[datetime] | None:
    start, end = max(one.start, window.start), min(one.end, window.end)
    return Interval(start, end) if start < end else None

"""Calendars kept elsewhere, by their iCalendar address or by CalDAV: when somebody is busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from prepazka.core.interval import Interval
from prepazka.gateways.calendars.busy import Busy, busy_times
from prepazka.gateways.calendars.fetch import Unreadable, ask
from prepazka.gateways.calendars.report import bodies_of, query

__all__ = ["Read", "Source", "Unreadable", "read"]


@dataclass(frozen=True)
class Source:
    """Where the calendar is, and what opens it."""

    url: str
    caldav: bool = False
    username: str = ""
    password: str = ""


@dataclass(frozen=True)
class Read:
    """The busy times; None where nothing has changed since the mark was given."""

    busy: list[Interval[datetime]] | None
    mark: str = ""
    skipped: int = 0  # events that nobody could understand


def read(source: Source, *, mark: str, window: Interval[datetime], tz: ZoneInfo) -> Read:
    """When the calendar's owner is busy within the window. Raises Unreadable.

    Times without a zone are those of `tz`; of the events nothing but their time is taken.
    """
    who = (source.username, source.password) if source.username else None
    if source.caldav:
        answer = ask("REPORT", source.url, who=who, body=query(window), headers={"Depth": "1"})
        texts = bodies_of(answer.body)
    else:
        answer = ask("GET", source.url, who=who, headers={"If-None-Match": mark} if mark else {})
        if answer.unchanged:
            return Read(None, mark)
        texts = [answer.body]
    found: Busy = busy_times(texts, window, tz)
    return Read(found.times, answer.etag, found.skipped)

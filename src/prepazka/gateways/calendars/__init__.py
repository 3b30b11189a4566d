"""Busy time from external calendars, by an iCalendar address or by CalDAV."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from prepazka.core.external_times import Reading, Times
from prepazka.core.interval import Interval
from prepazka.gateways.calendars.attendance import Preferences
from prepazka.gateways.calendars.fetch import Answer, fetch_answer
from prepazka.gateways.calendars.report import (
    contents_of,
    events_query,
    is_transparent,
    property_query,
)
from prepazka.gateways.calendars.unfold import unfold_in_process
from prepazka.gateways.calendars.unreadable import Unreadable

__all__ = ["Preferences", "Read", "Source", "Unreadable", "read_busy_time"]


HASH = 32  # characters
LONGEST_ETAG = 130  # characters; a longer one is not stored
READER = 1  # version of the reader; increased when texts are read differently, to read all again


@dataclass(frozen=True)
class Source:
    """The address and credentials of a calendar."""

    url: str
    caldav: bool = False
    username: str = ""
    password: str = ""

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User name and password; None if there is no user name."""
        return (self.username, self.password) if self.username else None


@dataclass(frozen=True)
class Read:
    """The outcome of a reading; `reading` is None if nothing has changed since the given mark.

    The new mark consists of a hash of the conditions, a hash of the text, and the server's ETag.
    """

    reading: Reading | None
    mark: str = ""
    transparent: bool = False  # the server says that the whole calendar blocks no time

    @property
    def busy(self) -> Times | None:
        """All busy time, including doubtful events; None if nothing has changed."""
        return self.reading.busy() if self.reading else None


@dataclass(frozen=True)
class Conditions:
    """What the busy time depends on besides the calendar's text."""

    window: Interval[datetime]
    tz: ZoneInfo  # of times without a zone
    wishes: Preferences

    def hash(self) -> str:
        """A hash of the conditions and of the reader's version."""
        wishes = {**vars(self.wishes), "addresses": sorted(self.wishes.addresses)}
        return _hash([repr((READER, self.window.start, self.tz.key, wishes)).encode()])


def read_busy_time(
    source: Source,
    *,
    mark: str,
    window: Interval[datetime],
    tz: ZoneInfo,
    wishes: Preferences | None = None,
) -> Read:
    """The busy time of the calendar's owner within the window. Raises Unreadable.

    `mark` is that of the last reading, or empty. Times without a zone are in `tz`. Only the times
    of events are read.
    """
    conditions = Conditions(window, tz, wishes or Preferences())
    if not mark.startswith(conditions.hash()):
        mark = ""
    return (_read_caldav if source.caldav else _read_address)(source, mark, conditions)


def _read_address(source: Source, mark: str, conditions: Conditions) -> Read:
    answer = _changed_answer(source, mark)
    if answer is None:
        return Read(None, mark)
    new_mark = conditions.hash() + _hash([answer.body])
    is_same = mark[: len(new_mark)] == new_mark
    new_mark += answer.etag if len(answer.etag) <= LONGEST_ETAG else ""
    if is_same:
        return Read(None, new_mark)
    reading = unfold_in_process([answer.body], conditions.window, conditions.tz, conditions.wishes)
    return Read(reading, new_mark)


def _changed_answer(source: Source, mark: str) -> Answer | None:
    """The answer of the address; None if it is unchanged since the mark."""
    if etag := mark[2 * HASH :]:
        answer = fetch_answer(
            "GET", source.url, credentials=source.credentials, headers={"If-None-Match": etag}
        )
        if not answer.unchanged:
            return answer
        if not answer.etag or _without_weak_prefix(answer.etag) == _without_weak_prefix(etag):
            return None
        # "Not modified" with another ETag than ours: the text is requested without conditions.
    answer = fetch_answer("GET", source.url, credentials=source.credentials)
    if answer.unchanged:
        raise Unreadable("broken")
    return answer


def _read_caldav(source: Source, mark: str, conditions: Conditions) -> Read:
    try:
        answer = _report(source, conditions.window)
    except Unreadable as error:
        if error.reason != "broken":
            raise
        # A server may fail on a single event when it filters by time; all events are requested.
        answer = _report(source, None)
    texts, complete = contents_of(answer.body)
    transparent = _is_transparent(source)
    state = b"%d%d" % (complete, transparent)
    new_mark = conditions.hash() + _hash([state, *sorted(texts)])
    if new_mark == mark:
        return Read(None, new_mark, transparent)
    if transparent:
        return Read(Reading({}), new_mark, transparent=True)
    reading = unfold_in_process(texts, conditions.window, conditions.tz, conditions.wishes)
    return Read(replace(reading, damaged=reading.damaged or not complete), new_mark)


def _report(source: Source, window: Interval[datetime] | None) -> Answer:
    return fetch_answer(
        "REPORT",
        source.url,
        credentials=source.credentials,
        body=events_query(window),
        headers={"Depth": "1"},
    )


def _is_transparent(source: Source) -> bool:
    """Whether the server says that the calendar blocks no time; False if in doubt."""
    try:
        answer = fetch_answer(
            "PROPFIND",
            source.url,
            credentials=source.credentials,
            body=property_query(),
            headers={"Depth": "0"},
        )
        return is_transparent(answer.body)
    except Unreadable:
        return False


def _hash(texts: list[bytes]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(b"%d:" % len(text) + text)
    return digest.hexdigest()[:HASH]


def _without_weak_prefix(etag: str) -> str:
    return etag.strip().removeprefix("W/")

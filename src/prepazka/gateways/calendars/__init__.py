"""Calendars kept elsewhere, by their iCalendar address or by CalDAV: when somebody is busy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from prepazka.core.external_times import Reading, Times
from prepazka.core.interval import Interval
from prepazka.gateways.calendars.attendance import Preferences
from prepazka.gateways.calendars.fetch import Answer, ask
from prepazka.gateways.calendars.report import contents_of, is_transparent, property_query, query
from prepazka.gateways.calendars.unfold import unfolded
from prepazka.gateways.calendars.unreadable import Unreadable

__all__ = ["Preferences", "Read", "Source", "Unreadable", "read"]


HASH = 32  # characters
LONGEST_ETAG = 130  # characters; a longer one is not kept
READER = 1  # raised with each change of what a text means, so that all calendars are read anew


@dataclass(frozen=True)
class Source:
    """Where the calendar is, and what opens it."""

    url: str
    caldav: bool = False
    username: str = ""
    password: str = ""

    @property
    def who(self) -> tuple[str, str] | None:
        """Name and password, where the calendar asks for them."""
        return (self.username, self.password) if self.username else None


@dataclass(frozen=True)
class Read:
    """What was read; None where nothing has changed since the mark was made.

    The mark is a hash of the conditions and one of the text, and then the server's own tag.
    """

    reading: Reading | None
    mark: str = ""
    transparent: bool = False  # its server says that the whole calendar takes no time

    @property
    def busy(self) -> Times | None:
        """Everything that is taken, doubtful things too; None where nothing has changed."""
        return self.reading.busy() if self.reading else None


@dataclass(frozen=True)
class Conditions:
    """What besides the calendar's text decides what takes time."""

    window: Interval[datetime]
    tz: ZoneInfo  # of times without a zone
    wishes: Preferences

    def hash(self) -> str:
        """Changes with the conditions and with the reader itself."""
        wishes = {**vars(self.wishes), "addresses": sorted(self.wishes.addresses)}
        return _hash([repr((READER, self.window.start, self.tz.key, wishes)).encode()])


def read(
    source: Source,
    *,
    mark: str,
    window: Interval[datetime],
    tz: ZoneInfo,
    wishes: Preferences | None = None,
) -> Read:
    """When the calendar's owner is busy within the window. Raises Unreadable.

    Times without a zone are those of `tz`; of the events nothing but their time is taken.
    """
    conditions = Conditions(window, tz, wishes or Preferences())
    if not mark.startswith(conditions.hash()):
        mark = ""
    return (_read_caldav if source.caldav else _read_address)(source, mark, conditions)


def _read_address(source: Source, mark: str, conditions: Conditions) -> Read:
    answer = _asked(source, mark)
    if answer is None:
        return Read(None, mark)
    new = conditions.hash() + _hash([answer.body])
    same = mark[: len(new)] == new
    new += answer.etag if len(answer.etag) <= LONGEST_ETAG else ""
    if same:
        return Read(None, new)
    reading = unfolded([answer.body], conditions.window, conditions.tz, conditions.wishes)
    return Read(reading, new)


def _asked(source: Source, mark: str) -> Answer | None:
    """What the address answers; None if it is as it was."""
    if etag := mark[2 * HASH :]:
        answer = ask("GET", source.url, who=source.who, headers={"If-None-Match": etag})
        if not answer.unchanged:
            return answer
        if not answer.etag or _plain(answer.etag) == _plain(etag):
            return None
        # "Not modified" with the tag of something else: the text itself is asked for.
    answer = ask("GET", source.url, who=source.who)
    if answer.unchanged:
        raise Unreadable("broken")
    return answer


def _read_caldav(source: Source, mark: str, conditions: Conditions) -> Read:
    try:
        answer = _report(source, conditions.window)
    except Unreadable as error:
        if error.reason != "broken":
            raise
        # A server may stumble over a single event when it looks which ones touch the window.
        answer = _report(source, None)
    texts, complete = contents_of(answer.body)
    transparent = _is_transparent(source)
    state = b"%d%d" % (complete, transparent)
    new = conditions.hash() + _hash([state, *sorted(texts)])
    if new == mark:
        return Read(None, new, transparent)
    if transparent:
        return Read(Reading({}), new, transparent=True)
    reading = unfolded(texts, conditions.window, conditions.tz, conditions.wishes)
    return Read(replace(reading, damaged=reading.damaged or not complete), new)


def _report(source: Source, window: Interval[datetime] | None) -> Answer:
    return ask("REPORT", source.url, who=source.who, body=query(window), headers={"Depth": "1"})


def _is_transparent(source: Source) -> bool:
    """Whether the server keeps the calendar out of its owner's time; when in doubt, it does not."""
    try:
        answer = ask(
            "PROPFIND", source.url, who=source.who, body=property_query(), headers={"Depth": "0"}
        )
        return is_transparent(answer.body)
    except Unreadable:
        return False


def _hash(texts: list[bytes]) -> str:
    whole = hashlib.sha256()
    for text in texts:
        whole.update(b"%d:" % len(text) + text)
    return whole.hexdigest()[:HASH]


def _plain(etag: str) -> str:
    return etag.strip().removeprefix("W/")

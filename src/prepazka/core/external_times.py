"""What a calendar kept elsewhere takes of somebody's time, from one reading to the next.

Doubt makes time busy: what was not understood, and what vanished all at once, stays taken until it
is understood, confirmed by a person or a day old. Pure: no database, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from prepazka.core.interval import Interval, subtract, union

Times = list[Interval[datetime]]

HOLD = timedelta(days=1)  # how long times that vanished all at once stay taken
# From this share of a calendar's events on, their vanishing looks like a fault of its server.
NEARLY_ALL = 0.8


@dataclass(frozen=True)
class Doubt:
    """A part of an event that was not understood, and the time that is taken because of it."""

    event: str  # key of the event
    mark: str  # changes when what was read of the event changes
    why: str  # a word for the screens, see `surfaces.console.outside`
    times: Times
    keeps: bool = False  # the last understood times of the event stay taken as well
    freed: bool = False  # a person has said that this time is free


@dataclass(frozen=True)
class Reading:
    """One reading of a whole calendar."""

    times: Mapping[str, Times]  # by event: what was understood; also events that take nothing
    doubts: list[Doubt] = field(default_factory=list)
    damaged: bool = False  # so broken that events may be missing from it
    uids: Mapping[str, str] = field(default_factory=dict)  # by event, as the calendar writes it

    def busy(self) -> Times:
        """Everything that is taken, sorted and disjoint."""
        return union([*_flat(self.times.values()), *_flat(doubt.times for doubt in self.doubts)])

    def without(self, events: Iterable[str]) -> Reading:
        """The reading as if the events were not in it, and had never been."""
        left = set(events)
        return replace(
            self,
            times={key: [] if key in left else times for key, times in self.times.items()},
            doubts=[doubt for doubt in self.doubts if doubt.event not in left],
        )


@dataclass(frozen=True)
class Taken:
    """What one event takes, as it was last understood."""

    times: Times
    missing_since: datetime | None = None  # not in the calendar any more, and yet kept


@dataclass(frozen=True)
class Known:
    """All that is known of a calendar between two readings."""

    events: Mapping[str, Taken] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)

    def busy(self) -> Times:
        """Everything that is taken, sorted and disjoint."""
        return union(
            [
                *_flat(taken.times for taken in self.events.values()),
                *_flat(doubt.times for doubt in self.doubts if not doubt.freed),
            ]
        )

    def missing(self) -> Times:
        """What is taken only because it vanished too suddenly."""
        return union(_flat(one.times for one in self.events.values() if one.missing_since))

    def open_doubts(self) -> list[Doubt]:
        """What nobody has judged yet; what only keeps earlier times is shown by those."""
        return [
            replace(doubt, times=doubt.times or self._kept(doubt))
            for doubt in self.doubts
            if not doubt.freed
        ]

    def freeing(self, mark: str) -> Known:
        """The same without the time that the doubt takes; an unknown mark changes nothing."""
        events = dict(self.events)
        for doubt in self.doubts:
            if doubt.mark == mark and doubt.keeps:
                events.pop(doubt.event, None)
        return Known(
            events, [replace(one, freed=one.freed or one.mark == mark) for one in self.doubts]
        )

    def letting_go(self) -> Known:
        """The same without the events that have vanished."""
        return Known(
            {key: taken for key, taken in self.events.items() if not taken.missing_since},
            self.doubts,
        )

    def _kept(self, doubt: Doubt) -> Times:
        taken = self.events.get(doubt.event) if doubt.keeps else None
        return taken.times if taken else []


def merged(known: Known, reading: Reading, now: datetime) -> Known:
    """What is known after a reading: see the module's first lines for what stays."""
    freed = {doubt.mark for doubt in known.doubts if doubt.freed}
    doubts = [replace(doubt, freed=doubt.mark in freed) for doubt in reading.doubts]
    events = {key: Taken(times) for key, times in reading.times.items()}
    for doubt in doubts:
        before = known.events.get(doubt.event)
        if doubt.keeps and before and not doubt.freed:
            own = events.get(doubt.event, Taken([])).times
            events[doubt.event] = Taken(union([*own, *before.times]))
    present = Known(events, doubts)
    seen = events.keys() | {doubt.event for doubt in doubts}
    events |= _vanished(known, seen, present.busy(), now, damaged=reading.damaged)
    # An event that takes nothing is not worth keeping; its absence later means nothing either.
    return Known({key: taken for key, taken in events.items() if taken.times}, doubts)


def _vanished(
    known: Known, seen: set[str], busy: Times, now: datetime, *, damaged: bool
) -> dict[str, Taken]:
    """Events that were known, are not in the calendar now, and are kept all the same."""
    before = {key: times for key, times in _whole(known).items() if times[-1].end > now}
    # One whose time is still taken was only given another identifier.
    gone = {
        key: times
        for key, times in before.items()
        if key not in seen and subtract(_ahead(times, now), busy)
    }
    since = {key: taken.missing_since for key, taken in known.events.items()}
    already = {key for key in gone if since.get(key)}
    lost = gone.keys() - already
    sudden = damaged or len(lost) >= NEARLY_ALL * (len(before) - len(already))
    kept = {key: Taken(gone[key], now) for key in lost if sudden}
    for key in already:
        began = since[key]
        if began and (damaged or now - began < HOLD):
            kept[key] = Taken(gone[key], began)
    return kept


def _whole(known: Known) -> dict[str, Times]:
    """By event all that it takes, for whatever reason."""
    found = {key: list(taken.times) for key, taken in known.events.items()}
    for doubt in known.doubts:
        if not doubt.freed:
            found.setdefault(doubt.event, []).extend(doubt.times)
    return {key: union(times) for key, times in found.items() if times}


def _ahead(times: Times, now: datetime) -> Times:
    return [Interval(max(one.start, now), one.end) for one in times if one.end > now]


def _flat(parts: Iterable[Iterable[Interval[datetime]]]) -> Iterable[Interval[datetime]]:
    return (one for part in parts for one in part)


# --- as JSON: stored between readings, and sent by the process that reads ---------------------


def times_to_json(times: Times) -> list[list[int]]:
    """The times as pairs of seconds since 1970; an end within a second counts it whole."""
    return [[int(one.start.timestamp()), -int(-one.end.timestamp() // 1)] for one in times]


def times_from_json(rows: Any) -> Times:
    """What `times_to_json` has written."""
    return [
        Interval(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in rows
    ]


def doubts_to_json(doubts: Iterable[Doubt]) -> list[dict[str, Any]]:
    """The doubts with all their fields."""
    return [{**vars(doubt), "times": times_to_json(doubt.times)} for doubt in doubts]


def doubts_from_json(rows: Any) -> list[Doubt]:
    """What `doubts_to_json` has written."""
    return [Doubt(**{**row, "times": times_from_json(row["times"])}) for row in rows]


def events_to_json(events: Mapping[str, Taken]) -> dict[str, Any]:
    """By event its times and, in seconds since 1970, since when it is missing (0: it is there)."""
    return {
        key: [
            int(taken.missing_since.timestamp()) if taken.missing_since else 0,
            times_to_json(taken.times),
        ]
        for key, taken in events.items()
    }


def events_from_json(rows: Any) -> dict[str, Taken]:
    """What `events_to_json` has written."""
    return {
        key: Taken(times_from_json(times), datetime.fromtimestamp(since, UTC) if since else None)
        for key, (since, times) in rows.items()
    }

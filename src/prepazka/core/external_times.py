"""Busy times read from an official's external calendar, and how one reading updates the last.

In doubt a time is busy: an event that was not understood, and events that vanished all at once,
stay taken until they are understood, confirmed by a person or a day old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from prepazka.core.interval import Interval, subtract, union

Times = list[Interval[datetime]]

HOLD = timedelta(days=1)  # how long events that vanished all at once stay taken
# When at least this share of a calendar's events vanishes, a fault of its server is more likely.
NEARLY_ALL = 0.8


@dataclass(frozen=True)
class Doubt:
    """A part of an event that was not understood, and the times taken because of it."""

    event: str  # key of the event
    mark: str  # changes when the event's content changes
    why: str  # a word for the screens, see `surfaces.console.external_calendar_texts`
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
        return union(
            [*_flattened(self.times.values()), *_flattened(doubt.times for doubt in self.doubts)]
        )

    def without(self, events: Iterable[str]) -> Reading:
        """The reading as if the calendar never had these events."""
        removed = set(events)
        return replace(
            self,
            times={key: [] if key in removed else times for key, times in self.times.items()},
            doubts=[doubt for doubt in self.doubts if doubt.event not in removed],
        )


@dataclass(frozen=True)
class Taken:
    """The times of one event, as they were last understood."""

    times: Times
    missing_since: datetime | None = None  # no longer in the calendar, but still kept


@dataclass(frozen=True)
class Known:
    """The state of a calendar between two readings."""

    events: Mapping[str, Taken] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)

    def busy(self) -> Times:
        """Everything that is taken, sorted and disjoint."""
        return union(
            [
                *_flattened(event.times for event in self.events.values()),
                *_flattened(doubt.times for doubt in self.doubts if not doubt.freed),
            ]
        )

    def missing(self) -> Times:
        """The times taken only because their events vanished too suddenly."""
        return union(
            _flattened(event.times for event in self.events.values() if event.missing_since)
        )

    def open_doubts(self) -> list[Doubt]:
        """Doubts that nobody has judged, with the event's kept times where they have none."""
        return [
            replace(doubt, times=doubt.times or self._kept_times(doubt))
            for doubt in self.doubts
            if not doubt.freed
        ]

    def freeing(self, mark: str) -> Known:
        """The state without the times of the doubt; an unknown mark changes nothing."""
        events = dict(self.events)
        for doubt in self.doubts:
            if doubt.mark == mark and doubt.keeps:
                events.pop(doubt.event, None)
        return Known(
            events,
            [replace(doubt, freed=doubt.freed or doubt.mark == mark) for doubt in self.doubts],
        )

    def letting_go(self) -> Known:
        """The state without the events that have vanished."""
        return Known(
            {key: event for key, event in self.events.items() if not event.missing_since},
            self.doubts,
        )

    def _kept_times(self, doubt: Doubt) -> Times:
        event = self.events.get(doubt.event) if doubt.keeps else None
        return event.times if event else []


def merge_reading(previous: Known, reading: Reading, now: datetime) -> Known:
    """The state after a reading; the module's docstring says which times stay."""
    freed = {doubt.mark for doubt in previous.doubts if doubt.freed}
    doubts = [replace(doubt, freed=doubt.mark in freed) for doubt in reading.doubts]
    events = {key: Taken(times) for key, times in reading.times.items()}
    for doubt in doubts:
        event_before = previous.events.get(doubt.event)
        if doubt.keeps and event_before and not doubt.freed:
            own = events.get(doubt.event, Taken([])).times
            events[doubt.event] = Taken(union([*own, *event_before.times]))
    present = Known(events, doubts)
    event_keys = events.keys() | {doubt.event for doubt in doubts}
    events |= _kept_vanished(previous, event_keys, present.busy(), now, damaged=reading.damaged)
    # An event that takes nothing is not worth keeping; its absence later means nothing either.
    return Known({key: event for key, event in events.items() if event.times}, doubts)


def _kept_vanished(
    previous: Known, event_keys: set[str], busy: Times, now: datetime, *, damaged: bool
) -> dict[str, Taken]:
    """Events that the previous state had, the calendar no longer has, and that are kept."""
    times_before = {
        key: times for key, times in _times_by_event(previous).items() if times[-1].end > now
    }
    # An event whose time is still taken has only got another identifier.
    gone = {
        key: times
        for key, times in times_before.items()
        if key not in event_keys and subtract(_future_times(times, now), busy)
    }
    missing_since = {key: event.missing_since for key, event in previous.events.items()}
    already_missing = {key for key in gone if missing_since.get(key)}
    newly_missing = gone.keys() - already_missing
    sudden = damaged or len(newly_missing) >= NEARLY_ALL * (
        len(times_before) - len(already_missing)
    )
    kept_events = {key: Taken(gone[key], now) for key in newly_missing if sudden}
    for key in already_missing:
        began = missing_since[key]
        if began and (damaged or now - began < HOLD):
            kept_events[key] = Taken(gone[key], began)
    return kept_events


def _times_by_event(calendar: Known) -> dict[str, Times]:
    """All times of each event, understood or in doubt."""
    times_by_event = {key: list(event.times) for key, event in calendar.events.items()}
    for doubt in calendar.doubts:
        if not doubt.freed:
            times_by_event.setdefault(doubt.event, []).extend(doubt.times)
    return {key: union(times) for key, times in times_by_event.items() if times}


def _future_times(times: Times, now: datetime) -> Times:
    return [
        Interval(max(interval.start, now), interval.end) for interval in times if interval.end > now
    ]


def _flattened(lists: Iterable[Iterable[Interval[datetime]]]) -> Iterable[Interval[datetime]]:
    return (interval for intervals in lists for interval in intervals)


# --- JSON, as it is stored between readings and sent by the process that reads -----------------


def times_to_json(times: Times) -> list[list[int]]:
    """The times as pairs of seconds since 1970; the end is rounded up."""
    return [
        [int(interval.start.timestamp()), -int(-interval.end.timestamp() // 1)]
        for interval in times
    ]


def times_from_json(rows: Any) -> Times:
    """The times that `times_to_json` wrote."""
    return [
        Interval(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in rows
    ]


def doubts_to_json(doubts: Iterable[Doubt]) -> list[dict[str, Any]]:
    """The doubts with all their fields."""
    return [{**vars(doubt), "times": times_to_json(doubt.times)} for doubt in doubts]


def doubts_from_json(rows: Any) -> list[Doubt]:
    """The doubts that `doubts_to_json` wrote."""
    return [Doubt(**{**row, "times": times_from_json(row["times"])}) for row in rows]


def events_to_json(events: Mapping[str, Taken]) -> dict[str, Any]:
    """By event, since when it is missing (seconds since 1970; 0: it is there) and its times."""
    return {
        key: [
            int(event.missing_since.timestamp()) if event.missing_since else 0,
            times_to_json(event.times),
        ]
        for key, event in events.items()
    }


def events_from_json(rows: Any) -> dict[str, Taken]:
    """The events that `events_to_json` wrote."""
    return {
        key: Taken(times_from_json(times), datetime.fromtimestamp(since, UTC) if since else None)
        for key, (since, times) in rows.items()
    }

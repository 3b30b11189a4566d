"""The busy time and doubts of one event with its repeats and exceptions.

Repeats are expanded in local time of the event's zone and compared as instants in UTC. An event
that cannot be read in full blocks the time from DTSTART to DTEND; an exception that cannot be read
leaves its series unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from prepazka.core.external_times import Doubt, Times
from prepazka.core.interval import Interval, union
from prepazka.gateways.calendars.attendance import Preferences, takes_time
from prepazka.gateways.calendars.budget import Budget, OutOfBudget
from prepazka.gateways.calendars.ical_parser import Component, Property
from prepazka.gateways.calendars.ical_values import (
    DAY,
    When,
    Zones,
    add_within_range,
    read_duration,
    to_local,
    to_utc,
)
from prepazka.gateways.calendars.recurrence_rules import Rule

NOTHING = timedelta(0)
# Added around the window, as local days and zones differ by less.
MARGIN = timedelta(days=2)
# Properties that a doubt's mark is made of: none that programs change with each export.
MARKED = frozenset(
    """UID RECURRENCE-ID DTSTART DTEND DURATION RRULE EXRULE RDATE EXDATE STATUS TRANSP ATTENDEE
    ORGANIZER FREEBUSY X-MICROSOFT-CDO-BUSYSTATUS""".split()
)


@dataclass(frozen=True)
class Context:
    """The settings for reading the events of a calendar."""

    window: Interval[datetime]
    zones: Zones
    wishes: Preferences
    budget: Budget

    def clipped(self, start: datetime, end: datetime) -> Times:
        """The part of the interval within the window, as a list; empty if there is none."""
        clipped_start, clipped_end = max(start, self.window.start), min(end, self.window.end)
        return [Interval(clipped_start, clipped_end)] if clipped_start < clipped_end else []


@dataclass(frozen=True)
class Length:
    """The length of an event: whole days in local time, then an exact duration.

    DTEND implies both an exact length and one in local time; at a clock change the longer counts.
    """

    days: timedelta
    rest: timedelta
    exact: timedelta | None = None

    def end(self, start: datetime, zone: tzinfo) -> datetime:
        """The instant of the end of an occurrence that starts at a local time."""
        begin = to_utc(start, zone)
        by_clock = add_within_range(to_utc(add_within_range(start, self.days), zone), self.rest)
        if self.exact is None:
            return by_clock
        wall = to_utc(add_within_range(start, self.days + self.rest), zone)
        return max(wall, add_within_range(begin, self.exact))

    @property
    def longest(self) -> timedelta:
        """An upper bound of the length of an occurrence."""
        return self.days + self.rest + DAY

    @property
    def is_negative(self) -> bool:
        """Whether the end is before the start."""
        return (self.exact if self.exact is not None else self.days + self.rest) < NOTHING


@dataclass
class Event:
    """An event read from a component: a master or an exception."""

    component: Component
    start: When
    length: Length
    why: str = ""  # the reason of doubt; empty if there is none
    takes: bool = True
    of: When | None = None  # the occurrence that an exception replaces
    onwards: bool = False  # whether it replaces all later occurrences too

    def own(self, context: Context) -> Times:
        """The time from DTSTART to DTEND, without repeats."""
        return self.lasting(self.start.local, self.start.zone, context)

    def lasting(self, start: datetime, zone: tzinfo, context: Context) -> Times:
        """The time of an occurrence that starts at a local time."""
        if self.start.all_day:
            start = datetime.combine(start.date(), time())
        return context.clipped(to_utc(start, zone), self.length.end(start, zone))


class Series:
    """The components of one UID, masters and exceptions; `read` fills `times` and `doubts`."""

    def __init__(self, uid: str, context: Context) -> None:
        self.key = key_of(uid)
        self.uid = uid
        self.context = context
        self.times: dict[str, Times] = {}  # by event key; each of several masters has its own
        self.doubts: list[Doubt] = []

    def read(self, components: list[Component]) -> None:
        """Fill `times` and `doubts`. Raises OutOfBudget if reading components takes too long."""
        masters, changes = self._events(components)
        sound = [change for change in changes if not change.why]
        for change in changes:
            times = change.own(self.context) if change.takes else []
            if change.why:
                self._doubt_event(self.key, change, times)
            else:
                self._add_times(self.key, times)
        for master in masters:
            self._expand(self._key_of(master, masters), master, sound)

    def give_up(self, components: list[Component], why: str) -> None:
        """Count each component from DTSTART to DTEND, in doubt; its earlier known time stays."""
        self.times, self.doubts = {}, []
        for component in components:
            try:
                event = _event(component, self.context)
            except Exception:  # noqa: BLE001  # a stranger's event may be wrong in any way
                self._add_doubt(self.key, component, why, [])
            else:
                self._add_doubt(self.key, component, why, event.own(self.context))

    def without_times(self, components: list[Component], why: str) -> None:
        """Count the components as doubts without times; their earlier known time stays."""
        self.times, self.doubts = {}, []
        for component in components:
            self._add_doubt(self.key, component, why, [])

    def _events(self, components: list[Component]) -> tuple[list[Event], list[Event]]:
        masters: list[Event] = []
        changes: list[Event] = []
        for component in components:
            try:
                event = _event(component, self.context)
            except ValueError:
                if not component.sound or takes_time(component, self.context.wishes, all_day=False):
                    self._add_doubt(self.key, component, "start", [])
                continue
            (changes if component.all("RECURRENCE-ID") else masters).append(event)
        return masters, changes

    def _expand(self, key: str, master: Event, changes: list[Event]) -> None:
        self._add_times(key, [])
        onward_changes = [change for change in changes if change.onwards]
        if not master.takes and not any(change.takes for change in onward_changes):
            return
        times: Times = []
        repeats = None
        try:
            self.context.budget.check()
            repeats = Repeats(master, changes, self.context)
            master.why = master.why or ("rule" if repeats.loses else "")
            for start, event in repeats.occurrences():
                during = event.lasting(start, master.start.zone, self.context)
                if event.takes and during:
                    self.context.budget.count()
                    times += during
        except OutOfBudget:
            # The times expanded so far are the nearest ones.
            master.why = "budget"
        if repeats is None or master.why:
            self._doubt_event(key, master, times + master.own(self.context))
            return
        self._add_times(key, times)
        if repeats.unread:
            # Only excluded days are in doubt, so the series counts in full.
            self._add_doubt(key, master.component, "left_out", [], keeps=False)

    def _key_of(self, master: Event, masters: list[Event]) -> str:
        if len(masters) == 1:
            return self.key
        return key_of(f"{self.uid}\n{_text(master.component, 'DTSTART')}")

    def _add_times(self, key: str, times: Times) -> None:
        self.times[key] = union([*self.times.get(key, []), *times])

    def _doubt_event(self, key: str, event: Event, times: Times) -> None:
        self._add_doubt(key, event.component, event.why, times, keeps=event.why != "exception")

    def _add_doubt(
        self, key: str, component: Component, why: str, times: Times, *, keeps: bool = True
    ) -> None:
        mark = key_of("\n".join([key, why, *component.lines_of(MARKED)]))
        if all(doubt.mark != mark for doubt in self.doubts):
            self.doubts.append(Doubt(key, mark, why, union(times), keeps))


class Repeats:
    """The occurrences of a master that are not replaced by exceptions. Raises OutOfBudget."""

    def __init__(self, master: Event, changes: list[Event], context: Context) -> None:
        self.master, self.context = master, context
        self.zone = master.start.zone
        self.loses = False  # whether repeats may be missing, as a part could not be read
        self.unread = False  # whether excluded days may be missing, as a part could not be read
        self.left_out: set[datetime] = set()  # instants
        self.left_out_days: set[date] = set()
        for when in [*self._dates("EXDATE"), *(change.of for change in changes if change.of)]:
            self._exclude(when)
        self.onwards = sorted(
            (
                (change.of.instant, self._shift(change, change.of), change)
                for change in changes
                if change.of and change.onwards
            ),
            key=lambda change: change[0],
        )
        self.extra = list(self._extra_dates())
        self.rules = self._rules("RRULE")
        self.rules_out = self._rules("EXRULE")

    def occurrences(self) -> Iterator[tuple[datetime, Event]]:
        """Local starts in the master's zone, each with the event that gives its length."""
        earliest, latest = self._bounds()
        excluded = {
            local for rule in self.rules_out for local in _up_to(rule.occurrences(earliest), latest)
        }
        yielded: set[datetime] = set()
        for start in self._starts(earliest, latest):
            if start not in yielded and start not in excluded:
                yielded.add(start)
                instant = to_utc(start, self.zone)
                if not self._is_excluded(start, instant):
                    yield self._as_changed(start, instant)
        for start, event in self.extra:
            if not self._is_excluded(start, to_utc(start, self.zone)):
                yield start, event

    def _starts(self, earliest: datetime, latest: datetime) -> Iterator[datetime]:
        # DTSTART is an occurrence even if the rule does not produce it.
        yield self.master.start.local
        for rule in self.rules:
            yield from _up_to(rule.occurrences(earliest), latest)

    def _bounds(self) -> tuple[datetime, datetime]:
        lengths = [
            self.master.length.longest,
            *(change.length.longest for *_, change in self.onwards),
        ]
        margin = MARGIN + max((abs(shift) for _, shift, _ in self.onwards), default=NOTHING)
        window = self.context.window
        earliest = add_within_range(to_local(window.start, UTC), -max(lengths) - margin)
        return earliest, add_within_range(to_local(window.end, UTC), margin)

    def _exclude(self, when: When) -> None:
        if when.all_day:
            self.left_out_days.add(when.local.date())
        elif self.master.start.all_day:
            self.left_out_days.add(to_local(when.instant, self.zone).date())
        else:
            self.left_out.add(when.instant)

    def _is_excluded(self, start: datetime, instant: datetime) -> bool:
        return instant in self.left_out or start.date() in self.left_out_days

    def _shift(self, change: Event, of: When) -> timedelta:
        """By how much an exception for all later occurrences shifts them in local time."""
        if change.start.all_day or of.all_day:
            return change.start.local - of.local
        return to_local(change.start.instant, self.zone) - to_local(of.instant, self.zone)

    def _as_changed(self, start: datetime, instant: datetime) -> tuple[datetime, Event]:
        for since, shift, change in reversed(self.onwards):
            if since <= instant:
                return add_within_range(start, shift), change
        return start, self.master

    def _rules(self, name: str) -> list[Rule]:
        rules = []
        for rule_property in self.master.component.all(name):
            try:
                rules.append(Rule(rule_property.value, self.master.start, self.context.zones))
            except ValueError:
                self._note_unreadable(name)
        return rules

    def _dates(self, name: str) -> Iterator[When]:
        for text, date_property in self._date_texts(name):
            try:
                yield self._with_event_zone(
                    self.context.zones.when(text, _zone_of(date_property)), date_property
                )
            except ValueError:
                self._note_unreadable(name)

    def _extra_dates(self) -> Iterator[tuple[datetime, Event]]:
        for text, date_property in self._date_texts("RDATE"):
            start_text, period, end_text = text.partition("/")
            try:
                when = self._with_event_zone(
                    self.context.zones.when(start_text, _zone_of(date_property)), date_property
                )
                event = self.master
                if period:
                    event = replace(
                        self.master, start=when, length=self._period(when, end_text, date_property)
                    )
                elif when.all_day != self.master.start.all_day:
                    event = replace(self.master, start=when, length=Length(DAY, NOTHING))
            except ValueError:
                self._note_unreadable("RDATE")
            else:
                start = when.local if when.all_day else to_local(when.instant, self.zone)
                yield start, event

    def _period(self, start: When, text: str, date_property: Property) -> Length:
        if "P" in text.upper():
            return Length(*read_duration(text))
        exact = self.context.zones.when(text, _zone_of(date_property)).instant - start.instant
        return Length(NOTHING, exact)

    def _with_event_zone(self, when: When, date_property: Property) -> When:
        """The time in the event's zone if it has none of its own."""
        floats = not (when.all_day or date_property.parameters.get("TZID") or when.zone_given)
        return replace(when, zone=self.zone) if floats else when

    def _date_texts(self, name: str) -> Iterator[tuple[str, Property]]:
        for date_property in self.master.component.all(name):
            for text in date_property.value.split(","):
                yield text, date_property

    def _note_unreadable(self, name: str) -> None:
        if name.startswith("EX"):
            self.unread = True
        else:
            self.loses = True


def rest_of_day(start: When, zones: Zones) -> timedelta:
    """The time from the start to the end of its day in the office's zone."""
    local_start = to_local(start.instant, zones.office)
    return add_within_range(datetime.combine(local_start.date(), time()), DAY) - local_start


def key_of(text: str) -> str:
    """A short hash of an event's identifier, which may contain personal data."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _event(component: Component, context: Context) -> Event:
    """The event of a component. Raises ValueError if its start cannot be read."""
    starts, wrong = _readable(component.all("DTSTART"), context.zones)
    if not starts:
        raise ValueError("DTSTART")
    start = starts[0]
    span, impossible = _length(component, start, context.zones)
    event = Event(component, start, span)
    event.takes = not component.sound or takes_time(
        component, context.wishes, all_day=start.all_day
    )
    if component.all("RECURRENCE-ID"):
        _note_exception(event, context.zones)
    if not component.sound:
        event.why = "torn"
    elif not event.why and (wrong or len(set(starts)) > 1):
        event.why = "start"
    elif not event.why and impossible:
        event.why = "end"
    elif not event.why and not start.certain:
        event.why = "zone"
    if not event.takes and event.why in {"start", "end", "zone"}:
        event.why = ""  # it blocks no time whatever its time is
    return event


def _note_exception(event: Event, zones: Zones) -> None:
    replaced, wrong = _readable(event.component.all("RECURRENCE-ID"), zones)
    ranges = {
        recurrence_id.parameters.get("RANGE", "").upper()
        for recurrence_id in event.component.all("RECURRENCE-ID")
    }
    if wrong or len(replaced) != 1 or not ranges <= {"", "THISANDFUTURE"}:
        event.why = "exception"
        return
    event.of, event.onwards = replaced[0], "THISANDFUTURE" in ranges


def _length(component: Component, start: When, zones: Zones) -> tuple[Length, bool]:
    """The length of the event, and whether its properties are contradictory or unreadable.

    Such an event lasts to the end of its day.
    """
    ends, wrong = _readable(component.all("DTEND"), zones)
    lengths, wrong_too = _lengths(component)
    if start.all_day:
        last_midnight = max(
            [
                add_within_range(start.local, DAY),
                *(_midnight_after(end) for end in ends),
                *(
                    add_within_range(start.local, days + _whole_days(exact))
                    for days, exact in lengths
                ),
            ]
        )
        return Length(last_midnight - start.local, NOTHING), wrong or wrong_too
    tonight = Length(NOTHING, rest_of_day(start, zones))
    spans = [_between(start, end) for end in ends]
    spans += [Length(*duration) for duration in lengths]
    torn = not (component.sound or spans)
    if wrong or wrong_too or torn or any(span.is_negative for span in spans):
        return max([tonight, *spans], key=lambda span: span.longest), True
    mixed = any(end.all_day or not end.certain for end in ends)
    return max(spans, key=lambda span: span.longest, default=Length(NOTHING, NOTHING)), mixed


def _between(start: When, end: When) -> Length:
    exact = end.instant - start.instant
    wall = end.local - start.local if end.zone is start.zone else exact
    return Length(NOTHING, wall, exact)


def _midnight_after(end: When) -> datetime:
    """The midnight at or after the end; a time within a day counts the whole day."""
    midnight = datetime.combine(end.local.date(), time())
    return midnight if midnight == end.local else add_within_range(midnight, DAY)


def _whole_days(exact: timedelta) -> timedelta:
    return timedelta(days=-(-exact // DAY))


def _lengths(component: Component) -> tuple[list[tuple[timedelta, timedelta]], bool]:
    lengths, wrong = [], False
    for duration in component.all("DURATION"):
        try:
            lengths.append(read_duration(duration.value))
        except ValueError:
            wrong = True
    return lengths, wrong


def _readable(properties: list[Property], zones: Zones) -> tuple[list[When], bool]:
    readable, wrong = [], False
    for date_property in properties:
        try:
            readable.append(zones.of(date_property))
        except ValueError:
            wrong = True
    return readable, wrong


def _up_to(starts: Iterator[datetime], latest: datetime) -> Iterator[datetime]:
    for start in starts:
        if start > latest:
            return
        yield start


def _zone_of(date_property: Property) -> str:
    return date_property.parameters.get("TZID", "")


def _text(component: Component, name: str) -> str:
    return ",".join(named_property.value for named_property in component.all(name))

"""One event with all its repeats and exceptions: when it takes time, and what is in doubt.

Local times are unfolded by the clock of the event's zone, and compared as instants in UTC. What is
not understood takes its time from DTSTART to DTEND; an exception that is not understood leaves its
series whole.
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
from prepazka.gateways.calendars.rules import Rule
from prepazka.gateways.calendars.text import Component, Property
from prepazka.gateways.calendars.values import DAY, When, Zones, length, plus, to_local, to_utc

NOTHING = timedelta(0)
# Around the window, for days and zones differ by less.
MARGIN = timedelta(days=2)
# What the mark of a doubt is made of: nothing that programs renew with each export.
MARKED = frozenset(
    """UID RECURRENCE-ID DTSTART DTEND DURATION RRULE EXRULE RDATE EXDATE STATUS TRANSP ATTENDEE
    ORGANIZER FREEBUSY X-MICROSOFT-CDO-BUSYSTATUS""".split()
)


@dataclass(frozen=True)
class Context:
    """What all events of a calendar are read with."""

    window: Interval[datetime]
    zones: Zones
    wishes: Preferences
    budget: Budget

    def clipped(self, start: datetime, end: datetime) -> Times:
        """The interval as far as it lies in the window; nothing if it is empty."""
        first, last = max(start, self.window.start), min(end, self.window.end)
        return [Interval(first, last)] if first < last else []


@dataclass(frozen=True)
class Length:
    """How long an event takes: whole days by the clock on the wall, then exact time.

    DTEND says both an exact length and one by the clock, and over a change of the clocks the
    longer of them counts.
    """

    days: timedelta
    rest: timedelta
    exact: timedelta | None = None

    def end(self, start: datetime, zone: tzinfo) -> datetime:
        """The instant of the end of an occurrence that starts at a local time."""
        begin = to_utc(start, zone)
        by_clock = plus(to_utc(plus(start, self.days), zone), self.rest)
        if self.exact is None:
            return by_clock
        wall = to_utc(plus(start, self.days + self.rest), zone)
        return max(wall, plus(begin, self.exact))

    @property
    def longest(self) -> timedelta:
        """At least as long as any occurrence."""
        return self.days + self.rest + DAY

    @property
    def is_negative(self) -> bool:
        """Whether the end lies before the start."""
        return (self.exact if self.exact is not None else self.days + self.rest) < NOTHING


@dataclass
class Event:
    """A component that was read: a master, or an exception of one."""

    component: Component
    start: When
    length: Length
    why: str = ""  # what of it is in doubt
    takes: bool = True
    of: When | None = None  # the occurrence that it replaces
    onwards: bool = False  # it replaces all later ones too

    def own(self, context: Context) -> Times:
        """Its time from DTSTART to DTEND, without repeats."""
        return self.lasting(self.start.local, self.start.zone, context)

    def lasting(self, start: datetime, zone: tzinfo, context: Context) -> Times:
        """The time of an occurrence at a local time."""
        if self.start.all_day:
            start = datetime.combine(start.date(), time())
        return context.clipped(to_utc(start, zone), self.length.end(start, zone))


class Series:
    """Reads the components of one UID: masters, and exceptions of them."""

    def __init__(self, uid: str, context: Context) -> None:
        self.key = key_of(uid)
        self.uid = uid
        self.context = context
        self.times: dict[str, Times] = {}  # by event; a master beside another has a key of its own
        self.doubts: list[Doubt] = []

    def read(self, components: list[Component]) -> None:
        """Fill `times` and `doubts`. Raises OutOfBudget where even the components are too much."""
        masters, changes = self._events(components)
        sound = [one for one in changes if not one.why]
        for one in changes:
            times = one.own(self.context) if one.takes else []
            if one.why:
                self._doubt(self.key, one, times)
            else:
                self._take(self.key, times)
        for master in masters:
            self._unfold(self._key_of(master, masters), master, sound)

    def give_up(self, components: list[Component], why: str) -> None:
        """Take each component from its DTSTART to its DTEND and what was known before."""
        self.times, self.doubts = {}, []
        for component in components:
            try:
                event = _event(component, self.context)
            except Exception:  # noqa: BLE001  # a stranger's event may be wrong in any way
                self._note(self.key, component, why, [])
            else:
                self._note(self.key, component, why, event.own(self.context))

    def without_times(self, components: list[Component], why: str) -> None:
        """Take what was known of the components before, and nothing else."""
        self.times, self.doubts = {}, []
        for component in components:
            self._note(self.key, component, why, [])

    def _events(self, components: list[Component]) -> tuple[list[Event], list[Event]]:
        masters: list[Event] = []
        changes: list[Event] = []
        for component in components:
            try:
                event = _event(component, self.context)
            except ValueError:
                if not component.sound or takes_time(component, self.context.wishes, all_day=False):
                    self._note(self.key, component, "start", [])
                continue
            (changes if component.all("RECURRENCE-ID") else masters).append(event)
        return masters, changes

    def _unfold(self, key: str, master: Event, changes: list[Event]) -> None:
        self._take(key, [])
        later = [one for one in changes if one.onwards]
        if not master.takes and not any(one.takes for one in later):
            return
        times: Times = []
        repeats = None
        try:
            self.context.budget.check()
            repeats = Repeats(master, changes, self.context)
            master.why = master.why or ("rule" if repeats.loses else "")
            for start, like in repeats.occurrences():
                during = like.lasting(start, master.start.zone, self.context)
                if like.takes and during:
                    self.context.budget.count()
                    times += during
        except OutOfBudget:
            # What was unfolded so far is the nearest future.
            master.why = "budget"
        if repeats is None or master.why:
            self._doubt(key, master, times + master.own(self.context))
            return
        self._take(key, times)
        if repeats.unread:
            # Only days that are left out are in doubt: the series stays whole.
            self._note(key, master.component, "left_out", [], keeps=False)

    def _key_of(self, master: Event, masters: list[Event]) -> str:
        if len(masters) == 1:
            return self.key
        return key_of(f"{self.uid}\n{_text(master.component, 'DTSTART')}")

    def _take(self, key: str, times: Times) -> None:
        self.times[key] = union([*self.times.get(key, []), *times])

    def _doubt(self, key: str, event: Event, times: Times) -> None:
        self._note(key, event.component, event.why, times, keeps=event.why != "exception")

    def _note(
        self, key: str, component: Component, why: str, times: Times, *, keeps: bool = True
    ) -> None:
        mark = key_of("\n".join([key, why, *component.lines_of(MARKED)]))
        if all(one.mark != mark for one in self.doubts):
            self.doubts.append(Doubt(key, mark, why, union(times), keeps))


class Repeats:
    """The occurrences of a master that no exception replaces. Raises OutOfBudget."""

    def __init__(self, master: Event, changes: list[Event], context: Context) -> None:
        self.master, self.context = master, context
        self.zone = master.start.zone
        self.loses = False  # a part was not understood, so that repeats may be missing
        self.unread = False  # or days that should be left out are not
        self.left_out: set[datetime] = set()  # instants
        self.left_out_days: set[date] = set()
        for when in [*self._dates("EXDATE"), *(one.of for one in changes if one.of)]:
            self._leave_out(when)
        self.onwards = sorted(
            (
                (one.of.instant, self._shift(one, one.of), one)
                for one in changes
                if one.of and one.onwards
            ),
            key=lambda change: change[0],
        )
        self.extra = list(self._extra())
        self.rules = self._rules("RRULE")
        self.rules_out = self._rules("EXRULE")

    def occurrences(self) -> Iterator[tuple[datetime, Event]]:
        """Local starts by the master's zone, each with the event whose length it has."""
        first, last = self._bounds()
        out = {local for rule in self.rules_out for local in _up_to(rule.occurrences(first), last)}
        seen: set[datetime] = set()
        for start in self._starts(first, last):
            if start not in seen and start not in out:
                seen.add(start)
                instant = to_utc(start, self.zone)
                if not self._is_left_out(start, instant):
                    yield self._as_changed(start, instant)
        for start, like in self.extra:
            if not self._is_left_out(start, to_utc(start, self.zone)):
                yield start, like

    def _starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        # DTSTART counts, also where the rule would not name it.
        yield self.master.start.local
        for rule in self.rules:
            yield from _up_to(rule.occurrences(first), last)

    def _bounds(self) -> tuple[datetime, datetime]:
        lengths = [self.master.length.longest, *(one.length.longest for *_, one in self.onwards)]
        around = MARGIN + max((abs(shift) for _, shift, _ in self.onwards), default=NOTHING)
        window = self.context.window
        first = plus(to_local(window.start, UTC), -max(lengths) - around)
        return first, plus(to_local(window.end, UTC), around)

    def _leave_out(self, when: When) -> None:
        if when.all_day:
            self.left_out_days.add(when.local.date())
        elif self.master.start.all_day:
            self.left_out_days.add(to_local(when.instant, self.zone).date())
        else:
            self.left_out.add(when.instant)

    def _is_left_out(self, start: datetime, instant: datetime) -> bool:
        return instant in self.left_out or start.date() in self.left_out_days

    def _shift(self, change: Event, of: When) -> timedelta:
        """How far a change of "this and all later ones" moves them by the clock on the wall."""
        if change.start.all_day or of.all_day:
            return change.start.local - of.local
        return to_local(change.start.instant, self.zone) - to_local(of.instant, self.zone)

    def _as_changed(self, start: datetime, instant: datetime) -> tuple[datetime, Event]:
        for since, shift, change in reversed(self.onwards):
            if since <= instant:
                return plus(start, shift), change
        return start, self.master

    def _rules(self, name: str) -> list[Rule]:
        rules = []
        for one in self.master.component.all(name):
            try:
                rules.append(Rule(one.value, self.master.start, self.context.zones))
            except ValueError:
                self._was_unread(name)
        return rules

    def _dates(self, name: str) -> Iterator[When]:
        for text, one in self._items(name):
            try:
                yield self._own_zone(self.context.zones.when(text, _zone_of(one)), one)
            except ValueError:
                self._was_unread(name)

    def _extra(self) -> Iterator[tuple[datetime, Event]]:
        for text, one in self._items("RDATE"):
            first, period, last = text.partition("/")
            try:
                when = self._own_zone(self.context.zones.when(first, _zone_of(one)), one)
                like = self.master
                if period:
                    like = replace(self.master, start=when, length=self._period(when, last, one))
                elif when.all_day != self.master.start.all_day:
                    like = replace(self.master, start=when, length=Length(DAY, NOTHING))
            except ValueError:
                self._was_unread("RDATE")
            else:
                start = when.local if when.all_day else to_local(when.instant, self.zone)
                yield start, like

    def _period(self, start: When, text: str, one: Property) -> Length:
        if "P" in text.upper():
            return Length(*length(text))
        exact = self.context.zones.when(text, _zone_of(one)).instant - start.instant
        return Length(NOTHING, exact)

    def _own_zone(self, when: When, one: Property) -> When:
        """A time without a zone is that of the event."""
        floats = not (when.all_day or one.parameters.get("TZID") or when.zone_given)
        return replace(when, zone=self.zone) if floats else when

    def _items(self, name: str) -> Iterator[tuple[str, Property]]:
        for one in self.master.component.all(name):
            for text in one.value.split(","):
                yield text, one

    def _was_unread(self, name: str) -> None:
        if name.startswith("EX"):
            self.unread = True
        else:
            self.loses = True


def rest_of_day(start: When, zones: Zones) -> timedelta:
    """How long the day of the start still lasts in the office."""
    here = to_local(start.instant, zones.office)
    return plus(datetime.combine(here.date(), time()), DAY) - here


def key_of(text: str) -> str:
    """A short name for what identifies an event, which may itself speak of people."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _event(component: Component, context: Context) -> Event:
    """The component's time. Raises ValueError where its start cannot be read."""
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
        event.why = ""  # whenever it is, it takes nothing
    return event


def _note_exception(event: Event, zones: Zones) -> None:
    found, wrong = _readable(event.component.all("RECURRENCE-ID"), zones)
    ranges = {
        one.parameters.get("RANGE", "").upper() for one in event.component.all("RECURRENCE-ID")
    }
    if wrong or len(found) != 1 or not ranges <= {"", "THISANDFUTURE"}:
        event.why = "exception"
        return
    event.of, event.onwards = found[0], "THISANDFUTURE" in ranges


def _length(component: Component, start: When, zones: Zones) -> tuple[Length, bool]:
    """How long the event takes, and whether what is written cannot be so.

    What cannot be so lasts to the end of its day.
    """
    ends, wrong = _readable(component.all("DTEND"), zones)
    lengths, wrong_too = _lengths(component)
    if start.all_day:
        last = max(
            [
                plus(start.local, DAY),
                *(_midnight_after(one) for one in ends),
                *(plus(start.local, days + _whole_days(rest)) for days, rest in lengths),
            ]
        )
        return Length(last - start.local, NOTHING), wrong or wrong_too
    tonight = Length(NOTHING, rest_of_day(start, zones))
    spans = [_between(start, one) for one in ends] + [Length(*one) for one in lengths]
    torn = not (component.sound or spans)
    if wrong or wrong_too or torn or any(one.is_negative for one in spans):
        return max([tonight, *spans], key=lambda one: one.longest), True
    mixed = any(one.all_day or not one.certain for one in ends)
    return max(spans, key=lambda one: one.longest, default=Length(NOTHING, NOTHING)), mixed


def _between(start: When, end: When) -> Length:
    exact = end.instant - start.instant
    wall = end.local - start.local if end.zone is start.zone else exact
    return Length(NOTHING, wall, exact)


def _midnight_after(end: When) -> datetime:
    """The end of whole days; a time within a day counts the whole of it."""
    midnight = datetime.combine(end.local.date(), time())
    return midnight if midnight == end.local else plus(midnight, DAY)


def _whole_days(rest: timedelta) -> timedelta:
    return timedelta(days=-(-rest // DAY))


def _lengths(component: Component) -> tuple[list[tuple[timedelta, timedelta]], bool]:
    found, wrong = [], False
    for one in component.all("DURATION"):
        try:
            found.append(length(one.value))
        except ValueError:
            wrong = True
    return found, wrong


def _readable(properties: list[Property], zones: Zones) -> tuple[list[When], bool]:
    found, wrong = [], False
    for one in properties:
        try:
            found.append(zones.of(one))
        except ValueError:
            wrong = True
    return found, wrong


def _up_to(starts: Iterator[datetime], last: datetime) -> Iterator[datetime]:
    for one in starts:
        if one > last:
            return
        yield one


def _zone_of(one: Property) -> str:
    return one.parameters.get("TZID", "")


def _text(component: Component, name: str) -> str:
    return ",".join(one.value for one in component.all(name))

"""Opening hours of an office and its parts: which weekly hours and exceptions count for what.

Parts are numbers, hours are local minutes after midnight. `core.calendar` decides on one list of
weekly hours; this module chooses the list for a service, an official or a counter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeVar

from prepazka.core import calendar, interval
from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.interval import Interval

Minutes = list[Interval[int]]
WHOLE_DAY = Interval(0, calendar.DAY_MIN)
IN_PERSON = "person"  # the mode of a visit to the office


class Scope(NamedTuple):
    """The part of the office whose hours these are; all None for the office as a whole."""

    agenda: int | None = None
    service: int | None = None
    counter: int | None = None
    official: int | None = None


OFFICE = Scope()


@dataclass(frozen=True, slots=True)
class PartHours:
    """Weekly hours of a part; with `booking` those that can be booked, with `mode` for it alone."""

    scope: Scope
    hours: WeeklyHours
    booking: bool = False
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class PartException:
    """Days on which the hours of a part differ, with the reason by language."""

    scope: Scope
    days: DayException
    reason: Mapping[str, str] = field(default_factory=dict)


Row = TypeVar("Row", PartHours, PartException)


@dataclass(frozen=True)
class OfficeHours:
    """The hours of an office's parts on any day.

    `agendas` has the agenda of each service, retired ones too; `offered` are the services of the
    current office file.
    """

    weekly: Sequence[PartHours]
    exceptions: Sequence[PartException]
    agendas: Mapping[int, int]
    offered: Sequence[int]
    public_holidays: bool = False

    def of_service(self, service: int, day: date, mode: str = IN_PERSON) -> Minutes:
        """Local minutes of that day in which citizens are served for the service in that mode.

        The office's hours, replaced by the agenda's own where it has any, cut to the service's;
        hours that are for one mode only are added to them.
        """
        return interval.union([*self._of_all(service, day), *self._of_mode(service, day, mode)])

    def bookable(self, service: int, day: date, mode: str = IN_PERSON) -> Minutes:
        """Local minutes of that day in which slots to be booked may lie.

        The agenda's booking hours where it has any, inside the hours of the service; hours for
        the mode alone can always be booked, whatever the booking hours are.
        """
        minutes = self._of_all(service, day)
        of_agenda = Scope(agenda=self.agendas[service])
        rows = self._weekly(of_agenda, booking=True) or self._weekly(OFFICE, booking=True)
        if rows:
            minutes = interval.intersect(minutes, self._open(day, rows, of_agenda))
        return interval.union([*minutes, *self._of_mode(service, day, mode)])

    def of_official(self, official: int, service: int, day: date, mode: str = IN_PERSON) -> Minutes:
        """Local minutes of that day in which the official sees people for the service in that mode.

        Their own hours, also outside the office's; what is closed for the agenda or the service
        is closed here too, and a service with hours of its own keeps to them.
        """
        of_agenda, of_service = self._scopes(service)
        of_official = Scope(official=official)
        rows = [*self._weekly(of_official), *self._weekly(of_official, mode=mode)]
        minutes = self._open(day, rows, of_official, closing=(of_agenda, of_service))
        if service_rows := self._weekly(of_service):
            return interval.intersect(minutes, self._open(day, service_rows, of_service))
        return minutes

    def of_diary(self, official: int, day: date) -> Minutes:
        """Local minutes of that day in which the official sees people for any service."""
        of_official = Scope(official=official)
        return self._open(day, self._weekly_by_scope.get(of_official, []), of_official)

    def of_counter(self, counter: int, day: date) -> Minutes:
        """Local minutes of that day in which the counter is planned to be open."""
        of_counter = Scope(counter=counter)
        return self._open(day, self._weekly(of_counter) or self._weekly(OFFICE), of_counter)

    def of_office(self, day: date) -> Minutes:
        """Local minutes of that day in which anything at all is open."""
        return interval.union(chain.from_iterable(self.of_service(s, day) for s in self.offered))

    def general(self, day: date) -> Minutes:
        """Local minutes of that day in which the office as a whole is open.

        An agenda that is open alone, on a Saturday for example, does not count; an office whose
        agendas all have hours of their own is open while any of them is.
        """
        rows = self._weekly(OFFICE)
        return self._open(day, rows) if rows else self.of_office(day)

    def open_alone(self, day: date) -> list[tuple[int, Minutes]]:
        """The agendas that are open outside the general hours of that day, with those minutes."""
        general = self.general(day)
        minutes_by_agenda: dict[int, Minutes] = defaultdict(list)
        for service in self.offered:
            minutes_by_agenda[self.agendas[service]] += self.of_service(service, day)
        outside = [
            (agenda, interval.subtract(interval.union(agenda_minutes), general))
            for agenda, agenda_minutes in minutes_by_agenda.items()
        ]
        return [(agenda, minutes_alone) for agenda, minutes_alone in outside if minutes_alone]

    def reduced_places(self, agenda: int, day: date) -> list[tuple[Interval[int], int]]:
        """Local minutes of that day with reduced capacity of the agenda, each with its places."""
        return [
            (minutes, exception.days.places)
            for exception in self._exceptions(OFFICE, Scope(agenda=agenda))
            if exception.days.places is not None and (minutes := exception.days.minutes_on(day))
        ]

    def closing_reason(self, day: date, service: int | None = None) -> Mapping[str, str] | None:
        """Why the whole day is closed to the office or to the service; the reason may be empty.

        None where no exception closes the day, though a public holiday may. The reason for an
        official's absence is never returned.
        """
        scopes = [OFFICE] if service is None else [OFFICE, *self._scopes(service)]
        for exception in self._exceptions(*scopes):
            if exception.days.kind == "closed" and exception.days.minutes_on(day) == WHOLE_DAY:
                return exception.reason
        return None

    def _of_mode(self, service: int, day: date, mode: str) -> Minutes:
        """Minutes that the agenda opens for this mode only, cut to the service's own hours."""
        of_agenda, of_service = self._scopes(service)
        rows = [row for row in self._weekly_by_scope.get(of_agenda, ()) if row.mode == mode]
        if not rows:
            return []
        opened = self._open(day, rows, closing=(of_agenda, of_service))
        if service_rows := self._weekly(of_service):
            return interval.intersect(opened, self._open(day, service_rows, of_service))
        return opened

    def _of_all(self, service: int, day: date) -> Minutes:
        of_agenda, of_service = self._scopes(service)
        weekly_rows = self._weekly(of_agenda) or self._weekly(OFFICE)
        agenda_minutes = self._open(day, weekly_rows, of_agenda)
        if service_rows := self._weekly(of_service):
            return interval.intersect(agenda_minutes, self._open(day, service_rows, of_service))
        if of_service not in self._exceptions_by_scope:
            return agenda_minutes
        return interval.intersect(
            agenda_minutes, self._open(day, weekly_rows, of_agenda, of_service)
        )

    def _scopes(self, service: int) -> tuple[Scope, Scope]:
        """The scopes of the service's agenda and of the service itself."""
        return Scope(agenda=self.agendas[service]), Scope(service=service)

    def _weekly(
        self, scope: Scope, *, booking: bool = False, mode: str | None = None
    ) -> list[PartHours]:
        """Weekly hours of the scope that hold for every mode, or with `mode` for that one only."""
        rows = self._weekly_by_scope.get(scope, ())
        return [row for row in rows if row.booking == booking and row.mode == mode]

    def _exceptions(self, *scopes: Scope) -> Iterable[PartException]:
        by_scope = self._exceptions_by_scope
        return chain.from_iterable(by_scope.get(scope, ()) for scope in scopes)

    @cached_property
    def _weekly_by_scope(self) -> dict[Scope, list[PartHours]]:
        return _by_scope(self.weekly)

    @cached_property
    def _exceptions_by_scope(self) -> dict[Scope, list[PartException]]:
        return _by_scope(self.exceptions)

    def _open(
        self,
        day: date,
        rows: Iterable[PartHours],
        *scopes: Scope,
        closing: tuple[Scope, ...] = (),
    ) -> Minutes:
        """Local minutes of the weekly rows, with the exceptions of the office and the scopes.

        Of the scopes in `closing` only what is closed counts.
        """
        applying = [e.days for e in self._exceptions(OFFICE, *scopes) if e.days.kind != "reduced"]
        applying += [e.days for e in self._exceptions(*closing) if e.days.kind == "closed"]
        holidays = calendar.czech_holidays((day.year,)) if self.public_holidays else frozenset()
        return calendar.open_minutes(day, [row.hours for row in rows], applying, holidays)


def _by_scope(rows: Iterable[Row]) -> dict[Scope, list[Row]]:
    grouped: dict[Scope, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.scope].append(row)
    return dict(grouped)

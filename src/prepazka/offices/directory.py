"""The office as one snapshot in memory: read once per version, then asked without SQL."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import chain
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from prepazka.core import calendar, interval
from prepazka.core.interval import Interval
from prepazka.core.slots import Rules
from prepazka.offices.models import (
    Agenda,
    Counter,
    Department,
    HoursException,
    Office,
    OpeningHours,
    Service,
)

Minutes = list[Interval[int]]


@dataclass(frozen=True)
class Directory:
    """Everything a screen or a rule asks about an office; retired parts stay readable by id."""

    office: Office
    departments: dict[int, Department]
    agendas: dict[int, Agenda]
    services: dict[int, Service]
    counters: dict[int, Counter]
    serves: dict[int, frozenset[int]]
    hours: list[OpeningHours]
    exceptions: list[HoursException]
    rules: dict[int, Rules] = field(default_factory=dict)
    # What others derive from this snapshot and want to derive once only.
    kept: dict[Hashable, Any] = field(default_factory=dict)

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone of the office's clocks."""
        return ZoneInfo(self.office.timezone)

    def offered_services(self) -> list[Service]:
        """Services of today's file, in its order."""
        return [s for s in self.services.values() if not s.retired]

    def open_counters(self) -> list[Counter]:
        """Counters of today's file, in its order."""
        return [c for c in self.counters.values() if not c.retired]

    def service_by_code(self, code: str) -> Service | None:
        """The service of that code, unless it is retired."""
        return next((s for s in self.offered_services() if s.code == code), None)

    def agenda_of(self, service: Service) -> Agenda:
        """The agenda whose lanes and letter the service uses."""
        return self.agendas[service.agenda_id]

    def rules_of(self, service: Service) -> Rules:
        """The booking rules of the service's agenda."""
        return self.rules[service.agenda_id]

    def counters_for(self, service_id: int) -> list[Counter]:
        """Counters that serve the service."""
        return [c for c in self.open_counters() if service_id in self.serves[c.id]]

    def service_hours(self, service: Service, day: date) -> Minutes:
        """Local minutes of that day in which the service takes citizens.

        The office's hours, replaced by the agenda's own where it has any, cut to the service's.
        """
        of_agenda, of_service = {"agenda": service.agenda_id}, {"service": service.id}
        followed = self._rows(of_agenda) or self._rows({})
        agenda = self._open(day, followed, of_agenda)
        own = self._rows(of_service)
        if own:
            return interval.intersect(agenda, self._open(day, own, of_service))
        if not any(_is_for(e, **of_service) for e in self.exceptions):
            return agenda
        return interval.intersect(agenda, self._open(day, followed, of_agenda, of_service))

    def booking_hours(self, service: Service, day: date) -> Minutes:
        """Local minutes of that day on which booked terms are laid.

        The agenda's booking hours where it has any, inside the hours of the service.
        """
        taken = self.service_hours(service, day)
        of_agenda = {"agenda": service.agenda_id}
        laid = self._rows(of_agenda, booking=True) or self._rows({}, booking=True)
        if not laid:
            return taken
        return interval.intersect(taken, self._open(day, laid, of_agenda))

    def counter_hours(self, counter: Counter, day: date) -> Minutes:
        """Local minutes of that day in which the counter is planned to be open."""
        of_counter = {"counter": counter.id}
        return self._open(day, self._rows(of_counter) or self._rows({}), of_counter)

    def office_hours(self, day: date) -> Minutes:
        """Local minutes of that day in which anything at all is open."""
        everything = [self.service_hours(s, day) for s in self.offered_services()]
        return interval.union(chain.from_iterable(everything))

    def _rows(self, scope: dict[str, int], *, booking: bool = False) -> list[OpeningHours]:
        return [h for h in self.hours if h.booking == booking and _is_for(h, **scope)]

    def _open(self, day: date, rows: list[OpeningHours], *scopes: dict[str, int]) -> Minutes:
        """Local minutes of the weekly rows, with the exceptions of the office and the scopes."""
        weekly = [
            calendar.WeeklyHours(
                weekday=h.weekday, opens=h.opens, closes=h.closes,
                valid_from=h.valid_from, valid_to=h.valid_to,
            )
            for h in rows
        ]
        exceptions = [
            calendar.DayException(
                from_date=e.from_date, to_date=e.to_date, opens=e.opens, closes=e.closes,
                kind=e.kind,  # type: ignore[arg-type]  # one of Kind
            )
            for e in self.exceptions
            if any(_is_for(e, **scope) for scope in ({}, *scopes))
        ]
        holidays = (
            calendar.czech_holidays((day.year,))
            if self.office.public_holidays
            else frozenset()
        )
        return calendar.open_minutes(day, weekly, exceptions, holidays)


def _is_for(row: OpeningHours | HoursException, **scope: int) -> bool:
    """Say whether the row is for exactly this agenda, service or counter, or for the office."""
    wanted = (scope.get("agenda"), scope.get("service"), scope.get("counter"))
    return (row.agenda_id, row.service_id, row.counter_id) == wanted


_known: dict[int, tuple[int, Directory]] = {}
_known_lock = Lock()


def directory(office: Office) -> Directory:
    """The snapshot of that office's current version (`office` must be freshly read)."""
    kept = _known.get(office.pk)
    if kept and kept[0] == office.version:
        return kept[1]
    fresh = read(office)
    with _known_lock:
        _known[office.pk] = (office.version, fresh)
    return fresh


def directory_by_slug(slug: str) -> Directory:
    """As `directory`; one small SQL statement when the version is known. Raises DoesNotExist."""
    return _current(slug=slug)


def directory_by_id(pk: int) -> Directory:
    """As `directory_by_slug`, by the office's id."""
    return _current(pk=pk)


def _current(**which: str | int) -> Directory:
    found = Office.objects.filter(**which)
    row = found.values_list("pk", "version").first()
    if row and (kept := _known.get(row[0])) and kept[0] == row[1]:
        return kept[1]
    return directory(found.get())


def read(office: Office) -> Directory:
    """The snapshot read anew and kept nowhere, for a transaction that may still be undone."""
    agendas = {a.pk: a for a in office.agendas.all()}
    counters = {c.pk: c for c in office.counters.all()}
    serves: dict[int, set[int]] = {pk: set() for pk in counters}
    pairs = Counter.services.through.objects.filter(counter__office=office)
    for counter, service in pairs.values_list("counter_id", "service_id"):
        serves[counter].add(service)
    return Directory(
        office=office,
        departments={d.pk: d for d in office.departments.all()},
        agendas=agendas,
        services={s.pk: s for s in office.services.all()},
        counters=counters,
        serves={pk: frozenset(ids) for pk, ids in serves.items()},
        hours=list(office.opening_hours.all()),
        exceptions=list(office.hours_exceptions.all()),
        rules={pk: a.rules for pk, a in agendas.items()},
    )

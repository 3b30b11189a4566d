"""The snapshot of an office in memory: read once per version, then queried without SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import chain
from threading import Lock
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import get_language

from prepazka.core import calendar, interval
from prepazka.core.interval import Interval
from prepazka.core.slots import Rules
from prepazka.offices.models import (
    Agenda,
    Counter,
    Department,
    HoursException,
    Incident,
    Mode,
    Office,
    Official,
    OpeningHours,
    Service,
    System,
)
from prepazka.offices.office_rows import read_rows

VERSION_BY_ID = "SELECT id, version FROM offices_office WHERE id = %s"
VERSION_BY_SLUG = "SELECT id, version FROM offices_office WHERE slug = %s"

Minutes = list[Interval[int]]
Scope = tuple[int | None, ...]
Row = TypeVar("Row", OpeningHours, HoursException)
WHOLE_DAY = Interval(0, calendar.DAY_MIN)


@dataclass(frozen=True)
class OfficeSnapshot:
    """A snapshot of the office, for screens and rules; retired parts stay readable by id."""

    row: Office
    departments: dict[int, Department]
    agendas: dict[int, Agenda]
    services: dict[int, Service]
    counters: dict[int, Counter]
    serves: dict[int, frozenset[int]]
    hours: list[OpeningHours]
    exceptions: list[HoursException]
    officials: dict[int, Official] = field(default_factory=dict)
    topics: dict[int, frozenset[int]] = field(default_factory=dict)
    rules: dict[int, Rules] = field(default_factory=dict)
    systems: dict[int, System] = field(default_factory=dict)
    needs: dict[int, frozenset[int]] = field(default_factory=dict)  # systems, by service
    incidents: list[Incident] = field(default_factory=list)  # open ones, the oldest first
    # Cache of what other modules derive from this snapshot, by a key of theirs.
    kept: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def office_id(self) -> int:
        """The id of the office's row."""
        return self.row.pk

    @property
    def slug(self) -> str:
        """The office's part of addresses."""
        return self.row.slug

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone of the office's clocks."""
        return ZoneInfo(self.row.timezone)

    @cached_property
    def regular(self) -> OfficeSnapshot:
        """A snapshot of the same office without exceptions and holidays: its regular weeks."""
        office = copy(self.row)
        office.public_holidays = ""
        return replace(self, row=office, exceptions=[], kept={})

    def offered_services(self) -> list[Service]:
        """Services of the current office file, in its order."""
        return [s for s in self.services.values() if not s.retired]

    @cached_property
    def stopped(self) -> dict[int, Incident]:
        """Services that wait for a system that is down, with the oldest incident that stops each."""
        return {
            service: incident
            for incident in reversed(self.incidents)
            for service, needed in self.needs.items()
            if incident.system_id in needed
        }

    def stopped_by(self, incident: Incident) -> list[Service]:
        """Services of the current office file that need the system of the incident."""
        return self.needing(incident.system_id)

    def needing(self, system: int) -> list[Service]:
        """Services of the current office file that need the system."""
        return [s for s in self.offered_services() if system in self.needs.get(s.pk, ())]

    def open_systems(self) -> list[System]:
        """Systems of the current office file, in its order."""
        return [s for s in self.systems.values() if not s.retired]

    def open_counters(self) -> list[Counter]:
        """Counters of the current office file, in its order."""
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

    def open_officials(self) -> list[Official]:
        """Officials of the current office file, in its order."""
        return [o for o in self.officials.values() if not o.retired]

    def official_by_code(self, code: str) -> Official | None:
        """The official of that code, unless retired."""
        return next((o for o in self.open_officials() if o.code == code), None)

    def officials_for(self, service_id: int) -> list[Official]:
        """Officials with whom the service is booked; empty where it is booked by window."""
        return self._officials_by_topic.get(service_id, [])

    def topics_of(self, official: Official) -> list[Service]:
        """Services that can be booked with the official, in the order of the file."""
        service_ids = self.topics.get(official.pk, frozenset())
        return [s for s in self.offered_services() if s.pk in service_ids and s.bookable]

    def service_hours(self, service: Service, day: date, mode: str = Mode.PERSON) -> Minutes:
        """Local minutes of that day in which citizens are served for the service in that mode.

        The office's hours, replaced by the agenda's own where it has any, cut to the service's;
        hours that are for one mode only are added to them.
        """
        return interval.union(
            [*self._hours_of_all(service, day), *self._hours_of_mode(service, day, mode)]
        )

    def _hours_of_mode(self, service: Service, day: date, mode: str) -> Minutes:
        """Minutes that the agenda opens for this mode only, cut to the service's own hours."""
        of_agenda, of_service = {"agenda": service.agenda_id}, {"service": service.pk}
        rows = [row for row in self._hours_by_scope.get(_key(of_agenda), ()) if row.mode == mode]
        if not rows:
            return []
        opened = self._open(day, rows, closing=(of_agenda, of_service))
        if service_rows := self._rows(of_service):
            return interval.intersect(opened, self._open(day, service_rows, of_service))
        return opened

    def _hours_of_all(self, service: Service, day: date) -> Minutes:
        of_agenda, of_service = {"agenda": service.agenda_id}, {"service": service.id}
        weekly_rows = self._rows(of_agenda) or self._rows({})
        agenda_minutes = self._open(day, weekly_rows, of_agenda)
        if service_rows := self._rows(of_service):
            return interval.intersect(agenda_minutes, self._open(day, service_rows, of_service))
        if _key(of_service) not in self._exceptions_by_scope:
            return agenda_minutes
        return interval.intersect(
            agenda_minutes, self._open(day, weekly_rows, of_agenda, of_service)
        )

    def booking_hours(self, service: Service, day: date, mode: str = Mode.PERSON) -> Minutes:
        """Local minutes of that day in which slots to be booked may lie.

        The agenda's booking hours where it has any, inside the hours of the service; hours for
        the mode alone can always be booked, whatever the booking hours are.
        """
        minutes = self._hours_of_all(service, day)
        of_agenda = {"agenda": service.agenda_id}
        rows = self._rows(of_agenda, booking=True) or self._rows({}, booking=True)
        if rows:
            minutes = interval.intersect(minutes, self._open(day, rows, of_agenda))
        return interval.union([*minutes, *self._hours_of_mode(service, day, mode)])

    def official_hours(
        self, official: Official, service: Service, day: date, mode: str = Mode.PERSON
    ) -> Minutes:
        """Local minutes of that day in which the official sees people for the service in that mode.

        Their own hours, also outside the office's; what is closed for the agenda or the service
        is closed here too, and a service with hours of its own keeps to them.
        """
        of_agenda, of_service = {"agenda": service.agenda_id}, {"service": service.pk}
        of_official = {"official": official.pk}
        rows = [*self._rows(of_official), *self._rows(of_official, mode=mode)]
        official_minutes = self._open(day, rows, of_official, closing=(of_agenda, of_service))
        if service_rows := self._rows(of_service):
            return interval.intersect(official_minutes, self._open(day, service_rows, of_service))
        return official_minutes

    def diary_hours(self, official: Official, day: date) -> Minutes:
        """Local minutes of that day in which the official sees people for any service."""
        of_official = {"official": official.pk}
        rows = self._hours_by_scope.get(_key(of_official), [])
        return self._open(day, rows, of_official)

    def places(self, agenda: int, day: date) -> list[tuple[Interval[int], int]]:
        """Local minutes of that day with reduced capacity of the agenda, each with its places."""
        by_scope = self._exceptions_by_scope
        reductions = []
        for scope in ({}, {"agenda": agenda}):
            for exception in by_scope.get(_key(scope), ()):
                if exception.kind != HoursException.Kind.REDUCED or exception.places is None:
                    continue
                if minutes := exception.days.minutes_on(day):
                    reductions.append((minutes, exception.places))
        return reductions

    def besides(self, exceptions: Iterable[HoursException]) -> OfficeSnapshot:
        """A snapshot of the same office with these exceptions added."""
        return replace(self, exceptions=[*self.exceptions, *exceptions], kept={})

    def counter_hours(self, counter: Counter, day: date) -> Minutes:
        """Local minutes of that day in which the counter is planned to be open."""
        of_counter = {"counter": counter.id}
        return self._open(day, self._rows(of_counter) or self._rows({}), of_counter)

    def office_hours(self, day: date) -> Minutes:
        """Local minutes of that day in which anything at all is open."""
        hours_by_service = [self.service_hours(s, day) for s in self.offered_services()]
        return interval.union(chain.from_iterable(hours_by_service))

    def general_hours(self, day: date) -> Minutes:
        """Local minutes of that day in which the office as a whole is open.

        An agenda that is open alone, on a Saturday for example, does not count; an office whose
        agendas all have hours of their own is open while any of them is.
        """
        rows = self._rows({})
        return self._open(day, rows) if rows else self.office_hours(day)

    def open_alone(self, day: date) -> list[tuple[Agenda, Minutes]]:
        """The agendas that are open outside the general hours of that day, with those minutes."""
        general = self.general_hours(day)
        minutes_by_agenda: dict[int, Minutes] = defaultdict(list)
        for service in self.offered_services():
            minutes_by_agenda[service.agenda_id] += self.service_hours(service, day)
        outside = [
            (self.agendas[agenda], interval.subtract(interval.union(agenda_minutes), general))
            for agenda, agenda_minutes in minutes_by_agenda.items()
        ]
        return [(agenda, minutes_alone) for agenda, minutes_alone in outside if minutes_alone]

    def closure(self, day: date, service: Service | None = None) -> str | None:
        """Why the whole day is closed to the office or to the service, in the active language.

        The reason of the file, which may be empty, else the name of the public holiday; None where
        neither closes it. The reason for an official's absence is never returned.
        """
        closed = HoursException.Kind.CLOSED
        scopes: list[dict[str, int]] = [{}]
        if service:
            scopes += [{"agenda": service.agenda_id}, {"service": service.pk}]
        for scope in scopes:
            for exception in self._exceptions_by_scope.get(_key(scope), ()):
                if exception.kind == closed and exception.days.minutes_on(day) == WHOLE_DAY:
                    return str(exception.reason)
        if not self.row.public_holidays:
            return None
        return calendar.czech_holiday_name(day, get_language() or "cs")

    def _rows(
        self, scope: dict[str, int], *, booking: bool = False, mode: str | None = None
    ) -> list[OpeningHours]:
        """Weekly hours of the scope that hold for every mode, or with `mode` for that one only."""
        rows = self._hours_by_scope.get(_key(scope), ())
        return [h for h in rows if h.booking == booking and h.mode == mode]

    @cached_property
    def _officials_by_topic(self) -> dict[int, list[Official]]:
        officials_by_service: dict[int, list[Official]] = defaultdict(list)
        for official in self.open_officials():
            for service in self.topics.get(official.pk, ()):
                if self.rules[self.services[service].agenda_id].kind == "slot":
                    officials_by_service[service].append(official)
        return dict(officials_by_service)

    @cached_property
    def _hours_by_scope(self) -> dict[Scope, list[OpeningHours]]:
        return _by_scope(self.hours)

    @cached_property
    def _exceptions_by_scope(self) -> dict[Scope, list[HoursException]]:
        return _by_scope(self.exceptions)

    def _open(
        self,
        day: date,
        rows: list[OpeningHours],
        *scopes: dict[str, int],
        closing: tuple[dict[str, int], ...] = (),
    ) -> Minutes:
        """Local minutes of the weekly rows, with the exceptions of the office and the scopes.

        Of the scopes in `closing` only what is closed counts.
        """
        weekly = [
            calendar.WeeklyHours(
                weekday=h.weekday,
                opens=h.opens,
                closes=h.closes,
                valid_from=h.valid_from,
                valid_to=h.valid_to,
            )
            for h in rows
            if h.weekday == day.weekday()
        ]
        by_scope = self._exceptions_by_scope
        applying = [e for scope in ({}, *scopes) for e in by_scope.get(_key(scope), ())]
        closed = HoursException.Kind.CLOSED
        applying += [
            e for scope in closing for e in by_scope.get(_key(scope), ()) if e.kind == closed
        ]
        exceptions = [e.days for e in applying if e.kind != HoursException.Kind.REDUCED]
        holidays = calendar.czech_holidays((day.year,)) if self.row.public_holidays else frozenset()
        return calendar.open_minutes(day, weekly, exceptions, holidays)


def _key(scope: dict[str, int]) -> Scope:
    """Key of the scope: ids of agenda, service, counter, official; all None for the office."""
    return tuple(scope.get(name) for name in ("agenda", "service", "counter", "official"))


def _by_scope(rows: Iterable[Row]) -> dict[Scope, list[Row]]:
    grouped: dict[Scope, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.agenda_id, row.service_id, row.counter_id, row.official_id].append(row)
    return dict(grouped)


_cached_by_id: dict[int, tuple[int, OfficeSnapshot]] = {}
_cache_lock = Lock()


def snapshot_of(office: Office) -> OfficeSnapshot:
    """The snapshot of that office's current version (`office` must be freshly read).

    It may be of a later version, which was current when it was read.
    """
    return cached_snapshot(office.pk, office.version) or _read_and_keep(office.pk)


def snapshot_by_slug(slug: str) -> OfficeSnapshot:
    """As `snapshot_of`; one small SQL statement when the version is cached. Raises DoesNotExist."""
    return _current(VERSION_BY_SLUG, slug)


def snapshot_by_id(pk: int) -> OfficeSnapshot:
    """As `snapshot_by_slug`, by the office's id."""
    return _current(VERSION_BY_ID, pk)


def cached_snapshot(pk: int, version: int) -> OfficeSnapshot | None:
    """The snapshot of that version, which was just read, if this process has it cached."""
    cached = _cached_by_id.get(pk)
    return cached[1] if cached and cached[0] == version else None


def _current(statement: str, key: str | int) -> OfficeSnapshot:
    with connection.cursor() as cursor:  # every request runs this, so it bypasses the ORM
        cursor.execute(statement, [key])
        row = cursor.fetchone()
    if row is None:
        raise Office.DoesNotExist(f"There is no office {key}.")
    return cached_snapshot(*row) or _read_and_keep(row[0])


def _read_and_keep(pk: int) -> OfficeSnapshot:
    snapshot = _read(pk)
    with _cache_lock:
        _cached_by_id[pk] = (snapshot.row.version, snapshot)
    return snapshot


def read_snapshot(office: Office) -> OfficeSnapshot:
    """The snapshot read anew and not cached, for a transaction that may still be undone.

    It holds what this transaction has written, and otherwise what was committed at this moment.
    """
    return _read(office.pk)


def _read(pk: int) -> OfficeSnapshot:
    rows = read_rows(pk)
    return OfficeSnapshot(
        row=rows.office,
        departments={d.pk: d for d in rows.departments},
        agendas={a.pk: a for a in rows.agendas},
        services={s.pk: s for s in rows.services},
        counters={c.pk: c for c in rows.counters},
        serves=dict(rows.serves),
        hours=rows.hours,
        exceptions=rows.exceptions,
        officials={o.pk: o for o in rows.officials},
        topics=dict(rows.topics),
        rules={a.pk: a.rules for a in rows.agendas},
        systems={s.pk: s for s in rows.systems},
        needs=dict(rows.needs),
        incidents=rows.incidents,
    )

"""The snapshot of an office in memory: read once per version, then queried without SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from prepazka.core import calendar
from prepazka.core.office_hours import OfficeHours
from prepazka.core.slots import Rules
from prepazka.offices.languages import active_language
from prepazka.offices.models import (
    Agenda,
    Counter,
    Department,
    HoursException,
    Incident,
    Office,
    Official,
    OpeningHours,
    Service,
    System,
)
from prepazka.offices.office_rows import read_rows
from prepazka.offices.text import Texts

VERSION_BY_ID = "SELECT id, version FROM offices_office WHERE id = %s"
VERSION_BY_SLUG = "SELECT id, version FROM offices_office WHERE slug = %s"


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

    @cached_property
    def opening_hours(self) -> OfficeHours:
        """The hours of the office and its parts on any day."""
        return OfficeHours(
            weekly=[row.of_part for row in self.hours],
            exceptions=[row.of_part for row in self.exceptions],
            agendas={s.pk: s.agenda_id for s in self.services.values()},
            offered=[s.pk for s in self.offered_services()],
            public_holidays=bool(self.row.public_holidays),
        )

    def besides(self, exceptions: Iterable[HoursException]) -> OfficeSnapshot:
        """A snapshot of the same office with these exceptions added."""
        return replace(self, exceptions=[*self.exceptions, *exceptions], kept={})

    def closure(self, day: date, service: Service | None = None) -> str | None:
        """Why the whole day is closed to the office or to the service, in the active language.

        The reason of the file, which may be empty, else the name of the public holiday; None where
        neither closes it. The reason for an official's absence is never returned.
        """
        reason = self.opening_hours.closing_reason(day, service.pk if service else None)
        if reason is not None:
            return str(Texts(reason))
        if not self.row.public_holidays:
            return None
        return calendar.czech_holiday_name(day, active_language())

    @cached_property
    def _officials_by_topic(self) -> dict[int, list[Official]]:
        officials_by_service: dict[int, list[Official]] = defaultdict(list)
        for official in self.open_officials():
            for service in self.topics.get(official.pk, ()):
                if self.rules[self.services[service].agenda_id].kind == "slot":
                    officials_by_service[service].append(official)
        return dict(officials_by_service)


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

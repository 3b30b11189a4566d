"""Loading of an office's file into the database, in one transaction, with a check for conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from prepazka.booking.booking_locks import lock_days, lock_list
from prepazka.booking.models import Lane
from prepazka.booking.waiting_list import end_entries_without_service
from prepazka.booking.waiting_list_offers import withdraw_offers_beyond_quota
from prepazka.core import calendar, events
from prepazka.core.slots import Rules
from prepazka.journal.record import record
from prepazka.officefile import file_plan
from prepazka.officefile.check import check
from prepazka.officefile.conflicts import Conflict, conflicts, unmet_waits
from prepazka.officefile.meetings_off import refuse_meetings
from prepazka.offices import office_snapshot
from prepazka.offices.crests import put_crest
from prepazka.offices.models import (
    Agenda,
    Counter,
    Department,
    Device,
    HoursException,
    Named,
    Office,
    Official,
    OpeningHours,
    Service,
    System,
)

UNPAIRED = {"pairing_hash": "", "pairing_expires_at": None, "token_hash": "", "paired_at": None}


@dataclass(frozen=True)
class LoadReport:
    """The changes of a load; parts are listed as `service prepis`."""

    office: Office
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


class LoadRefused(Exception):
    """Live visits would no longer fit the office; nothing was changed."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        self.conflicts = conflicts
        super().__init__("\n".join(map(str, conflicts)))


@transaction.atomic
def load(
    text: str,
    *,
    now: datetime,
    accept_conflicts: bool = False,
    demo: bool = False,
    folder: Path | None = None,
) -> LoadReport:
    """Create the office of the file, or update the one with the same code.

    `folder` is the folder of the file, in which its crest may be. Parts no longer in the file are
    retired and never deleted, because visits refer to them. Raises WrongFile, and LoadRefused
    unless conflicts are accepted; then nothing is changed.
    """
    office_plan = check(text, folder)
    if not settings.MEETINGS:
        refuse_meetings(text)
    office, is_new = Office.objects.select_for_update(no_key=True).get_or_create(
        slug=office_plan.slug, defaults={"name": office_plan.name, "version": 0, "demo": demo}
    )
    report = LoadReport(office, created=[f"office {office_plan.slug}"] if is_new else [])
    rules = [agenda.rules for agenda in office.agendas.all()]
    rules += [agenda.booking for agenda in office_plan.agendas if agenda.booking]
    lock_coming_days(office, rules, now)
    required_before = office.second_factor_roles
    _set_office(office, office_plan, report)
    loading = _Loading(office, report)
    loading.parts(office_plan)
    loading.times(office_plan)
    office.version += 1
    office.save()
    # Read from the database: a snapshot cached by version would survive a rollback of this load.
    loaded = office_snapshot.read_snapshot(office)
    report.conflicts.extend(conflicts(loaded, now=now))
    if report.conflicts and not accept_conflicts:
        raise LoadRefused(report.conflicts)
    unmet = [entry.pk for entry, _why in unmet_waits(loaded, now)]
    end_entries_without_service(office=office.pk, entries=unmet, now=now)
    withdraw_offers_beyond_quota(loaded, now=now)
    record(events.OfficeLoaded(office=office.pk, at=now))
    if office.second_factor_roles != required_before:
        roles = tuple(office.second_factor_roles)
        record(events.SecondFactorRequired(office=office.pk, at=now, roles=roles))
    return report


def lock_coming_days(office: Office, rules: Iterable[Rules], now: datetime) -> None:
    """Lock the office's waiting lists and bookable days, while conflicts are looked for."""
    for agenda in office.agendas.order_by("pk").values_list("pk", flat=True):
        lock_list(agenda)
    today = now.date()
    farthest = max((agenda_rules.horizon_days for agenda_rules in rules), default=0) + 1
    lock_days(office.pk, (today + timedelta(days=n) for n in range(-1, farthest + 1)))


def _set_office(office: Office, office_plan: file_plan.OfficePlan, report: LoadReport) -> None:
    fields = {
        name: getattr(office_plan, name)
        for name in (
            "name",
            "address",
            "note",
            "after_hours",
            "email",
            "phone",
            "timezone",
            "public_holidays",
            "head_start_min",
            "walkin_cap_min",
            "call_early",
            "first_ticket_min",
            "last_ticket_min",
            "overtime_min",
            "phone_tickets",
            "retention_days",
            "answer_offers_min",
            "lock_after_min",
        )
    } | {
        "languages": list(office_plan.languages),
        "embed_hosts": None if office_plan.embed is None else list(office_plan.embed),
        "video_rooms": list(office_plan.rooms),
        "video_link": office_plan.room_link,
        "files_data": office_plan.files.data(),
        "messages_data": office_plan.messages.data(),
        "second_factor_roles": list(office_plan.second_factor_roles),
    }
    differs = _set_fields(office, fields)
    if (put_crest(office, office_plan.crest) or differs) and office.version:
        report.changed.append(f"office {office.slug}")


def _set_fields(row: Any, fields: Mapping[str, Any]) -> bool:
    """Set the fields of a row; returns whether any of them differed."""
    differing = {name: value for name, value in fields.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


class _Loading:
    """A load into one office, whose row is locked."""

    def __init__(self, office: Office, report: LoadReport) -> None:
        self.office, self.report = office, report
        self.agendas: dict[str, Agenda] = {}
        self.services: dict[str, Service] = {}
        self.counters: dict[str, Counter] = {}
        self.officials: dict[str, Official] = {}

    def parts(self, office_plan: file_plan.OfficePlan) -> None:
        """Store all parts of the office except its hours."""
        departments = self._store_rows(
            Department, {d.code: {"name": d.name} for d in office_plan.departments}
        )
        systems = self._store_rows(System, {s.code: {"name": s.name} for s in office_plan.systems})
        self._free_letters({a.code: a.letter for a in office_plan.agendas})
        self.agendas = self._store_rows(
            Agenda,
            {
                a.code: {
                    "name": a.name,
                    "letter": a.letter,
                    "department_id": departments[a.department].pk if a.department else None,
                    "rules_data": a.booking.data() if a.booking else {},
                }
                for a in office_plan.agendas
            },
        )
        for agenda in office_plan.agendas:
            self._create_lanes(
                self.agendas[agenda.code], agenda.booking.quota if agenda.booking else 0
            )
        self.services = self._store_rows(
            Service,
            {
                s.code: {
                    "agenda_id": self.agendas[a.code].pk,
                    "name": s.name,
                    "hint": s.hint,
                    "fee": s.fee,
                    "documents": s.documents,
                    "duration_min": s.duration_min,
                    "bookable": s.bookable,
                    "walk_in": s.walk_in,
                    "modes": list(s.modes),
                    "video_rooms": list(s.rooms),
                }
                for a in office_plan.agendas
                for s in a.services
            },
        )
        for planned in office_plan.services():
            self._set_systems(self.services[planned.code], {systems[c].pk for c in planned.needs})
        self.counters = self._store_rows(
            Counter,
            {
                c.code: {"name": c.name, "number": c.number, "place": c.place}
                for c in office_plan.counters
            },
        )
        for counter in office_plan.counters:
            self._set_services(self.counters[counter.code], counter.services)
        self._store_officials(office_plan.officials, departments)
        self._store_devices(office_plan.devices)

    def _store_rows(
        self, model: type[Any], fields_by_code: Mapping[str, dict[str, Any]]
    ) -> dict[str, Any]:
        """Update, create and retire rows of a model; returns the rows of the file by code."""
        existing = {row.code: row for row in model.objects.filter(office=self.office)}
        for code in existing.keys() - fields_by_code.keys():
            if not existing[code].retired:
                self._retire(existing[code])
        rows = {}
        for position, (code, fields) in enumerate(fields_by_code.items()):
            row = existing.get(code) or model(office=self.office, code=code)
            if (
                _set_fields(row, {**fields, "position": position, "retired": False})
                or row.pk is None
            ):
                self._note("created" if row.pk is None else "changed", row)
                row.save()
            rows[code] = row
        return rows

    def _note(self, outcome: str, row: Named) -> None:
        label = f"{type(row).__name__.lower()} {row.code}"
        noted: list[str] = getattr(self.report, outcome)
        if label not in noted and label not in self.report.created:
            noted.append(label)

    def _retire(self, row: Named) -> None:
        row.retired = True
        if isinstance(row, Device):
            self._unpair(row)
        row.save()
        self._note("retired", row)

    def _free_letters(self, letters: Mapping[str, str]) -> None:
        """Retire agendas whose letter will change first, so that two agendas can swap letters."""
        for agenda in Agenda.objects.filter(office=self.office, retired=False):
            if letters.get(agenda.code) not in {None, agenda.letter}:
                Agenda.objects.filter(pk=agenda.pk).update(retired=True)

    def _create_lanes(self, agenda: Agenda, quota: int) -> None:
        """Create missing lanes up to the quota; lanes above it stay, as they may have bookings."""
        existing = set(agenda.lanes.values_list("number", flat=True))
        Lane.objects.bulk_create(
            Lane(office=self.office, agenda=agenda, number=number)
            for number in range(quota)
            if number not in existing
        )

    def _set_services(self, counter_or_official: Counter | Official, codes: Iterable[str]) -> None:
        """Set the services; retired ones stay, so that people who booked them can be called."""
        service_ids = {self.services[code].pk for code in codes}
        served = counter_or_official.services.all()
        current_ids = {service.pk for service in served if not service.retired}
        if current_ids != service_ids:
            counter_or_official.services.remove(*(current_ids - service_ids))
            counter_or_official.services.add(*(service_ids - current_ids))
            self._note("changed", counter_or_official)

    def _set_systems(self, service: Service, system_ids: set[int]) -> None:
        current_ids = {system.pk for system in service.needs.all()}
        if current_ids != system_ids:
            service.needs.set(system_ids)
            self._note("changed", service)

    def _store_officials(
        self,
        official_plans: Iterable[file_plan.OfficialPlan],
        departments: Mapping[str, Department],
    ) -> None:
        """Store officials and create their lanes; their accounts are not in the file."""
        self.officials = self._store_rows(
            Official,
            {
                o.code: {
                    "name": o.name,
                    "place": o.place,
                    "email": o.email,
                    "phone": o.phone,
                    "buffer_min": o.buffer_min,
                    "department_id": departments[o.department].pk if o.department else None,
                    "counter_id": self.counters[o.counter].pk if o.counter else None,
                }
                for o in official_plans
            },
        )
        with_lane = set(
            Lane.objects.filter(official__office=self.office).values_list("official", flat=True)
        )
        Lane.objects.bulk_create(
            Lane(office=self.office, official=official)
            for official in self.officials.values()
            if official.pk not in with_lane
        )
        for official in official_plans:
            self._set_services(self.officials[official.code], official.topics)

    def _store_devices(self, device_plans: Iterable[file_plan.DevicePlan]) -> None:
        kinds = {device_plan.code: device_plan.kind for device_plan in device_plans}
        for device in Device.objects.filter(office=self.office, code__in=kinds):
            if device.kind != kinds[device.code]:
                self._unpair(device)
                device.save()
        self._store_rows(
            Device,
            {
                device_plan.code: {
                    "kind": device_plan.kind,
                    "name": device_plan.name,
                    "options": device_plan.options,
                }
                for device_plan in device_plans
            },
        )

    def _unpair(self, device: Device) -> None:
        """Revoke the credentials of a device that is retired or has become another kind."""
        _set_fields(device, UNPAIRED)

    # --- hours

    def times(self, office_plan: file_plan.OfficePlan) -> None:
        """Replace hours and exceptions if they differ; no other rows refer to them."""
        scopes: list[tuple[dict[str, Any], file_plan.Times]] = [({}, office_plan.times)]
        scopes += [({"agenda": self.agendas[a.code]}, a.times) for a in office_plan.agendas]
        scopes += [({"service": self.services[s.code]}, s.times) for s in office_plan.services()]
        scopes += [({"counter": self.counters[c.code]}, c.times) for c in office_plan.counters]
        scopes += [({"official": self.officials[o.code]}, o.times) for o in office_plan.officials]
        hours = [
            OpeningHours(
                office=self.office, booking=booking, mode=mode, **scope, **_week_fields(row)
            )
            for scope, times in scopes
            for booking, mode, rows in (
                (False, None, times.hours),
                (True, None, times.booking_hours),
                *((False, mode, rows) for mode, rows in times.mode_hours),
            )
            for row in rows
        ]
        present = {
            (row.official_id, row.days): dict(row.reason)
            for row in HoursException.objects.filter(office=self.office).exclude(official=None)
        }

        def reason(scope: dict[str, Any], exception: file_plan.Exceptional) -> file_plan.Text:
            official = scope.get("official")
            if official is None or exception.reason != file_plan.AS_BEFORE:
                return exception.reason
            return present.get((official.pk, exception.days), {})

        exceptions = [
            HoursException(
                office=self.office,
                **scope,
                reason=reason(scope, exception),
                **asdict(exception.days),
            )
            for scope, times in scopes
            for exception in times.exceptions
        ]
        self._replace_rows(OpeningHours, hours)
        self._replace_rows(HoursException, exceptions)

    def _replace_rows(self, model: type[Any], rows: list[Any]) -> None:
        existing = model.objects.filter(office=self.office).order_by("pk")
        if [_column_values(row) for row in existing] != [_column_values(row) for row in rows]:
            existing.delete()
            model.objects.bulk_create(rows)
            if self.office.version:
                self.report.changed.append(
                    "opening hours" if model is OpeningHours else "exceptions"
                )


def _week_fields(row: calendar.WeeklyHours) -> dict[str, Any]:
    return asdict(row)


def _column_values(row: Any) -> dict[str, Any]:
    return {
        column.attname: getattr(row, column.attname)
        for column in row._meta.concrete_fields
        if not column.primary_key
    }

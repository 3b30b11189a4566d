"""Loading of an office's file into the database, in one transaction, with a check for conflicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
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
from prepazka.officefile.declarations import Field, fields_of, stored_fields
from prepazka.officefile.hours_section import Exceptional, Times
from prepazka.officefile.meetings_off import refuse_meetings
from prepazka.officefile.value_readers import Text
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
    fields = stored_fields(office_plan, fields_of(file_plan.OfficePlan)) | {
        "files_data": office_plan.files.data(),
        "messages_data": office_plan.messages.data(),
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
        self.rows: dict[str, dict[str, Any]] = {}  # by the plural of their model, then by code

    def parts(self, office_plan: file_plan.OfficePlan) -> None:
        """Store all parts of the office except its hours."""
        self._store_rows(Department, office_plan.departments)
        self._store_rows(System, office_plan.systems)
        self._free_letters({a.code: a.letter for a in office_plan.agendas})
        self._store_rows(
            Agenda,
            office_plan.agendas,
            lambda a: {"rules_data": a.booking.data() if a.booking else {}},
        )
        for agenda in office_plan.agendas:
            self._create_lanes(
                self.rows["agendas"][agenda.code], agenda.booking.quota if agenda.booking else 0
            )
        agenda_of = {s.code: a.code for a in office_plan.agendas for s in a.services}
        self._store_rows(
            Service,
            tuple(office_plan.services()),
            lambda s: {"agenda_id": self.rows["agendas"][agenda_of[s.code]].pk},
        )
        systems = self.rows["systems"]
        for planned in office_plan.services():
            self._set_systems(
                self.rows["services"][planned.code], {systems[c].pk for c in planned.needs}
            )
        self._store_rows(Counter, office_plan.counters)
        for counter in office_plan.counters:
            self._set_services(self.rows["counters"][counter.code], counter.services)
        self._store_officials(office_plan.officials)
        self._store_devices(office_plan.devices)

    def _store_rows(
        self,
        model: type[Any],
        plans: Collection[Any],
        undeclared: Callable[[Any], dict[str, Any]] = lambda _: {},
    ) -> None:
        """Update, create and retire rows of a model by the declarations of their plans.

        `undeclared` gives the columns of a plan that are not declared.
        """
        existing = {row.code: row for row in model.objects.filter(office=self.office)}
        for code in existing.keys() - {planned.code for planned in plans}:
            if not existing[code].retired:
                self._retire(existing[code])
        rows = self.rows.setdefault(f"{model.__name__.lower()}s", {})
        for position, planned in enumerate(plans):
            row = existing.get(planned.code) or model(office=self.office, code=planned.code)
            declarations = fields_of(type(planned))
            columns = stored_fields(planned, declarations) | undeclared(planned)
            columns |= self._references(planned, declarations)
            if (
                _set_fields(row, {**columns, "position": position, "retired": False})
                or row.pk is None
            ):
                self._note("created" if row.pk is None else "changed", row)
                row.save()
            rows[planned.code] = row

    def _references(
        self, planned: Any, declarations: Iterable[Field[Any]]
    ) -> dict[str, int | None]:
        """Keys of the rows that the plan names by their codes."""
        keys: dict[str, int | None] = {}
        for declaration in declarations:
            if collection := declaration.kind.parts:
                code = declaration.value_of(planned)
                keys[f"{declaration.column}_id"] = self.rows[collection][code].pk if code else None
        return keys

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
        service_ids = {self.rows["services"][code].pk for code in codes}
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

    def _store_officials(self, official_plans: Collection[file_plan.OfficialPlan]) -> None:
        """Store officials and create their lanes; their accounts are not in the file."""
        self._store_rows(Official, official_plans)
        officials = self.rows["officials"]
        with_lane = set(
            Lane.objects.filter(official__office=self.office).values_list("official", flat=True)
        )
        Lane.objects.bulk_create(
            Lane(office=self.office, official=official)
            for official in officials.values()
            if official.pk not in with_lane
        )
        for official in official_plans:
            self._set_services(officials[official.code], official.topics)

    def _store_devices(self, device_plans: Collection[file_plan.DevicePlan]) -> None:
        kinds = {device_plan.code: device_plan.kind for device_plan in device_plans}
        for device in Device.objects.filter(office=self.office, code__in=kinds):
            if device.kind != kinds[device.code]:
                self._unpair(device)
                device.save()
        self._store_rows(
            Device,
            device_plans,
            lambda device: {"kind": device.kind, "name": device.name, "options": device.options},
        )

    def _unpair(self, device: Device) -> None:
        """Revoke the credentials of a device that is retired or has become another kind."""
        _set_fields(device, UNPAIRED)

    # --- hours

    def times(self, office_plan: file_plan.OfficePlan) -> None:
        """Replace hours and exceptions if they differ; no other rows refer to them."""
        scopes: list[tuple[dict[str, Any], Times]] = [({}, office_plan.times)]
        plans_by_kind: dict[str, tuple[Any, ...]] = {
            "agenda": office_plan.agendas,
            "service": tuple(office_plan.services()),
            "counter": office_plan.counters,
            "official": office_plan.officials,
        }
        for kind, plans in plans_by_kind.items():
            rows = self.rows[f"{kind}s"]
            scopes += [({kind: rows[planned.code]}, planned.times) for planned in plans]
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

        def reason(scope: dict[str, Any], exception: Exceptional) -> Text:
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

"""Loading an office's file: in place, in one transaction, and never past a live visit unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from prepazka.booking.locks import lock_days, lock_list
from prepazka.booking.models import Lane
from prepazka.booking.places import withdraw_beyond
from prepazka.booking.waiting_list import end_waits
from prepazka.core import calendar, events
from prepazka.core.slots import Rules
from prepazka.journal.record import record
from prepazka.officefile import plan
from prepazka.officefile.check import check
from prepazka.officefile.conflicts import Conflict, conflicts, unmet_waits
from prepazka.offices import directory
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
    """What a load has done; parts are said as `service prepis`."""

    office: Office
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


class LoadRefused(Exception):
    """Live visits would no longer fit the office; nothing was changed."""

    def __init__(self, found: list[Conflict]) -> None:
        self.conflicts = found
        super().__init__("\n".join(map(str, found)))


@transaction.atomic
def load(
    text: str,
    *,
    now: datetime,
    accept_conflicts: bool = False,
    demo: bool = False,
    folder: Path | None = None,
) -> LoadReport:
    """Make the office as its file says: a new one, or the one of that code in place.

    `folder` is where the file lies, if its crest lies beside it. What the file has dropped is retired, never deleted, so that past and coming visits keep it.
    Raises WrongFile, and LoadRefused unless conflicts are accepted; then nothing has changed.
    """
    wanted = check(text, folder)
    office, is_new = Office.objects.select_for_update(no_key=True).get_or_create(
        slug=wanted.slug, defaults={"name": wanted.name, "version": 0, "demo": demo}
    )
    report = LoadReport(office, created=[f"office {wanted.slug}"] if is_new else [])
    rules = [agenda.rules for agenda in office.agendas.all()]
    rules += [agenda.booking for agenda in wanted.agendas if agenda.booking]
    lock_coming_days(office, rules, now)
    required_before = office.second_factor_roles
    _set_office(office, wanted, report)
    loading = _Loading(office, report)
    loading.parts(wanted)
    loading.times(wanted)
    office.version += 1
    office.save()
    # Read afresh: a snapshot kept by version would survive a refusal that rolls this back.
    loaded = directory.read(office)
    report.conflicts.extend(conflicts(loaded, now=now))
    if report.conflicts and not accept_conflicts:
        raise LoadRefused(report.conflicts)
    unmet = [entry.pk for entry, _why in unmet_waits(loaded, now)]
    end_waits(office=office.pk, entries=unmet, now=now)
    withdraw_beyond(loaded, now=now)
    record(events.OfficeLoaded(office=office.pk, at=now))
    if office.second_factor_roles != required_before:
        roles = tuple(office.second_factor_roles)
        record(events.SecondFactorRequired(office=office.pk, at=now, roles=roles))
    return report


def lock_coming_days(office: Office, rules: Iterable[Rules], now: datetime) -> None:
    """Let no booking be made or moved and no place be offered while we look which ones still fit."""
    for agenda in office.agendas.order_by("pk").values_list("pk", flat=True):
        lock_list(agenda)
    today = now.date()
    farthest = max((one.horizon_days for one in rules), default=0) + 1
    lock_days(office.pk, (today + timedelta(days=n) for n in range(-1, farthest + 1)))


def _set_office(office: Office, wanted: plan.OfficePlan, report: LoadReport) -> None:
    fields = {
        name: getattr(wanted, name)
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
        "languages": list(wanted.languages),
        "embed_hosts": None if wanted.embed is None else list(wanted.embed),
        "video_rooms": list(wanted.rooms),
        "video_link": wanted.room_link,
        "files_data": wanted.files.data(),
        "messages_data": wanted.messages.data(),
        "second_factor_roles": list(wanted.second_factor_roles),
    }
    differs = _set(office, fields)
    if (put_crest(office, wanted.crest) or differs) and office.version:
        report.changed.append(f"office {office.slug}")


def _set(row: Any, fields: Mapping[str, Any]) -> bool:
    """Set the fields, and say whether any of them differed."""
    differing = {name: value for name, value in fields.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


class _Loading:
    """One load into one office, whose row is locked."""

    def __init__(self, office: Office, report: LoadReport) -> None:
        self.office, self.report = office, report
        self.agendas: dict[str, Agenda] = {}
        self.services: dict[str, Service] = {}
        self.counters: dict[str, Counter] = {}
        self.officials: dict[str, Official] = {}

    def parts(self, wanted: plan.OfficePlan) -> None:
        """Departments, agendas with their lanes, services, counters, officials and devices."""
        departments = self._rows(Department, {d.code: {"name": d.name} for d in wanted.departments})
        systems = self._rows(System, {s.code: {"name": s.name} for s in wanted.systems})
        self._free_letters({a.code: a.letter for a in wanted.agendas})
        self.agendas = self._rows(
            Agenda,
            {
                a.code: {
                    "name": a.name,
                    "letter": a.letter,
                    "department_id": departments[a.department].pk if a.department else None,
                    "rules_data": a.booking.data() if a.booking else {},
                }
                for a in wanted.agendas
            },
        )
        for agenda in wanted.agendas:
            self._lanes(self.agendas[agenda.code], agenda.booking.quota if agenda.booking else 0)
        self.services = self._rows(
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
                for a in wanted.agendas
                for s in a.services
            },
        )
        for planned in wanted.services():
            self._needs(self.services[planned.code], {systems[c].pk for c in planned.needs})
        self.counters = self._rows(
            Counter,
            {
                c.code: {"name": c.name, "number": c.number, "place": c.place}
                for c in wanted.counters
            },
        )
        for counter in wanted.counters:
            self._serves(self.counters[counter.code], counter.services)
        self._officials(wanted.officials, departments)
        self._devices(wanted.devices)

    def _rows(self, model: type[Any], wanted: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """The rows by code: changed in place, new ones created, dropped ones retired."""
        known = {row.code: row for row in model.objects.filter(office=self.office)}
        for code in known.keys() - wanted.keys():
            if not known[code].retired:
                self._retire(known[code])
        rows = {}
        for position, (code, fields) in enumerate(wanted.items()):
            row = known.get(code) or model(office=self.office, code=code)
            if _set(row, {**fields, "position": position, "retired": False}) or row.pk is None:
                self._note("created" if row.pk is None else "changed", row)
                row.save()
            rows[code] = row
        return rows

    def _note(self, what: str, row: Named) -> None:
        said = f"{type(row).__name__.lower()} {row.code}"
        known: list[str] = getattr(self.report, what)
        if said not in known and said not in self.report.created:
            known.append(said)

    def _retire(self, row: Named) -> None:
        row.retired = True
        if isinstance(row, Device):
            self._unpair(row)
        row.save()
        self._note("retired", row)

    def _free_letters(self, letters: Mapping[str, str]) -> None:
        """Take the letters that will move from their agendas first, so that two may swap them."""
        for agenda in Agenda.objects.filter(office=self.office, retired=False):
            if letters.get(agenda.code) not in {None, agenda.letter}:
                Agenda.objects.filter(pk=agenda.pk).update(retired=True)

    def _lanes(self, agenda: Agenda, quota: int) -> None:
        """Lanes up to the quota; those above it stay for the bookings they may hold."""
        known = set(agenda.lanes.values_list("number", flat=True))
        Lane.objects.bulk_create(
            Lane(office=self.office, agenda=agenda, number=number)
            for number in range(quota)
            if number not in known
        )

    def _serves(self, who: Counter | Official, codes: Iterable[str]) -> None:
        """Set the services; a retired one stays, so that whoever booked it can still be called."""
        wanted = {self.services[code].pk for code in codes}
        served = who.services.all()
        known = {service.pk for service in served if not service.retired}
        if known != wanted:
            who.services.remove(*(known - wanted))
            who.services.add(*(wanted - known))
            self._note("changed", who)

    def _needs(self, service: Service, wanted: set[int]) -> None:
        known = {system.pk for system in service.needs.all()}
        if known != wanted:
            service.needs.set(wanted)
            self._note("changed", service)

    def _officials(
        self, wanted: Iterable[plan.OfficialPlan], departments: Mapping[str, Department]
    ) -> None:
        """Officials and their lanes; the account that looks after a diary is not in the file."""
        self.officials = self._rows(
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
                for o in wanted
            },
        )
        known = set(
            Lane.objects.filter(official__office=self.office).values_list("official", flat=True)
        )
        Lane.objects.bulk_create(
            Lane(office=self.office, official=one)
            for one in self.officials.values()
            if one.pk not in known
        )
        for official in wanted:
            self._serves(self.officials[official.code], official.topics)

    def _devices(self, wanted: Iterable[plan.DevicePlan]) -> None:
        kinds = {one.code: one.kind for one in wanted}
        for device in Device.objects.filter(office=self.office, code__in=kinds):
            if device.kind != kinds[device.code]:
                self._unpair(device)
                device.save()
        self._rows(
            Device,
            {
                one.code: {"kind": one.kind, "name": one.name, "options": one.options}
                for one in wanted
            },
        )

    def _unpair(self, device: Device) -> None:
        """A device that is no more, or is another now, must not speak for the office."""
        _set(device, UNPAIRED)

    # --- hours

    def times(self, wanted: plan.OfficePlan) -> None:
        """Hours and exceptions; nothing refers to their rows, so differing ones are replaced."""
        scopes: list[tuple[dict[str, Any], plan.Times]] = [({}, wanted.times)]
        scopes += [({"agenda": self.agendas[a.code]}, a.times) for a in wanted.agendas]
        scopes += [({"service": self.services[s.code]}, s.times) for s in wanted.services()]
        scopes += [({"counter": self.counters[c.code]}, c.times) for c in wanted.counters]
        scopes += [({"official": self.officials[o.code]}, o.times) for o in wanted.officials]
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

        def reason(scope: dict[str, Any], one: plan.Exceptional) -> plan.Text:
            official = scope.get("official")
            if official is None or one.reason != plan.AS_BEFORE:
                return one.reason
            return present.get((official.pk, one.days), {})

        exceptions = [
            HoursException(
                office=self.office, **scope, reason=reason(scope, one), **asdict(one.days)
            )
            for scope, times in scopes
            for one in times.exceptions
        ]
        self._replace(OpeningHours, hours)
        self._replace(HoursException, exceptions)

    def _replace(self, model: type[Any], wanted: list[Any]) -> None:
        known = model.objects.filter(office=self.office).order_by("pk")
        if [_content(row) for row in known] != [_content(row) for row in wanted]:
            known.delete()
            model.objects.bulk_create(wanted)
            if self.office.version:
                self.report.changed.append(
                    "opening hours" if model is OpeningHours else "exceptions"
                )


def _week_fields(row: calendar.WeeklyHours) -> dict[str, Any]:
    return asdict(row)


def _content(row: Any) -> dict[str, Any]:
    return {
        one.attname: getattr(row, one.attname)
        for one in row._meta.concrete_fields
        if not one.primary_key
    }

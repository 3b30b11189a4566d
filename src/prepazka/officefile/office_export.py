"""Export of an office to a file that loads back to the same office."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from prepazka.core.interval import Interval
from prepazka.officefile import file_plan
from prepazka.officefile.declarations import (
    Field,
    FileContext,
    fields_of,
    restored_fields,
    stored,
)
from prepazka.officefile.hours_section import (
    Exceptional,
    Found,
    Times,
    exception_plan,
    sorted_week,
)
from prepazka.officefile.value_readers import MODES
from prepazka.officefile.write import write
from prepazka.offices import office_snapshot
from prepazka.offices.crests import crest_of
from prepazka.offices.models import Agenda, Device, HoursException, Named, Office, Service
from prepazka.offices.office_snapshot import OfficeSnapshot

P = TypeVar("P")


def export(office: Office, *, with_reasons: bool = True) -> str:
    """The text of the office's file. Loading it changes nothing but the office's version.

    Without `with_reasons` it does not contain the reasons of officials' absences, and loading it
    keeps them.
    """
    office_plan = plan_of(office_snapshot.read_snapshot(office))
    return write(office_plan if with_reasons else _without_reasons(office_plan))


def _without_reasons(office: file_plan.OfficePlan) -> file_plan.OfficePlan:
    return replace(office, officials=tuple(map(_with_hidden_reasons, office.officials)))


def _with_hidden_reasons(official: file_plan.OfficialPlan) -> file_plan.OfficialPlan:
    exceptions = tuple(
        replace(exception, reason=file_plan.AS_BEFORE) if exception.reason else exception
        for exception in official.times.exceptions
    )
    return replace(official, times=replace(official.times, exceptions=exceptions))


def plan_of(office: OfficeSnapshot) -> file_plan.OfficePlan:
    """The plan of the office, without retired parts."""
    row = office.row
    return file_plan.OfficePlan(
        **restored_fields(row, fields_of(file_plan.OfficePlan)),
        times=_times(office),
        departments=tuple(
            _plan(file_plan.DepartmentPlan, office, d)
            for d in office.departments.values()
            if not d.retired
        ),
        agendas=tuple(_agenda(office, a) for a in office.agendas.values() if not a.retired),
        counters=tuple(
            _plan(
                file_plan.CounterPlan,
                office,
                c,
                services=tuple(s.code for s in _in_order(office) if s.pk in office.serves[c.pk]),
                times=_times(office, counter_id=c.pk),
            )
            for c in office.open_counters()
        ),
        devices=_devices(office),
        messages=row.message_rules,
        officials=tuple(
            _plan(
                file_plan.OfficialPlan,
                office,
                o,
                topics=tuple(s.code for s in _in_order(office) if s.pk in office.topics[o.pk]),
                times=_times(office, official_id=o.pk),
            )
            for o in office.open_officials()
        ),
        systems=tuple(_plan(file_plan.SystemPlan, office, s) for s in office.open_systems()),
        files=row.file_rules,
        crest=crest_of(row),
    )


def _plan(plan: Callable[..., P], office: OfficeSnapshot, row: Named, **columns: Any) -> P:
    """The plan of a part from its row's columns, and codes of the parts that it refers to."""
    fields = fields_of(plan)
    codes = {
        declaration.attributes[0]: _code_of(office, row, declaration)
        for declaration in fields
        if declaration.kind.parts
    }
    return plan(code=row.code, **restored_fields(row, fields), **codes, **columns)


def _code_of(office: OfficeSnapshot, row: Named, declaration: Field[Any]) -> str | None:
    referred = getattr(office, declaration.kind.parts).get(getattr(row, f"{declaration.column}_id"))
    return referred.code if referred and not referred.retired else None


def _in_order(office: OfficeSnapshot) -> list[Service]:
    """Offered services in the order of the file, agenda by agenda."""
    agendas = [a.pk for a in office.agendas.values() if not a.retired]
    offered = office.offered_services()
    return [s for pk in agendas for s in offered if s.agenda_id == pk]


def _agenda(office: OfficeSnapshot, agenda: Agenda) -> file_plan.AgendaPlan:
    services = [s for s in office.offered_services() if s.agenda_id == agenda.pk]
    booked = bool(agenda.rules_data) or any(s.bookable for s in services)
    return _plan(
        file_plan.AgendaPlan,
        office,
        agenda,
        booking=agenda.rules if booked else None,
        services=tuple(
            _plan(
                file_plan.ServicePlan,
                office,
                s,
                needs=_needs(office, s),
                times=_times(office, service_id=s.pk),
            )
            for s in services
        ),
        times=_times(office, agenda_id=agenda.pk),
    )


def _needs(office: OfficeSnapshot, service: Service) -> tuple[str, ...]:
    needed = office.needs.get(service.pk, frozenset())
    return tuple(s.code for s in office.open_systems() if s.pk in needed)


def _devices(office: OfficeSnapshot) -> tuple[file_plan.DevicePlan, ...]:
    """Kiosks, then displays; options that were never set get their default."""
    rows = list(Device.objects.filter(office=office.row, retired=False))
    services = [s.code for s in _in_order(office)]
    counters = [c.code for c in office.open_counters()]
    context = FileContext(
        languages=tuple(office.row.languages), agendas={"": services}, counters=counters
    )
    devices = []
    for row in sorted(rows, key=lambda device: device.kind != Device.Kind.KIOSK):
        options: dict[str, Any] = {}
        for declaration in file_plan.DEVICE_FIELDS[row.kind]:
            (name,) = declaration.attributes
            default = stored(declaration.default_in(options, context))
            options[name] = row.options.get(name, default)
        del options["name"]  # a column of its own
        if row.kind == Device.Kind.KIOSK:
            options["services"] = [code for code in services if code in options["services"]]
        else:
            options["counters"] = [code for code in counters if code in options["counters"]]
            arrows = options["arrows"].items()
            options["arrows"] = {code: where for code, where in arrows if code in counters}
        devices.append(file_plan.DevicePlan(row.kind, row.code, dict(row.name), options))
    return tuple(devices)


def _times(office: OfficeSnapshot, **scope: int) -> Times:
    hours: dict[bool | str, Found] = defaultdict(lambda: defaultdict(list))
    for row in office.hours:
        if _is_of_scope(row, scope):
            valid = (row.valid_from, row.valid_to)
            hours[row.mode or row.booking][valid, row.weekday].append(
                Interval(row.opens, row.closes)
            )
    return Times(
        hours=sorted_week(hours[False]),
        booking_hours=sorted_week(hours[True]),
        exceptions=tuple(
            _exceptional(exception)
            for exception in sorted(office.exceptions, key=lambda e: e.pk)
            if _is_of_scope(exception, scope)
        ),
        **{f"{mode}_hours": sorted_week(hours[mode]) for mode in MODES},
    )


def _is_of_scope(row: Any, scope: dict[str, int]) -> bool:
    return all(
        getattr(row, name) == scope.get(name)
        for name in ("agenda_id", "service_id", "counter_id", "official_id")
    )


def _exceptional(row: HoursException) -> Exceptional:
    days, reason = row.days, dict(row.reason)
    if days.begins is not None or days.ends is not None:
        return Exceptional(days, reason)
    times = days.minutes_on(row.from_date)
    return exception_plan(row.kind, row.from_date, row.to_date, times, reason, row.places)

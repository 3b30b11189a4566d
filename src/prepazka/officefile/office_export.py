"""Export of an office to a file that loads back to the same office."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from prepazka.core.interval import Interval
from prepazka.officefile import file_plan
from prepazka.officefile.hours_section import Found, exception_plan, sorted_week
from prepazka.officefile.value_readers import MODES
from prepazka.officefile.write import write
from prepazka.offices import office_snapshot
from prepazka.offices.crests import crest_of
from prepazka.offices.display_options import options_of
from prepazka.offices.models import Agenda, Device, HoursException, Office, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot


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
        slug=row.slug,
        name=dict(row.name),
        address=dict(row.address),
        note=dict(row.note),
        after_hours=dict(row.after_hours),
        email=row.email,
        phone=row.phone,
        timezone=row.timezone,
        languages=tuple(row.languages) or ("cs",),
        public_holidays=row.public_holidays,
        head_start_min=row.head_start_min,
        walkin_cap_min=row.walkin_cap_min,
        call_early=row.call_early,
        first_ticket_min=row.first_ticket_min,
        last_ticket_min=row.last_ticket_min,
        overtime_min=row.overtime_min,
        phone_tickets=row.phone_tickets,
        retention_days=row.retention_days,
        answer_offers_min=row.answer_offers_min,
        lock_after_min=row.lock_after_min,
        times=_times(office),
        departments=tuple(
            file_plan.DepartmentPlan(d.code, dict(d.name))
            for d in office.departments.values()
            if not d.retired
        ),
        agendas=tuple(_agenda(office, a) for a in office.agendas.values() if not a.retired),
        counters=tuple(
            file_plan.CounterPlan(
                c.code,
                c.number,
                dict(c.name),
                dict(c.place),
                tuple(s.code for s in _in_order(office) if s.pk in office.serves[c.pk]),
                _times(office, counter_id=c.pk),
            )
            for c in office.open_counters()
        ),
        devices=_devices(office),
        messages=row.message_rules,
        officials=tuple(_official(office, o) for o in office.open_officials()),
        systems=tuple(file_plan.SystemPlan(s.code, dict(s.name)) for s in office.open_systems()),
        embed=None if row.embed_hosts is None else tuple(row.embed_hosts),
        rooms=tuple(row.video_rooms),
        room_link=row.video_link,
        files=row.file_rules,
        crest=crest_of(row),
        second_factor_roles=tuple(row.second_factor_roles),
    )


def _in_order(office: OfficeSnapshot) -> list[Service]:
    """Offered services in the order of the file, agenda by agenda."""
    agendas = [a.pk for a in office.agendas.values() if not a.retired]
    offered = office.offered_services()
    return [s for pk in agendas for s in offered if s.agenda_id == pk]


def _agenda(office: OfficeSnapshot, agenda: Agenda) -> file_plan.AgendaPlan:
    services = [s for s in office.offered_services() if s.agenda_id == agenda.pk]
    booked = bool(agenda.rules_data) or any(s.bookable for s in services)
    department = office.departments.get(agenda.department_id or 0)
    return file_plan.AgendaPlan(
        code=agenda.code,
        name=dict(agenda.name),
        letter=agenda.letter,
        department=department.code if department and not department.retired else None,
        booking=agenda.rules if booked else None,
        services=tuple(
            file_plan.ServicePlan(
                s.code,
                dict(s.name),
                s.duration_min,
                s.bookable,
                s.walk_in,
                dict(s.hint),
                dict(s.documents),
                dict(s.fee),
                _times(office, service_id=s.pk),
                _needs(office, s),
                tuple(s.modes),
                tuple(s.video_rooms),
            )
            for s in services
        ),
        times=_times(office, agenda_id=agenda.pk),
    )


def _needs(office: OfficeSnapshot, service: Service) -> tuple[str, ...]:
    needed = office.needs.get(service.pk, frozenset())
    return tuple(s.code for s in office.open_systems() if s.pk in needed)


def _official(office: OfficeSnapshot, official: Official) -> file_plan.OfficialPlan:
    department = office.departments.get(official.department_id or 0)
    counter = office.counters.get(official.counter_id or 0)
    topics = office.topics[official.pk]
    return file_plan.OfficialPlan(
        official.code,
        dict(official.name),
        department.code if department and not department.retired else None,
        counter.code if counter and not counter.retired else None,
        tuple(s.code for s in _in_order(office) if s.pk in topics),
        dict(official.place),
        official.email,
        official.phone,
        official.buffer_min,
        _times(office, official_id=official.pk),
    )


def _devices(office: OfficeSnapshot) -> tuple[file_plan.DevicePlan, ...]:
    """Kiosks, then displays; options that were never set get their default."""
    rows = list(Device.objects.filter(office=office.row, retired=False))
    services = [s.code for s in _in_order(office)]
    counters = [c.code for c in office.open_counters()]
    devices = []
    for row in sorted(rows, key=lambda device: device.kind != Device.Kind.KIOSK):
        if row.kind == Device.Kind.KIOSK:
            chosen = row.options.get("services", services)
            options: dict[str, Any] = {
                "services": [code for code in services if code in chosen],
                "printer": row.options.get("printer", {"kind": "none"}),
                "languages": row.options.get("languages", list(office.row.languages)),
            }
        else:
            chosen = row.options.get("counters", counters)
            options = options_of(row.options)
            arrows = options["arrows"].items()
            options |= {
                "counters": [code for code in counters if code in chosen],
                "arrows": {code: where for code, where in arrows if code in counters},
            }
        devices.append(file_plan.DevicePlan(row.kind, row.code, dict(row.name), options))
    return tuple(devices)


def _times(office: OfficeSnapshot, **scope: int) -> file_plan.Times:
    hours: dict[bool | str, Found] = defaultdict(lambda: defaultdict(list))
    for row in office.hours:
        if _is_of_scope(row, scope):
            valid = (row.valid_from, row.valid_to)
            hours[row.mode or row.booking][valid, row.weekday].append(
                Interval(row.opens, row.closes)
            )
    return file_plan.Times(
        hours=sorted_week(hours[False]),
        booking_hours=sorted_week(hours[True]),
        mode_hours=tuple((mode, sorted_week(hours[mode])) for mode in MODES if hours[mode]),
        exceptions=tuple(
            _exceptional(exception)
            for exception in sorted(office.exceptions, key=lambda e: e.pk)
            if _is_of_scope(exception, scope)
        ),
    )


def _is_of_scope(row: Any, scope: dict[str, int]) -> bool:
    return all(
        getattr(row, name) == scope.get(name)
        for name in ("agenda_id", "service_id", "counter_id", "official_id")
    )


def _exceptional(row: HoursException) -> file_plan.Exceptional:
    days, reason = row.days, dict(row.reason)
    if days.begins is not None or days.ends is not None:
        return file_plan.Exceptional(days, reason)
    times = days.minutes_on(row.from_date)
    return exception_plan(row.kind, row.from_date, row.to_date, times, reason, row.places)

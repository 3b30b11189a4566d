"""Parsing of an office's file into a plan; reports all problems at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from prepazka.core.figures import REFUSE
from prepazka.core.slots import Rules
from prepazka.officefile import file_plan, value_readers
from prepazka.officefile.booking_rules_section import EXPECTED as RULES_EXPECTED
from prepazka.officefile.booking_rules_section import read_rules
from prepazka.officefile.declarations import FileContext, fields_of, read_fields, stored
from prepazka.officefile.file_limits_section import read_files
from prepazka.officefile.hours_section import (
    AGENDA_TIMES,
    OFFICE_TIMES,
    OFFICIAL_TIMES,
    PART_TIMES,
    read_times,
)
from prepazka.officefile.message_section import read_messages
from prepazka.officefile.nodes import NOTHING, Problem, Section, WrongFile, compose, node_of
from prepazka.officefile.phrases import Phrase
from prepazka.officefile.phrases import phrase as _
from prepazka.officefile.quota_effect import quota_in_words, quotas

A_MAPPING = _("a mapping of keys and values")
BY_CODE = _("a mapping from codes to their contents")
FORMAT = value_readers.choice("1")


def check(text: str, folder: Path | None = None) -> file_plan.OfficePlan:
    """The plan that the file describes. Raises WrongFile with all problems.

    `folder` is the folder of the file, in which its crest may be; without it the crest must be
    written in the file.
    """
    problems: list[Problem] = []
    expected = _("an office's file, which starts with `office:`")
    root = Section(compose(text), "", problems, expected)
    reader = _Reader(root, FileContext(folder=folder))
    office = reader.read() if not problems else None
    if office and not problems:
        reader.quotas_are_bearable(office)
    if problems or office is None:
        raise WrongFile(problems)
    return office


class _Reader:
    """Reads one file; its context collects codes that later sections refer to."""

    def __init__(self, root: Section, context: FileContext) -> None:
        self.root, self.context = root, context
        self.served: set[str] = set()
        self.counter_numbers: set[str] = set()
        self.device_codes: set[str] = set()
        self.booking: dict[str, Section] = {}  # booking rules by the agenda's code

    def read(self) -> file_plan.OfficePlan:
        root, context = self.root, self.context
        root.take("format", lambda node: FORMAT.read(node, context), "1")
        values = self._office()
        times = read_times(
            root, OFFICE_TIMES, context, _('the hours of the office such as {mon: "8:00-17:00"}')
        )
        values |= self._fields_of_section("policy", file_plan.PolicySection)
        values |= self._fields_of_section("video", file_plan.VideoSection, files=read_files)
        messages = read_messages(root, context)
        departments = self._parts("departments", self._department)
        systems = self._parts("systems", self._system)
        agendas = self._parts("agendas", self._agenda, needed=_("one agenda at least"))
        counters = self._parts("counters", self._counter, needed=_("one counter at least"))
        officials = self._parts("officials", self._official)
        devices = [
            device
            for kind in ("kiosk", "display")
            for device in self._parts(f"{kind}s", self._device_of(kind))
        ]
        values |= read_fields(root, fields_of(file_plan.CrestSection), context)
        self._check_everything_is_served()
        root.done()
        return file_plan.OfficePlan(
            **values,
            times=times,
            departments=departments,
            agendas=agendas,
            counters=counters,
            devices=tuple(devices),
            messages=messages,
            officials=officials,
            systems=systems,
        )

    def _office(self) -> dict[str, Any]:
        """The office's own fields, its languages first, which all texts depend on."""
        fields = fields_of(file_plan.OfficeSection)
        section = self.root.section("office", A_MAPPING)
        if section is None:
            expected = _("the office's code and name")
            self.root.wrong(self.root.node, expected, at="office", value=NOTHING)
            return read_fields(Section(node_of({}), "", [], A_MAPPING), fields, self.context)
        languages = next(declaration for declaration in fields if declaration.key == "languages")
        self.context.languages = languages.take(section, self.context, {})
        values = read_fields(section, fields, self.context)
        section.done()
        return values

    def _fields_of_section(
        self, key: str, plan: type[Any], **groups: Callable[[Section, FileContext], Any]
    ) -> dict[str, Any]:
        """The fields of a section and the groups of fields in it; defaults without it."""
        section = self.root.section(key, A_MAPPING)
        if section is None:
            section = Section(node_of({}), key, [], A_MAPPING)
        values = read_fields(section, fields_of(plan), self.context)
        values |= {name: read(section, self.context) for name, read in groups.items()}
        section.done()
        return values

    def _parts(
        self,
        key: str,
        read: Callable[[str, Section], Any],
        *,
        needed: Phrase | None = None,
    ) -> tuple[Any, ...]:
        section = self.root.section(key, BY_CODE)
        if section is None or not section.values:
            if needed and (section is None or isinstance(section.node, yaml.MappingNode)):
                node = section.node if section else self.root.node
                self.root.wrong(node, needed, at=key, value=NOTHING)
            return ()
        return tuple(
            read(code, section_of_code) for code, section_of_code in self._sections_by_code(section)
        )

    def _sections_by_code(self, section: Section) -> list[tuple[str, Section]]:
        coded = list(section.each(A_MAPPING))
        for code, _section in coded:
            if not value_readers.CODE.fullmatch(code):
                expected = _("a short code of letters, digits and hyphens")
                section.wrong(section.keys[code], expected)
        return coded

    def _department(self, code: str, section: Section) -> file_plan.DepartmentPlan:
        self.context.departments.append(code)
        values = read_fields(section, fields_of(file_plan.DepartmentPlan), self.context)
        section.done()
        return file_plan.DepartmentPlan(code=code, **values)

    def _system(self, code: str, section: Section) -> file_plan.SystemPlan:
        self.context.systems.append(code)
        values = read_fields(section, fields_of(file_plan.SystemPlan), self.context)
        section.done()
        return file_plan.SystemPlan(code=code, **values)

    # --- agendas and services

    def _agenda(self, code: str, section: Section) -> file_plan.AgendaPlan:
        context = self.context
        self._check_code_is_new(code, section)
        context.agenda, context.agendas[code] = code, []
        booking = self._booking(section, code)
        context.booked = booking is not None
        defaults = read_fields(section, file_plan.SERVICE_DEFAULTS, context)
        context.modes, context.rooms = defaults["modes"], defaults["rooms"]
        services = section.section("services", BY_CODE)
        if services is None or not services.values:
            expected = _("one service at least")
            section.wrong(section.node, expected, at="services", value=NOTHING)
        agenda = file_plan.AgendaPlan(
            code=code,
            booking=booking,
            services=tuple(
                self._service(service_code, service_section, booking)
                for service_code, service_section in (
                    self._sections_by_code(services) if services else ()
                )
            ),
            times=read_times(section, AGENDA_TIMES, context),
            **read_fields(section, fields_of(file_plan.AgendaPlan), context),
        )
        section.done()
        return agenda

    def _check_code_is_new(self, code: str, section: Section) -> None:
        if code in self.context.agendas or code in self.context.services:
            self._second_time(code, section, _("a code that no other agenda or service has"))

    def _second_time(self, code: str, section: Section, expected: Phrase) -> None:
        repeated = _('the code "%(code)s" a second time', code=code)
        section.wrong(section.node, expected, value=repeated)

    def _booking(self, agenda: Section, code: str) -> Rules | None:
        if not agenda.has("booking"):
            return None
        node = agenda.values["booking"]
        if isinstance(node, yaml.ScalarNode) and node.value.strip() == "none":
            return None
        section = Section(node, agenda.below("booking"), agenda.problems, RULES_EXPECTED)
        rules = read_rules(section, self.context)
        section.done()
        self.booking[code] = section
        return rules

    def quotas_are_bearable(self, office: file_plan.OfficePlan) -> None:
        """Add a problem for each quota that makes walk-ins wait too long and has no reason."""
        for code, quota in quotas(office).items():
            if quota.refused and quota.agenda.booking and not quota.agenda.booking.quota_reason:
                section = self.booking[code]
                section.wrong(
                    section.values.get("quota", section.node),
                    _(
                        "a quota that makes them wait %(times)s times as long at most: fewer"
                        ' people, a longer window, more counters, or a "quota reason"',
                        times=REFUSE,
                    ),
                    at="quota",
                    value=quota_in_words(quota),
                )

    def _service(self, code: str, section: Section, booking: Rules | None) -> file_plan.ServicePlan:
        self._check_code_is_new(code, section)
        self.context.agendas[self.context.agenda].append(code)
        service = file_plan.ServicePlan(
            code=code,
            times=read_times(section, PART_TIMES, self.context),
            **read_fields(section, fields_of(file_plan.ServicePlan), self.context),
        )
        if service.bookable and booking and booking.kind == "slot":
            self.context.exact.add(code)
        if service.bookable and not booking:
            expected = _('"no", or booking rules in its agenda')
            section.wrong(section.values["bookable"], expected, at="bookable")
        if not service.bookable and not service.walk_in:
            section.wrong(
                section.node,
                _('a service that is "bookable" or "walk-in"'),
                value=_("a service that nobody can come for"),
            )
        section.done()
        return service

    def _check_everything_is_served(self) -> None:
        if "agendas" not in self.root.values or not self.context.counters:
            return
        for code in self.context.services:
            if code not in self.served:
                self.root.wrong(
                    self.root.values["counters"],
                    _('a counter that serves "%(code)s"', code=code),
                    at="counters",
                    value=_("none of the counters"),
                )

    # --- officials, counters and devices

    def _official(self, code: str, section: Section) -> file_plan.OfficialPlan:
        expected = _('the official\'s hours such as {mon: "8:00-17:00"}')
        official = file_plan.OfficialPlan(
            code=code,
            **read_fields(section, fields_of(file_plan.OfficialPlan), self.context),
            times=read_times(section, OFFICIAL_TIMES, self.context, expected),
        )
        section.done()
        return official

    def _counter(self, code: str, section: Section) -> file_plan.CounterPlan:
        self.context.counters.append(code)
        values = read_fields(section, fields_of(file_plan.CounterPlan), self.context)
        counter = file_plan.CounterPlan(
            code=code, **values, times=read_times(section, PART_TIMES, self.context)
        )
        if (number := values["number"]) in self.counter_numbers:
            expected = _("a number that no other counter has")
            section.wrong(section.values["number"], expected, at="number")
        self.counter_numbers |= {number} - {None}
        self.served.update(counter.services or ())
        section.done()
        return counter

    def _device_of(self, kind: str) -> Callable[[str, Section], file_plan.DevicePlan]:
        def read(code: str, section: Section) -> file_plan.DevicePlan:
            if code in self.device_codes:
                expected = _("a code that no other kiosk or display has")
                self._second_time(code, section, expected)
            self.device_codes.add(code)
            values = read_fields(section, file_plan.DEVICE_FIELDS[kind], self.context)
            section.done()
            name = values.pop("name")
            options = {option: stored(value) for option, value in values.items()}
            return file_plan.DevicePlan(kind, code, name, options)

        return read

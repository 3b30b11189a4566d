"""Parsing of an office's file into a plan; reports all problems at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from prepazka.core import idle
from prepazka.core.door_codes import PHONE_TICKETS
from prepazka.core.figures import REFUSE
from prepazka.core.slots import Rules
from prepazka.officefile import file_plan, value_readers
from prepazka.officefile.booking_rules_section import read_rules
from prepazka.officefile.crest_section import read_crest
from prepazka.officefile.display_section import read_display
from prepazka.officefile.file_limits_section import read_files
from prepazka.officefile.file_plan import Text
from prepazka.officefile.hours_section import read_times
from prepazka.officefile.message_section import read_messages
from prepazka.officefile.nodes import (
    Problem,
    Section,
    Wrong,
    WrongFile,
    compose,
    nearest_names,
    quote_node,
)
from prepazka.officefile.nodes import items as list_of
from prepazka.officefile.quota_effect import quota_in_words, quotas

A_MAPPING = "a mapping of keys and values"
BY_CODE = "a mapping from codes to their contents"


def check(text: str, folder: Path | None = None) -> file_plan.OfficePlan:
    """The plan that the file describes. Raises WrongFile with all problems.

    `folder` is the folder of the file, in which its crest may be; without it the crest must be
    written in the file.
    """
    problems: list[Problem] = []
    root = Section(compose(text), "", problems, "an office's file, which starts with `office:`")
    reader = _Reader(root, folder)
    office = reader.read() if not problems else None
    if office and not problems:
        reader.quotas_are_bearable(office)
    if problems or office is None:
        raise WrongFile(problems)
    return office


class _Reader:
    """Reads one file; collects codes, so that later sections can refer to earlier ones."""

    def __init__(self, root: Section, folder: Path | None) -> None:
        self.root, self.folder = root, folder
        self.languages: tuple[str, ...] = ("cs",)
        self.departments: list[str] = []
        self.systems: list[str] = []
        self.agendas: dict[str, list[str]] = {}  # code -> codes of its services
        self.letters: dict[str, str] = {}
        self.served: set[str] = set()
        self.counter_numbers: set[str] = set()
        self.counter_codes: list[str] = []
        self.bookable: dict[str, bool] = {}  # code of a service -> whether officials may offer it
        self.device_codes: set[str] = set()
        self.booking: dict[str, Section] = {}  # booking rules by the agenda's code

    def read(self) -> file_plan.OfficePlan:
        root = self.root
        root.take("format", value_readers.choice("1"), "1")
        office = self._office()
        times = read_times(root, self.languages, booking=True)
        if not root.has("hours"):
            root.wrong(
                root.node,
                'the hours of the office such as {mon: "8:00-17:00"}',
                at="hours",
                value="nothing",
            )
        policy = self._policy()
        video = self._video()
        messages = read_messages(root, self.languages)
        departments = self._parts("departments", self._department)
        systems = self._parts("systems", self._system)
        agendas = self._parts("agendas", self._agenda, needed="one agenda at least")
        counters = self._parts("counters", self._counter, needed="one counter at least")
        officials = self._parts("officials", self._official)
        devices = self._parts("kiosks", self._kiosk) + self._parts("displays", self._display)
        crest = root.take("crest", read_crest(self.folder), b"")
        self._check_everything_is_served()
        root.done()
        return file_plan.OfficePlan(
            **office,
            **policy,
            **video,
            times=times,
            departments=departments,
            agendas=agendas,
            counters=counters,
            devices=devices,
            messages=messages,
            officials=officials,
            systems=systems,
            crest=crest,
        )

    # --- the office itself

    def _office(self) -> dict[str, Any]:
        section = self.root.section("office", A_MAPPING)
        if section is None:
            self.root.wrong(
                self.root.node, "the office's code and name", at="office", value="nothing"
            )
            section = Section(
                yaml.MappingNode("tag:yaml.org,2002:map", [], self.root.node.start_mark),
                "office",
                [],
                A_MAPPING,
            )
        self.languages = section.take("languages", value_readers.languages, ("cs",))
        nothing: Text = {}
        fields = {
            "slug": section.take(
                "code", value_readers.code, missing='a short code such as "lhota"'
            ),
            "name": section.take("name", self._text, missing="the office's name"),
            "address": section.take("address", self._text, nothing),
            "note": section.take("note", self._text, nothing),
            "after_hours": section.take("after hours", self._text, nothing),
            "email": section.take("email", value_readers.email, ""),
            "phone": section.take("phone", value_readers.words(40, "a telephone number"), ""),
            "timezone": section.take("timezone", value_readers.timezone, "Europe/Prague"),
            "languages": self.languages,
            "public_holidays": section.take(
                "public holidays", value_readers.choice("CZ", "none"), "CZ"
            ).replace("none", ""),
            "embed": section.take("embed", value_readers.hosts, None),
        }
        section.done()
        return fields

    def _video(self) -> dict[str, Any]:
        """The settings of video meetings; secrets of conferencing servers are not in a file."""
        section = self.root.section("video", A_MAPPING)
        if section is None:
            return {}
        fields = {
            "rooms": section.take("rooms", value_readers.rooms, ("embedded",)),
            "room_link": section.take("link", value_readers.room_link, ""),
            "files": read_files(section),
        }
        section.done()
        return fields

    def _policy(self) -> dict[str, Any]:
        section = self.root.section("policy", A_MAPPING) or Section(
            yaml.MappingNode("tag:yaml.org,2002:map", []), "policy", [], A_MAPPING
        )
        minutes = value_readers.length(0, value_readers.DAY_MIN, example="30 min")
        head_start = section.take(
            "head start",
            value_readers.length(0, value_readers.DAY_MIN, none=-1, example="60 min"),
            -1,
        )
        cap = section.take(
            "longest wait",
            value_readers.length(1, value_readers.DAY_MIN, none=-1, example="60 min"),
            -1,
        )
        overtime = section.take(
            "overtime", value_readers.length(0, value_readers.DAY_MIN, none=-1, example="15 min"), 0
        )
        fields = {
            "head_start_min": None if head_start == -1 else head_start,
            "walkin_cap_min": None if cap == -1 else cap,
            "call_early": section.take("call early", value_readers.flag, True),
            "first_ticket_min": section.take("first ticket", minutes, 30),
            "last_ticket_min": section.take("last ticket", minutes, 0),
            "overtime_min": None if overtime == -1 else overtime,
            "phone_tickets": section.take(
                "phone tickets", value_readers.choice(*PHONE_TICKETS), "none"
            ),
            "retention_days": section.take(
                "personal data kept",
                value_readers.length(1, 3660, unit=value_readers.DAY_MIN, example="7 days"),
                7,
            ),
            "lock_after_min": section.take(
                "lock screens after",
                value_readers.length(idle.LEAST_MIN, idle.MOST_MIN, example="15 min"),
                idle.USUAL_MIN,
            ),
            "answer_offers_min": section.take(
                "answer offers within",
                value_readers.length(60, 7 * value_readers.DAY_MIN, example="24 h"),
                1440,
            ),
            "second_factor_roles": section.take("second factor", value_readers.roles, ()),
        }
        section.done()
        return fields

    def _text(self, node: yaml.Node) -> Text:
        return value_readers.text_in(self.languages)(node)

    def _parts(
        self,
        key: str,
        read: Callable[[str, Section], Any],
        *,
        needed: str = "",
    ) -> tuple[Any, ...]:
        section = self.root.section(key, BY_CODE)
        if section is None or not section.values:
            if needed and (section is None or isinstance(section.node, yaml.MappingNode)):
                self.root.wrong(
                    section.node if section else self.root.node, needed, at=key, value="nothing"
                )
            return ()
        return tuple(
            read(code, section_of_code) for code, section_of_code in self._sections_by_code(section)
        )

    def _sections_by_code(self, section: Section) -> list[tuple[str, Section]]:
        coded = list(section.each(A_MAPPING))
        for code, _ in coded:
            if not value_readers.CODE.fullmatch(code):
                section.wrong(section.keys[code], "a short code of letters, digits and hyphens")
        return coded

    def _department(self, code: str, section: Section) -> file_plan.DepartmentPlan:
        self.departments.append(code)
        name = section.take("name", self._text, missing="the department's name")
        section.done()
        return file_plan.DepartmentPlan(code, name)

    def _system(self, code: str, section: Section) -> file_plan.SystemPlan:
        self.systems.append(code)
        name = section.take("name", self._text, missing="the system's name")
        section.done()
        return file_plan.SystemPlan(code, name)

    def _needs(self, node: yaml.Node) -> tuple[str, ...]:
        """Codes of systems, in the order of the file's systems."""
        codes = {value_readers.code(code) for code in list_of(node, "codes of systems")}
        for code in sorted(codes):
            if code not in self.systems:
                raise Wrong(f"codes of systems: {nearest_names(code, self.systems)}")
        return tuple(code for code in self.systems if code in codes)

    # --- agendas and services

    def _agenda(self, code: str, section: Section) -> file_plan.AgendaPlan:
        self._check_code_is_new(code, section)
        self.agendas[code] = []
        booking = self._booking(section, code)
        self.exact = booking is not None and booking.kind == "slot"
        self.modes = section.take("modes", value_readers.modes, ("person",))
        self.rooms = section.take("rooms", value_readers.rooms, ())
        services = section.section("services", BY_CODE)
        if services is None or not services.values:
            section.wrong(section.node, "one service at least", at="services", value="nothing")
        agenda = file_plan.AgendaPlan(
            code=code,
            name=section.take("name", self._text, missing="the agenda's name"),
            letter=section.take(
                "letter", self._letter(code), missing='the letter of its tickets such as "V"'
            ),
            department=section.take("department", self._department_code, None),
            booking=booking,
            services=tuple(
                self._service(service_code, service_section, code, bookable=booking is not None)
                for service_code, service_section in (
                    self._sections_by_code(services) if services else ()
                )
            ),
            times=read_times(section, self.languages, booking=True, modes=True),
        )
        section.done()
        return agenda

    def _check_code_is_new(self, code: str, section: Section) -> None:
        if code in self.agendas or any(code in services for services in self.agendas.values()):
            section.wrong(
                section.node,
                "a code that no other agenda or service has",
                value=f'the code "{code}" a second time',
            )

    def _letter(self, code: str) -> Callable[[yaml.Node], str]:
        def read(node: yaml.Node) -> str:
            letter = value_readers.letter(node)
            if letter in self.letters:
                raise Wrong(f'a letter of its own; "{self.letters[letter]}" has this one')
            self.letters[letter] = code
            return letter

        return read

    def _department_code(self, node: yaml.Node) -> str:
        department = value_readers.code(node)
        if department not in self.departments:
            raise Wrong(f"the code of a department: {nearest_names(department, self.departments)}")
        return department

    def _booking(self, agenda: Section, code: str) -> Rules | None:
        if not agenda.has("booking"):
            return None
        node = agenda.values["booking"]
        if isinstance(node, yaml.ScalarNode) and node.value.strip() == "none":
            return None
        section = Section(
            node,
            agenda.below("booking"),
            agenda.problems,
            "booking rules such as {window: 60 min, quota: 1}, or none",
        )
        rules = read_rules(section)
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
                    f"a quota that makes them wait {REFUSE} times as long at most: fewer people, a"
                    ' longer window, more counters, or a "quota reason"',
                    at="quota",
                    value=quota_in_words(quota),
                )

    def _service(
        self,
        code: str,
        section: Section,
        agenda: str,
        *,
        bookable: bool,
    ) -> file_plan.ServicePlan:
        self._check_code_is_new(code, section)
        self.agendas[agenda].append(code)
        nothing: Text = {}
        service = file_plan.ServicePlan(
            code=code,
            name=section.take("name", self._text, missing="the service's name"),
            duration_min=section.take(
                "duration",
                value_readers.length(1, 600, example="15 min"),
                missing='its usual duration such as "15 min"',
            ),
            bookable=section.take("bookable", value_readers.flag, bookable),
            walk_in=section.take("walk-in", value_readers.flag, True),
            hint=section.take("hint", self._text, nothing),
            documents=section.take("documents", self._text, nothing),
            fee=section.take("fee", self._text, nothing),
            times=read_times(section, self.languages),
            needs=section.take("needs", self._needs, ()),
            modes=section.take("modes", value_readers.modes, self.modes),
            rooms=section.take("rooms", value_readers.rooms, self.rooms),
        )
        self.bookable[code] = service.bookable and self.exact
        if service.bookable and not bookable:
            section.wrong(
                section.values["bookable"], '"no", or booking rules in its agenda', at="bookable"
            )
        if not service.bookable and not service.walk_in:
            section.wrong(
                section.node,
                'a service that is "bookable" or "walk-in"',
                value="a service that nobody can come for",
            )
        section.done()
        return service

    def _check_everything_is_served(self) -> None:
        agendas = self.root.values.get("agendas")
        if agendas is None or not self.counter_codes:
            return
        for services in self.agendas.values():
            for code in services:
                if code not in self.served:
                    self.root.wrong(
                        self.root.values["counters"],
                        f'a counter that serves "{code}"',
                        at="counters",
                        value="none of the counters",
                    )

    # --- officials

    def _official(self, code: str, section: Section) -> file_plan.OfficialPlan:
        nothing: Text = {}
        official = file_plan.OfficialPlan(
            code=code,
            name=section.take("name", self._text, missing="the official's name"),
            department=section.take("department", self._department_code, None),
            counter=section.take("counter", self._counter_code, None),
            topics=section.take(
                "topics", self._topics, missing="agendas or services that are booked with them"
            )
            or (),
            place=section.take("place", self._text, nothing),
            email=section.take("email", value_readers.email, ""),
            phone=section.take("phone", value_readers.words(40, "a telephone number"), ""),
            buffer_min=section.take(
                "buffer", value_readers.length(0, 600, none=0, example="5 min"), 0
            ),
            times=read_times(section, self.languages, modes=True),
        )
        if not section.has("hours") and not official.times.mode_hours:
            section.wrong(
                section.node,
                'the official\'s hours such as {mon: "8:00-17:00"}',
                at="hours",
                value="nothing",
            )
        section.done()
        return official

    def _counter_code(self, node: yaml.Node) -> str:
        counter = value_readers.code(node)
        if counter not in self.counter_codes:
            raise Wrong(f"the code of a counter: {nearest_names(counter, self.counter_codes)}")
        return counter

    def _topics(self, node: yaml.Node) -> tuple[str, ...]:
        codes = self._services(node)
        for code in codes:
            if not self.bookable[code]:
                raise Wrong(
                    f'services booked by exact times; "{code}" is not (its agenda needs'
                    " booking rules of kind: slot)"
                )
        return codes

    # --- counters and devices

    def _counter(self, code: str, section: Section) -> file_plan.CounterPlan:
        self.counter_codes.append(code)
        number = section.take(
            "number", value_readers.words(10, "a counter's number"), missing="the counter's number"
        )
        if number in self.counter_numbers:
            section.wrong(
                section.values["number"], "a number that no other counter has", at="number"
            )
        self.counter_numbers.add(number)
        nothing: Text = {}
        served: tuple[str, ...] = ()
        counter = file_plan.CounterPlan(
            code=code,
            number=number,
            name=section.take("name", self._text, file_plan.counter_name(number)),
            place=section.take("place", self._text, nothing),
            services=section.take("serves", self._services, missing='agendas or services, or "all"')
            or served,
            times=read_times(section, self.languages),
        )
        self.served.update(counter.services)
        section.done()
        return counter

    def _services(self, node: yaml.Node) -> tuple[str, ...]:
        """Codes of services, in the order of the file; an agenda's code means all its services."""
        all_codes = [code for services in self.agendas.values() for code in services]
        if quote_node(node) == '"all"':
            return tuple(all_codes)
        expected = 'codes of agendas or services such as [vozidla, doklady], or "all"'
        chosen: set[str] = set()
        for code_node in list_of(node, expected):
            code = code_node.value if isinstance(code_node, yaml.ScalarNode) else ""
            if code in self.agendas:
                chosen.update(self.agendas[code])
            elif code in all_codes:
                chosen.add(code)
            else:
                raise Wrong(
                    f"{expected}: {nearest_names(code, [*self.agendas, *all_codes])}", code_node
                )
        if not chosen:
            raise Wrong(expected)
        return tuple(code for code in all_codes if code in chosen)

    def _counters(self, node: yaml.Node) -> list[str]:
        if quote_node(node) == '"all"':
            return list(self.counter_codes)
        expected = 'codes of counters such as [p1, p2], or "all"'
        chosen = []
        for code_node in list_of(node, expected):
            code = code_node.value if isinstance(code_node, yaml.ScalarNode) else ""
            if code not in self.counter_codes:
                raise Wrong(f"{expected}: {nearest_names(code, self.counter_codes)}", code_node)
            chosen.append(code)
        if not chosen:
            raise Wrong(expected)
        return [code for code in self.counter_codes if code in chosen]

    def _device(
        self,
        kind: str,
        code: str,
        section: Section,
        options: dict[str, Any],
    ) -> file_plan.DevicePlan:
        if code in self.device_codes:
            section.wrong(
                section.node,
                "a code that no other kiosk or display has",
                value=f'the code "{code}" a second time',
            )
        self.device_codes.add(code)
        name = section.take("name", self._text, file_plan.DEVICE_NAMES[kind])
        section.done()
        return file_plan.DevicePlan(kind, code, name, options)

    def _kiosk(self, code: str, section: Section) -> file_plan.DevicePlan:
        all_codes = [service for services in self.agendas.values() for service in services]
        services = section.take("services", self._services, tuple(all_codes))
        options = {
            "services": list(services or ()),
            "printer": section.take("printer", value_readers.printer, {"kind": "none"}),
            "languages": list(section.take("languages", self._some_languages, self.languages)),
        }
        return self._device("kiosk", code, section, options)

    def _display(self, code: str, section: Section) -> file_plan.DevicePlan:
        options = {
            "counters": section.take("counters", self._counters, list(self.counter_codes)),
        } | read_display(section, self.counter_codes, self._text)
        return self._device("display", code, section, options)

    def _some_languages(self, node: yaml.Node) -> tuple[str, ...]:
        chosen = value_readers.languages(node)
        if not set(chosen) <= set(self.languages):
            raise Wrong(f"languages of the office ({', '.join(self.languages)})")
        return chosen

"""Writing of an office's plan as readable YAML, without defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from prepazka.core.calendar import WeeklyHours
from prepazka.officefile import file_plan, value_readers
from prepazka.officefile.booking_rules_section import write_rules
from prepazka.officefile.crest_section import PICTURE, write_crest
from prepazka.officefile.display_section import write_display
from prepazka.officefile.file_limits_section import write_files
from prepazka.officefile.file_plan import Text
from prepazka.officefile.hours_section import write_exceptions, write_hours
from prepazka.officefile.message_section import write_messages

WIDTH = 96


class _Part(dict[str, Any]):
    """A mapping that is always written on lines of its own."""


def write(office: file_plan.OfficePlan) -> str:
    """The text of the file; `check` turns it into an equal plan."""
    sections = {
        "format": "1",
        "office": _office(office),
        **_times(office.times),
        "policy": _policy(office),
        "video": _video(office),
        "messages": write_messages(office.messages),
        "departments": {d.code: {"name": _text(d.name)} for d in office.departments},
        "systems": {s.code: {"name": _text(s.name)} for s in office.systems},
        "agendas": {a.code: _agenda(a) for a in office.agendas},
        "counters": {c.code: _counter(office, c) for c in office.counters},
        "officials": {o.code: _official(office, o) for o in office.officials},
        "kiosks": {d.code: _kiosk(office, d) for d in office.devices if d.kind == "kiosk"},
        "displays": {d.code: _display(office, d) for d in office.devices if d.kind == "display"},
        "crest": write_crest(office.crest),  # last, because it is long
    }
    return "\n".join(_dump({key: section}) for key, section in sections.items() if section)


def _nonempty(**entries: Any) -> dict[str, Any]:
    """The entries that are not empty; `_` in a key stands for a space."""
    return {
        key.replace("_", " "): content
        for key, content in entries.items()
        if content not in ("", None, {}, [])
    }


def _yes_or_no(flag: bool) -> str:  # noqa: FBT001  # it is what is written
    return "yes" if flag else "no"


def _text(text: Text) -> Any:
    by_language = {
        language: _lines(text_in_language) for language, text_in_language in text.items()
    }
    return (
        by_language["cs"]
        if list(by_language) == ["cs"] and isinstance(by_language["cs"], str)
        else by_language
    )


def _lines(text: str) -> str | list[str]:
    return text.split("\n") if "\n" in text else text


def _office(office: file_plan.OfficePlan) -> dict[str, Any]:
    return _nonempty(
        code=office.slug,
        name=_text(office.name),
        address=_text(office.address),
        note=_text(office.note),
        after_hours=_text(office.after_hours),
        email=office.email,
        phone=office.phone,
        timezone=office.timezone,
        languages=list(office.languages),
        public_holidays=office.public_holidays or "none",
        embed=value_readers.write_hosts(office.embed),
    )


def _video(office: file_plan.OfficePlan) -> dict[str, Any]:
    files = write_files(office.files)
    if office.rooms == ("embedded",) and not office.room_link:
        return files
    return _nonempty(rooms=list(office.rooms), link=office.room_link) | files


def _policy(office: file_plan.OfficePlan) -> dict[str, Any]:
    head_start, cap = office.head_start_min, office.walkin_cap_min
    return {
        "head start": "none" if head_start is None else value_readers.write_length(head_start),
        **({} if cap is None else {"longest wait": value_readers.write_length(cap)}),
        "call early": _yes_or_no(office.call_early),
        "first ticket": value_readers.write_length(office.first_ticket_min),
        "last ticket": value_readers.write_length(office.last_ticket_min),
        "overtime": "none"
        if office.overtime_min is None
        else value_readers.write_length(office.overtime_min),
        "phone tickets": office.phone_tickets,
        "personal data kept": value_readers.write_length(
            office.retention_days * value_readers.DAY_MIN
        ),
        "answer offers within": value_readers.write_length(office.answer_offers_min),
        "lock screens after": value_readers.write_length(office.lock_after_min),
        **_nonempty(second_factor=value_readers.write_roles(office.second_factor_roles)),
    }


def _times(times: file_plan.Times) -> dict[str, Any]:
    of_modes = {f"{mode} hours": _weeks(rows) for mode, rows in times.mode_hours}
    exceptions = write_exceptions(times.exceptions)
    for exception in exceptions:
        if "reason" in exception:
            exception["reason"] = _text(exception["reason"])  # type: ignore[arg-type]
    return _nonempty(
        hours=_weeks(times.hours),
        booking_hours=_weeks(times.booking_hours),
        **of_modes,
        exceptions=exceptions,
    )


def _weeks(rows: tuple[WeeklyHours, ...]) -> _Part | list[_Part]:
    weeks = [_Part(week) for week in write_hours(rows)]
    return weeks[0] if len(weeks) == 1 else weeks


def _agenda(agenda: file_plan.AgendaPlan) -> dict[str, Any]:
    return (
        _nonempty(
            letter=agenda.letter,
            department=agenda.department,
            name=_text(agenda.name),
            booking=write_rules(agenda.booking) if agenda.booking else "none",
        )
        | _times(agenda.times)
        | {"services": {s.code: _service(s, agenda) for s in agenda.services}}
    )


def _service(service: file_plan.ServicePlan, agenda: file_plan.AgendaPlan) -> dict[str, Any]:
    entries = _nonempty(
        name=_text(service.name),
        duration=f"{service.duration_min} min",
        hint=_text(service.hint),
        documents=_text(service.documents),
        fee=_text(service.fee),
    )
    if service.bookable != (agenda.booking is not None):
        entries["bookable"] = _yes_or_no(service.bookable)
    if not service.walk_in:
        entries["walk-in"] = "no"
    if service.needs:
        entries["needs"] = list(service.needs)
    if service.modes != ("person",):
        entries["modes"] = list(service.modes)
    if service.rooms:
        entries["rooms"] = list(service.rooms)
    return entries | _times(service.times)


def _counter(office: file_plan.OfficePlan, counter: file_plan.CounterPlan) -> dict[str, Any]:
    name = {} if counter.name == file_plan.counter_name(counter.number) else counter.name
    return _nonempty(
        number=counter.number,
        name=_text(name) if name else None,
        place=_text_or_none(counter.place),
        serves=_services(office, counter.services),
    ) | _times(counter.times)


def _official(office: file_plan.OfficePlan, official: file_plan.OfficialPlan) -> dict[str, Any]:
    buffer = official.buffer_min
    return _nonempty(
        name=_text(official.name),
        department=official.department,
        counter=official.counter,
        topics=_services(office, official.topics),
        place=_text_or_none(official.place),
        phone=official.phone,
        email=official.email,
        buffer=value_readers.write_length(buffer) if buffer else None,
    ) | _times(official.times)


def _text_or_none(text: Text) -> Any:
    return _text(text) if text else None


def _services(office: file_plan.OfficePlan, codes: Iterable[str]) -> Any:
    """The services as written: "all", codes of whole agendas, and codes of other services."""
    codes_given = set(codes)
    if codes_given == {s.code for s in office.services()}:
        return "all"
    entries = []
    for agenda in office.agendas:
        agenda_codes = [s.code for s in agenda.services]
        chosen = [code for code in agenda_codes if code in codes_given]
        entries += [agenda.code] if chosen == agenda_codes else chosen
    return entries


def _kiosk(office: file_plan.OfficePlan, device: file_plan.DevicePlan) -> dict[str, Any]:
    return _device(device) | {
        "services": _services(office, device.options["services"]),
        "printer": value_readers.write_printer(device.options["printer"]),
        "languages": device.options["languages"],
    }


def _display(office: file_plan.OfficePlan, device: file_plan.DevicePlan) -> dict[str, Any]:
    counters = device.options["counters"]
    all_counters = [c.code for c in office.counters]
    return (
        _device(device)
        | {
            "counters": "all" if counters == all_counters else counters,
        }
        | write_display(device.options, _text)
    )


def _device(device: file_plan.DevicePlan) -> dict[str, Any]:
    usual = device.name == file_plan.DEVICE_NAMES[device.kind]
    return {} if usual else {"name": _text(device.name)}


# --- YAML -----------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Indents lists, and writes short mappings and lists of single values on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002
        super().increase_indent(flow, False)

    def represent_short(self, collection: Any) -> yaml.Node:
        node: yaml.CollectionNode = (
            self.represent_dict(collection)
            if isinstance(collection, dict)
            else self.represent_list(collection)
        )
        members = list(collection.values()) if isinstance(collection, dict) else collection
        simple = all(isinstance(member, str) for member in members)
        node.flow_style = (
            bool(members)
            and simple
            and len(str(collection)) < WIDTH - 20
            and (
                isinstance(collection, list) or len(collection) <= 2  # noqa: PLR2004
            )
        )
        return node

    def represent_text(self, text: str) -> yaml.Node:
        times = ":" in text and text.replace(":", "").replace("-", "")[:1].isdigit()
        style = "|" if text.startswith(PICTURE) else '"' if times else None
        node: yaml.Node = self.represent_scalar("tag:yaml.org,2002:str", text, style=style)
        return node

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(_Part, _Dumper.represent_dict)
_Dumper.add_representer(dict, _Dumper.represent_short)
_Dumper.add_representer(list, _Dumper.represent_short)
_Dumper.add_representer(str, _Dumper.represent_text)
# `check` reads all scalars as strings, so quotes are needed only where people would misread one.
_Dumper.yaml_implicit_resolvers = {}


def _dump(section: dict[str, Any]) -> str:
    text: str = yaml.dump(
        _Part(section),
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=WIDTH,
        default_flow_style=False,
    )
    return text

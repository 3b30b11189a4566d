"""Writing of an office's plan as readable YAML, without defaults."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import yaml

from prepazka.officefile import file_plan
from prepazka.officefile.booking_rules_section import write_rules
from prepazka.officefile.crest_section import PICTURE
from prepazka.officefile.declarations import FileContext, fields_of, write_fields
from prepazka.officefile.file_limits_section import write_files
from prepazka.officefile.hours_section import Lines, write_times
from prepazka.officefile.message_section import write_messages

WIDTH = 96


def write(office: file_plan.OfficePlan) -> str:
    """The text of the file; `check` turns it into an equal plan."""
    context = FileContext(
        languages=office.languages,
        agendas={a.code: [s.code for s in a.services] for a in office.agendas},
        counters=[c.code for c in office.counters],
    )

    def section(plan: type[Any]) -> dict[str, Any]:
        return write_fields(office, fields_of(plan), context)

    sections: dict[str, Any] = {
        "format": "1",
        "office": section(file_plan.OfficeSection),
        **write_times(office.times, context),
        "policy": section(file_plan.PolicySection),
        "video": section(file_plan.VideoSection) | write_files(office.files, context),
        "messages": write_messages(office.messages, context),
        "departments": {d.code: _part(d, context) for d in office.departments},
        "systems": {s.code: _part(s, context) for s in office.systems},
        "agendas": {a.code: _agenda(a, context) for a in office.agendas},
        "counters": {c.code: _part(c, context) for c in office.counters},
        "officials": {o.code: _part(o, context) for o in office.officials},
        **{
            f"{kind}s": {d.code: _device(d, context) for d in office.devices if d.kind == kind}
            for kind in ("kiosk", "display")
        },
        **section(file_plan.CrestSection),  # last, because it is long
    }
    return "\n".join(_dump({key: content}) for key, content in sections.items() if content)


def _part(plan: Any, context: FileContext) -> dict[str, Any]:
    """The fields of a part of the office, and its hours if it may have some."""
    entries = write_fields(plan, fields_of(type(plan)), context)
    return entries | write_times(plan.times, context) if hasattr(plan, "times") else entries


def _agenda(agenda: file_plan.AgendaPlan, context: FileContext) -> dict[str, Any]:
    context.booked = agenda.booking is not None
    return (
        write_fields(agenda, fields_of(file_plan.AgendaPlan), context)
        | {"booking": write_rules(agenda.booking, context) if agenda.booking else "none"}
        | write_times(agenda.times, context)
        | {"services": {s.code: _part(s, context) for s in agenda.services}}
    )


def _device(device: file_plan.DevicePlan, context: FileContext) -> dict[str, Any]:
    options = SimpleNamespace(**(device.options | {"name": device.name}))
    return write_fields(options, file_plan.DEVICE_FIELDS[device.kind], context)


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


_Dumper.add_representer(Lines, _Dumper.represent_dict)
_Dumper.add_representer(dict, _Dumper.represent_short)
_Dumper.add_representer(list, _Dumper.represent_short)
_Dumper.add_representer(str, _Dumper.represent_text)
# `check` reads all scalars as strings, so quotes are needed only where people would misread one.
_Dumper.yaml_implicit_resolvers = {}


def _dump(section: dict[str, Any]) -> str:
    text: str = yaml.dump(
        Lines(section),
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=WIDTH,
        default_flow_style=False,
    )
    return text

"""Kinds of values that name other parts of the file by their codes."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from prepazka.officefile import value_readers
from prepazka.officefile.declarations import FileContext, Kind
from prepazka.officefile.nodes import Wrong, items, nearest_names, quote_node
from prepazka.officefile.phrases import Phrase
from prepazka.officefile.phrases import phrase as _

ALL = "all"


def _department(node: yaml.Node, context: FileContext) -> str:
    return _code_of(node, context.departments, _("the code of a department"))


def _counter(node: yaml.Node, context: FileContext) -> str:
    return _code_of(node, context.counters, _("the code of a counter"))


def _code_of(node: yaml.Node, codes: Sequence[str], expected: Phrase) -> str:
    code = value_readers.code(node)
    if code not in codes:
        raise Wrong(_nearest(expected, code, codes))
    return code


def _nearest(expected: Phrase, code: str, codes: Sequence[str]) -> Phrase:
    return _("%(what)s: %(nearest)s", what=expected, nearest=nearest_names(code, codes))


def _systems(node: yaml.Node, context: FileContext) -> tuple[str, ...]:
    """Codes of systems, in the order of the file's systems."""
    expected = _("codes of systems")
    codes = {value_readers.code(code_node) for code_node in items(node, expected)}
    for code in sorted(codes):
        if code not in context.systems:
            raise Wrong(_nearest(expected, code, context.systems))
    return tuple(code for code in context.systems if code in codes)


def services(node: yaml.Node, context: FileContext) -> tuple[str, ...]:
    """Codes of services, in the order of the file; an agenda's code means all its services."""
    all_codes = context.services
    if quote_node(node) == f'"{ALL}"':
        return tuple(all_codes)
    expected = _('codes of agendas or services such as [vozidla, doklady], or "all"')
    chosen: set[str] = set()
    for code_node in items(node, expected):
        code = code_node.value if isinstance(code_node, yaml.ScalarNode) else ""
        if code in context.agendas:
            chosen.update(context.agendas[code])
        elif code in all_codes:
            chosen.add(code)
        else:
            raise Wrong(_nearest(expected, code, [*context.agendas, *all_codes]), code_node)
    if not chosen:
        raise Wrong(expected)
    return tuple(code for code in all_codes if code in chosen)


def write_services(codes: Sequence[str], context: FileContext) -> str | list[str]:
    """The services as written: "all", codes of whole agendas, and codes of other services."""
    chosen_codes = set(codes)
    if chosen_codes == set(context.services):
        return ALL
    entries = []
    for agenda, of_agenda in context.agendas.items():
        chosen = [code for code in of_agenda if code in chosen_codes]
        entries += [agenda] if chosen == of_agenda else chosen
    return entries


def _topics(node: yaml.Node, context: FileContext) -> tuple[str, ...]:
    codes = services(node, context)
    for code in codes:
        if code not in context.exact:
            raise Wrong(
                _(
                    'services booked by exact times; "%(code)s" is not (its agenda needs booking'
                    " rules of kind: slot)",
                    code=code,
                )
            )
    return codes


def _counters(node: yaml.Node, context: FileContext) -> list[str]:
    if quote_node(node) == f'"{ALL}"':
        return list(context.counters)
    expected = _('codes of counters such as [p1, p2], or "all"')
    chosen = []
    for code_node in items(node, expected):
        code = code_node.value if isinstance(code_node, yaml.ScalarNode) else ""
        if code not in context.counters:
            raise Wrong(_nearest(expected, code, context.counters), code_node)
        chosen.append(code)
    if not chosen:
        raise Wrong(expected)
    return [code for code in context.counters if code in chosen]


def _write_counters(codes: list[str], context: FileContext) -> str | list[str]:
    return ALL if codes == context.counters else codes


DEPARTMENT: Kind[str | None] = Kind("department", _department, parts="departments")
COUNTER: Kind[str | None] = Kind("counter", _counter, parts="counters")
SYSTEMS: Kind[tuple[str, ...]] = Kind("systems", _systems)
SERVICES: Kind[tuple[str, ...]] = Kind("services", services, write_services)
TOPICS: Kind[tuple[str, ...]] = Kind("topics", _topics, write_services)
COUNTERS: Kind[list[str]] = Kind("counters", _counters, _write_counters)

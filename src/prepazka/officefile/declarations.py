"""Declarations of the office file's fields, and reading, writing and storing by them.

A field is declared once: its key, kind of value, label, help, default, the role that may change it,
whether a change touches people, and where it is kept. Check, load, write and export go over the
declarations; a form of the browser can do the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from django.utils.translation import get_language

from prepazka.officefile.nodes import NOTHING, Problem, Section, node_of
from prepazka.officefile.phrases import ENGLISH, Phrase

T = TypeVar("T")
DECLARATION = "declaration"
OF_ITS_NAME = "="
BY_LOADER = ""  # kept in rows of its own
EMPTY: tuple[Any, ...] = ("", None, {}, [])


class Right(StrEnum):
    """The role from which on a field may be changed."""

    HEAD = "head"
    ADMINISTRATOR = "administrator"


@dataclass
class FileContext:
    """What fields refer to: languages and codes of the file, and the agenda that is being read."""

    languages: tuple[str, ...] = ("cs",)
    folder: Path | None = None  # of the file; a crest is looked for there
    departments: list[str] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    agendas: dict[str, list[str]] = field(default_factory=dict)  # code -> codes of its services
    letters: dict[str, str] = field(default_factory=dict)  # letter -> code of its agenda
    exact: set[str] = field(default_factory=set)  # services that can be booked with officials
    counters: list[str] = field(default_factory=list)
    # Of the agenda that is being read or written: its code, and the defaults of its services.
    agenda: str = ""
    booked: bool = False
    modes: tuple[str, ...] = ("person",)
    rooms: tuple[str, ...] = ()

    @property
    def services(self) -> list[str]:
        """Codes of all services, in the order of the file."""
        return [code for services in self.agendas.values() for code in services]


def _unreadable(node: yaml.Node, _context: FileContext) -> Any:
    raise TypeError(node)  # a kind has `read` or `nested`


def _same(content: Any, _context: FileContext) -> Any:
    """The value itself, a tuple as a list."""
    return stored(content)


def stored(content: Any) -> Any:
    """The value as its column or JSON keeps it."""
    return list(content) if isinstance(content, tuple) else content


def restored(content: Any) -> Any:
    """The value of a column as plans have it."""
    if isinstance(content, dict):
        return dict(content)
    return tuple(content) if isinstance(content, list) else content


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of values: how it is read and written, and the bounds that a form needs.

    `read` gets a node and raises Wrong; `nested` replaces it for values with sections of their
    own, and adds its problems itself.
    """

    name: str
    read: Callable[[yaml.Node, FileContext], T] = _unreadable
    write: Callable[[T, FileContext], Any] = _same
    bounds: Mapping[str, Any] = field(default_factory=dict)
    nested: Callable[[Section, str, FileContext], T] | None = None
    restore: Callable[[Any], Any] = restored
    parts: str = ""  # of a reference: the collection in which its code is


def plain(
    name: str,
    read: Callable[[yaml.Node], T],
    write: Callable[[T], Any] = stored,
    **bounds: Any,
) -> Kind[T]:
    """A kind whose values do not depend on the rest of the file."""
    return Kind(name, lambda node, _: read(node), lambda value, _: write(value), bounds)


@dataclass(frozen=True)
class Field(Generic[T]):
    """One key of the office file."""

    key: str
    kind: Kind[T]
    _: KW_ONLY
    # Of a file without the key; or a function of the attributes read so far and the context.
    default: T | Callable[[Mapping[str, Any], FileContext], T] | None = None
    missing: Phrase | None = None  # what is expected of a required key
    column: str = OF_ITS_NAME  # where it is kept
    right: Right = Right.ADMINISTRATOR
    touches_people: bool = False  # bookings, tickets or entries of the waiting list
    always: bool | Callable[[Any], bool] = False  # written even if it is the default
    # Filled in by `declared`, `rule` and `option`.
    attributes: tuple[str, ...] = ()  # of the plan; several share a key, as ends of an interval
    title: Phrase = NOTHING
    description: Phrase = NOTHING

    @property
    def label(self) -> str:
        """The field's name in the active language."""
        return self.title.in_language(get_language() or ENGLISH)

    @property
    def help(self) -> str:
        """What the field means, in the active language."""
        return self.description.in_language(get_language() or ENGLISH)

    def default_in(self, values: Mapping[str, Any], context: FileContext) -> Any:
        """The value of a file without the key."""
        return self.default(values, context) if callable(self.default) else self.default

    def take(self, section: Section, context: FileContext, values: Mapping[str, Any]) -> Any:
        """The value in the section, or the default; problems are added to the section's."""
        if self.kind.nested and section.has(self.key):
            return self.kind.nested(section, self.key, context)
        return section.take(
            self.key,
            lambda node: self.kind.read(node, context),
            self.default_in(values, context),
            missing=self.missing,
        )

    def value_of(self, plan: object) -> Any:
        """The value of the plan's attributes, several as a tuple."""
        values = tuple(getattr(plan, name) for name in self.attributes)
        return values if len(values) > 1 else values[0]

    def by_attribute(self, value: Any) -> dict[str, Any]:
        """The value by the plan's attributes, several ones each with its piece."""
        pieces = value if len(self.attributes) > 1 else (value,)
        return dict(zip(self.attributes, pieces, strict=True))

    def problems(self, content: object, context: FileContext) -> list[Problem]:
        """The problems of a content given as text, list or mapping, for a form with this field."""
        section = Section(node_of({self.key: content}), "", [], "")
        self.take(section, context, {})
        return section.problems


def declared(declaration: Field[T], title: Phrase, description: Phrase) -> T:
    """A field of a plan's dataclass with its declaration; kept in the column of its name."""
    explained = replace(declaration, title=title, description=description)
    settings: dict[str, Any] = {"metadata": {DECLARATION: explained}}
    if declaration.missing is None and not callable(declaration.default):
        settings["default_factory"] = lambda: restored(declaration.default)
    attribute: T = dataclasses.field(**settings)
    return attribute


def option(
    attributes: str, declaration: Field[Any], title: Phrase, description: Phrase
) -> Field[Any]:
    """A field of a plan that is no dataclass of ours; several attributes may share it."""
    names = tuple(attributes.split())
    return replace(declaration, attributes=names, title=title, description=description)


def rule(
    usual: object, attributes: str, declaration: Field[Any], title: Phrase, description: Phrase
) -> Field[Any]:
    """A field of rules that are kept as JSON, with the default of the usual ones."""
    field_of_rules = option(attributes, declaration, title, description)
    return replace(field_of_rules, default=field_of_rules.value_of(usual))


def fields_of(plan: Any) -> tuple[Field[Any], ...]:
    """The declarations of a plan's dataclass, in the order in which they are written."""
    return _fields_of(plan)  # mypy takes no generic type for the argument of a cached function


@cache
def _fields_of(plan: type[Any]) -> tuple[Field[Any], ...]:
    return tuple(
        replace(
            attribute.metadata[DECLARATION],
            attributes=(attribute.name,),
            column=attribute.metadata[DECLARATION].column.replace(OF_ITS_NAME, attribute.name),
        )
        for attribute in dataclasses.fields(plan)
        if DECLARATION in attribute.metadata
    )


def read_fields(
    section: Section, fields: Iterable[Field[Any]], context: FileContext
) -> dict[str, Any]:
    """The values of the section's fields by the plan's attributes."""
    values: dict[str, Any] = {}
    for declaration in fields:
        values |= declaration.by_attribute(declaration.take(section, context, values))
    return values


def write_fields(
    plan: object, fields: Iterable[Field[Any]], context: FileContext
) -> dict[str, Any]:
    """The section of the fields as `read_fields` reads it, without defaults and empty values."""
    entries: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for declaration in fields:
        current = declaration.value_of(plan)
        values |= declaration.by_attribute(current)
        always = declaration.always(plan) if callable(declaration.always) else declaration.always
        if always or declaration.missing or current != declaration.default_in(values, context):
            content = declaration.kind.write(current, context)
            if content not in EMPTY:
                entries[declaration.key] = content
    return entries


def stored_fields(plan: object, fields: Iterable[Field[Any]]) -> dict[str, Any]:
    """The values of the fields by the columns that keep them."""
    return {
        declaration.column: stored(declaration.value_of(plan))
        for declaration in fields
        if declaration.column and not declaration.kind.parts
    }


def restored_fields(row: object, fields: Iterable[Field[Any]]) -> dict[str, Any]:
    """The values of the row's columns by the plan's attributes."""
    return {
        declaration.attributes[0]: declaration.kind.restore(getattr(row, declaration.column))
        for declaration in fields
        if declaration.column and not declaration.kind.parts
    }

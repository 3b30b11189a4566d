"""Tolerant parser of iCalendar text (RFC 5545): an error affects only its component.

Text around a calendar, unknown properties and invalid lines are skipped. A component without its
BEGIN or END is marked; if such an error may have hidden events, the file is `damaged`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

LINE_END = re.compile(rb"\r*\n|\r")
FOLD = re.compile(rb"(?:\r*\n|\r)[ \t]")
NAME = re.compile(r"\s*([A-Za-z0-9-]+)\s*(?=[;:])")
PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=((?:"[^"]*"|[^";:])*)')
ROOT = "VCALENDAR"
# Components directly in a calendar; one of them inside another means that an END is missing.
OUTER = frozenset(
    {"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY", "VPOLL"}
)
# Properties of an event; directly in a calendar they mean that a BEGIN is missing.
OF_EVENTS = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID"})
# A zone such as UTC+01:00 without the quotation marks that its colon requires.
CUT_ZONE = re.compile(r"([^:]*):(?=\d{8})")
UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"B\0": "utf-16-le", b"\0B": "utf-16-be"}


class Property(NamedTuple):
    """One property; its name and the names of parameters are in upper case."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass
class Component:
    """A component from its BEGIN to its END, with its inner components."""

    name: str
    properties: list[Property] = field(default_factory=list)
    inner: list[Component] = field(default_factory=list)
    sound: bool = True  # whether BEGIN and END match, also those of inner components

    def all(self, name: str) -> list[Property]:
        """The properties of that name in order."""
        return [prop for prop in self.properties if prop.name == name]

    def values(self, name: str) -> set[str]:
        """The distinct values of the properties of that name, in upper case."""
        return {prop.value.strip().upper() for prop in self.all(name)}

    def lines_of(self, names: frozenset[str]) -> list[str]:
        """The properties of those names as sorted text."""
        return sorted(str(prop) for prop in self.properties if prop.name in names)

    def lines(self) -> Iterator[str]:
        """The component as lines of text."""
        yield f"BEGIN:{self.name}"
        for name, parameters, value in self.properties:
            parameter_text = "".join(
                f';{key}="{parameter_value}"' for key, parameter_value in parameters.items()
            )
            yield f"{name}{parameter_text}:{value}"
        for inner_component in self.inner:
            yield from inner_component.lines()
        yield f"END:{self.name}"


@dataclass
class File:
    """The components of all calendars in a text."""

    components: list[Component] = field(default_factory=list)
    calendars: int = 0
    damaged: bool = False


def parse_calendar(body: bytes) -> File:
    """The content of the text; `calendars` is 0 if it is no calendar."""
    return _Parser().run(body)


class _Parser:
    def __init__(self) -> None:
        self.file = File()
        self.stack: list[Component] = []  # open components: the calendar first, the innermost last
        self.loose: list[Property] = []  # recent properties directly in the calendar

    def run(self, body: bytes) -> File:
        for line in _lines(body):
            prop = _property(line)
            if prop is None:
                continue
            if prop.name == "BEGIN":
                self.begin(prop.value.strip().upper())
            elif prop.name == "END":
                self.end(prop.value.strip().upper())
            else:
                self.property(prop)
        if self.stack:
            self.file.damaged = True
            self.close(0)
        return self.file

    def begin(self, name: str) -> None:
        if name == ROOT:
            if self.stack:
                self.file.damaged = True
                self.close(0)
            self.file.calendars += 1
            self.stack = [Component(ROOT)]
        elif name in OUTER:
            if not self.stack:
                self.file.damaged = True
                self.file.calendars += 1
                self.stack = [Component(ROOT)]
            if len(self.stack) > 1:
                self.file.damaged = True
                self.close(1)
            self.stack.append(Component(name))
        elif self.stack:
            self.stack.append(Component(name))
        self.loose = []

    def end(self, name: str) -> None:
        open_names = [component.name for component in self.stack]
        if name in open_names:
            depth = len(open_names) - 1 - open_names[::-1].index(name)
            if depth < len(self.stack) - 1 and len(self.stack) > 1:
                # For example the calendar's END closes an event without an END.
                self.stack[1].sound = False
            self.close(depth, has_end=True)
        elif self.stack:
            self.file.damaged = True
            if len(self.stack) > 1:
                self.stack[1].sound = False
        self.loose = []

    def property(self, prop: Property) -> None:
        if not self.stack:
            return
        if len(self.stack) == 1:
            self.loose.append(prop)
            if prop.name not in OF_EVENTS:
                return
            # The BEGIN of this event is missing.
            self.file.damaged = True
            self.stack.append(Component("VEVENT", self.loose, sound=False))
            self.loose = []
        else:
            self.stack[-1].properties.append(prop)

    def close(self, depth: int, *, has_end: bool = False) -> None:
        """Close all components from the depth inwards; `has_end` says whether there was an END."""
        while len(self.stack) > depth:
            component = self.stack.pop()
            if len(self.stack) == 1:
                component.sound &= has_end
                self.file.components.append(component)
            elif self.stack:
                self.stack[-1].inner.append(component)
                self.stack[1].sound &= has_end


def _lines(body: bytes) -> Iterator[str]:
    encoding = UTF_16.get(body[:2])
    if encoding:
        body = body.decode(encoding, "replace").encode()
    # Lines are unfolded as bytes, because a fold may be inside a multi-byte character.
    for line in LINE_END.split(FOLD.sub(b"", body)):
        yield line.decode("utf-8", "replace").lstrip("\ufeff")


def _property(line: str) -> Property | None:
    head = NAME.match(line)
    if head is None:
        return None
    position, parameters = head.end(), {}
    while match := PARAMETER.match(line, position):
        parameters[match[1].upper()] = match[2].strip().strip('"')
        position = match.end()
    if line[position : position + 1] != ":":
        # An unclosed quotation mark, or a parameter without a value.
        position = line.find(":", position)
        if position < 0:
            return None
    value = line[position + 1 :]
    if "TZID" in parameters and (cut := CUT_ZONE.match(value)):
        parameters["TZID"] += f":{cut[1]}"
        value = value[cut.end() :]
    return Property(head[1].upper(), parameters, value)

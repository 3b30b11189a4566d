"""The text of an iCalendar file (RFC 5545), taken apart so that one fault spoils one component.

Text around a calendar, unknown properties and wrong lines are passed over. A component whose BEGIN
or END is missing is marked; what such a fault may have hidden makes the whole file `damaged`.
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
# Components that stand directly in a calendar; one of them inside another means a lost END.
OUTER = frozenset(
    {"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY", "VPOLL"}
)
# Properties that belong to an event; directly in a calendar they mean a lost BEGIN.
OF_EVENTS = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID"})
# A zone such as UTC+01:00 without the quotation marks that its colon asks for.
CUT_ZONE = re.compile(r"([^:]*):(?=\d{8})")
UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"B\0": "utf-16-le", b"\0B": "utf-16-be"}


class Property(NamedTuple):
    """One line: name and parameter names in capitals."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass
class Component:
    """What stands between a BEGIN and its END; those inside are kept with their own names."""

    name: str
    properties: list[Property] = field(default_factory=list)
    inner: list[Component] = field(default_factory=list)
    sound: bool = True  # its BEGIN and END, and those inside, fit each other

    def all(self, name: str) -> list[Property]:
        """The properties of that name, in their order."""
        return [one for one in self.properties if one.name == name]

    def values(self, name: str) -> set[str]:
        """The distinct values of the properties of that name, in capitals."""
        return {one.value.strip().upper() for one in self.all(name)}

    def lines_of(self, names: frozenset[str]) -> list[str]:
        """The properties of those names as sorted text."""
        return sorted(str(one) for one in self.properties if one.name in names)

    def lines(self) -> Iterator[str]:
        """The component as text once more."""
        yield f"BEGIN:{self.name}"
        for name, parameters, value in self.properties:
            more = "".join(f';{key}="{said}"' for key, said in parameters.items())
            yield f"{name}{more}:{value}"
        for one in self.inner:
            yield from one.lines()
        yield f"END:{self.name}"


@dataclass
class File:
    """The components of all calendars of a text."""

    components: list[Component] = field(default_factory=list)
    calendars: int = 0
    damaged: bool = False


def parse(body: bytes) -> File:
    """The calendars in the text; `calendars` is 0 where there is none."""
    return _Parser().run(body)


class _Parser:
    def __init__(self) -> None:
        self.file = File()
        self.stack: list[Component] = []  # the calendar, a component in it, those inside that
        self.loose: list[Property] = []  # what stood directly in the calendar lately

    def run(self, body: bytes) -> File:
        for line in _lines(body):
            found = _property(line)
            if found is None:
                continue
            if found.name == "BEGIN":
                self.begin(found.value.strip().upper())
            elif found.name == "END":
                self.end(found.value.strip().upper())
            else:
                self.property(found)
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
        open_names = [one.name for one in self.stack]
        if name in open_names:
            depth = len(open_names) - 1 - open_names[::-1].index(name)
            if depth < len(self.stack) - 1 and len(self.stack) > 1:
                # The calendar's own END, for example, closes an event that had lost its own.
                self.stack[1].sound = False
            self.close(depth, whole=True)
        elif self.stack:
            self.file.damaged = True
            if len(self.stack) > 1:
                self.stack[1].sound = False
        self.loose = []

    def property(self, found: Property) -> None:
        if not self.stack:
            return
        if len(self.stack) == 1:
            self.loose.append(found)
            if found.name not in OF_EVENTS:
                return
            # The BEGIN of this event is missing.
            self.file.damaged = True
            self.stack.append(Component("VEVENT", self.loose, sound=False))
            self.loose = []
        else:
            self.stack[-1].properties.append(found)

    def close(self, depth: int, *, whole: bool = False) -> None:
        """Close all components from the depth inwards; not `whole`: without their own END."""
        while len(self.stack) > depth:
            one = self.stack.pop()
            if len(self.stack) == 1:
                one.sound &= whole
                self.file.components.append(one)
            elif self.stack:
                self.stack[-1].inner.append(one)
                self.stack[1].sound &= whole


def _lines(body: bytes) -> Iterator[str]:
    encoding = UTF_16.get(body[:2])
    if encoding:
        body = body.decode(encoding, "replace").encode()
    # Unfolded as bytes, for a fold may stand inside a letter.
    for line in LINE_END.split(FOLD.sub(b"", body)):
        yield line.decode("utf-8", "replace").lstrip("\ufeff")


def _property(line: str) -> Property | None:
    head = NAME.match(line)
    if head is None:
        return None
    at, parameters = head.end(), {}
    while found := PARAMETER.match(line, at):
        parameters[found[1].upper()] = found[2].strip().strip('"')
        at = found.end()
    if line[at : at + 1] != ":":
        # A quotation mark that does not end, or a parameter without a value.
        at = line.find(":", at)
        if at < 0:
            return None
    value = line[at + 1 :]
    if "TZID" in parameters and (cut := CUT_ZONE.match(value)):
        parameters["TZID"] += f":{cut[1]}"
        value = value[cut.end() :]
    return Property(head[1].upper(), parameters, value)

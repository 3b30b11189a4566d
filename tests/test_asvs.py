"""docs/asvs.md answers each requirement of ASVS 5.0 of levels 1 and 2, by tests that exist."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from prepazka.offices import guessable_passwords

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "prepazka"
DOCUMENT = ROOT / "docs" / "asvs.md"
STATES = {"met", "partly met", "not met", "not applicable"}
LONGEST = 35  # words of a reason; more belongs into a document
# The numbers of the requirements of levels 1 and 2, by section.
IDS = {
    "V1.1": "1-2",
    "V1.2": "1-9",
    "V1.3": "1-11",
    "V1.4": "1-3",
    "V1.5": "1-2",
    "V2.1": "1-3",
    "V2.2": "1-3",
    "V2.3": "1-4",
    "V2.4": "1",
    "V3.2": "1-2",
    "V3.3": "1-4",
    "V3.4": "1-6",
    "V3.5": "1-5",
    "V3.7": "1-2",
    "V4.1": "1-3",
    "V4.2": "1",
    "V4.3": "1-2",
    "V4.4": "1-4",
    "V5.1": "1",
    "V5.2": "1-3",
    "V5.3": "1-2",
    "V5.4": "1-3",
    "V6.1": "1-3",
    "V6.2": "1-12",
    "V6.3": "1-4",
    "V6.4": "1-4",
    "V6.5": "1-5",
    "V6.6": "1-3",
    "V6.8": "1-4",
    "V7.1": "1-3",
    "V7.2": "1-4",
    "V7.3": "1-2",
    "V7.4": "1-5",
    "V7.5": "1-2",
    "V7.6": "1-2",
    "V8.1": "1-2",
    "V8.2": "1-3",
    "V8.3": "1",
    "V8.4": "1",
    "V9.1": "1-3",
    "V9.2": "1-4",
    "V10.1": "1-2",
    "V10.2": "1-2",
    "V10.3": "1-4",
    "V10.4": "1-11",
    "V10.5": "1-5",
    "V10.6": "1-2",
    "V10.7": "1-3",
    "V11.1": "1-2",
    "V11.2": "1-3",
    "V11.3": "1-3",
    "V11.4": "1-4",
    "V11.5": "1",
    "V11.6": "1",
    "V12.1": "1-3",
    "V12.2": "1-2",
    "V12.3": "1-4",
    "V13.1": "1",
    "V13.2": "1-5",
    "V13.3": "1-2",
    "V13.4": "1-5",
    "V14.1": "1-2",
    "V14.2": "1-4",
    "V14.3": "1-3",
    "V15.1": "1-3",
    "V15.2": "1-3",
    "V15.3": "1-7",
    "V16.1": "1",
    "V16.2": "1-5",
    "V16.3": "1-4",
    "V16.4": "1-3",
    "V16.5": "1-3",
    "V17.1": "1",
    "V17.2": "1-4",
    "V17.3": "1-2",
}


@dataclass(frozen=True)
class Line:
    """One line of the tables."""

    id: str
    state: str
    places: list[str]
    tests: list[str]
    reason: str


def lines() -> list[Line]:
    """The lines of all chapters."""
    rows = re.findall(r"^\| (V[\d.]+) \| (.*) \| (.*) \| (.*) \| (.*) \|$", _text(), re.MULTILINE)
    return [
        Line(name, state, _quoted(where), _quoted(tests), reason.strip())
        for name, state, where, tests, reason in rows
    ]


def numbers(ranges: str) -> list[int]:
    """The numbers of "1-3 5": 1, 2, 3, 5."""
    ends = [part.partition("-") for part in ranges.split()]
    return [n for first, _, last in ends for n in range(int(first), int(last or first) + 1)]


def expected() -> list[str]:
    return [f"{section}.{n}" for section, ranges in IDS.items() for n in numbers(ranges)]


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of the file: names, and those in classes as Class::name."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    nodes = ast.parse(file.read_text("utf-8")).body
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    inside = [f"{one.name}::{test}" for one in classes for test in _tests(one.body)]
    return frozenset([*_tests(nodes), *inside])


def test_each_requirement_stands_once_in_its_order() -> None:
    assert len(expected()) == 253
    assert [line.id for line in lines()] == expected()


def test_states_are_the_four_and_reasons_are_given() -> None:
    for line in lines():
        assert line.state in STATES, line
        if line.state != "met" or not line.tests:
            assert line.reason, f"{line.id}: why?"
        if line.state in {"met", "partly met"}:
            assert line.places, f"{line.id}: where?"
        assert len(line.reason.split()) <= LONGEST, line.id


def test_every_named_place_exists() -> None:
    gone = [
        f"{line.id}: {place}"
        for line in lines()
        for place in line.places
        if not (ROOT / place).exists() and not (PACKAGE / place).exists()
    ]
    assert gone == []


def test_every_named_test_exists() -> None:
    gone = [
        f"{line.id}: {test}"
        for line in lines()
        for test in line.tests
        for path, _, name in [test.partition("::")]
        if name not in names_in(path)
    ]
    assert gone == []
    assert sum(len(line.tests) for line in lines()) > 200, "the control: they are read"


@pytest.mark.parametrize(
    "node", ["tests/test_asvs.py::test_renamed", "tests/gone.py::test_x", "tests/test_asvs.py::"]
)
def test_a_test_that_is_gone_is_noticed(node: str) -> None:
    path, _, name = node.partition("::")
    assert name not in names_in(path)


def test_the_counts_at_the_top_are_those_of_the_tables() -> None:
    said = dict(
        re.findall(
            r"^\| (met|partly met|not met|not applicable) \| (\d+) \|$", _text(), re.MULTILINE
        )
    )
    states = [line.state for line in lines()]
    assert said == {state: str(states.count(state)) for state in STATES}


def test_the_words_refused_in_passwords_are_documented() -> None:
    said = guessable_passwords.plain_letters((ROOT / "docs" / "operations.md").read_text("utf-8"))
    assert [word for word in guessable_passwords.WORDS if word not in said] == []


@pytest.mark.parametrize("name", ["web", "worker"])
def test_shipped_services_have_few_rights(name: str) -> None:
    """Settings of systemd that documents promise."""
    service = (ROOT / "deploy" / f"prepazka-{name}.service").read_text("utf-8").splitlines()
    for wanted in (
        "User=prepazka",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "UMask=0077",
        "InaccessiblePaths=-/opt/prepazka/.git",
    ):
        assert wanted in service


@cache
def _text() -> str:
    return DOCUMENT.read_text("utf-8")


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _tests(nodes: list[ast.stmt]) -> list[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        one.name for one in nodes if isinstance(one, functions) and one.name.startswith("test_")
    ]

"""Only `tests.clock` reads the clock, so that a test depends on no day without saying so."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
READER = TESTS / "clock.py"
# Ends of dotted names; `monotonic` and `perf_counter` measure a duration and know no day.
READERS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.time",
    "time.time_ns",
    "timezone.localdate",
    "timezone.localtime",
    "timezone.now",
}
# What may be imported by its bare name from these modules reads the clock as well.
BARE = {"time": {"time", "time_ns"}, "django.utils.timezone": {"now", "localdate", "localtime"}}


def dotted(node: ast.AST) -> str:
    """`a.b.c` of such an expression; else what is known of its end."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def reads(source: str) -> list[str]:
    """Where the source reads the clock, or takes a name that does: `line: name`."""
    places = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            name = ".".join(dotted(node).split(".")[-2:])
            if name in READERS:
                places.append(f"{node.lineno}: {name}")
        elif isinstance(node, ast.ImportFrom):
            taken = {alias.name for alias in node.names} & BARE.get(node.module or "", set())
            places += [f"{node.lineno}: {node.module}.{name}" for name in sorted(taken)]
    return places


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("import datetime\nx = datetime.datetime.now(UTC)", ["2: datetime.now"]),
        ("x = date.today()", ["1: date.today"]),
        ("f = time.time", ["1: time.time"]),
        ("from time import time, sleep", ["1: time.time"]),
        ("x = django.utils.timezone.now()", ["1: timezone.now"]),
        ("from django.utils.timezone import now", ["1: django.utils.timezone.now"]),
        ("x = datetime.utcnow()", ["1: datetime.utcnow"]),
        ("x = time.monotonic(); y = clock.now(); z = datetime(2026, 1, 1)", []),
        ("timezone.override('UTC')", []),
    ],
)
def test_control_it_sees_every_way(source: str, places: list[str]) -> None:
    assert reads(source) == places


def test_no_other_file_reads_the_clock() -> None:
    seen = {
        f"{file.relative_to(TESTS)}:{place}"
        for file in TESTS.rglob("*.py")
        if file != READER
        for place in reads(file.read_text(encoding="utf-8"))
    }
    assert seen == set()
    assert reads(READER.read_text(encoding="utf-8"))

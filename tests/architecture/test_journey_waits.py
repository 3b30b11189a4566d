"""Journeys wait for what they look at, by Playwright's `expect` or by `tests.waiting.becomes`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PRESSES = {"check", "click", "dblclick", "press", "set_checked", "tap", "uncheck"}
WAITS = ("becomes", "expect", "fill", "until", "wait")
# What answers at once with what happens to be so, of a page and of the database.
LOOKS = frozenset(
    "all_inner_texts all_text_contents content count is_checked is_enabled is_hidden"
    " is_visible objects refresh_from_db title url".split()
)


def test_no_journey_evaluates_a_text_inside_a_page() -> None:
    files = [
        one
        for one in TESTS.rglob("*.py")
        if one.name not in {"waiting.py", "test_journey_waits.py"}
    ]
    assert [str(one) for one in files if "wait_for_function" in one.read_text()] == []


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def presses(line: ast.stmt) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Call)
        and isinstance(line.value.func, ast.Attribute)
        and line.value.func.attr in PRESSES
    )


def hurried(tree: ast.AST) -> list[int]:
    """Lines that look at a page's title, or right after a press without waiting for its effect."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and "title" in set(names(node.test)):
            found.append(node.lineno)
        for block in ("body", "orelse", "finalbody"):
            lines = getattr(node, block, None)
            if not isinstance(lines, list):
                continue
            for before, line in pairwise(lines):
                if not presses(before) or isinstance(line, ast.FunctionDef | ast.With):
                    continue
                said = set(names(line))
                if said & LOOKS and not any(one.lstrip("_").startswith(WAITS) for one in said):
                    found.append(line.lineno)
    return sorted(set(found))


def test_no_journey_looks_right_after_a_press() -> None:
    found = [
        f"{path.name}:{line}"
        for path in sorted((TESTS / "journeys").glob("*.py"))
        for line in hurried(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("lines", "right"),
    [
        ("page.click()\nassert page.url.endswith('/x/')", False),
        ("page.click()\nfound = Booking.objects.get()", False),
        ("page.goto('/')\nassert page.title() == 'Chyba'", False),
        ("page.click()\nexpect(page).to_have_url('/x/')", True),
        ("page.click()\npage.wait_for_url('**/x/')\nassert page.url == '/x/1/'", True),
        ("page.click()\nuntil(lambda: Booking.objects.exists())", True),
    ],
)
def test_the_check_sees_what_it_is_for(lines: str, *, right: bool) -> None:
    assert (hurried(ast.parse(lines)) == []) is right

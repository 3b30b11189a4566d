"""No test runs a coroutine in the thread in which a journey's browser has its loop."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ALLOWED = {"edge/conftest.py"}  # in a thread of its own


def uses_of_asyncio_run(source: str) -> bool:
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.run"
        for node in ast.walk(ast.parse(source))
    )


def test_coroutines_run_in_loops_run() -> None:
    using = {
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*.py")
        if uses_of_asyncio_run(path.read_text("utf-8"))
    }
    assert using - ALLOWED == set()


def test_the_check_sees_it() -> None:
    assert uses_of_asyncio_run("import asyncio\nasyncio.run(day())")
    assert not uses_of_asyncio_run("from tests import loops\nloops.run(day())")

"""Scripts that tests hand to another Python name what exists: no other tool looks into texts."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IMPORT = re.compile(
    r"^(?:.*; )?\s*from ((?:prepazka|tests)[\w.]*) import ([\w, ]+)(.*)$", re.MULTILINE
)
OF_RELEASE_BEFORE = "as 0.2"


def texts(folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.name}:{node.lineno}", node.value


def missing(script: str) -> list[str]:
    """What the script imports or uses of an imported module, and is not there."""
    gone: list[str] = []
    thing: Any
    for module, names, rest in IMPORT.findall(script):
        if OF_RELEASE_BEFORE in rest:
            continue
        for name in (part.strip().partition(" as ")[0] for part in names.split(",")):
            try:
                thing = importlib.import_module(f"{module}.{name}")
            except ImportError:
                thing = getattr(importlib.import_module(module), name, None)
            if thing is None:
                gone.append(f"{module}.{name}")
                continue
            used = re.findall(rf"\b{name}\.(\w+)", script)
            gone += [f"{module}.{name}.{part}" for part in used if not hasattr(thing, part)]
    return gone


def test_scripts_in_texts_name_what_exists() -> None:
    seen = [
        (place, missing(script))
        for folder in ("tests", "bench", "faults", "attack", "tools")
        for place, script in texts(folder)
        if IMPORT.search(script) and "no_such" not in script
    ]
    assert len(seen) > 3
    assert [(place, gone) for place, gone in seen if gone] == []


def test_the_check_sees_a_name_that_is_gone() -> None:
    script = "import os; from prepazka.core import calendar\nprint(calendar.no_such_thing)"
    assert missing(script) == ["prepazka.core.calendar.no_such_thing"]
    assert missing("from prepazka.core import no_such_module") == ["prepazka.core.no_such_module"]
    assert missing("from prepazka.core import no_such_module  # as 0.2 names it") == []

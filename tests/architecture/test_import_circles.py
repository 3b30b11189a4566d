"""No module imports itself through others, also counting imports in functions and for types.

import-linter leaves out imports under TYPE_CHECKING, so this test has a graph of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import prepazka

SOURCE = Path(prepazka.__file__).parent


def module_name(path: Path, root: Path) -> str:
    name = ".".join((root.name, *path.relative_to(root).with_suffix("").parts))
    return name.removesuffix(".__init__")


def imported_modules(tree: ast.AST, modules: Mapping[str, Path]) -> Iterator[str]:
    """The modules that are imported anywhere in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if name in modules)
            # A package counts only where something is taken from its `__init__`.
            if node.module in modules and not all(name in modules for name in names):
                yield node.module


def import_graph(root: Path) -> dict[str, set[str]]:
    modules = {
        module_name(path, root): path
        for path in root.rglob("*.py")
        if "migrations" not in path.parts
    }
    return {
        name: set(imported_modules(ast.parse(path.read_text("utf-8")), modules)) - {name}
        for name, path in modules.items()
    }


def circle(root: Path) -> list[str]:
    """The modules of one circle of imports in their order; empty if there is none."""
    try:
        TopologicalSorter(import_graph(root)).prepare()
    except CycleError as error:
        return [str(name) for name in reversed(error.args[1])]
    return []


def test_no_module_imports_itself_through_others() -> None:
    assert circle(SOURCE) == []


def test_imports_in_functions_and_for_types_are_counted(tmp_path: Path) -> None:
    package = tmp_path / "office"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "calls.py").write_text("def end():\n    from office.offers import withdraw\n")
    (package / "offers.py").write_text("def withdraw(): ...\n")
    assert circle(package) == []
    (package / "offers.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from office import calls\n"
    )
    assert sorted(set(circle(package))) == ["office.calls", "office.offers"]


def test_the_graph_has_the_modules_of_the_project() -> None:
    graph = import_graph(SOURCE)
    assert "prepazka.booking.models" in graph["prepazka.booking.open_offers"]
    assert len(graph) > 300

"""ARCHITECTURE.md lists the surfaces, the modules of use-cases and the locks that the code has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import prepazka
from tests import releases

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(prepazka.__file__).parent
DOCUMENT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
CONTEXTS = (
    *("accounts", "booking", "meetings", "messaging", "officefile", "offices", "privacy"),
    "queueing",
)
# Calls and words of SQL that lock rows or a name until the commit.
LOCKS = re.compile(r"\b(lock_\w+|next_number|select_for_update)\(|FOR NO KEY UPDATE|_advisory_xact")


def codes(text: str) -> list[str]:
    return re.findall(r"`([\w./]+)`", text)


def section(title: str) -> str:
    return DOCUMENT.split(f"\n## {title}")[1].split("\n## ")[0]


def row(first: str) -> str:
    """The row of a table whose first cell is this code."""
    match = re.search(rf"^\| `{first}` \|.*$", DOCUMENT, flags=re.MULTILINE)
    assert match, first
    return match[0]


def is_use_case(function: ast.FunctionDef) -> bool:
    """Whether it is public, one transaction, and is told the time."""
    return (
        not function.name.startswith("_")
        and any(ast.unparse(by) == "transaction.atomic" for by in function.decorator_list)
        and "now" in {argument.arg for argument in function.args.kwonlyargs}
    )


def functions(module: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(module.read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def calls(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def takes_a_lock(name: str, module: dict[str, ast.FunctionDef]) -> bool:
    """Whether the function, or one of its module that it calls, takes a lock itself."""
    near = [module[name], *(module[call] for call in calls(module[name]) if call in module)]
    return any(LOCKS.search(ast.unparse(function)) for function in near)


def use_cases() -> Iterator[tuple[Path, str, bool]]:
    """Module, name, and whether it takes a lock."""
    for context in CONTEXTS:
        for path in sorted((SOURCE / context).glob("*.py")):
            module = functions(path)
            for name, function in module.items():
                if is_use_case(function):
                    yield path, name, takes_a_lock(name, module)


USE_CASES = list(use_cases())


def test_the_surfaces_are_those_of_the_tree() -> None:
    packages = {path.parent.name for path in (SOURCE / "surfaces").glob("*/__init__.py")}
    listed = codes(row("surfaces"))[1:]
    assert sorted(listed) == sorted(packages)


def test_the_layers_are_the_packages() -> None:
    layers = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section("Layers"), flags=re.MULTILINE)
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    listed = {name for cell in layers for name in codes(cell)}
    assert sorted(packages - listed) == []


def test_the_modules_of_use_cases_are_those_of_the_tree() -> None:
    listed = {
        f"{context}/{module}.py"
        for context in CONTEXTS
        for module in codes(re.findall(rf"^- `{context}`: (.*)$", DOCUMENT, re.MULTILINE)[0])
    }
    modules = {str(path.relative_to(SOURCE)) for path, _, _ in USE_CASES}
    assert len(modules) > 30
    assert sorted(listed) == sorted(modules)


def locking() -> set[str]:
    """The names in the first column of the table of locks."""
    cells = re.findall(r"^\| (.+?) \|", section("Locks"), flags=re.MULTILINE)
    return {name for cell in cells for name in codes(cell)}


def test_each_use_case_that_locks_is_in_the_table() -> None:
    missing = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path, name, locks in USE_CASES
        if locks and name not in locking()
    ]
    assert missing == []


def test_each_function_in_the_table_of_locks_exists() -> None:
    names = {name for path in SOURCE.rglob("*.py") for name in functions(path)}
    assert sorted(locking() - names) == []


def test_the_commits_that_show_are_in_the_history() -> None:
    """A shallow clone cannot tell."""
    listed = re.findall(r"\| `([0-9a-f]{8})` \|$", section("Where to add"), flags=re.MULTILINE)
    assert len(listed) > 8
    if releases.in_history("HEAD~200"):
        assert [commit for commit in listed if not releases.in_history(commit)] == []


def test_a_lock_within_a_helper_is_seen() -> None:
    """A control."""
    source = "def act(): _look()\ndef _look(): Row.objects.select_for_update()\ndef idle(): pass\n"
    module = {n.name: n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)}
    assert takes_a_lock("act", module)
    assert not takes_a_lock("idle", module)

"""What the rules of booking mean is said once: others ask `core.slots.Rules`, and channels likewise."""

from __future__ import annotations

import ast
from pathlib import Path

import prepazka
from prepazka.booking.models import Channel

SOURCE = Path(prepazka.__file__).parent

# Modules that may read a number of the entry window itself, with the reason.
READERS = {
    "core/slots.py": "the rules",
    "core/demand.py": "the played day's plan, not an office's rules",
    "queueing/offline_grants.py": "hands them to the kiosk's script, which one table of cases tests"
    " together with the rules (tests/journeys/test_offline_rules.py)",
}


def test_the_entry_window_is_computed_by_the_rules() -> None:
    readers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"early_min", "late_min"}
        and "meeting" not in ast.unparse(node.value)  # the delay of a meeting has the same name
        and ast.unparse(node.value) != "later"
    }
    assert readers == READERS.keys()


def test_public_channels_are_those_of_the_property() -> None:
    """No other place lists them, as a set of names or of members."""
    assert {channel for channel in Channel if channel.is_public} == {"web", "api", "list"}
    lists = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.Set, ast.Tuple, ast.List))
        and {"web", "api"}
        <= {ast.unparse(item).removeprefix("Channel.").strip("'").lower() for item in node.elts}
    ]
    assert len(lists) == 1, lists  # the property itself


def functions() -> list[tuple[str, ast.FunctionDef]]:
    """Each function of the program with the path of its module."""
    return [
        (path.relative_to(SOURCE).as_posix(), node)
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]


def test_a_contact_is_passed_as_one_value() -> None:
    """No function takes an e-mail address and a telephone number beside each other."""
    taking_both = [
        f"{path}:{node.name}"
        for path, node in functions()
        if {"email", "phone"} <= {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
    ]
    assert taking_both == []


def test_bounds_of_a_contact_and_of_persons_are_named_in_one_module() -> None:
    bounds = {"LONGEST_NAME", "LONGEST_TOPIC", "LONGEST_ADDRESS", "LONGEST_PHONE", "MOST_PERSONS"}
    modules = {
        name.id: path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and not path.match("core/*.py")
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name) and name.id in bounds
    }
    assert modules == {}

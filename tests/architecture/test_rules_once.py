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
    "officefile/booking_rules_section.py": "reads and writes the office file",
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
        <= {ast.unparse(item).split(".")[-1].strip("'").lower() for item in node.elts}
    ]
    assert len(lists) == 1, lists  # the property itself

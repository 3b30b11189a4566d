"""What strangers send is read by `core.reading`, not by Python's own lenient readers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src" / "prepazka"
FOLDERS = ("surfaces", "edge", "web")
LENIENT = {
    *("int", "float", "fromisoformat", "strptime", "loads"),
    *("parse_date", "parse_datetime", "parse_duration", "parse_time"),  # of Django
}
# Where one of them reads what we have written ourselves, or what was checked just before.
ALLOWED = {
    ("surfaces/kiosk/kiosk_offline_pack.py", "fromisoformat"): "times of an answer of ours",
    ("surfaces/kiosk/outcome_screens.py", "fromisoformat"): "times of an answer of ours",
    ("surfaces/mailbox/demo_clock.py", "float"): "the demo only; bounds and finiteness follow",
    ("surfaces/mailbox/views.py", "int"): "names of our own files",
    ("surfaces/api/api.py", "loads"): "a task made just before",
    ("surfaces/api/repeats.py", "loads"): "a response of ours",
    ("surfaces/manager/audit_pages.py", "int"): "a row of the journal",
    ("surfaces/citizen/page_frame.py", "fromisoformat"): "a moment of our own answer",
    ("surfaces/citizen/page_frame.py", "int"): "a number of a refusal of ours",
    ("surfaces/monitor/views.py", "fromisoformat"): "a moment of our own answer",
    ("surfaces/monitor/views.py", "int"): "a count of rows",
    ("surfaces/console/diary_forms.py", "int"): "digits of a pattern of one or two",
    ("surfaces/console/schedule.py", "int"): "one of a list",
    ("surfaces/console/incident_pages.py", "int"): "a choice of a form",
    ("surfaces/console/desk.py", "int"): "digits of a pattern of six",
    ("surfaces/console/board.py", "fromisoformat"): "a row of the journal",
    ("edge/hub.py", "loads"): "a notice of our own database",
    ("web/door_passes.py", "loads"): "a signed pass of ours",
    ("web/known_devices.py", "loads"): "a signed cookie of ours",
    ("surfaces/kiosk/outcome_screens.py", "loads"): "a signed answer of ours",
    ("web/door_passes.py", "int"): "a signed code of ours",
    ("web/door_passes.py", "fromisoformat"): "a signed pass of ours",
    ("web/known_devices.py", "int"): "a signed cookie of ours",
    ("web/limits.py", "int"): "a number of ours",
}


def test_no_lenient_reader_reads_what_strangers_send() -> None:
    found = set(lenient_reads())
    assert found - set(ALLOWED) == set(), "read it by core.reading, or say whose text it is"
    assert set(ALLOWED) - found == set(), "no longer there"


def lenient_reads() -> Iterator[tuple[str, str]]:
    """Files and calls of lenient readers on something that may be a text."""
    for folder in FOLDERS:
        for path in sorted((SRC / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and (name := name_of(node)) and may_be_text(node):
                    yield str(path.relative_to(SRC)), name


def name_of(call: ast.Call) -> str:
    """The lenient reader that is called, if one is."""
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name if name in LENIENT else ""


def may_be_text(call: ast.Call) -> bool:
    """Whether the argument may be a text: arithmetic, constants and lengths of time are none."""
    if not call.args:
        return False
    argument = call.args[0]
    if isinstance(argument, ast.BinOp | ast.UnaryOp | ast.Constant):
        return False
    is_number = isinstance(argument, ast.Call) and getattr(argument.func, "attr", "") in (
        "total_seconds",
        "timestamp",
    )
    return not is_number and not (isinstance(argument, ast.Name) and argument.id.isupper())

"""The glossary leads from Czech, from the trade's English and to the code.

Every word that the program stores stands in it, every usual word of the trade leads to a name in the
code, and every name that it gives as code is there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.apps import apps
from django.db import models

import prepazka
from prepazka.booking.models import BookingState, Channel
from prepazka.core.events import REGISTRY
from prepazka.core.pins import Outcome
from prepazka.offices.models import Device, HoursException, Role
from prepazka.queueing.models import TicketState

SOURCE = Path(prepazka.__file__).parent
GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
TEXT = GLOSSARY.read_text(encoding="utf-8")
EXPLAINED = frozenset(re.findall(r"`(\w+)`", TEXT))

# What a maintainer of another system for bookings or queues would look for.
TRADE = frozenset(
    """
    appointment/area of service/audit log/availability/branch/calendar sync/cancellation/capacity/
    check-in/client/confirmation/counter/data retention/double booking/estimated waiting time/hold/
    kiosk/no-show/notification/opening hours/outage/PIN/priority/queue/quota/rate limit/recall/
    reminder/reschedule/resource/session timeout/slot/SMS/ticket/transfer/two-factor authentication/
    video call/voice announcement/waiting list/walk-in/wall display
    """.replace("\n", "")
    .replace("    ", "")
    .split("/")
)


def ours() -> Iterator[type[models.Model]]:
    return (one for one in apps.get_models() if one.__module__.startswith("prepazka."))


def choices() -> Iterator[tuple[str, str]]:
    """The values of every field with choices, whichever model has them."""
    for model in ours():
        for field in model._meta.get_fields():
            for value, _ in getattr(field, "choices", None) or ():
                yield f"{model.__name__}.{field.name}", str(value)


WORDS = {
    "models": {one.__name__ for one in ours()},
    "values of choices": {value for _, value in choices()},
    "kinds of events": set(REGISTRY),
    "outcomes of a PIN": {one.value for one in Outcome},
}


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_is_explained(kind: str) -> None:
    assert WORDS[kind]
    assert sorted(WORDS[kind] - EXPLAINED) == []


def test_no_class_is_explained_that_is_gone() -> None:
    classes = {word for word in EXPLAINED if re.fullmatch(r"([A-Z][a-z]+)+", word)}
    assert sorted(classes - WORDS["models"] - WORDS["kinds of events"]) == []


def test_states_and_roles_are_among_the_values() -> None:
    """A control: were the choices of a field not found, the test above would pass in vain."""
    wanted = [*BookingState, *TicketState, *Channel, *Role, *Device.Kind, *HoursException.Kind]
    assert {str(one) for one in wanted} <= WORDS["values of choices"]


class Row(NamedTuple):
    """A row of a table of the glossary: three cells below the heads of their columns."""

    columns: tuple[str, ...]
    cells: tuple[str, ...]

    @property
    def code(self) -> list[str]:
        """What the last cell writes as code."""
        return re.findall(r"`([^`]+)`", self.cells[-1])


def rows(text: str) -> Iterator[Row]:
    columns: tuple[str, ...] = ()
    for line in text.splitlines():
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        if not line.startswith("|"):
            columns = ()
        elif not columns:
            columns = cells
        elif set(line) - set("|-"):
            yield Row(columns, cells)


ROWS = list(rows(TEXT))
OF_TRADE = [row for row in ROWS if row.columns[0] == "trade's English"]
TO_CODE = [row for row in ROWS if row.columns[-1] == "in the code"]


def definitions(node: ast.AST, within: str) -> Iterator[str]:
    """Dotted names of the functions, classes, fields and constants that a module or class defines."""
    for child in getattr(node, "body", ()):
        match child:
            case ast.ClassDef(name=name):
                yield f"{within}.{name}"
                yield from definitions(child, f"{within}.{name}")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{within}.{name}"
            case ast.Assign(targets=targets):
                yield from (f"{within}.{t.id}" for t in targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{within}.{name}"


def code_names() -> Iterator[str]:
    """Every dotted name of the source, and its ends: `tickets.check_in` as well as `check_in`."""
    for path in SOURCE.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        for name in (module, *definitions(ast.parse(path.read_text("utf-8")), module)):
            ends = name.split(".")
            yield from (".".join(ends[start:]) for start in range(len(ends)))


CODE = frozenset(code_names())


def in_code(name: str) -> bool:
    return name.removesuffix(".py").replace("/", ".") in CODE


def is_stored(name: str) -> bool:
    return any(name in kind for kind in WORDS.values())


def has_three_parts(row: Row) -> bool:
    return len(row.cells) == len(row.columns) == 3 and all(row.cells)


def leads_to_code(row: Row) -> bool:
    """Whether a name of the code, not only a value or a page, is given: dotted, or a class."""
    return any(in_code(name) and re.search(r"[.A-Z_]", name) for name in row.code)


def test_each_row_has_its_three_parts() -> None:
    threefold = [row for row in ROWS if len(row.columns) == 3]
    assert len(threefold) > 100
    assert [row.cells for row in threefold if not has_three_parts(row)] == []


def test_each_row_leads_to_the_code() -> None:
    """By a name of the code or a stored value; one with a dot or a capital is a name."""
    assert TO_CODE
    astray = [
        (row.cells[0], name)
        for row in TO_CODE
        for name in row.code
        if re.fullmatch(r"[\w/]*[.A-Z_/]\w[\w./]*", name) and not (in_code(name) or is_stored(name))
    ]
    assert astray == []
    pointless = [
        row.cells[0] for row in TO_CODE if not any(in_code(n) or is_stored(n) for n in row.code)
    ]
    assert pointless == []


def test_the_trades_words_lead_to_the_code() -> None:
    words = {word.strip() for row in OF_TRADE for word in re.split(r",|\(.*?\)", row.cells[0])}
    assert sorted(TRADE - words) == []
    assert [row.cells[0] for row in OF_TRADE if not leads_to_code(row)] == []


def test_the_trades_words_say_the_czech_one() -> None:
    assert [row.cells[0] for row in OF_TRADE if not re.search(r"\(\w.*?\)", row.cells[1])] == []


def test_a_row_that_leads_nowhere_is_seen() -> None:
    """A control for the three tests above."""
    good, gone, short = rows(
        "| a | b | in the code |\n|---|---|---|\n"
        "| x | y | `Ticket` |\n| x | y | `queueing.turns.gone` |\n| x | | `Ticket` |\n"
    )
    assert has_three_parts(good)
    assert leads_to_code(good)
    assert not leads_to_code(gone)
    assert not has_three_parts(short)

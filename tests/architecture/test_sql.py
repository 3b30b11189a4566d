"""Hand-written SQL: where it is, what it may name, and that the real schema understands it.

Statements are constants of modules, made once at import, so that the test finds and prepares all
of them. What is built by a function is listed with arguments that cover its forms.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.db import ProgrammingError, connection, models, transaction
from procrastinate.jobs import Status

import prepazka
from prepazka.booking import sql as booking_sql
from prepazka.booking.models import Booking
from prepazka.journal import record, rows
from prepazka.journal.statements import quoted
from prepazka.offices import office_rows
from prepazka.queueing import sql as queueing_sql
from prepazka.queueing.models import Ticket
from prepazka.reporting import search

SOURCE = Path(prepazka.__file__).parent
STATEMENT = re.compile(
    r"\bSELECT\s(?!\.\.\.)|\bINSERT INTO\s|\bUPDATE\s+[\w{}]+\s+(?:\w\s+)?SET\s|\bDELETE FROM\s"
)

# Modules whose statements concern no table of ours, or another database than the one in use.
ELSEWHERE = {
    "config/backup.py": "the database of a backup, of any version",
    "config/embedded.py": "the server's own tables, before there is a database",
    "config/serve.py": "settings of the connection",
    "config/work.py": "SELECT 1, to see that the connection lives",
    "edge/hub.py": "SELECT 1, to see that the connection lives",
    "edge/room_streams.py": "SELECT 1, to see that the connection lives",
}
# Functions that build statements, with what they build: each form once.
BUILT = {
    "booking/sql.py: taken_in_diaries": [
        booking_sql.taken_in_diaries(words, for_list=for_list)
        for words in (1, 2)
        for for_list in (False, True)
    ],
    "journal/record.py: _recorded": [
        record._recorded(queueing_sql.change_ticket(("state", "calls"), ("calls",)))
    ],
    "journal/rows.py: _inserting": [rows._inserting(model)[0] for model in (Booking, Ticket)],
    "journal/rows.py: _updating": [rows._updating(Booking, ("state", "lane"))[0]],
    "journal/rows.py: select_one": [],  # the rest of the statement is the caller's
    "offices/office_rows.py: _aggregate": [],  # a part of _statement
    "offices/office_rows.py: _statement": [office_rows._statement()],
    "queueing/sql.py: change_ticket": [
        queueing_sql.change_ticket(("state", "called_at", "calls"), ("calls",))
    ],
    "reporting/search.py: _upcoming_and_past": [],  # made once, in constants
    "reporting/search.py: _by_word": [search._by_word(1)],
}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text("utf-8"))


TREES = dict(trees())


def texts(tree: ast.AST) -> Iterator[str]:
    """The string constants of the tree; of f-strings the text between the braces."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            constants = [part for part in node.values if isinstance(part, ast.Constant)]
            parts |= set(map(id, constants))
            yield "{}".join(str(part.value) for part in constants)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings | parts
        ):
            yield node.value


def has_statement(tree: ast.AST) -> bool:
    return any(STATEMENT.search(text) for text in texts(tree))


def builders() -> Iterator[str]:
    """The functions with a statement in them."""
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and has_statement(node):
                yield f"{module}: {node.name}"


def statements() -> Iterator[tuple[str, str]]:
    """Each constant that is a statement, or the rest of one after its columns, with its name."""
    for module, tree in TREES.items():
        if module in ELSEWHERE:
            continue
        names = [
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id.isupper()
        ]
        if not any(isinstance(node, ast.Assign) and has_sql(node) for node in tree.body):
            continue
        constants = vars(import_module("prepazka." + module[:-3].replace("/", ".")))
        for name in names:
            text = str(constants[name]).strip().lstrip("(")
            if re.match(r"(WITH|SELECT|INSERT|UPDATE|DELETE)\s", text):
                yield f"{module}: {name}", str(constants[name])
            elif re.match(r"FROM\s", text):
                yield f"{module}: {name}", f"SELECT 1 {text}"


def has_sql(tree: ast.AST) -> bool:
    return any(STATEMENT.search(text) or text.strip().startswith("FROM ") for text in texts(tree))


STATEMENTS = dict(statements()) | {
    f"{name} {number}": text
    for name, built in BUILT.items()
    for number, text in enumerate(built, start=1)
}


def numbered(statement: str) -> str:
    """The statement with PostgreSQL's numbers in place of the driver's parameters."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name = match[1] or f"the {len(numbers) + 1}th"
        return f"${numbers.setdefault(name, len(numbers) + 1)}"

    return re.sub(r"%%|%s|%\((\w+)\)s", number, statement)


def state_values() -> set[str]:
    """The values of all enums that columns have."""
    kinds, values = list(models.TextChoices.__subclasses__()), {status.value for status in Status}
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        values |= {str(value) for value in kind.values}
    return values


STATE_LITERAL = re.compile(
    rf"(?:[=<>]\s*|\bIN\s*\([^()]*)'({'|'.join(map(re.escape, filter(None, state_values())))})'"
)


@pytest.mark.django_db
@pytest.mark.parametrize("name", STATEMENTS)
def test_the_schema_understands_the_statement(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE of_test AS {numbered(STATEMENTS[name])}")
        cursor.execute("DEALLOCATE of_test")


@pytest.mark.django_db
def test_control_a_statement_on_a_column_that_is_not_there_is_refused() -> None:
    statement = booking_sql.LOCK_DAY_OF_BOOKING.replace("b.date", "b.datum")
    with (
        pytest.raises(ProgrammingError, match="datum"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"PREPARE of_test AS {numbered(statement)}")


def test_all_statements_are_found() -> None:
    """The constants that the modules hand to a cursor, by their names."""
    found = {name.split(": ")[1].split(" ")[0] for name in STATEMENTS}
    handed = {
        (module, name.id if isinstance(name, ast.Name) else name.attr)
        for module, tree in TREES.items()
        if module not in ELSEWHERE
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "execute"
        and call.args
        for name in ast.walk(call.args[0])
        if isinstance(name, (ast.Name, ast.Attribute))
        and not any("SET LOCAL" in text for text in texts(call.args[0]))
    }
    handed = {(module, name) for module, name in handed if name.isupper()}
    assert len(handed) > 30
    assert sorted((module, name) for module, name in handed if name not in found) == []


def test_statements_are_constants_of_modules() -> None:
    loose = {name for name in builders() if name.split(":")[0] not in ELSEWHERE}
    assert sorted(loose - BUILT.keys()) == []
    assert sorted(BUILT.keys() - loose) == []


def test_no_surface_has_sql() -> None:
    assert [name for name, tree in TREES.items() if "surfaces/" in name and has_sql(tree)] == []


def test_states_are_written_by_quoted() -> None:
    written = [
        f"{module}: {match[1]} in {' '.join(text.split())[:90]}"
        for module, tree in TREES.items()
        for text in texts(tree)
        for match in STATE_LITERAL.finditer(text)
    ]
    assert written == []


@pytest.mark.parametrize("text", ["state = 'held'", "state <> 'held'", "state IN ('x', 'held')"])
def test_control_a_state_in_a_statement_is_found(text: str) -> None:
    assert [match[1] for match in STATE_LITERAL.finditer(text)] == ["held"]


def test_quoted_takes_only_words_of_an_enum() -> None:
    assert quoted("held", "no_show") == "'held', 'no_show'"
    for value in ("", "a'b", "x; DROP TABLE y", "Held"):
        with pytest.raises(ValueError, match="values of an enum"):
            quoted(value)
    with pytest.raises(ValueError, match="values of an enum"):
        quoted()

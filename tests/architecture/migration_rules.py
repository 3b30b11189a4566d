"""What a migration must not do while the release before runs on the same database.

An update migrates first and restarts the programs afterwards (docs/operations.md, Updating), so the
old program writes into the new tables for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection
from django.db.migrations import operations as ops
from django.db.migrations.state import ProjectState
from django.db.models import Field, ForeignKey
from django.db.models.fields import NOT_PROVIDED

# The last migration of each app that is not looked at: no release ran before it.
NOT_CHECKED = {
    "accounts": "0004_second_factor_reset",
    "booking": "0006_modes",
    "journal": "0001_initial",
    "meetings": "0003_papers",
    "messaging": "0006_participants",
    "offices": "0016_demo_play",
    "queueing": "0006_incidents",
    "web": "0002_api",
}

# (app, migration): why it may all the same, for example which release stopped using the column.
ALLOWED: dict[tuple[str, str], str] = {}

TAKES_AWAY = (
    ops.RemoveField,
    ops.DeleteModel,
    ops.RenameField,
)
RENAMES = (ops.RenameModel, ops.AlterModelTable)
UNREADABLE = (ops.RunSQL, ops.SeparateDatabaseAndState)


def faults(
    operation: Any, app: str, before: ProjectState, after: ProjectState, new_models: set[str]
) -> Iterator[str]:
    """What is wrong with the operation, in sentences that say what to do instead.

    `new_models` are those that the release before does not have (lower case); with them everything
    may be done.
    """
    model = getattr(operation, "model_name", getattr(operation, "name", "")).lower()
    if isinstance(operation, UNREADABLE):
        yield "is not understood by this check: look at it and write the reason into ALLOWED"
    elif model in new_models:
        return
    elif isinstance(operation, TAKES_AWAY) or (
        isinstance(operation, RENAMES)
        and _table(after, app, operation) != _table(before, app, operation)
    ):
        yield (
            "takes away what the release before reads: stop using it in one release and remove it in"
            " the next, with the reason in ALLOWED"
        )
    elif isinstance(operation, ops.AddField):
        if needs_default(operation.field):
            yield "adds a NOT NULL column, which the release before does not fill: give it db_default"
    elif isinstance(operation, ops.AlterField):
        old, new = (
            _field(state, app, operation.model_name, operation.name) for state in (before, after)
        )
        yield from altered(old, new)
    elif isinstance(operation, (ops.AddIndex, ops.AddConstraint)) and not isinstance(
        operation, AddIndexConcurrently
    ):
        yield (
            "holds the table while it reads all of it: use AddIndexConcurrently, or AddConstraintNotValid"
            " and ValidateConstraint, in a migration with atomic = False; where the table is always"
            " small, write that into ALLOWED"
        )


def needs_default(field: Field[Any, Any]) -> bool:
    """Whether a row cannot be inserted by a program that does not know the field's column."""
    return not (
        field.null
        or field.many_to_many
        or field.db_default is not NOT_PROVIDED
        or getattr(field, "generated", False)
    )


def altered(old: Field[Any, Any], new: Field[Any, Any]) -> Iterator[str]:
    """What is wrong with the change of a field."""
    if old.null and not new.null:
        yield "makes the column NOT NULL, where the release before may write NULL"
    if old.db_default is not NOT_PROVIDED and needs_default(new):
        yield "takes the default away, which the release before may need"
    if _type(old) != _type(new) and not _is_wider(old, new):
        yield "changes the column's type, which rewrites the table while nobody else can use it"
    if isinstance(new, ForeignKey) and _target(old) != _target(new):
        yield "lets the column point at another table"


def _field(state: ProjectState, app: str, model: str, name: str) -> Field[Any, Any]:
    field: Field[Any, Any] = state.apps.get_model(app, model)._meta.get_field(name)
    return field


def _table(state: ProjectState, app: str, operation: Any) -> str:
    """The table of the model that the operation renames, which has its old or its new name."""
    names = {operation.name_lower, getattr(operation, "new_name_lower", operation.name_lower)}
    (name,) = (name for label, name in state.models if label == app and name in names)
    table: str = state.apps.get_model(app, name)._meta.db_table
    return table


def _type(field: Field[Any, Any]) -> str:
    return str(field.db_type(connection))


def _is_wider(old: Field[Any, Any], new: Field[Any, Any]) -> bool:
    kinds = {_type(field).split("(")[0] for field in (old, new)}
    if kinds == {"varchar", "text"}:
        return _type(new) == "text"
    return kinds == {"varchar"} and (new.max_length or 0) >= (old.max_length or 0)


def _target(field: Field[Any, Any]) -> str:
    return str(
        getattr(field.related_model, "_meta", "")
    )  # app and name; each state has its own class

"""Reading and writing of model rows by cached SQL, for hot paths."""

# ruff: noqa: SLF001  # what Django calls _meta is documented

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

from prepazka.journal.tracked_rows import TrackedRow

M = TypeVar("M", bound=models.Model)


@cache
def select_columns(model: type[models.Model], table: str = "") -> str:
    """All columns of the model for a SELECT, in the order that `object_of_row` needs."""
    prefix = f"{table}." if table else ""
    return ", ".join(f'{prefix}"{field.column}"' for field in model._meta.concrete_fields)


def object_of_row(model: type[M], row: Sequence[Any]) -> M:
    """The object of a row selected by `select_columns`."""
    values = list(row)
    for index, convert in _converters(model):
        values[index] = convert(values[index], None, connection)
    return model.from_db(connection.alias, _names(model), values)


def count_columns(model: type[models.Model]) -> int:
    """The number of `select_columns`."""
    return len(_names(model))


def select_one(model: type[M], clause: str, parameters: Iterable[Any], table: str = "") -> M | None:
    """The first object of `SELECT … {clause}`; `table` is the alias of the model's table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {select_columns(model, table)} {clause}", list(parameters))
        row = cursor.fetchone()
    return object_of_row(model, row) if row else None


def insert_row(row: models.Model) -> None:
    """Insert a new row and set its primary key."""
    sql, fields = _inserting(type(row))
    with connection.cursor() as cursor:
        cursor.execute(sql, _values(row, fields, add=True))
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias  # as save() does


def update_row(row: TrackedRow, names: tuple[str, ...]) -> None:
    """Update these fields of an existing row, as `save(update_fields=names)` does."""
    sql, fields = _updating(type(row), row.with_changed_fields(names))
    with connection.cursor() as cursor:
        cursor.execute(sql, [*_values(row, fields, add=False), row.pk])
    row.note_saved()


def _values(row: models.Model, fields: list[Any], *, add: bool) -> list[Any]:
    return [field.get_db_prep_save(field.pre_save(row, add), connection) for field in fields]


@cache
def _inserting(model: type[models.Model]) -> tuple[str, list[Any]]:
    fields = [
        field
        for field in model._meta.concrete_fields
        if not field.generated and not isinstance(field, models.AutoField)
    ]
    names = ", ".join(f'"{field.column}"' for field in fields)
    placeholders = ", ".join("%s" for _ in fields)
    key = model._meta.pk.column
    sql = f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({placeholders}) RETURNING {key}"  # noqa: S608
    return sql, fields


@cache
def _updating(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    fields = [model._meta.get_field(name) for name in names]
    changes = ", ".join(f'"{field.column}" = %s' for field in fields)  # type: ignore[union-attr]
    key = model._meta.pk.column
    return f"UPDATE {model._meta.db_table} SET {changes} WHERE {key} = %s", fields  # noqa: S608


@cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _converters(model: type[models.Model]) -> list[tuple[int, Any]]:
    """The converters from database values by the column's index, for fields that have one."""
    return [
        (index, field.from_db_value)
        for index, field in enumerate(model._meta.concrete_fields)
        if hasattr(field, "from_db_value")
    ]

"""Rows of models by statements whose text is made once: hot paths cannot pay for it each time."""

# ruff: noqa: SLF001  # what Django calls _meta is documented

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


@cache
def columns(model: type[models.Model], table: str = "") -> str:
    """All columns of the model, as `of_row` wants them."""
    prefix = f"{table}." if table else ""
    return ", ".join(f'{prefix}"{field.column}"' for field in model._meta.concrete_fields)


def of_row(model: type[M], row: Sequence[Any]) -> M:
    """The object of a row of `columns`."""
    values = list(row)
    for place, convert in _converters(model):
        values[place] = convert(values[place], None, connection)
    return model.from_db(connection.alias, _names(model), values)


def width(model: type[models.Model]) -> int:
    """How many `columns` there are."""
    return len(_names(model))


def one(model: type[M], rest: str, parameters: Iterable[Any], table: str = "") -> M | None:
    """The first object of `SELECT … {rest}`, where `table` names the model's."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns(model, table)} {rest}", list(parameters))
        row = cursor.fetchone()
    return of_row(model, row) if row else None


def insert(row: models.Model) -> None:
    """Write a new row, and let it know the key that it got."""
    sql, fields = _inserting(type(row))
    with connection.cursor() as cursor:
        cursor.execute(sql, _values(row, fields, add=True))
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias  # as save() does


def update(row: models.Model, names: tuple[str, ...]) -> None:
    """Write these fields of a row that is there, as `save(update_fields=names)` does."""
    sql, fields = _updating(type(row), names)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*_values(row, fields, add=False), row.pk])


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
    places = ", ".join("%s" for _ in fields)
    key = model._meta.pk.column
    sql = f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({places}) RETURNING {key}"  # noqa: S608
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
    """What turns a column's value into the field's, by its place; most need nothing."""
    return [
        (place, field.from_db_value)
        for place, field in enumerate(model._meta.concrete_fields)
        if hasattr(field, "from_db_value")
    ]

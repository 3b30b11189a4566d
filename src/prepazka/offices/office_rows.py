"""All rows that make an office, read by one statement, so from one state of the database.

Several statements would mix two versions where a file is loaded in between: a pair of counter
and service whose counter was not read. One statement also sees what its own
transaction has written, which `REPEATABLE READ` could not offer under a lock taken before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

from prepazka.journal import rows
from prepazka.offices.models import (
    Agenda,
    Counter,
    Department,
    HoursException,
    Incident,
    Office,
    Official,
    OfOffice,
    OpeningHours,
    Service,
    System,
)

Pairs = Mapping[int, frozenset[int]]
Row = TypeVar("Row", bound=models.Model)
Part = TypeVar("Part", bound=OfOffice)

PARTS = (Department, Agenda, Service, Counter, Official, System, OpeningHours, HoursException)
# Each many-to-many table with its column of the part that owns the pair.
PAIRS = (
    (Counter.services.through, Counter, "counter_id", "service_id"),
    (Official.services.through, Official, "official_id", "service_id"),
    (Service.needs.through, Service, "service_id", "system_id"),
)


@dataclass(frozen=True)
class OfficeRows:
    """The rows as their models, in the order of the file; pairs by the id of their first column."""

    office: Office
    departments: list[Department]
    agendas: list[Agenda]
    services: list[Service]
    counters: list[Counter]
    officials: list[Official]
    systems: list[System]
    hours: list[OpeningHours]
    exceptions: list[HoursException]
    incidents: list[Incident]  # open ones, the oldest first
    serves: Pairs  # services, by counter
    topics: Pairs  # services, by official
    needs: Pairs  # systems, by service; services that need none are left out


def read_rows(pk: int) -> OfficeRows:
    """The rows of the office with that id. Raises Office.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [pk])
        row = cursor.fetchone()
    if row is None:
        raise Office.DoesNotExist(f"There is no office with the id {pk}.")
    columns = iter(row)
    office = _model(Office, next(columns))
    departments = _parts(Department, next(columns), office)
    agendas = _parts(Agenda, next(columns), office)
    services = _parts(Service, next(columns), office)
    counters = _parts(Counter, next(columns), office)
    officials = _parts(Official, next(columns), office)
    systems = _parts(System, next(columns), office)
    hours = _parts(OpeningHours, next(columns), office)
    exceptions = _parts(HoursException, next(columns), office)
    incidents = _parts(Incident, next(columns), office)
    system_by_id = {system.pk: system for system in systems}
    for incident in incidents:
        incident.system = system_by_id[incident.system_id]
    serves, topics, needs = columns
    return OfficeRows(
        office=office,
        departments=departments,
        agendas=agendas,
        services=services,
        counters=counters,
        officials=officials,
        systems=systems,
        hours=hours,
        exceptions=exceptions,
        incidents=incidents,
        serves=_grouped(serves, (counter.pk for counter in counters)),
        topics=_grouped(topics, (official.pk for official in officials)),
        needs=_grouped(needs, ()),
    )


@cache
def _statement() -> str:
    """One column for the office and for each kind of its rows, as JSON; one parameter, its id."""
    columns = [_array(Office, "o")]
    for model in PARTS:
        order = ", ".join(f"p.{name}" for name in model._meta.ordering or ()) or "p.id"
        source = f"{model._meta.db_table} p WHERE p.office_id = o.id"
        columns.append(_aggregate(f"{_array(model, 'p')} ORDER BY {order}", source))
    source = f"{Incident._meta.db_table} p WHERE p.office_id = o.id AND p.ended_at IS NULL"
    columns.append(_aggregate(f"{_array(Incident, 'p')} ORDER BY p.began_at, p.id", source))
    for through, owner, owner_id, member_id in PAIRS:
        source = (
            f"{through._meta.db_table} p JOIN {owner._meta.db_table} t ON t.id = p.{owner_id}"
            " WHERE t.office_id = o.id"
        )
        columns.append(_aggregate(f"json_build_array(p.{owner_id}, p.{member_id})", source))
    selected = ", ".join(columns)
    return f"SELECT {selected} FROM {Office._meta.db_table} o WHERE o.id = %s"  # noqa: S608  # ours


def _aggregate(values: str, source: str) -> str:
    return f"(SELECT json_agg({values}) FROM {source})"  # noqa: S608  # both are ours


def _array(model: type[models.Model], alias: str) -> str:
    return f"json_build_array({rows.select_columns(model, alias)})"


@cache
def _readers(model: type[models.Model]) -> tuple[tuple[int, Callable[[str], Any]], ...]:
    """Positions in a row whose type JSON lacks, each with the function that parses the text."""
    readers: list[tuple[int, Callable[[str], Any]]] = []
    for position, field in enumerate(model._meta.concrete_fields):
        if isinstance(field, models.DateTimeField):
            readers.append((position, datetime.fromisoformat))
        elif isinstance(field, models.DateField):
            readers.append((position, date.fromisoformat))
    return tuple(readers)


def _model(model: type[Row], values: list[Any]) -> Row:
    for position, reader in _readers(model):
        if values[position] is not None:
            values[position] = reader(values[position])
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(connection.alias, names, values)


def _parts(model: type[Part], arrays: list[list[Any]] | None, office: Office) -> list[Part]:
    rows_of_office = [_model(model, values) for values in arrays or ()]
    for row in rows_of_office:
        row.office = office
    return rows_of_office


def _grouped(pairs: list[list[int]] | None, owners: Iterable[int]) -> Pairs:
    grouped: dict[int, set[int]] = {owner: set() for owner in owners}
    for owner, member in pairs or ():
        grouped.setdefault(owner, set()).add(member)
    return {owner: frozenset(members) for owner, members in grouped.items()}

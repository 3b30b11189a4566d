"""An office that is read by one statement is the office that its models hold."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from prepazka.officefile import presets
from prepazka.officefile.office_loading import load
from prepazka.offices.models import (
    Counter,
    HoursException,
    Incident,
    Mode,
    Office,
    Official,
    Service,
    System,
)
from prepazka.offices.office_snapshot import OfficeSnapshot, read_snapshot, snapshot_of
from prepazka.offices.text import Texts
from tests import town

pytestmark = pytest.mark.django_db


def values(rows: Any) -> list[dict[str, Any]]:
    return [{f.attname: getattr(r, f.attname) for f in r._meta.concrete_fields} for r in rows]


def pairs(through: Any, owner: str, member: str, office: Office) -> dict[int, set[int]]:
    grouped: dict[int, set[int]] = {}
    rows = through.objects.filter(**{f"{owner}__office": office})
    for first, second in rows.values_list(f"{owner}_id", f"{member}_id"):
        grouped.setdefault(first, set()).add(second)
    return grouped


def same(snapshot: OfficeSnapshot, office: Office) -> None:
    """Every value and its type, as the models read them by statements of their own."""
    assert values([snapshot.row]) == values([office])
    read_by_models: dict[str, Any] = {
        "departments": office.departments,
        "agendas": office.agendas,
        "services": office.services,
        "counters": office.counters,
        "officials": office.officials,
        "systems": office.systems,
    }
    for name, rows in read_by_models.items():
        known = getattr(snapshot, name)
        assert values(known.values()) == values(rows.all()), name
        assert list(known) == [row.pk for row in known.values()], name
    assert values(snapshot.hours) == values(office.opening_hours.order_by("pk"))
    assert values(snapshot.exceptions) == values(office.hours_exceptions.order_by("pk"))
    down = Incident.objects.filter(office=office, ended_at=None).order_by("began_at", "pk")
    assert values(snapshot.incidents) == values(down)
    for attribute, through, owner, member in (
        ("serves", Counter.services.through, "counter", "service"),
        ("topics", Official.services.through, "official", "service"),
        ("needs", Service.needs.through, "service", "system"),
    ):
        known = {pk: set(members) for pk, members in getattr(snapshot, attribute).items()}
        wanted = pairs(through, owner, member, office)
        assert {pk: members for pk, members in known.items() if members} == wanted, attribute
    assert set(snapshot.serves) == set(snapshot.counters)
    assert set(snapshot.topics) == set(snapshot.officials)


@pytest.mark.parametrize("name", presets.preset_names())
def test_each_preset_is_read_as_its_models_read_it(name: str) -> None:
    loaded = load(presets.preset_text(name), now=town.FRIDAY_BEFORE).office
    same(read_snapshot(loaded), Office.objects.get(pk=loaded.pk))


def test_rows_that_no_preset_has_are_read_too() -> None:
    made = town.office()
    service, counter = town.service(made), town.counter(made)
    row = made.row
    Service.objects.filter(pk=service.pk).update(tickets_on=town.MONDAY, tickets_rule="full")
    HoursException.objects.create(
        office=row, kind="reduced", from_date=town.MONDAY, places=0, counter=counter
    )
    row.opening_hours.create(
        weekday=2, opens=60, closes=90, mode=Mode.VIDEO, valid_from=town.MONDAY, valid_to=None
    )
    systems = [System.objects.create(office=row, code=code, name={}) for code in ("a", "b")]
    service.needs.set(systems)
    for number, system in enumerate(systems):
        Incident.objects.create(
            office=row,
            system=system,
            cause="down",
            note={"cs": "Síť \\ \" ' %s"},
            began_at=town.at(f"{9 - number}:00"),
            expected_at=town.at("11:00"),
        )
    Incident.objects.create(
        office=row,
        system=systems[0],
        cause="down",
        began_at=town.at("6:00"),
        ended_at=town.at("7:00"),
    )
    Official.objects.create(office=row, code="nikdo", name={"cs": "Nikdo"}, retired=True)
    town.office("jinde")  # what another office has stays out
    snapshot = read_snapshot(row)
    same(snapshot, Office.objects.get(pk=row.pk))
    assert [one.system.code for one in snapshot.incidents] == ["b", "a"]
    assert isinstance(snapshot.row.name, Texts)
    assert isinstance(snapshot.services[service.pk].name, Texts)


def test_every_column_is_of_a_type_that_json_carries() -> None:
    """A column of another type needs a reader in `office_rows`, and its line here."""
    carried = (
        models.CharField,
        models.IntegerField,
        models.BooleanField,
        models.JSONField,
        models.DateField,  # and instants, which are a kind of it; both have a reader
        models.ForeignKey,
    )
    snapshot_models: set[type[models.Model]] = {
        Office,
        System,
        Incident,
        *(type(row) for row in town_rows()),
    }
    for model in snapshot_models:
        for field in model._meta.concrete_fields:
            base = getattr(field, "base_field", field)
            assert isinstance(base, carried), f"{model.__name__}.{field.name}"


def town_rows() -> list[models.Model]:
    office = load(presets.preset_text("praha-6"), now=town.FRIDAY_BEFORE).office
    snapshot = read_snapshot(office)
    parts = (snapshot.departments, snapshot.agendas, snapshot.services, snapshot.counters)
    first = [next(iter(part.values())) for part in (*parts, snapshot.officials)]
    return [*first, snapshot.hours[0], *snapshot.exceptions[:1]]


def test_it_is_one_statement_and_its_parts_know_their_office() -> None:
    made = town.office()
    with CaptureQueriesContext(connection) as queries:
        snapshot = read_snapshot(made.row)
        assert {part.office for part in snapshot.services.values()} == {snapshot.row}
    assert len(queries) == 1


def test_an_office_row_that_is_old_gives_the_version_that_was_read() -> None:
    made = town.office()
    old = Office.objects.get(pk=made.office_id)
    Service.objects.filter(office=old, code="pas").update(duration_min=25)
    Office.objects.filter(pk=old.pk).update(version=old.version + 7)
    directory_of_old = snapshot_of(Office(pk=old.pk, version=old.version + 3))
    assert directory_of_old.row.version == old.version + 7
    assert town.service(directory_of_old, "pas").duration_min == 25
    assert snapshot_of(Office.objects.get(pk=old.pk)) is directory_of_old


def test_an_office_that_is_gone_is_no_office() -> None:
    with pytest.raises(Office.DoesNotExist):
        read_snapshot(Office(pk=987_654_321))

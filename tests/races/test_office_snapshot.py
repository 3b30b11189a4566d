"""An office is read while its file is loaded: always one version, never two mixed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from prepazka.offices.models import Counter, Office, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, read_snapshot
from tests import town
from tests.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def read_by_statements(office: Office) -> OfficeSnapshot:
    """Counters, and then who serves what: two statements, as an office must not be read."""
    row = Office.objects.get(pk=office.pk)
    counters = {c.pk: c for c in row.counters.all()}
    serves: dict[int, set[int]] = {pk: set() for pk in counters}
    pairs = Counter.services.through.objects.filter(counter__office=office)
    for counter, service in pairs.values_list("counter_id", "service_id"):
        serves[counter].add(service)
    return OfficeSnapshot(
        row=row,
        departments={},
        agendas={},
        services={s.pk: s for s in row.services.all()},
        counters=counters,
        serves={pk: frozenset(ids) for pk, ids in serves.items()},
        hours=[],
        exceptions=[],
    )


def change(office: Office) -> None:
    """What a load does, in small: a counter more that serves everything, and the version rises."""
    with transaction.atomic():
        row = Office.objects.select_for_update().get(pk=office.pk)
        number = row.version + 1
        counter = Counter.objects.create(
            office=row, code=f"c{number}", number=str(number), position=number, name={}
        )
        counter.services.set(row.services.all())
        Service.objects.filter(office=row).update(duration_min=number)
        Office.objects.filter(pk=row.pk).update(version=number)


def is_whole(snapshot: OfficeSnapshot, first: int) -> bool:
    """Whether counters, pairs and services are those of the version that the office says."""
    version = snapshot.row.version
    services = {service.duration_min for service in snapshot.services.values()}
    added = [c for c in snapshot.counters.values() if c.code.startswith("c")]
    everything = frozenset(snapshot.services)
    return version == first or (
        services == {version}
        and len(added) == version - first
        and all(snapshot.serves[c.pk] == everything for c in added)
    )


def meanwhile(office: Office, reading: Callable[[Office], OfficeSnapshot]) -> OfficeSnapshot:
    """What is read when after each statement of the reading somebody else changes the office."""

    def changing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  # Django's
        answer = execute(sql, params, many, context)
        errors: list[Exception] = []

        def elsewhere() -> None:
            try:
                change(office)
            except Exception as error:  # noqa: BLE001  # said in the test's own thread
                errors.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(20)
        assert not errors
        return answer

    with connection.execute_wrapper(changing):
        return reading(office)


def test_an_office_changed_between_statements_is_read_whole() -> None:
    office = town.office().row
    snapshot = meanwhile(office, read_snapshot)
    assert is_whole(snapshot, office.version)
    later = Office.objects.get(pk=office.pk)
    assert later.version > office.version, "nothing was changed meanwhile"
    assert is_whole(read_snapshot(later), office.version)


def test_control_read_by_several_statements_it_is_of_two_versions() -> None:
    office = town.office().row
    with pytest.raises(KeyError):
        meanwhile(office, read_by_statements)


def test_readers_beside_loads_see_one_version_each() -> None:
    office = town.office().row
    loaded = threading.Event()

    def act(number: int) -> list[bool]:
        if number == 0:
            try:
                for _ in range(25):
                    change(office)
            finally:
                loaded.set()
            return []
        seen = []
        while not loaded.is_set():
            seen.append(is_whole(read_snapshot(office), office.version))
        return seen

    answers = together(3, act)
    for seen in answers:
        assert isinstance(seen, list), seen
        assert all(seen)
    assert answers[1]
    assert answers[2]


def test_a_transaction_reads_what_it_has_written_itself() -> None:
    office = town.office().row
    with transaction.atomic():
        change(office)
        snapshot = read_snapshot(office)
        transaction.set_rollback(True)
    assert snapshot.row.version == office.version + 1
    assert is_whole(snapshot, office.version)
    assert read_snapshot(office).row.version == office.version

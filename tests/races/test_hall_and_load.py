"""The hall is looked at while a file is loaded: what the rows name is known, whatever came first."""

from __future__ import annotations

from uuid import uuid4

import pytest

from prepazka.offices.models import Counter, Office, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters, history, tickets, wait_learning
from prepazka.queueing.models import Ticket
from prepazka.reporting import live_hall
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.monitor import monitor_of_office
from tests import rounds, town

pytestmark = pytest.mark.django_db(transaction=True)
NINE = town.at("9:00")


def loaded_since(old: OfficeSnapshot) -> tuple[Service, Counter]:
    """A service and a counter more, a ticket for the one and a clerk at the other."""
    row = old.row
    agenda = town.service(old, "pas").agenda
    service = Service.objects.create(
        office=row, agenda=agenda, code="nova", name={"cs": "Nová"}, position=9
    )
    counter = Counter.objects.create(office=row, code="p3", number="3", name={}, position=9)
    counter.services.add(service)
    Office.objects.filter(pk=row.pk).update(version=row.version + 1)
    new = snapshot_by_slug(row.slug)
    tickets.issue_ticket(office=new, service=service, touch=uuid4(), now=NINE)
    counters.open_counter(counter=counter, clerk=town.clerk(new).pk, now=NINE)
    return service, counter


def test_a_hall_with_newer_parts_has_the_office_that_knows_them() -> None:
    old = town.office()
    service, counter = loaded_since(old)
    seen = hall_at(old, now=NINE)
    assert seen.office.services[service.pk].code == "nova"
    assert seen.outlook.served
    assert seen.ahead_of(Ticket.objects.get()) == 0
    assert [one.counter_id for one in seen.shifts] == [counter.pk]
    assert monitor_of_office(old, now=NINE)["services"][-1]["open_counters"] == 1


def test_control_an_office_that_is_kept_as_it_was_does_not_know_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = town.office()
    loaded_since(old)
    monkeypatch.setattr(live_hall, "_knows", lambda *_: True)
    with pytest.raises(KeyError):
        assert hall_at(old, now=NINE).outlook.served


def test_a_round_whose_list_of_offices_is_old_reads_each_office_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With many offices, minutes may lie between the list and an office's turn."""
    offices = {slug: town.office(slug) for slug in ("lhota", "zlhota")}
    seen: dict[str, int] = {}

    def measured(*, office: OfficeSnapshot, now: object) -> None:
        slug = office.slug
        if not seen:
            loaded_since(next(old for other, old in offices.items() if other != slug))
        seen[slug] = office.row.version - offices[slug].row.version

    monkeypatch.setattr(history, "measure_accuracy", measured)
    monkeypatch.setattr(wait_learning, "learn_service_times", lambda **_: None)
    rounds.learn(now=NINE)
    assert list(seen.values()) == [0, 1]

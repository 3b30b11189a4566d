"""Declaring and calling at once: one incident, and nobody called after it began."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError

from prepazka.journal.models import Event
from prepazka.offices.models import Incident, Office
from prepazka.offices.office_snapshot import snapshot_by_slug
from prepazka.queueing import counters, incidents, tickets, turns
from prepazka.queueing.incidents import declare_incident, end_incident
from prepazka.queueing.models import Ticket, TicketState
from tests import town
from tests.races.together import meet_before, together
from tests.usecases.test_incidents import with_register

pytestmark = pytest.mark.django_db(transaction=True)
NINE = town.at("9:00")


def declare(system, head):
    return declare_incident(
        office=snapshot_by_slug("lhota"),
        system=system,
        cause=Incident.Cause.DOWN,
        now=NINE,
        actor=head,
    )


def test_two_heads_declare_one_incident_and_end_it_once() -> None:
    made = town.office()
    system, head = with_register(made), town.clerk(made, "hlava", "head").pk
    town.confirmed(made, "10:00")
    found = together(6, lambda _: declare(system, head).pk)
    assert len(set(found)) == 1
    assert Event.objects.filter(kind="IncidentDeclared").count() == 1
    assert Event.objects.filter(kind="BookingWarned").count() == 1
    together(6, lambda _: end_incident(incident=found[0], now=NINE, actor=head))  # type: ignore[arg-type]
    assert Event.objects.filter(kind="IncidentEnded").count() == 1
    assert Event.objects.filter(kind="WarningLifted").count() == 1


def test_control_without_the_lock_only_the_constraint_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = town.office()
    system, head = with_register(made), town.clerk(made, "hlava", "head").pk
    plain = Office.objects.filter
    monkeypatch.setattr(Office.objects, "select_for_update", lambda **_: plain(), raising=False)
    monkeypatch.setattr(incidents, "lock_queue", meet_before(2, lambda _office: None))
    found = together(2, lambda _: declare(system, head).pk)
    assert any(isinstance(one, IntegrityError) for one in found)


def test_nobody_is_called_once_it_is_declared() -> None:
    made = town.office()
    system, head = with_register(made), town.clerk(made, "hlava", "head").pk
    clerk = town.clerk(made).pk
    counters.open_counter(counter=town.counter(made), clerk=clerk, now=NINE)
    for _ in range(3):
        where = snapshot_by_slug("lhota")
        tickets.issue_ticket(
            office=where, service=town.service(where), touch=uuid4(), now=town.at("8:30")
        )
    where = snapshot_by_slug("lhota")

    def act(number: int) -> object:
        if number:
            return turns.call_next(office=where, clerk=clerk, now=NINE)
        return declare(system, head)

    together(2, act)
    declared = Event.objects.get(kind="IncidentDeclared").pk
    later = Event.objects.filter(kind="TicketCalled", pk__gt=declared)
    assert not later.exists()
    assert Ticket.objects.filter(state=TicketState.WAITING).count() >= 2

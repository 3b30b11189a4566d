"""The ticket's page out of the edge's memory: what Django says, at once after a change, to one alone."""

from __future__ import annotations

import contextlib
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from prepazka.journal.record import CHANNEL
from prepazka.offices.models import Incident, Office, System
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters, incidents, tickets, turn_alerts, turns
from prepazka.queueing.models import Ticket, TicketState
from prepazka.surfaces.ticket import ticket_fragment
from tests import halls, town
from tests.clock import real_now
from tests.edge.conftest import Served
from tests.edge.test_edge import read_until

ASKED = {"X-Fragment": "1"}


def now() -> datetime:
    return real_now()


@dataclass
class Hall:
    office: OfficeSnapshot
    clerk: int
    queue: list[Ticket]

    def call(self) -> Ticket:
        return turns.call_next(office=self.office, clerk=self.clerk, now=now())


@pytest.fixture
def hall(office: OfficeSnapshot) -> Hall:
    system = System.objects.create(
        office=office.row, code="registr", name={"cs": "Registr", "en": "Register"}
    )
    town.service(office).needs.add(system)
    Office.objects.filter(pk=office.office_id).update(version=office.row.version + 1)
    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=now())
    queue = [
        tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=now())
        for _ in range(4)
    ]
    return Hall(snapshot_by_slug("lhota"), clerk.pk, queue)


def catch_up(hall: Hall, *streams: socket.socket) -> None:
    """Wait until the nodes of the streams have heard all that has happened: notices keep order."""
    mark = uuid4().hex
    said = json.dumps({"office": hall.office.office_id, "topics": [mark]})

    for raw in streams:
        heard = b""
        raw.settimeout(0.5)
        while mark.encode() not in heard:  # a node may not have listened yet
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, said])
            with contextlib.suppress(TimeoutError):
                heard += raw.recv(4096)


def part(served: Served, ticket: Ticket, language: str = "") -> httpx.Response:
    return served.client.get(f"{language}/t/{ticket.code}/stav/", headers=ASKED)


def from_edge(answer: httpx.Response) -> bool:
    assert "no-store" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    assert "content-security-policy" in answer.headers
    return "content-language" not in answer.headers  # which only Django says


def agrees(served: Served, ticket: Ticket) -> str:
    """The part, after a look at whether Django says the same."""

    def said(language: str) -> str:
        answer = part(served, ticket, language)
        assert answer.text == served.client.get(f"{language}/t/{ticket.code}/stav/").text
        assert from_edge(answer)
        return answer.text.replace("\u00a0", " ")

    said("/en")
    return said("")


def test_it_says_what_django_says_in_every_state(
    served: Served, second: Served, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other, third, last = hall.queue
    clock = halls.stop_clocks(monkeypatch, now())
    monkeypatch.setattr("prepazka.offices.clock.now", clock)
    with served.stream() as here, second.stream() as there:

        def heard() -> None:
            clock.set(now())
            catch_up(hall, here, there)

        heard()

        def said(ticket: Ticket) -> str:
            text = agrees(served, ticket)
            assert agrees(second, ticket) == text
            return text

        for ahead, ticket in enumerate(hall.queue):
            assert (f"{ahead} " if ahead else "nikdo") in said(ticket)
        assert hall.call() == first
        heard()
        assert "Právě Vás voláme: přepážka 1" in said(first)
        assert "nikdo" in said(other)
        tickets.postpone_ticket(ticket=other.pk, minutes=20, now=now())
        heard()
        assert "Pouštíte ostatní před sebe" in said(other)
        turn_alerts.request_alert(
            ticket=third.pk,
            contact=turn_alerts.AlertContact(email="jana@example.cz"),
            language="cs",
            now=now(),
        )
        heard()
        assert "Vás upozorníme e-mailem" in said(third)
        assert "Vás upozorníme e-mailem" not in said(last)
        turn_alerts.drop_alert(ticket=third.pk, now=now())
        heard()
        assert "Vás upozorníme e-mailem" not in said(third)
        down = incidents.declare_incident(
            office=hall.office,
            system=System.objects.get(),
            cause=Incident.Cause.DOWN,
            now=now(),
            actor=hall.clerk,
        )
        heard()
        assert "čeká se na: Registr" in said(third)
        incidents.end_incident(incident=down.pk, now=now(), actor=hall.clerk)
        heard()
        assert "čeká se na: Registr" not in said(third)
        turns.mark_no_show(office=hall.office, clerk=hall.clerk, now=now())
        heard()
        assert "Volali jsme Vás" in said(first)
        tickets.leave_queue(ticket=last.pk, now=now())
        heard()
        assert "už neplatí" in said(last)


def test_one_look_after_a_change_serves_all(
    served: Served, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, real = [], ticket_fragment.Look.at_office

    def counted(pk: int) -> ticket_fragment.Look:
        looks.append(pk)
        return real(pk)

    monkeypatch.setattr(ticket_fragment.Look, "at_office", counted)
    with served.stream() as raw:
        read_until(raw, b"event: alive")
        for _ in range(2):
            looks.clear()
            hall.queue.append(
                tickets.issue_ticket(
                    office=hall.office, service=town.service(hall.office), touch=uuid4(), now=now()
                )
            )
            catch_up(hall, raw)
            with ThreadPoolExecutor(8) as people:
                answers = list(people.map(lambda t: part(served, t), hall.queue * 4))
            assert [from_edge(one) for one in answers] == [True] * len(answers)
            assert looks == [hall.office.office_id]


def test_a_part_asks_the_database_nothing(hall: Hall) -> None:
    look = ticket_fragment.Look.at_office(hall.office.office_id)
    look.show(hall.queue[0].code, "cs")  # now the estimate is made
    with CaptureQueriesContext(connection) as seen:
        for ticket in hall.queue:
            assert ticket.label.encode() in look.show(ticket.code, "en")
    announced = [one for one in seen.captured_queries if one["sql"].startswith("UPDATE")]
    assert len(announced) == 3, "the first wait told of each is kept"
    assert len(seen) == len(announced)


def test_what_is_not_in_the_look_is_djangos(served: Served, hall: Hall) -> None:
    ticket = hall.queue[0]
    assert from_edge(part(served, ticket))
    for wrong in ("A" * 12, "A" * 17, ticket.code + "A", ticket.code[:-1], "%00", "É"):
        answer = served.client.get(f"/t/{wrong}/stav/", headers=ASKED)
        whole = (ticket.code + "A")[:16] == ticket.code and wrong == ticket.code + "A"
        assert answer.status_code == (200 if whole else 404)
    assert set(served.edge.own_parts._offices) == {ticket.code}
    small = served.client.get(f"/t/{ticket.code.lower()}/stav/", headers=ASKED)
    assert (small.status_code, from_edge(small)) == (200, False)
    assert not from_edge(served.client.get(f"/t/{ticket.code}/stav/"))
    assert served.client.post(f"/t/{ticket.code}/stav/", headers=ASKED).status_code in (403, 405)
    head = served.client.head(f"/t/{ticket.code}/stav/", headers=ASKED)
    assert (head.status_code, head.content) == (200, b"")


def test_a_ticket_newer_than_the_look_and_one_of_yesterday_are_djangos(
    served: Served, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.edge.snapshots, "changed", lambda *_: None)
    served.edge.hub.on_change.clear()  # the news has not come yet
    first, newest = hall.queue[0], hall.queue[0]
    assert from_edge(part(served, first))
    newest = tickets.issue_ticket(
        office=hall.office, service=town.service(hall.office), touch=uuid4(), now=now()
    )
    answer = part(served, newest)
    assert (answer.status_code, from_edge(answer)) == (200, False)
    assert newest.label in answer.text
    old = hall.queue[1]
    Ticket.objects.filter(pk=old.pk).update(
        date=old.date - timedelta(days=1), state=TicketState.FINISHED, number=99
    )
    Ticket.objects.filter(pk=hall.queue[2].pk).delete()
    served.edge.snapshots._kept.clear()
    assert part(served, old).status_code == 410
    assert part(served, hall.queue[2]).status_code == 404


def test_a_database_that_is_away_is_told_as_that(
    served: Served, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.edge.test_database_away import lost  # noqa: PLC0415

    def away(*_: Any) -> Any:
        lost()

    monkeypatch.setattr(ticket_fragment, "hall_at", lambda *_a, **_k: away())
    assert part(served, hall.queue[0]).status_code == 503
    monkeypatch.undo()
    assert part(served, hall.queue[0]).status_code == 200

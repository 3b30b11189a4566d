"""Two web processes on one database are one office. The controls of the races: tests/races."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from django.test import Client

from prepazka.accounts.models import User
from prepazka.booking.models import LIVE, Booking
from prepazka.offices import devices
from prepazka.offices.clock import now
from prepazka.offices.models import Counter as Desk
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters, tickets
from prepazka.queueing.models import Ticket, TicketState
from tests import town
from tests.faults import program
from tests.faults.always import always_open, coming_slots
from tests.faults.program import Kiosk, Stream, measured, wait_for
from tests.ports import free_port

MANY, CLERKS = 50, 8


@dataclass
class Nodes:
    """Two processes, and the office they both serve."""

    office: OfficeSnapshot
    ports: tuple[int, int]
    second: program.Process

    def url(self, number: int) -> str:
        return f"http://localhost:{self.ports[number % 2]}"


@pytest.fixture
def nodes(transactional_db: None, tmp_path: Path) -> Iterator[Nodes]:
    office = always_open()
    ports, told = (free_port(), free_port()), program.environment()
    with (
        program.running(["web", "--port", str(ports[0])], told, tmp_path / "a.log") as first,
        program.running(["web", "--port", str(ports[1])], told, tmp_path / "b.log") as second,
    ):
        program.wait_until_up(ports[0], first)
        program.wait_until_up(ports[1], second)
        yield Nodes(office, ports, second)
        assert "Traceback" not in first.said + second.said


@pytest.mark.real_time
def test_two_nodes_are_one_office(nodes: Nodes) -> None:
    """One test, because starting two nodes takes longer than all that they are asked."""
    fifty_for_the_last_slot(nodes)
    eight_clerks_press_next(nodes)
    stream = what_happens_at_one_is_seen_at_the_other(nodes)
    an_open_stream_does_not_hold_up_the_end(nodes, stream)


def an_open_stream_does_not_hold_up_the_end(nodes: Nodes, stream: Stream) -> None:
    nodes.second.end()
    assert "exceeded" not in nodes.second.said, "uvicorn alone waits five seconds and then says so"
    stream.join(5)
    assert stream.ended


def fifty_for_the_last_slot(nodes: Nodes) -> None:
    barrier = threading.Barrier(MANY)
    wanted = {"service": "prepis", "starts_at": coming_slots()[0].isoformat()}

    def ask(number: int) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4()), "Accept-Language": "cs"}
        barrier.wait(30)
        url = f"{nodes.url(number)}/api/v1/offices/lhota/holds"
        return httpx.post(url, json=wanted, headers=headers, timeout=60)

    began = time.monotonic()
    with ThreadPoolExecutor(MANY) as people:
        answers = list(people.map(ask, range(MANY)))
    measured.info(f"{MANY} answers in {time.monotonic() - began:.2f} s")
    assert Counter(a.status_code for a in answers) == {201: 1, 409: MANY - 1}
    refused = [a.json() for a in answers if a.status_code == 409]
    assert {said["code"] for said in refused} == {"term_taken"}
    assert all(said["title"].startswith("Tento termín právě obsadil") for said in refused)
    assert Booking.objects.filter(state__in=LIVE).count() == 1


def eight_clerks_press_next(nodes: Nodes) -> None:
    office = with_clerks(nodes.office)
    for _ in range(20):
        tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=now())
    clerks = [logged_in(nodes.url(n), f"clerk{n}") for n in range(CLERKS)]
    barrier = threading.Barrier(CLERKS)

    def press(number: int) -> int:
        client, token = clerks[number]
        barrier.wait(30)
        return client.post(
            "/pult/lhota/krok/next/", data={"csrfmiddlewaretoken": token}
        ).status_code

    with ThreadPoolExecutor(CLERKS) as people:
        answers = list(people.map(press, range(CLERKS)))
    for client, _ in clerks:
        client.close()
    assert set(answers) <= {200, 302, 303}, answers
    called = Ticket.objects.filter(state=TicketState.CALLED)
    assert sorted(called.values_list("number", flat=True)) == list(range(1, CLERKS + 1))
    assert len(set(called.values_list("counter_id", flat=True))) == CLERKS


def with_clerks(office: OfficeSnapshot) -> OfficeSnapshot:
    for number in range(CLERKS):
        desk = Desk.objects.create(
            office=office.row, code=f"x{number}", number=f"{number + 10}", name={"cs": "x"}
        )
        desk.services.set([town.service(office)])
        clerk = town.clerk(office, f"clerk{number}")
        counters.open_counter(counter=desk, clerk=clerk.pk, now=now())
    Office.objects.filter(pk=office.office_id).update(version=3)
    return snapshot_of(Office.objects.get(pk=office.office_id))


def logged_in(url: str, username: str) -> tuple[httpx.Client, str]:
    """A clerk's browser after the log-in, which itself would take a second of hashing each."""
    browser = Client()
    browser.force_login(User.objects.get(username=username))
    client = httpx.Client(base_url=url, timeout=60)
    client.cookies.set("sessionid", browser.cookies["sessionid"].value)
    return client, csrf(client.get("/pult/lhota/"))


def csrf(page: httpx.Response) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found, page.text[:3000]
    return found[1]


def what_happens_at_one_is_seen_at_the_other(nodes: Nodes) -> Stream:
    code = devices.make_pairing_code(device=town.kiosk(nodes.office), now=now())
    kiosk, stream = Kiosk(nodes.ports[0], code), Stream(nodes.ports[1])
    monitor = f"{nodes.url(1)}/api/v1/offices/lhota/monitor"
    before = httpx.get(monitor).json()["waiting"]
    time.sleep(0.5)
    began = time.monotonic()
    assert kiosk.touch(uuid4()).status_code == 302
    woken = wait_for("news at B", lambda: stream.changes_since(began), within=5)
    seen = wait_for("B to count it", lambda: httpx.get(monitor).json()["waiting"] == before + 1, 10)
    kiosk.client.close()
    measured.info(
        f"stream of B woken after {woken:.2f} s, its monitor right after {woken + seen:.2f} s"
    )
    return stream

"""Proof of work: who must bring one, that it counts once, and how people pass without it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from html import unescape
from typing import Any

import altcha
import pytest
from django.test import Client

from prepazka.booking.models import Booking
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import proof
from tests import town
from tests.citizen import TIMES, Clock, hidden, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "COST", 1)


def solved(page: Any) -> str:
    """What a browser would send: the task of the page with its solution."""
    said = page.content.decode().split('data-challenge="')[1].split('"')[0]
    challenge = altcha.Challenge.from_dict(json.loads(unescape(said)))
    solution = altcha.solve_challenge(challenge)
    assert solution
    payload = altcha.Payload(challenge=challenge, solution=solution)
    return base64.b64encode(json.dumps(payload.to_dict()).encode()).decode()


def choose(client: Client, clock: str, solution: str = "") -> Any:
    page = client.get(TIMES)
    said = {"request_key": hidden(page, "request_key"), "starts_at": town.at(clock).isoformat()}
    return client.post(TIMES, said | ({"altcha": solution} if solution else {}))


@pytest.fixture
def asking() -> OfficeSnapshot:
    return town.office(proof="always")


def test_never_by_itself(client: Client) -> None:
    town.office()
    assert "altcha" not in client.get(TIMES).content.decode()
    for clock in ("8:00", "9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"):
        assert choose(client, clock).status_code == 302


def test_a_solved_task_counts_once(client: Client, asking: OfficeSnapshot) -> None:
    page = client.get(TIMES)
    assert "worker-src 'self'" in page["Content-Security-Policy"]
    solution = solved(page)
    assert choose(client, "9:00", solution).status_code == 302
    again = choose(client, "10:00", solution)
    assert again.status_code == 409
    assert "vyberte prosím termín znovu" in words(again).lower()
    assert Booking.objects.count() == 1


def test_without_javascript_by_a_stricter_limit(client: Client, asking: OfficeSnapshot) -> None:
    clocks = ("8:00", "9:00", "10:00", "11:00", "13:00", "14:00", "15:00")
    answers = [choose(client, clock).status_code for clock in clocks]
    assert answers == [302] * 6 + [429]
    # Whoever solves the task goes on.
    assert choose(client, "15:00", solved(client.get(TIMES))).status_code == 302


@pytest.mark.parametrize("harm", ["", "x", "bm90IGpzb24=", "e30=", "W10=", "A" * 9000, "\u00e9"])
def test_nonsense_is_no_proof(client: Client, asking: OfficeSnapshot, harm: str) -> None:
    answer = choose(client, "9:00", harm or base64.b64encode(b'{"challenge": 1}').decode())
    assert answer.status_code == 409


def test_a_task_of_ones_own_or_an_old_one_is_no_proof(
    client: Client, asking: OfficeSnapshot, clock: Clock
) -> None:
    own = altcha.create_challenge(
        proof.ALGORITHM, 1, data={"until": 9999999999}, hmac_secret="somebody else"
    )
    payload = altcha.Payload(challenge=own, solution=altcha.solve_challenge(own))  # type: ignore[arg-type]
    forged = base64.b64encode(json.dumps(payload.to_dict()).encode()).decode()
    assert choose(client, "9:00", forged).status_code == 409
    old = solved(client.get(TIMES))
    clock.forward(minutes=20)
    assert choose(client, "9:00", old).status_code == 409
    assert not Booking.objects.exists()


def test_when_busy_is_measured(client: Client, clock: Clock) -> None:
    office = town.office(proof="busy")
    rules = office.rules_of(town.service(office))
    assert "altcha" not in client.get(TIMES).content.decode()
    for _ in range(proof.BUSY_PER_MINUTE):
        proof.note_hold(office, rules, now=clock.at)
    assert "altcha" in client.get(TIMES).content.decode()
    clock.at += timedelta(minutes=2)
    assert "altcha" not in client.get(TIMES).content.decode()


def test_a_hold_is_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    town.office(proof="busy")
    monkeypatch.setattr(proof, "BUSY_PER_MINUTE", 1)
    assert choose(client, "9:00").status_code == 302
    assert "altcha" in client.get(TIMES).content.decode()

"""One key sent twice at the same moment: one effect, one answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from prepazka.accounts.tokens import make_token
from prepazka.queueing import tickets
from prepazka.queueing.models import Ticket, TicketState
from prepazka.web import idempotency
from tests import halls, town
from tests.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def recalled_by_twins(many: int) -> tuple[list[Any], int]:
    """Twins of one press that may be repeated, and how often the client was called by them."""
    office = town.office()
    token = make_token(user=town.clerk(office), name="terminal", now=town.at("8:00"))
    tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at("9:00")
    )
    press(token, "counters/p1/open")
    press(token, "counter/next")
    key = uuid4()
    answers = together(many, lambda _: press(token, "counter/recall", key))
    return answers, Ticket.objects.get(state=TicketState.CALLED).calls - 1


def press(token: str, action: str, key: UUID | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(key or uuid4())}
    address = f"/api/v1/offices/lhota/{action}"
    answer = Client().post(address, {}, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    halls.stop_clocks(monkeypatch, town.at("9:05"))


def test_twins_have_one_effect_and_one_answer() -> None:
    answers, calls = recalled_by_twins(6)
    assert calls == 1
    assert answers[0][0] == 200
    assert all(answer == answers[0] for answer in answers)


def test_control_without_the_key_each_has_its_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_store_if_first", lambda *_: True)
    _, calls = recalled_by_twins(6)
    assert calls == 6

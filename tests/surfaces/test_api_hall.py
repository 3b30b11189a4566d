"""The API of kiosks and counters: tokens, tickets, PINs, calls, and posts that are sent again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.accounts.models import User
from prepazka.accounts.tokens import make_token, revoke_tokens
from prepazka.journal.models import Event
from prepazka.offices import devices
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from tests import halls, town
from tests.clock import real_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> halls.Clock:
    return halls.stop_clocks(monkeypatch, town.at("9:05"))


@pytest.fixture
def office(clock: halls.Clock) -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def kiosk(office: OfficeSnapshot) -> str:
    device = town.kiosk(office)
    code = devices.make_pairing_code(device=device, now=town.at("9:00"))
    return devices.pair_device(code=code, now=town.at("9:00"))[1]


@pytest.fixture
def clerk(office: OfficeSnapshot) -> str:
    return make_token(user=town.clerk(office), name="terminal", now=town.at("8:00"))


def post(address: str, token: str = "", key: Any = None, **said: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if key:
        headers["Idempotency-Key"] = str(key)
    return Client().post(
        f"/api/v1{address}", said, content_type="application/json", headers=headers
    )


def step(token: str, action: str, key: Any = None, **said: Any) -> Any:
    return post(f"/offices/lhota/counter/{action}", token, key, **said)


def test_a_ticket_sent_for_twice_with_one_key_is_one(kiosk: str) -> None:
    key = uuid4()
    first, again = (post("/kiosk/tickets", kiosk, key, service="prepis").json() for _ in range(2))
    assert first == again
    assert (first["number"], first["state"]) == ("V1", "waiting")
    assert post("/kiosk/tickets", kiosk, uuid4(), service="prepis").json()["number"] == "V2"


def test_a_pin_gives_its_ticket_and_every_verdict_its_name(
    office: OfficeSnapshot, kiosk: str
) -> None:
    booking = town.confirmed(office, "9:00")
    later = town.confirmed(office, "14:00")
    inside = post("/kiosk/check-ins", kiosk, uuid4(), pin=booking.pin).json()
    assert (inside["outcome"], inside["ticket"]["number"]) == ("inside", "V1")
    again = post("/kiosk/check-ins", kiosk, uuid4(), pin=booking.pin).json()
    assert (again["outcome"], again["ticket"]["code"]) == ("again", inside["ticket"]["code"])
    Ticket.objects.update(issued_at=town.at("8:52"))
    used = post("/kiosk/check-ins", kiosk, uuid4(), pin=booking.pin).json()
    assert (used["outcome"], used["ticket"]) == ("used", None)
    assert used["ticket_since"] == "2026-11-23T08:52:00+01:00"
    early = post("/kiosk/check-ins", kiosk, uuid4(), pin=later.pin).json()
    assert (early["outcome"], early["ticket"]) == ("early", None)
    assert early["opens_at"] == "2026-11-23T13:30:00+01:00"
    assert post("/kiosk/check-ins", kiosk, uuid4(), pin="12").status_code == 422


def test_five_wrong_pins_pause_the_kiosk(kiosk: str) -> None:
    for _ in range(5):
        assert post("/kiosk/check-ins", kiosk, pin="5291").json()["outcome"] == "unknown"
    refused = post("/kiosk/check-ins", kiosk, pin="5291")
    assert (refused.status_code, refused.json()["code"]) == (429, "device_paused")


def test_after_many_wrong_pins_a_second_answer_is_asked(office: OfficeSnapshot, kiosk: str) -> None:
    booking = town.confirmed(office, "9:00", phone="+420777123456")
    for _ in range(10):
        town.kiosk(office).wrong_pin_rows.create(
            office=office.row, at=town.at("9:00"), answered=False
        )
    asked = post("/kiosk/check-ins", kiosk, pin=booking.pin)
    assert (asked.status_code, asked.json()["code"]) == (403, "second_answer_needed")
    wrong = post("/kiosk/check-ins", kiosk, pin=booking.pin, second="455").json()
    assert (wrong["outcome"], wrong["day"], wrong["ticket"]) == ("unknown", None, None)
    inside = post("/kiosk/check-ins", kiosk, pin=booking.pin, second="456").json()
    assert (inside["outcome"], inside["ticket"]["number"]) == ("inside", "V1")


def test_the_holder_sees_and_leaves_the_queue(kiosk: str) -> None:
    given = post("/kiosk/tickets", kiosk, service="prepis").json()
    address = f"/api/v1/tickets/{given['code']}"
    seen = Client().get(address).json()
    assert (seen["state"], seen["ahead"]) == ("waiting", 0)
    assert Client().delete(address).json()["state"] == "cancelled"
    assert Client().delete(address).json()["state"] == "cancelled"
    assert Client().get("/api/v1/tickets/NOSUCHCODE").status_code == 404


def test_a_whole_client_at_the_counter(office: OfficeSnapshot, kiosk: str, clerk: str) -> None:
    number = post("/kiosk/tickets", kiosk, service="prepis").json()["number"]
    assert step(clerk, "next").json()["code"] == "counter_not_open"
    assert post("/offices/lhota/counters/p1/open", clerk).json()["counter"] == "p1"
    queue = (
        Client()
        .get("/api/v1/offices/lhota/queue", headers={"Authorization": f"Bearer {clerk}"})
        .json()
    )
    assert [one["number"] for one in queue] == [number]
    called = step(clerk, "next", uuid4()).json()
    assert (called["client"]["number"], called["client"]["state"]) == (number, "called")
    assert called["client"]["reason"]
    assert step(clerk, "next").json()["code"] == "counter_busy"
    assert step(clerk, "recall").status_code == 200
    assert step(clerk, "start").json()["client"]["state"] == "serving"
    assert step(clerk, "park", minutes=5).json()["client"] is None
    assert step(clerk, "undo").json()["client"]["number"] == number
    assert step(clerk, "transfer", service="pas", counter="p2").json()["client"] is None
    assert step(clerk, "undo").json()["client"]["service"] == "prepis"
    assert step(clerk, "finish").json()["client"] is None
    assert step(clerk, "pause").json()["paused"] is True
    assert step(clerk, "resume").json()["paused"] is False
    assert step(clerk, "close").json()["counter"] is None


def test_pick_absent_and_what_a_step_needs(kiosk: str, clerk: str) -> None:
    post("/offices/lhota/counters/p1/open", clerk)
    post("/kiosk/tickets", kiosk, service="prepis")
    post("/kiosk/tickets", kiosk, service="prepis")
    second = Ticket.objects.get(number=2)
    assert step(clerk, "pick", ticket=second.pk).json()["client"]["number"] == "V2"
    assert step(clerk, "no-show").json()["client"] is None
    missed = "/offices/lhota/missed"
    (one,) = Client().get(f"/api/v1{missed}", headers={"Authorization": f"Bearer {clerk}"}).json()
    assert (one["number"], one["counter"], one["booked"]) == ("V2", "p1", False)
    assert one["may_return"]
    back = post(f"{missed}/{second.pk}/return", clerk).json()
    assert (back["number"], back["ticket"]) == ("V2", second.pk)
    assert post(f"{missed}/{second.pk}/return", clerk).json()["code"] == "not_missed"
    assert post(f"{missed}/{10**9}/return", clerk).status_code == 404
    for action in ("pick", "park", "transfer"):
        assert step(clerk, action).status_code == 422
    assert step(clerk, "dance").status_code == 404
    assert step(clerk, "pick", ticket=10**9).status_code == 404


def test_a_press_sent_again_with_its_key_calls_nobody_else(kiosk: str, clerk: str) -> None:
    post("/offices/lhota/counters/p1/open", clerk)
    for _ in range(2):
        post("/kiosk/tickets", kiosk, service="prepis")
    key = uuid4()
    first = step(clerk, "next", key).json()
    step(clerk, "finish")
    assert step(clerk, "next", key).json() == first
    assert Event.objects.filter(kind="TicketCalled").count() == 1
    reused = step(clerk, "recall", key)
    assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")


def test_a_refused_press_does_not_use_up_its_key(kiosk: str, clerk: str) -> None:
    post("/offices/lhota/counters/p1/open", clerk)
    key = uuid4()
    assert step(clerk, "next", key).json()["code"] == "nobody_waiting"
    post("/kiosk/tickets", kiosk, service="prepis")
    assert step(clerk, "next", key).json()["client"]["number"] == "V1"


class TestWhoIsLetIn:
    def test_no_token_a_wrong_one_and_one_of_the_other_kind(self, kiosk: str, clerk: str) -> None:
        for token in ("", "wrong", clerk):
            refused = post("/kiosk/tickets", token, service="prepis")
            assert (refused.status_code, refused.json()["code"]) == (401, "who_are_you")
            assert refused["WWW-Authenticate"] == "Bearer"
        for token in ("", "wrong", kiosk):
            assert step(token, "next").status_code == 401

    def test_a_clerk_of_another_office_finds_nothing(self, clerk: str) -> None:
        other = town.office("jinde")
        foreign = make_token(user=town.clerk(other, "cizi"), name="x", now=town.at("8:00"))
        assert step(foreign, "next").status_code == 404
        assert post("/offices/lhota/counters/p1/open", foreign).status_code == 404

    def test_an_operator_is_told_that_counters_are_not_theirs(self, office: OfficeSnapshot) -> None:
        operator = make_token(
            user=town.clerk(office, "operator", "operator"), name="x", now=town.at("8:00")
        )
        assert step(operator, "next").json()["code"] == "not_allowed"

    @pytest.mark.real_time
    def test_revoked_or_of_somebody_who_left(self, office: OfficeSnapshot, clerk: str) -> None:
        assert (
            revoke_tokens(
                user=User.objects.get(username="novakova"), name="terminal", now=real_now()
            )
            == 1
        )
        assert step(clerk, "next").status_code == 401
        fresh = make_token(user=User.objects.get(), name="new", now=town.at("8:00"))
        User.objects.update(is_active=False)
        assert step(fresh, "next").status_code == 401
        User.objects.update(is_active=True)
        Membership.objects.all().delete()
        assert step(fresh, "next").status_code == 404


def test_a_left_counter_is_listed_taken_over_and_its_clerk_told(
    office: OfficeSnapshot, clerk: str, clock: halls.Clock, kiosk: str
) -> None:
    post("/offices/lhota/counters/p1/open", clerk)
    post("/kiosk/tickets", kiosk, service="prepis")
    step(clerk, "next")
    other = make_token(user=town.clerk(office, "dvorak"), name="pc", now=town.at("8:00"))
    clock.set(town.at("9:40"))
    headers = {"Authorization": f"Bearer {other}"}
    (row,) = Client().get("/api/v1/offices/lhota/counters", headers=headers).json()
    assert (row["counter"], row["clerk"], row["number"]) == ("p1", "Novakova", "V1")
    assert row["last_step_at"].startswith("2026-11-23T09:05")
    address = "/offices/lhota/counters/p1/take-over"
    assert post(address, other).json()["code"] == "client_changed"
    assert post(address, other, client=row["client"]).json()["code"] == "fate_missing"
    assert post(address, other, client=row["client"], fate="lost").status_code == 422
    key = uuid4()
    for _ in range(2):
        taken = post(address, other, key, client=row["client"], fate="stays").json()
        assert taken["client"]["number"] == "V1"
    told = step(clerk, "pause")
    assert (told.status_code, told.json()["code"]) == (409, "counter_taken_over")
    assert "Dvorak" in told.json()["title"]
    head = make_token(user=town.clerk(office, "sef", "head"), name="pc", now=town.at("8:00"))
    assert post(address, head).status_code == 403, "heads take over at the screen only"
    closed = post("/offices/lhota/counters/p1/close", head, client=row["client"], fate="served")
    assert closed.status_code == 200
    assert step(other, "next").json()["code"] == "counter_closed_by_other"
    again = post("/offices/lhota/counters/p1/close", head)
    assert again.json()["code"] == "counter_closed_already"

"""A screen that nobody touches locks, opens nothing but its lock, and goes on with the password."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.http import HttpRequest
from django.test import Client, RequestFactory

from prepazka.accounts import attempts, locked_sessions
from prepazka.accounts.models import FailedLogIns, StaffScreen
from prepazka.journal.models import Event
from prepazka.offices.models import Membership, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import CallLease, Shift, Ticket, TicketState
from prepazka.web.screen_lock import is_press
from tests import town
from tests.clock import real_now

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
PASSWORD = "heslo heslo heslo"
CONSOLE, UNLOCK, LOCK, SCREEN = (
    "/pult/lhota/",
    "/ucet/zamek/",
    "/ucet/zamek/zamknout/",
    "/ucet/zamek/obrazovka/",
)
SCRIPT = {"X-Fragment": "1"}
PRESS = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def shift(office: OfficeSnapshot) -> Shift:
    """An open counter; one person waits."""
    now, clerk = real_now(), town.clerk(office).pk
    tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=now, by_staff=clerk
    )
    return counters.open_counter(counter=town.counter(office), clerk=clerk, now=now)


@pytest.fixture
def clerk(client: Client, shift: Shift) -> Client:
    client.force_login(shift.clerk)
    assert client.get(CONSOLE).status_code == 200
    return client


def idle(**long: float) -> None:
    """Let everybody's last press be so long ago."""
    StaffScreen.objects.update(pressed_at=F("pressed_at") - timedelta(**long))


def renew(client: Client, page: str) -> Any:
    form = {"browser": "a" * 32, "ack": 0, "page": page}
    return client.post(f"{CONSOLE}bez-site/data/", form, content_type="application/json")


def is_open(client: Client) -> bool:
    return client.get(CONSOLE).status_code == 200


def test_a_screen_that_nobody_touches_locks_and_goes_on_with_the_password(clerk: Client) -> None:
    idle(minutes=14)
    assert is_open(clerk)
    idle(minutes=16)
    answer = clerk.get(CONSOLE + "?x=1")
    assert answer["Location"] == f"{UNLOCK}?next=%2Fpult%2Flhota%2F%3Fx%3D1"
    page = clerk.get(answer["Location"]).content.decode()
    assert "Obrazovka je zamčená" in page
    assert not re.search(r"\bV1\b", page)
    assert "Přepážka 1" not in page
    assert not is_open(clerk)  # a reload stays locked
    answer = clerk.post(UNLOCK, {"password": PASSWORD, "next": "/pult/lhota/?x=1"})
    assert answer["Location"] == "/pult/lhota/?x=1"
    assert is_open(clerk)


def test_while_locked_every_page_and_script_of_the_staff_is_shut(clerk: Client) -> None:
    idle(minutes=16)
    for address in ("/pult/", "/sprava/lhota/", "/ucet/password/change/", "/ucet/2fa/"):
        assert clerk.get(address)["Location"].startswith(UNLOCK), address
    assert clerk.get("/ucet/login/")["Location"].startswith(UNLOCK)
    assert clerk.post("/ucet/logout/")["Location"].startswith(UNLOCK)
    assert clerk.get(CONSOLE + "nazivo/", headers=SCRIPT).status_code == 423
    assert clerk.post(CONSOLE + "krok/next/", headers=SCRIPT).status_code == 423
    assert renew(clerk, "b" * 32).status_code == 423
    assert Ticket.objects.get().state == TicketState.WAITING
    assert clerk.get("/lhota/").status_code == 200  # citizens' pages are for everybody


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        (PRESS, True),
        ({"Accept": "text/html,*/*"}, True),  # over plain http
        ({"Sec-Fetch-Mode": "navigate"}, False),  # a reload by a script or a timer
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-User": "?1"}, False),
        (PRESS | SCRIPT, False),
        ({"Accept": "*/*"}, False),
        ({"Accept": "text/html"} | SCRIPT, False),
        ({}, False),
    ],
)
def test_what_a_script_asks_for_is_no_press(headers: dict[str, str], *, counts: bool) -> None:
    request: HttpRequest = RequestFactory().get("/", headers=headers)
    assert is_press(request) is counts


def test_requests_of_scripts_do_not_keep_the_screen_open(clerk: Client) -> None:
    statuses = []
    for _ in range(3):
        idle(minutes=6)
        answers = [clerk.get(CONSOLE + "nazivo/", headers=SCRIPT), renew(clerk, "b" * 32)]
        statuses.append([answer.status_code for answer in answers])
    assert statuses == [[200, 200], [200, 200], [423, 423]]


@pytest.mark.parametrize("how", ["page", "script"])
def test_presses_keep_the_screen_open(clerk: Client, how: str) -> None:
    for _ in range(3):
        idle(minutes=6)
        if how == "page":
            clerk.get(CONSOLE, headers=PRESS)
        else:
            answer = clerk.post(SCREEN, {"ago": "3"}, headers=SCRIPT)
            assert 850 < answer.json()["left"] <= 900
    assert is_open(clerk)


def test_asking_how_long_it_lasts_is_no_press(clerk: Client) -> None:
    idle(minutes=10)
    for form in ({}, {"ago": ""}, {"ago": "-1"}, {"ago": "99999"}, {"ago": "x"}):
        assert clerk.post(SCREEN, form, headers=SCRIPT).json()["left"] <= 300, form


def test_a_press_that_comes_too_late_does_not_unlock(clerk: Client) -> None:
    idle(minutes=16)
    assert clerk.post(SCREEN, {"ago": "0"}, headers=SCRIPT).status_code == 423
    assert not is_open(clerk)


def test_with_a_client_at_the_counter_it_takes_an_hour(
    clerk: Client, office: OfficeSnapshot, shift: Shift
) -> None:
    turns.call_next(office=office, clerk=shift.clerk_id, now=real_now())
    idle(minutes=55)
    assert is_open(clerk)
    idle(minutes=61)
    assert not is_open(clerk)
    clerk.post(UNLOCK, {"password": PASSWORD})
    assert Ticket.objects.get().state == TicketState.CALLED  # the client has stayed
    assert "V1" in clerk.get(CONSOLE).content.decode()


def test_the_office_says_how_long(clerk: Client, shift: Shift) -> None:
    Office.objects.update(lock_after_min=30)
    idle(minutes=29)
    assert is_open(clerk)
    other = town.office(slug="jina")
    Office.objects.filter(slug="jina").update(lock_after_min=5)
    Membership.objects.create(office=other.row, user=shift.clerk, role="clerk", name="N")
    idle(minutes=6)
    assert not is_open(clerk)  # the shortest of the person's offices


def test_a_locked_counter_holds_no_list(clerk: Client) -> None:
    page = "b" * 32
    assert len(renew(clerk, page).json()["tickets"]) == 1
    clerk.post(LOCK, {"page": page}, headers=SCRIPT)
    assert CallLease.objects.count() == 0
    assert Shift.objects.get().closed_at is None
    clerk.post(UNLOCK, {"password": PASSWORD}, headers=SCRIPT)
    assert renew(clerk, page).json()["tickets"] == []  # it was under way when the screen was locked
    assert len(renew(clerk, "c" * 32).json()["tickets"]) == 1


def test_a_counter_that_locks_by_itself_holds_no_list(clerk: Client) -> None:
    assert len(renew(clerk, "b" * 32).json()["tickets"]) == 1
    idle(minutes=16)
    assert not is_open(clerk)
    assert CallLease.objects.count() == 0


def test_the_button_locks_and_the_way_back_is_our_own(clerk: Client) -> None:
    answer = clerk.post(LOCK, {"next": CONSOLE})
    assert answer["Location"] == f"{UNLOCK}?next=%2Fpult%2Flhota%2F"
    answer = clerk.post(UNLOCK, {"password": PASSWORD, "next": "https://example.org/"})
    assert answer["Location"] == "/pult/"
    assert clerk.get(UNLOCK)["Location"] == "/pult/"  # nothing to unlock


def test_a_lock_during_a_request_stays(clerk: Client) -> None:
    screen = StaffScreen.objects.get()
    screen.pressed_at -= timedelta(minutes=1)
    locked_sessions.lock_screens(screen.pk, now=real_now())
    locked_sessions.note_press(screen, now=real_now())
    assert not is_open(clerk)


def test_a_press_during_the_look_keeps_it_open(clerk: Client) -> None:
    screen = StaffScreen.objects.get()
    earlier = screen.pressed_at - timedelta(minutes=20)
    assert not locked_sessions.lock_screens(screen.pk, now=real_now(), pressed_at=earlier)
    assert is_open(clerk)


def test_wrong_passwords_count_as_log_ins_and_wait(clerk: Client) -> None:
    clerk.post(LOCK)
    wait = attempts.BACKOFFS["name-network"].free
    for _ in range(wait):
        assert clerk.post(UNLOCK, {"password": "špatně"}).status_code == 422
    answer = clerk.post(UNLOCK, {"password": "špatně"})
    assert answer.status_code == 422
    assert "Toto není heslo" not in answer.content.decode()
    assert "Zkuste to" in answer.content.decode()
    assert FailedLogIns.objects.filter(kind="name-network").get().failures >= wait
    assert Event.objects.filter(kind="LogInFailed").exists()
    assert clerk.post(UNLOCK, {"password": PASSWORD}).status_code == 422  # the right one waits too
    assert not is_open(clerk)


def test_the_script_reads_what_is_wrong(clerk: Client) -> None:
    clerk.post(LOCK, headers=SCRIPT)
    answer = clerk.post(UNLOCK, {"password": "špatně"}, headers=SCRIPT)
    assert answer.json() == {"error": "Toto není heslo k tomuto účtu."}
    answer = clerk.post(UNLOCK, {"password": ""}, headers=SCRIPT)
    assert answer.json() == {"error": "Zadejte prosím své heslo."}
    assert clerk.post(UNLOCK, {"password": PASSWORD}, headers=SCRIPT).status_code == 204


def test_another_person_signs_in_after_logging_the_first_one_out(
    clerk: Client, office: OfficeSnapshot
) -> None:
    town.clerk(office, "dvorak")
    clerk.post(LOCK)
    assert clerk.post("/ucet/zamek/odhlasit/")["Location"] == "/ucet/login/"
    assert Event.objects.filter(kind="LoggedOut").exists()
    assert Shift.objects.get().closed_at is None
    clerk.post("/ucet/login/", {"login": "dvorak", "password": PASSWORD})
    assert is_open(clerk)
    assert StaffScreen.objects.get().user.username == "dvorak"  # the ended session left nothing


def test_whoever_is_not_signed_in_has_nothing_to_lock(client: Client) -> None:
    assert client.post(SCREEN, headers=SCRIPT).status_code == 401
    assert client.post(LOCK)["Location"].startswith("/ucet/login/")
    assert client.get(UNLOCK).status_code == 302


def test_messages_wait_behind_the_lock(clerk: Client) -> None:
    """What was done last may hold a number; nobody reads it on the locked screen."""
    clerk.post(CONSOLE + "krok/next/")  # leaves a message
    clerk.post(LOCK)
    assert not re.search(r"\bV1\b", clerk.get(UNLOCK).content.decode())
    clerk.post(UNLOCK, {"password": PASSWORD})
    assert re.search(r"role=.status.[^<]*>[^@]*V1", clerk.get(CONSOLE).content.decode())

"""What the console's pages tell the server of the time without it: renewals, and the page's end."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets
from prepazka.queueing.models import CallLease, Shift
from tests import town
from tests.clock import real_now

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
AT = "/pult/lhota/bez-site/"


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


@pytest.fixture
def shift(office: OfficeSnapshot) -> Shift:
    """An open counter with one person who waits."""
    now, clerk = real_now(), town.clerk(office).pk
    tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=now, by_staff=clerk
    )
    return counters.open_counter(counter=town.counter(office), clerk=clerk, now=now)


@pytest.fixture
def clerk(client: Client, shift: Shift) -> Client:
    client.force_login(shift.clerk)
    return client


def post(client: Client, where: str, **form: Any) -> Any:
    return client.post(f"{AT}{where}/", form, content_type="application/json")


def renew(client: Client, page: str, browser: str = uuid4().hex) -> Any:
    return post(client, "data", browser=browser, ack=0, page=page)


def test_a_page_that_is_closed_gives_its_list_back(clerk: Client) -> None:
    page = uuid4().hex
    answer = renew(clerk, page).json()
    assert [t["label"] for t in answer["tickets"]] == ["V1"]
    assert answer["silent"] == []
    assert post(clerk, "konec", page=uuid4().hex).status_code == 204
    assert CallLease.objects.count() == 1
    assert post(clerk, "konec", page=page).status_code == 204
    assert CallLease.objects.count() == 0
    assert renew(clerk, page).json()["tickets"] == []
    assert len(renew(clerk, uuid4().hex).json()["tickets"]) == 1


def test_a_page_of_the_release_before_says_no_page(clerk: Client) -> None:
    answer = post(clerk, "data", browser=uuid4().hex, ack=0)
    assert len(answer.json()["tickets"]) == 1
    assert post(clerk, "konec", page="").status_code == 400
    assert CallLease.objects.count() == 1


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"browser": "x", "ack": 0},
        {"browser": "a" * 32, "ack": "0"},
        {"browser": "a" * 32, "ack": 0, "page": "<script>"},
        {"browser": "a" * 32, "ack": -1},
        {"browser": "a" * 32, "ack": True},
        {"browser": "a" * 32, "ack": 2**40},
    ],
)
def test_bad_renewals_are_refused_politely(clerk: Client, form: dict[str, Any]) -> None:
    assert post(clerk, "data", **form).status_code == 400
    assert not CallLease.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "{", '{"page": 1}'])
def test_a_bad_farewell_changes_nothing(clerk: Client, body: str) -> None:
    renew(clerk, uuid4().hex)
    answer = clerk.post(f"{AT}konec/", body, content_type="application/json")
    assert answer.status_code == 400
    assert CallLease.objects.count() == 1


def test_a_form_of_another_site_cannot_take_the_list(clerk: Client) -> None:
    page = uuid4().hex
    renew(clerk, page)
    assert clerk.post(f"{AT}konec/", {"page": page}).status_code == 400
    assert (
        clerk.post(f"{AT}konec/", f'{{"page": "{page}"}}', content_type="text/plain").status_code
        == 400
    )
    assert CallLease.objects.count() == 1


def test_who_logs_out_holds_nobody(clerk: Client, shift: Shift) -> None:
    page = uuid4().hex
    renew(clerk, page)
    answer = {"page": page, "counter": "leave"}
    assert clerk.post("/ucet/logout/", answer).status_code == 302
    assert CallLease.objects.count() == 0
    shift.refresh_from_db()
    assert shift.closed_at is None


def test_without_an_open_counter_there_is_no_list(clerk: Client, shift: Shift) -> None:
    counters.close_counter(shift=shift, now=real_now())
    assert renew(clerk, uuid4().hex).status_code == 409
    assert post(clerk, "konec", page=uuid4().hex).status_code == 204


def test_the_screen_without_the_server_brings_its_answers_along(clerk: Client) -> None:
    page = clerk.get(AT)
    assert page.status_code == 200
    assert "{label} volá přepážka {counter}." in page.content.decode()

"""The page that sets the demo's clock: only in a demo, only for those who administer its office."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from prepazka.accounts.models import User
from prepazka.offices import clock
from prepazka.offices.models import DemoClock, Membership, Office, Role
from tests.clock import real_now

pytestmark = pytest.mark.django_db
PAGE = "/demo/hodiny/"
WANTED = {"from": "2031-03-03T07:00:00+01:00", "minutes": "60", "speed": "120"}


def member(client: Client, role: Role, *, demo: bool = True) -> Client:
    office = Office.objects.create(slug="ukazka", name={"cs": "Ukázka"}, demo=demo)
    user = User.objects.create_user(username="ukazka", password="heslo heslo heslo")
    Membership.objects.create(office=office, user=user, role=role, name="Ukázková")
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _real_time_again(settings: Any):
    settings.DEMO = True
    yield
    clock._cached_clock, clock._looked_at = None, float("-inf")


@pytest.mark.real_time
def test_the_administrator_sets_the_clock_and_returns_it(client: Client) -> None:
    member(client, Role.ADMINISTRATOR)
    start = real_now() + timedelta(days=400)
    assert client.post(PAGE, WANTED | {"from": start.isoformat()}).status_code == 302
    assert start <= clock.now() < start + timedelta(minutes=20)
    assert "120× rychleji" in client.get(PAGE).content.decode()
    client.post(PAGE, {"stop": "1"})
    assert clock.now() < start - timedelta(days=100)
    assert "Je to skutečný čas." in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "2031-03-03T07:00:00"},
        {"from": "zítra"},
        {"minutes": "0"},
        {"minutes": "9999"},
        {"speed": "0"},
        {"speed": "nan"},
        {"speed": "inf"},
        {"speed": "4000"},
        {"minutes": "inf"},
    ],
)
@pytest.mark.real_time
def test_what_is_no_clock_changes_nothing(client: Client, wrong: dict[str, str]) -> None:
    member(client, Role.ADMINISTRATOR)
    assert client.post(PAGE, WANTED | wrong).status_code == 422
    assert not DemoClock.objects.exists()


@pytest.mark.parametrize("role", [Role.CLERK, Role.RECEPTION, Role.HEAD])
def test_others_of_the_staff_may_not(client: Client, role: Role) -> None:
    member(client, role)
    assert client.post(PAGE, WANTED).status_code == 403
    assert not DemoClock.objects.exists()


def test_nor_the_administrator_of_a_real_office(client: Client) -> None:
    member(client, Role.ADMINISTRATOR, demo=False)
    assert client.post(PAGE, WANTED).status_code == 403


def test_strangers_are_sent_to_log_in(client: Client) -> None:
    answer = client.post(PAGE, WANTED)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/ucet/login/")
    assert not DemoClock.objects.exists()


def test_outside_a_demo_there_is_no_such_page(client: Client, settings: Any) -> None:
    settings.DEMO = False
    member(client, Role.ADMINISTRATOR)
    assert client.post(PAGE, WANTED).status_code == 404

"""Who is signed in and asks for what is not theirs is in the log, by numbers only."""

from __future__ import annotations

import pytest
from django.test import Client

from prepazka.accounts.models import User
from prepazka.accounts.tokens import make_token
from prepazka.offices.models import Office
from tests import town
from tests.clock import real_now

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]


@pytest.fixture
def clerk() -> User:
    """A clerk of Lhota; there is another office, Horka."""
    user = town.clerk(town.office())
    town.office("horka")
    return user


def refused(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [one.getMessage() for one in caplog.records if one.name == "prepazka.web.staff_access"]
    caplog.clear()
    return lines


def test_who_asks_for_what_is_not_theirs_is_in_the_log(
    clerk: User, caplog: pytest.LogCaptureFixture
) -> None:
    lhota, horka = (Office.objects.get(slug=slug).pk for slug in ("lhota", "horka"))
    client = Client()
    client.force_login(clerk)
    assert client.get("/pult/lhota/").status_code == 200
    assert refused(caplog) == [], "the control: an ordinary day says nothing"
    assert client.get("/sprava/lhota/lide/").status_code == 403
    assert refused(caplog) == [
        f"Access refused: account {clerk.pk}, office {lhota}, role clerk, manager:people"
    ]
    assert client.post("/sprava/horka/lide/").status_code == 404
    assert refused(caplog) == [
        f"Access refused: account {clerk.pk}, office {horka}, role none, manager:people"
    ]


def test_programs_of_the_staff_too(clerk: User, caplog: pytest.LogCaptureFixture) -> None:
    token = make_token(user=clerk, name="terminal", now=real_now())
    asked = Client().post(
        "/api/v1/offices/horka/counters/p1/open", headers={"Authorization": f"Bearer {token}"}
    )
    assert asked.status_code == 404
    (line,) = refused(caplog)
    assert f"account {clerk.pk}" in line
    assert token not in line


def test_a_stranger_is_only_sent_to_log_in(clerk: User, caplog: pytest.LogCaptureFixture) -> None:
    assert Client().get("/sprava/lhota/lide/").status_code == 302
    assert refused(caplog) == []

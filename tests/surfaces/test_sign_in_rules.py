"""What a session and a code of the second factor are good for, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from tests import town
from tests.clock import machine_time, real_now

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
PASSWORD = "heslo heslo heslo"
DESK = "/pult/lhota/"


@pytest.fixture(autouse=True)
def _no_used_codes() -> None:
    cache.clear()


def log_in(client: Client) -> Any:
    return client.post("/ucet/login/", {"login": "novakova", "password": PASSWORD})


def code_for(secret: str, period: int) -> str:
    return str(auth.format_hotp_value(auth.hotp_value(secret, period)))


def test_a_code_of_the_app_opens_once_and_in_its_half_minute_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    period = int(machine_time()) // 30
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=lambda: period * 30 + 15))
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(town.clerk(town.office()), secret)
    first, second = Client(), Client()
    for client in (first, second):
        assert log_in(client).url.startswith("/ucet/2fa/authenticate/")
    for wrong in (period - 1, period + 1):
        first.post("/ucet/2fa/authenticate/", {"code": code_for(secret, wrong)})
        assert first.get(DESK).status_code == 302, "a code of another half minute"
    first.post("/ucet/2fa/authenticate/", {"code": code_for(secret, period)})
    assert first.get(DESK).status_code == 200
    second.post("/ucet/2fa/authenticate/", {"code": code_for(secret, period)})
    assert second.get(DESK).status_code == 302, "the same code once more"


def test_a_session_ends_twelve_hours_after_the_log_in_however_busy_it_is() -> None:
    town.clerk(town.office())
    client = Client()
    log_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] in {"", 12 * 3600}
    began = Session.objects.get().expire_date
    assert began <= real_now() + timedelta(hours=12)
    for _ in range(3):
        assert client.get(DESK).status_code == 200
        client.post(f"{DESK}otevrit/", {"counter": "p1"})
    assert Session.objects.get().expire_date == began, "work does not lengthen it"
    by_django = datetime.fromtimestamp(machine_time(), UTC)  # which reads the machine's clock
    Session.objects.update(expire_date=by_django - timedelta(seconds=1))
    assert client.get(DESK).status_code == 302, "the server ends it, not the browser"


def test_the_session_is_another_after_the_log_in_and_none_after_the_log_out() -> None:
    town.clerk(town.office())
    client = Client()
    log_in(client)
    first = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert len(first) >= 26, "128 bits of letters and digits"
    log_in(client)
    client.post("/ucet/logout/", {"counter": "leave"})
    log_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != first
    stolen = Client()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[
        settings.SESSION_COOKIE_NAME
    ].value
    assert stolen.get(DESK).status_code == 200
    client.post("/ucet/logout/", {"counter": "leave"})
    assert stolen.get(DESK).status_code == 302
    assert Session.objects.count() == 0


def test_a_session_that_somebody_prepared_is_not_taken_over() -> None:
    town.clerk(town.office())
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    log_in(client)
    assert client.get(DESK).status_code == 200
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != "a" * 32

"""Log-in for real: password, TOTP, recovery codes, changed passwords, closed sign-up."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from tests import town
from tests.clock import machine_time

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
PASSWORD = "heslo heslo heslo"
NEW = "docela jiné heslo 7"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def code_for(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(machine_time()) // 30)))


def log_in(client: Client, password: str = PASSWORD, to: str = "") -> object:
    path = "/ucet/login/" + (f"?next={to}" if to else "")
    more = {"next": to} if to else {}
    return client.post(path, {"login": "novakova", "password": password, **more})


def confirm(client: Client, address: str) -> None:
    assert "Potvrďte, že jste to vy" in client.get(address).content.decode()
    assert client.post(address, {"password": PASSWORD}).status_code == 302


def test_a_clerk_logs_in_and_is_led_to_work(client: Client) -> None:
    office = town.office()
    town.clerk(office)
    page = client.get("/pult/lhota/", follow=True)
    assert page.redirect_chain[-1][0] == "/ucet/login/?next=/pult/lhota/"
    assert "Přihlášení pracovníků" in page.content.decode()
    assert log_in(client, "špatně").status_code == 200  # type: ignore[attr-defined]
    assert log_in(client, to="/pult/lhota/").url == "/pult/lhota/"  # type: ignore[attr-defined]
    assert client.get("/pult/lhota/").status_code == 200


def test_too_many_wrong_passwords_stop_even_the_right_one(client: Client) -> None:
    town.clerk(town.office())
    for _ in range(6):
        log_in(client, "špatně")
    assert "_auth_user_id" not in client.session
    log_in(client)
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up(client: Client) -> None:
    page = client.post("/ucet/signup/", {"username": "cizi", "password1": NEW})
    assert "správce" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_given_password_must_be_changed_first(client: Client) -> None:
    office = town.office()
    user = town.clerk(office)
    user.must_change_password = True
    user.save()
    log_in(client)
    assert client.get("/pult/lhota/").headers["Location"] == "/ucet/password/change/"
    page = client.get("/ucet/password/change/")
    assert "nastavil někdo jiný" in page.content.decode()
    answer = client.post(
        "/ucet/password/change/",
        {
            "oldpassword": PASSWORD,
            "password1": NEW,
            "password2": NEW,
        },
    )
    assert answer.headers["Location"] == "/pult/"
    assert client.get("/pult/lhota/").status_code == 200
    client.logout()
    log_in(client, NEW)
    assert "_auth_user_id" in client.session


def test_two_step_log_in_is_turned_on_and_asked_for(client: Client) -> None:
    office = town.office()
    town.clerk(office)
    log_in(client)
    ask = client.get("/ucet/2fa/totp/activate/")
    assert ask.headers["Location"].startswith("/ucet/reauthenticate/"), "the password once more"
    confirm(client, ask.headers["Location"])
    page = client.get("/ucet/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="secret">(\w+)<', page)
    assert secret
    wrong = client.post("/ucet/2fa/totp/activate/", {"code": "000000"})
    assert wrong.status_code == 200
    on = client.post("/ucet/2fa/totp/activate/", {"code": code_for(secret[1])})
    assert on.status_code == 302
    assert "Je zapnuté" in client.get("/ucet/2fa/").content.decode()
    codes = re.findall(
        r"<li><code>(\w+)</code>", client.get("/ucet/2fa/recovery-codes/").content.decode()
    )
    assert len(codes) == 10

    client.logout()
    cache.clear()  # the code that turned it on counts as used for its half minute
    assert log_in(client).url.startswith("/ucet/2fa/authenticate/")  # type: ignore[attr-defined]
    assert client.get("/pult/lhota/").status_code == 302, "the password alone does not open"
    client.post("/ucet/2fa/authenticate/", {"code": code_for(secret[1])})
    assert client.get("/pult/lhota/").status_code == 200

    client.logout()
    log_in(client)
    client.post("/ucet/2fa/authenticate/", {"code": codes[0]})
    assert client.get("/pult/lhota/").status_code == 200
    client.logout()
    log_in(client)
    client.post("/ucet/2fa/authenticate/", {"code": codes[0]})
    assert client.get("/pult/lhota/").status_code == 302, "a recovery code works once"


@pytest.mark.parametrize("path", ["login/", "signup/", "inactive/"])
def test_every_page_of_log_in_is_in_our_look_and_language(client: Client, path: str) -> None:
    for prefix, word in (("", "hlavnímu obsahu"), ("/en", "Skip to main content")):
        page = client.get(f"{prefix}/ucet/{path}").content.decode()
        assert "prepazka.css" in page
        assert word in page
        assert "<script>" not in page

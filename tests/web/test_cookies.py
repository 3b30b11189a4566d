"""Cookies under https belong to one host; those of the release before are read once more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from prepazka.offices.models import Device
from prepazka.web.cookies import CARRIED
from prepazka.web.device_access import COOKIES
from tests import halls, town
from tests.clock import real_now

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
PREFIX = "__Host-"


@pytest.fixture
def https(settings: Any) -> None:
    """An installation under https, as the settings make it (see the last test)."""
    settings.HTTPS = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = f"{PREFIX}sessionid"
    settings.CSRF_COOKIE_NAME = f"{PREFIX}csrftoken"


def plain(client: Client) -> Client:
    """The browser as the release before has left it: the same cookies under plain names."""
    for name in list(client.cookies):
        if name.startswith(PREFIX):
            client.cookies[name.removeprefix(PREFIX)] = client.cookies.pop(name).value
    return client


def is_host_cookie(client: Client, name: str) -> bool:
    """Browsers refuse the prefix otherwise (RFC 6265bis)."""
    morsel = client.cookies[PREFIX + name]
    closed = morsel["secure"] and morsel["httponly"]
    return bool(closed and morsel["path"] == "/" and not morsel["domain"])


@pytest.mark.usefixtures("https")
@pytest.mark.parametrize("kind", ["kiosk", "panel"])
def test_a_device_paired_by_the_release_before_stays_paired(kind: str) -> None:
    browser = plain(halls.paired(town.office(), kind, real_now()))
    token = browser.cookies[f"prepazka_{kind}"].value
    answer = browser.get(f"/{kind}/")
    assert answer.status_code == 200
    assert "Párovací kód" not in answer.content.decode()
    assert browser.cookies[f"{PREFIX}prepazka_{kind}"].value == token
    assert is_host_cookie(browser, f"prepazka_{kind}")
    morsel = browser.cookies[f"{PREFIX}prepazka_{kind}"]
    assert morsel["samesite"] == "Strict"
    assert morsel["max-age"] == 400 * 86_400
    del browser.cookies[f"prepazka_{kind}"]
    assert "Párovací kód" not in browser.get(f"/{kind}/").content.decode()


@pytest.mark.usefixtures("https")
def test_another_page_than_the_first_rewrites_it_too() -> None:
    browser = plain(halls.paired(town.office(), "kiosk", real_now()))
    browser.get("/kiosk/bez-site/")
    assert is_host_cookie(browser, "prepazka_kiosk")


@pytest.mark.usefixtures("https")
def test_the_new_cookie_counts_before_the_old_one() -> None:
    """Whoever can set a plain cookie, such as another host of the domain, gets nothing by it."""
    browser = halls.paired(town.office(), "kiosk", real_now())
    browser.cookies["prepazka_kiosk"] = "of somebody else"
    assert "Párovací kód" not in browser.get("/kiosk/").content.decode()
    assert browser.cookies[f"{PREFIX}prepazka_kiosk"].value != "of somebody else"


@pytest.mark.usefixtures("https")
def test_whoever_is_signed_in_stays_signed_in_and_logs_out_for_good() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(town.clerk(town.office()))
    plain(client)
    page = client.get("/pult/lhota/")
    assert page.status_code == 200
    assert is_host_cookie(client, "sessionid")
    assert is_host_cookie(client, "csrftoken")
    form = {"csrfmiddlewaretoken": client.cookies[f"{PREFIX}csrftoken"].value}
    # Django refuses posts under https that do not say where they come from.
    answer = client.post(
        "/ucet/logout/", form, secure=True, headers={"Referer": "https://testserver/"}
    )
    assert answer.status_code == 302
    assert client.get("/pult/lhota/").status_code == 302
    assert client.cookies["sessionid"].value == ""


@pytest.mark.usefixtures("https")
def test_a_form_opened_before_the_update_can_be_sent() -> None:
    town.office()
    client = Client(enforce_csrf_checks=True)
    page = client.get("/ucet/login/").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    plain(client)
    form = {"csrfmiddlewaretoken": token, "login": "x", "password": "y"}
    answer = client.post(
        "/ucet/login/", form, secure=True, headers={"Referer": "https://testserver/"}
    )
    assert answer.status_code == 200


def test_without_https_names_are_plain() -> None:
    browser = halls.paired(town.office(), "kiosk", real_now())
    browser.get("/kiosk/")
    assert not [name for name in browser.cookies if name.startswith("__")]
    assert not browser.cookies["prepazka_kiosk"]["secure"]
    assert configured.SESSION_COOKIE_NAME == "sessionid"


@pytest.mark.parametrize(
    ("url", "prefix"), [("http://a.example", ""), ("https://a.example", PREFIX)]
)
def test_the_settings_follow_the_address(url: str, prefix: str) -> None:
    names = ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME"]
    script = "import json, prepazka.config.settings as s; "
    script += f"print(json.dumps([getattr(s, name) for name in {names}]))"
    environment = {"PREPAZKA_URL": url, "PREPAZKA_SECRET_KEY": "k" * 40, "PREPAZKA_DEMO": "0"}
    # No other key than the tests' may move a clock.
    environment |= {"DATABASE_URL": "postgresql:///none", "PREPAZKA_TEST_CLOCK_OFFSET": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    wanted = [f"{prefix}sessionid", f"{prefix}csrftoken", f"{prefix}django_language"]
    assert json.loads(done.stdout) == wanted


def test_every_cookie_of_a_device_is_carried() -> None:
    assert {COOKIES[kind] for kind in Device.Kind} <= set(CARRIED)

"""Passwords that people choose: what is refused, and that anything else is taken as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from prepazka.accounts.models import User
from tests import town
from tests.config.test_stolen_passwords import WORDS, hash_list

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
PASSWORD = "heslo heslo heslo"
CHANGE = "/ucet/password/change/"


@pytest.fixture
def clerk(client: Client) -> User:
    """A clerk of the office Lhota, logged in."""
    user = town.clerk(town.office())
    client.force_login(user)
    return user


def chosen(client: Client, new: str, old: str = PASSWORD) -> str:
    """What the page says to the new password; nothing when it was taken."""
    answer = client.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})
    return "" if answer.status_code == 302 else re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize(
    "new",
    [
        "lhota-urad-2026",
        "Přepážka 30.11.2026",
        "Heslo_Lhota_2026!",
        "ObecníÚřadLhota1",
        "listopad2026listopad",
        "123456789012",
        "qwertyuiopasdfgh",
        "0987654321poiuztrewq",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
    ],
)
def test_words_of_the_office_and_keys_in_a_row_are_refused(
    clerk: User, client: Client, new: str
) -> None:
    assert "Neskládejte heslo z názvu úřadu" in chosen(client, new)
    clerk.refresh_from_db()
    assert clerk.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("krátké", "12"),
        ("telechargement", "běžn"),
        ("  TeleChargement ", "běžn"),
    ],
)
def test_short_and_common_ones_are_refused(clerk: User, client: Client, new: str, why: str) -> None:
    assert why in chosen(client, new)


@pytest.mark.parametrize(
    "new",
    [
        "modrá lavička u lhotského potoka",  # a word of the office among others
        "bezvelkychpismen",  # no rule about kinds of characters
        "  dvě mezery na obou koncích  ",
        "ŽLUŤOUČKÝ kůň 🐎 PĚL",
        "x7k2mq0p" + "modrá" * 8000,
        "8261-9047-3355-1208",
    ],
)
def test_anything_else_is_taken_exactly_as_it_is(clerk: User, client: Client, new: str) -> None:
    assert chosen(client, new) == ""
    clerk.refresh_from_db()
    assert clerk.check_password(new)
    fresh = Client()
    for wrong in {new.strip(), new.swapcase(), new[:64]} - {new}:
        answer = fresh.post("/ucet/login/", {"login": clerk.username, "password": wrong})
        assert answer.status_code == 200
    assert fresh.post("/ucet/login/", {"login": clerk.username, "password": new}).status_code == 302


def test_the_present_password_is_asked_for(clerk: User, client: Client) -> None:
    assert chosen(client, "modrá lavička u potoka", old="špatně")
    clerk.refresh_from_db()
    assert clerk.check_password(PASSWORD)


def test_fields_hide_what_is_typed_and_let_managers_help(clerk: User, client: Client) -> None:
    pages = Client().get("/ucet/login/").content.decode() + client.get(CHANGE).content.decode()
    fields = re.findall(r'<input[^>]* name="\w*password\w*"[^>]*>', pages)
    assert len(fields) >= 4, "the control: those of log-in and of the change are among them"
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field), field
        assert "onpaste" not in field
        assert "maxlength" not in field


def test_stolen_ones_are_refused_by_the_operators_file(
    clerk: User,
    client: Client,
    tmp_path: Path,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stolen = "modrá lavička v parku"
    path = hash_list(tmp_path / "list", [*WORDS, stolen])
    settings.AUTH_PASSWORD_VALIDATORS = [
        *settings.AUTH_PASSWORD_VALIDATORS,
        {
            "NAME": "prepazka.accounts.password_validators.StolenPassword",
            "OPTIONS": {"path": str(path)},
        },
    ]
    assert "už někdo ukradl" in chosen(client, stolen)
    assert clerk.check_password(PASSWORD)
    assert chosen(client, "Modrá lavička v parku") == ""
    path.unlink()
    with caplog.at_level("ERROR"):
        assert chosen(client, stolen, old="Modrá lavička v parku") == "", "work goes on"
    assert "PREPAZKA_STOLEN_PASSWORDS cannot be read" in caplog.text
    assert stolen not in caplog.text

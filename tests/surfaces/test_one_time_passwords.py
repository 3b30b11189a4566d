"""One-time passwords: one log-in, within a day, and nothing opens before they are changed."""

from __future__ import annotations

import argparse
from datetime import timedelta
from importlib import import_module

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.test import Client

from prepazka.accounts.models import User
from prepazka.config import office_commands
from prepazka.offices import staff
from prepazka.offices.models import Membership
from tests import town
from tests.surfaces.test_login import (  # noqa: F401  # a fixture
    NEW,
    Clock,
    clock,
    code_for,
    log_in,
    machine_time_of_day,
    tried,
)

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
OVER = "Toto jednorázové heslo už bylo použité, nebo je starší než den"


@pytest.fixture
def given() -> str:
    """The one-time password that an administrator has given to novakova just now."""
    cache.clear()
    office = town.office()
    admin = town.clerk(office, "spravce", "administrator")
    town.clerk(office)
    member = Membership.objects.get(user__username="novakova")
    return staff.give_password(member=member, actor=admin.pk, now=machine_time_of_day())


def change(client: Client, old: str) -> None:
    said = {"oldpassword": old, "password1": NEW, "password2": NEW}
    assert client.post("/ucet/password/change/", said).headers["Location"] == "/pult/"


def test_it_opens_one_log_in_which_chooses_an_own_password(given: str, clock: Clock) -> None:  # noqa: F811
    client = Client()
    assert tried(client, given) == ""
    assert client.get("/pult/lhota/").headers["Location"] == "/ucet/password/change/"
    assert OVER in tried(Client(), given), "used"
    assert OVER not in tried(Client(), "úplně jiné heslo"), "who guesses learns nothing"
    change(client, given)
    assert client.get("/pult/lhota/").status_code == 200
    user = User.objects.get(username="novakova")
    assert (user.must_change_password, user.one_time_until, user.one_time_used_at) == (
        False,
        None,
        None,
    )
    for _ in range(2):
        assert tried(Client(), NEW) == "", "the own one is good for any number"


def test_it_ends_after_a_day(given: str, clock: Clock) -> None:  # noqa: F811
    clock.wait(hours=23, minutes=59)
    assert OVER not in tried(Client(), "jiné")
    clock.wait(minutes=1)
    assert OVER in tried(Client(), given)
    User.objects.update(one_time_until=clock.now + timedelta(minutes=1))
    assert tried(Client(), given) == ""


def test_the_day_may_end_while_the_second_factor_is_asked_for(given: str, clock: Clock) -> None:  # noqa: F811
    secret = generate_totp_secret()
    TOTP.activate(User.objects.get(username="novakova"), secret)
    client, other = Client(), Client()
    assert tried(client, given) == tried(other, given) == "", "the first step uses nothing up"
    client.post("/ucet/2fa/authenticate/", {"code": code_for(secret)})
    assert "_auth_user_id" in client.session
    cache.clear()
    page = other.post("/ucet/2fa/authenticate/", {"code": code_for(secret)}, follow=True)
    assert "_auth_user_id" not in other.session
    assert OVER in page.content.decode()


def test_right_but_over_is_no_guess(given: str, clock: Clock) -> None:  # noqa: F811
    tried(Client(), given)
    for _ in range(7):
        assert OVER in tried(Client(), given)


def test_a_new_one_replaces_the_one_that_is_over(given: str, clock: Clock) -> None:  # noqa: F811
    tried(Client(), given)
    member = Membership.objects.get(user__username="novakova")
    admin = User.objects.get(username="spravce")
    again = staff.give_password(member=member, actor=admin.pk, now=clock.now)
    assert tried(Client(), given) != ""
    assert tried(Client(), again) == ""


def test_those_of_commands_are_one_time_passwords_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    town.office()
    monkeypatch.setenv("PREPAZKA_PASSWORD", NEW)
    said = {"office": "lhota", "name": "Jana", "role": "clerk"}
    for username, own in (("nova", False), ("vlastni", True)):
        more = said | {"username": username, "own_password": own}
        assert office_commands.staff(argparse.Namespace(**more)) == 0
        assert ("valid for one log-in within a day" in capsys.readouterr().out) != own
        user = User.objects.get(username=username)
        assert user.must_change_password != own
        assert (user.one_time_until is None) == own
    assert office_commands.password(argparse.Namespace(username="vlastni")) == 0
    printed = capsys.readouterr().out.strip()
    user = User.objects.get(username="vlastni")
    assert user.check_password(printed)
    assert user.must_change_password
    assert user.one_time_until
    assert office_commands.password(argparse.Namespace(username="nikdo")) == 1
    assert "no active member of staff" in capsys.readouterr().err


def test_passwords_that_were_given_before_the_update_end_a_day_after_it() -> None:
    user = town.clerk(town.office())
    User.objects.update(must_change_password=True)
    migration = import_module("prepazka.accounts.migrations.0008_one_time_passwords")
    migration.end_earlier_ones(apps, None)
    user.refresh_from_db()
    assert user.one_time_until
    with connection.cursor() as cursor:  # the migration goes by the database's clock
        cursor.execute("SELECT clock_timestamp()")
        left = user.one_time_until - cursor.fetchone()[0]
    assert timedelta(hours=23) < left <= timedelta(days=1, minutes=5)

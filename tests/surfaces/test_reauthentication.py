"""What opens an account is changed only by who has just proved again, with all proofs, who they are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from prepazka.accounts.models import ApiToken, StaffSession, User
from prepazka.accounts.tokens import make_token
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web.confirmation import FACTOR, PASSWORD
from tests import town
from tests.clock import real_now
from tests.proofs import prove
from tests.surfaces.test_login import PASSWORD as OWN_PASSWORD
from tests.surfaces.test_login import code_for, log_in

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
ASKS_PASSWORD, ASKS_CODE = "/ucet/reauthenticate/", "/ucet/2fa/reauthenticate/"
FACTOR_PAGES = (
    "/ucet/2fa/vymena/",
    "/ucet/2fa/totp/deactivate/",
    "/ucet/2fa/recovery-codes/",
    "/ucet/2fa/recovery-codes/generate/",
)


@pytest.fixture
def office() -> OfficeSnapshot:
    cache.clear()
    return town.office()


@pytest.fixture
def secret(office: OfficeSnapshot) -> str:
    """That of a clerk with a second factor."""
    drawn = str(generate_totp_secret())
    user = town.clerk(office)
    TOTP.activate(user, drawn)
    RecoveryCodes.activate(user)
    return drawn


@pytest.fixture
def hers(secret: str, client: Client) -> Client:
    """The clerk's browser, logged in by password and code, an hour ago."""
    client.force_login(User.objects.get(username="novakova"))
    return prove(client, ago=3600)


def asked(answer: Any) -> str:
    """The page that asks for a proof; empty if none does."""
    path = str(answer.headers.get("Location", "")).partition("?")[0]
    return path if "reauthenticate" in path else ""


def other_session(username: str = "novakova") -> tuple[Client, int]:
    """Another browser of the person, and the number by which it is ended."""
    other = Client()
    other.force_login(User.objects.get(username=username))
    other.get("/ucet/2fa/")
    return other, StaffSession.objects.get(session_key=other.session.session_key).pk


def is_open(client: Client) -> bool:
    return client.get("/pult/lhota/").status_code == 200


@pytest.mark.parametrize("page", FACTOR_PAGES)
def test_the_second_factor_needs_both_proofs(hers: Client, page: str) -> None:
    assert asked(hers.get(page)) == ASKS_PASSWORD
    assert asked(prove(hers, PASSWORD).get(page)) == ASKS_CODE, "the password replaces no code"
    assert asked(prove(hers, FACTOR).get(page)) == ASKS_PASSWORD, "nor the code the password"
    assert hers.post(page, {"code": "000000"}).status_code in {302, 405}
    assert Authenticator.objects.filter(type="totp").exists()
    assert prove(hers).get(page).status_code == 200
    assert asked(prove(hers, ago=301).get(page)) == ASKS_PASSWORD


def test_both_are_asked_for_one_after_the_other_and_the_press_is_done(
    hers: Client, secret: str
) -> None:
    other, which = other_session()
    ask = hers.post(f"/ucet/pristupy/{which}/konec/")
    assert asked(ask) == ASKS_PASSWORD
    wrong = hers.post(ask.headers["Location"], {"password": "cizí heslo"})
    assert wrong.status_code == 200
    ask = hers.post(ask.headers["Location"], {"password": OWN_PASSWORD})
    assert asked(ask) == ASKS_CODE
    assert is_open(other)
    assert "kód z ověřovací aplikace" in hers.get(ask.headers["Location"]).content.decode()
    assert hers.post(ask.headers["Location"], {"code": "000000"}).status_code == 200
    assert is_open(other)
    done = hers.post(ask.headers["Location"], {"code": code_for(secret)})
    assert done.headers["Location"] == "/ucet/pristupy/"
    assert not is_open(other)


def test_whoever_knows_the_password_alone_does_nothing(hers: Client) -> None:
    """As somebody at an open screen who has watched the password being typed."""
    other, which = other_session()
    user = User.objects.get(username="novakova")
    make_token(user=user, name="Tabule", now=real_now())
    token = ApiToken.objects.get().pk
    new = {"oldpassword": OWN_PASSWORD, "password1": "docela jiné heslo 7"}
    presses: dict[str, dict[str, str]] = {
        f"/ucet/pristupy/{which}/konec/": {},
        "/ucet/pristupy/konec/": {},
        f"/ucet/pristupy/klice/{token}/konec/": {},
        "/ucet/password/change/": new | {"password2": new["password1"]},
    }
    for address, form in presses.items():
        assert asked(prove(hers, PASSWORD).post(address, form)), address
    user.refresh_from_db()
    assert user.check_password(OWN_PASSWORD)
    assert ApiToken.objects.filter(revoked_at=None).exists()
    assert is_open(other)


def test_without_a_second_factor_the_password_is_enough(
    office: OfficeSnapshot, client: Client
) -> None:
    town.clerk(office)
    log_in(client)
    other, which = other_session()
    ask = client.post(f"/ucet/pristupy/{which}/konec/")
    assert asked(ask) == ASKS_PASSWORD
    assert is_open(other)
    done = client.post(ask.headers["Location"], {"password": OWN_PASSWORD})
    assert done.headers["Location"] == "/ucet/pristupy/"
    assert not is_open(other)


def test_the_code_of_the_log_in_is_not_asked_for_twice(secret: str, client: Client) -> None:
    log_in(client)
    client.post("/ucet/2fa/authenticate/", {"code": code_for(secret)})
    page = "/ucet/2fa/recovery-codes/"
    ask = client.get(page)
    assert asked(ask) == ASKS_PASSWORD
    done = client.post(ask.headers["Location"], {"password": OWN_PASSWORD})
    assert done.headers["Location"] == page
    assert client.get(page).status_code == 200


@pytest.mark.parametrize(
    "step", ["heslo", "druhy-faktor", "pristupy/1/konec", "pristupy/klice/1/konec"]
)
def test_administrators_prove_it_before_they_open_or_close_an_account(
    hers: Client, office: OfficeSnapshot, step: str
) -> None:
    admin = Client()
    admin.force_login(town.clerk(office, "spravce", "administrator"))
    member = Membership.objects.get(user__username="novakova")
    address = f"/sprava/lhota/lide/{member.pk}/{step}/"
    ask = admin.post(address)
    assert asked(ask) == ASKS_PASSWORD
    user = User.objects.get(username="novakova")
    assert user.check_password(OWN_PASSWORD)
    assert Authenticator.objects.filter(user=user).exists()
    done = admin.post(ask.headers["Location"], {"password": OWN_PASSWORD})
    if step == "heslo":
        assert re.search(r'one-time">[-\w]+<', done.content.decode())
    else:
        assert done.headers["Location"].startswith("/sprava/lhota/lide/")
    if step == "druhy-faktor":
        assert not Authenticator.objects.filter(user=user).exists()

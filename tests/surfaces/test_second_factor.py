"""A required second factor: nothing opens before it is set up, and it cannot be switched off."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.db.models import F
from django.test import Client

from prepazka.accounts.models import User
from prepazka.accounts.tokens import make_token
from prepazka.offices.models import Membership, Office, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town
from tests.clock import real_now
from tests.proofs import prove
from tests.surfaces.test_login import code_for, confirm, log_in

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
SET_UP = "/ucet/2fa/totp/activate/"


@pytest.fixture
def office() -> OfficeSnapshot:
    cache.clear()
    return town.office()


def require(*roles: str) -> None:
    Office.objects.update(second_factor_roles=list(roles), version=F("version") + 1)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def set_up(client: Client, address: str = SET_UP) -> str:
    """The secret, after the person has shown the password and the first code."""
    ask = client.get(address)
    if ask.status_code == 302:
        confirm(client, ask.headers["Location"])
    found = re.search(r'id="secret">(\w+)<', client.get(address).content.decode())
    assert found
    assert client.post(address, {"code": code_for(found[1])}).status_code == 302
    return found[1]


def test_a_role_that_requires_one_sets_it_up_before_anything_opens(
    office: OfficeSnapshot, client: Client
) -> None:
    town.clerk(office)
    require("clerk")
    log_in(client)
    for path in ("/pult/", "/pult/lhota/", "/ucet/2fa/", "/ucet/2fa/recovery-codes/"):
        assert client.get(path).headers.get("Location") == SET_UP, path
    fragment = client.get("/pult/lhota/nazivo/", headers={"X-Fragment": "1"})
    assert fragment.status_code == 401
    assert "Vaše role v úřadu vyžaduje dvoufázové přihlášení" in text(client.get(SET_UP))
    set_up(client)
    assert client.get("/pult/lhota/").status_code == 200
    assert (
        len(re.findall("<li><code>", client.get("/ucet/2fa/recovery-codes/").content.decode()))
        == 10
    )


def test_the_role_in_any_office_counts(office: OfficeSnapshot, client: Client) -> None:
    user = town.clerk(office)
    elsewhere = Office.objects.create(
        slug="jinde", name={"cs": "Jinde"}, second_factor_roles=["head"]
    )
    member = Membership.objects.create(office=elsewhere, user=user, role="clerk", name="N")
    client.force_login(user)
    assert client.get("/pult/lhota/").status_code == 200
    Membership.objects.filter(pk=member.pk).update(role=Role.HEAD)
    assert client.get("/pult/lhota/").headers["Location"] == SET_UP


def test_recovery_codes_alone_are_no_second_factor(office: OfficeSnapshot, client: Client) -> None:
    user = town.clerk(office)
    RecoveryCodes.activate(user)
    require("clerk")
    client.force_login(user)
    assert client.get("/pult/lhota/").headers["Location"] == SET_UP


def test_a_required_one_is_not_turned_off_but_moves_to_another_phone(
    office: OfficeSnapshot, client: Client
) -> None:
    user = town.clerk(office)
    log_in(client)
    old = set_up(client)
    assert "Vypnout" in text(client.get("/ucet/2fa/"))
    require("clerk")
    page = text(client.get("/ucet/2fa/"))
    assert "Vypnout" not in page
    assert "Vaše role ho vyžaduje" in page
    for answer in (
        client.get("/ucet/2fa/totp/deactivate/"),
        client.post("/ucet/2fa/totp/deactivate/"),
    ):
        assert "Vaše role vyžaduje dvoufázové přihlášení" in text(answer)
    assert Authenticator.objects.filter(user=user, type="totp").exists()

    codes = client.get("/ucet/2fa/recovery-codes/").content.decode()
    wrong = client.post("/ucet/2fa/vymena/", {"code": "000000"})
    assert wrong.status_code == 200
    new = set_up(client, "/ucet/2fa/vymena/")
    assert new != old
    assert client.get("/ucet/2fa/recovery-codes/").content.decode().count("<li>") == codes.count(
        "<li>"
    )
    client.logout()
    cache.clear()
    log_in(client)
    client.post("/ucet/2fa/authenticate/", {"code": code_for(old)})
    assert client.get("/pult/lhota/").status_code == 302
    client.post("/ucet/2fa/authenticate/", {"code": code_for(new)})
    assert client.get("/pult/lhota/").status_code == 200


def test_after_a_reset_the_person_is_led_to_set_up_anew(
    office: OfficeSnapshot, client: Client
) -> None:
    user = town.clerk(office)
    TOTP.activate(user, generate_totp_secret())
    require("clerk")
    admin = Client()
    admin.force_login(town.clerk(office, "spravce", "administrator"))
    prove(admin)
    member = Membership.objects.get(user=user)
    page = admin.get("/sprava/lhota/lide/")
    assert "přihlašuje se s druhým faktorem" in text(page)
    admin.post(f"/sprava/lhota/lide/{member.pk}/druhy-faktor/")
    assert "druhý faktor si nastaví při příštím přihlášení" in text(
        admin.get("/sprava/lhota/lide/")
    )
    assert log_in(client).url == "/pult/"  # type: ignore[attr-defined]
    page = client.get("/pult/", follow=True)
    assert page.redirect_chain[-1][0] == SET_UP
    assert "Váš druhý faktor byl zrušen" in text(page)
    client.post("/ucet/2fa/zruseno/", {"next": SET_UP})
    assert "Váš druhý faktor byl zrušen" not in text(client.get(SET_UP))
    set_up(client)
    assert client.get("/pult/lhota/").status_code == 200


@pytest.mark.parametrize("step", ["password", "factor"])
def test_a_program_waits_for_its_person_too(
    office: OfficeSnapshot, client: Client, step: str
) -> None:
    user = town.clerk(office)
    token = make_token(user=user, name="program", now=real_now())
    ask = lambda: client.get(  # noqa: E731
        "/api/v1/offices/lhota/queue", headers={"Authorization": f"Bearer {token}"}
    )
    assert ask().status_code == 200
    if step == "factor":
        require("clerk")
    else:
        User.objects.update(must_change_password=True)
    answer = ask()
    assert (answer.status_code, answer.json()["code"]) == (403, "log_in_first")
    TOTP.activate(user, generate_totp_secret())
    User.objects.update(must_change_password=False)
    assert ask().status_code == 200


def test_the_given_password_is_changed_before_a_factor_is_set_up(
    office: OfficeSnapshot, client: Client
) -> None:
    """Whoever knows the one-time password must not bind the account to their own phone."""
    town.clerk(office)
    User.objects.update(must_change_password=True)
    log_in(client)
    for path in ("/ucet/2fa/", SET_UP, "/ucet/2fa/recovery-codes/", "/ucet/2fa/vymena/"):
        assert client.get(path).headers["Location"] == "/ucet/password/change/", path

"""Sessions and keys of programs: listed with their last use and end, ended one by one, ended with the password."""

from __future__ import annotations

import argparse
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from prepazka.accounts import sessions
from prepazka.accounts.models import ApiToken, StaffSession, User
from prepazka.accounts.tokens import make_token
from prepazka.config import office_commands
from prepazka.jobs import periodic_steps
from prepazka.journal.models import Event
from prepazka.offices import bearers, staff
from prepazka.offices.models import Membership, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.manager import staff_pages
from prepazka.web.confirmation import FACTOR as FACTOR_PROOF
from prepazka.web.confirmation import PASSWORD as PASSWORD_PROOF
from tests import refusals, town
from tests.clock import real_now
from tests.proofs import prove
from tests.surfaces.test_login import NEW, PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
OWN = "/ucet/pristupy/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit Version/18.1 Safari/604.1"
)


@pytest.fixture
def office() -> OfficeSnapshot:
    cache.clear()
    return town.office()


def text(answer: Any) -> str:
    said = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said)).replace("\xa0", " ")


def browser(agent: str, username: str = "novakova", password: str = PASSWORD) -> Client:
    client = Client(headers={"user-agent": agent})
    client.post("/ucet/login/", {"login": username, "password": password})
    assert "_auth_user_id" in client.session
    return prove(client)


def works(client: Client) -> bool:
    return client.get("/pult/lhota/").status_code == 200


def api_works(token: str) -> bool:
    header = {"Authorization": f"Bearer {token}"}
    return Client().get("/api/v1/offices/lhota/queue", headers=header).status_code == 200


def which(client: Client) -> int:
    return StaffSession.objects.get(session_key=client.session.session_key).pk


def kinds() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def test_a_browser_is_named_as_people_call_it() -> None:
    names = [sessions.browser_name(agent) for agent in (FIREFOX, CHROME, EDGE, IPHONE, "", "curl")]
    assert names == [
        "Firefox, Windows",
        "Chrome, Android",
        "Edge, Windows",
        "Safari, iPhone",
        "",
        "",
    ]


def test_the_person_sees_and_ends_their_own(office: OfficeSnapshot) -> None:
    user = town.clerk(office)
    here, there = browser(FIREFOX), browser(CHROME)
    stranger = town.clerk(office, "cizi")
    elsewhere = Client(headers={"user-agent": EDGE})
    elsewhere.force_login(stranger)
    prove(elsewhere)
    elsewhere.get("/ucet/2fa/")
    tokens = {
        name: make_token(user=user, name=name, now=real_now()) for name in ("Terminál", "Tabule")
    }
    page = text(here.get(OWN))
    assert "Firefox, Windows tento" in page
    assert "Chrome, Android" in page
    assert "Edge" not in page
    for word in ("Naposledy použito", "Samo skončí", "Terminál", "Tabule", "zatím ne"):
        assert word in page
    ends = Session.objects.get(pk=there.session.session_key).expire_date
    assert f"{ends.astimezone(office.tz):%-H:%M}" in page

    here.post(f"{OWN}{which(elsewhere)}/konec/")
    assert works(elsewhere), "somebody else's"
    here.post(f"{OWN}{which(there)}/konec/")
    assert not works(there)
    assert works(here)
    assert "Chrome" not in text(here.get(OWN))
    assert kinds().count("SessionEnded") == 1

    first = ApiToken.objects.get(name="Terminál")
    elsewhere.post(f"{OWN}klice/{first.pk}/konec/")
    assert api_works(tokens["Terminál"])
    for _ in range(2):
        here.post(f"{OWN}klice/{first.pk}/konec/")
    assert not api_works(tokens["Terminál"])
    assert api_works(tokens["Tabule"])
    assert kinds().count("TokenEnded") == 1
    assert "Terminál" not in text(here.get(OWN))


def test_all_others_end_at_once(office: OfficeSnapshot) -> None:
    town.clerk(office)
    here, there, third = browser(FIREFOX), browser(CHROME), browser(EDGE)
    here.post(f"{OWN}konec/")
    assert (works(here), works(there), works(third)) == (True, False, False)


def test_with_the_password_end_other_sessions_and_keys(office: OfficeSnapshot) -> None:
    user = town.clerk(office)
    here, there = browser(FIREFOX), browser(CHROME)
    token = make_token(user=user, name="Terminál", now=real_now())
    assert works(there)
    assert api_works(token)
    said = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/ucet/password/change/", said).status_code == 302
    assert (works(here), works(there), api_works(token)) == (True, False, False)
    assert "Chrome" not in text(here.get(OWN))
    assert kinds()[-2:] == ["PasswordChanged", "TokenEnded"]


def test_a_given_password_ends_sessions_and_keys(office: OfficeSnapshot) -> None:
    user = town.clerk(office)
    admin = town.clerk(office, "spravce", "administrator")
    here = browser(FIREFOX)
    token = make_token(user=user, name="Terminál", now=real_now())
    member = Membership.objects.get(user=user)
    staff.give_password(member=member, actor=admin.pk, now=town.at("9:00"))
    assert not works(here)
    User.objects.update(must_change_password=False)  # nothing but the key itself refuses
    assert not api_works(token)
    assert not StaffSession.objects.filter(user=user).exists()


def test_an_administrator_sees_and_ends_a_persons(
    office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = town.clerk(office)
    here = browser(FIREFOX)
    token = make_token(user=user, name="Terminál", now=real_now())
    admin = Client()
    admin.force_login(town.clerk(office, "spravce", "administrator"))
    prove(admin)
    at = f"/sprava/lhota/lide/{Membership.objects.get(user=user).pk}/pristupy/"
    assert at in admin.get("/sprava/lhota/lide/").content.decode()
    page = text(admin.get(at))
    assert "Firefox, Windows" in page
    assert "Terminál" in page
    session, key = which(here), ApiToken.objects.get().pk
    head = Client()
    head.force_login(town.clerk(office, "vedouci", "head"))
    for address in (at, f"{at}{session}/konec/", f"{at}klice/{key}/konec/"):
        assert head.post(address).status_code in {403, 405}
    assert head.get(at).status_code == 403
    admin.post(f"{at}klice/{key}/konec/")
    assert (works(here), api_works(token)) == (True, False)
    admin.post(f"{at}{session}/konec/")
    assert not works(here)
    event = Event.objects.get(kind="SessionEnded")
    assert event.data["user"] == user.pk
    assert event.actor == User.objects.get(username="spravce").pk
    monkeypatch.setattr(staff_pages, "now", lambda: town.at("9:30"))
    page = text(admin.get("/sprava/lhota/kdo/"))


def test_people_of_several_offices_are_for_who_administers_all(office: OfficeSnapshot) -> None:
    user = town.clerk(office)
    horka = town.office("horka")
    Membership.objects.create(office=horka.row, user=user, role="clerk", name="N")
    here = browser(FIREFOX)
    admin = Client()
    admin_user = town.clerk(office, "spravce", "administrator")
    admin.force_login(admin_user)
    prove(admin)
    at = f"/sprava/lhota/lide/{Membership.objects.get(user=user, office=office.row).pk}/pristupy/"
    page = text(admin.get(at, follow=True))
    assert refusals.says(page, "access_elsewhere")
    assert "Firefox" not in page
    admin.post(f"{at}{which(here)}/konec/")
    assert works(here)
    Membership.objects.create(office=horka.row, user=admin_user, role="administrator", name="S")
    assert "Firefox" in text(admin.get(at))
    admin.post(f"{at}{which(here)}/konec/")
    assert not works(here)


def test_what_has_ended_by_itself_is_not_listed_and_forgotten_at_night(
    office: OfficeSnapshot,
) -> None:
    user = town.clerk(office)
    browser(FIREFOX)
    assert len(sessions.open_sessions(user.pk)) == 1
    Session.objects.update(expire_date=Now() - timedelta(minutes=1))
    assert sessions.open_sessions(user.pk) == []
    periodic_steps.run_if_due(
        periodic_steps.STEPS["clear_sessions"], now=town.at("4:00"), even_if_done=True
    )
    assert not StaffSession.objects.exists()


def test_the_last_use_is_kept_to_the_minute(office: OfficeSnapshot) -> None:
    town.clerk(office)
    client = browser(FIREFOX)
    key = client.session.session_key
    earlier = Now() - timedelta(hours=1)
    StaffSession.objects.filter(session_key=key).update(used_at=earlier, started_at=earlier)
    user = User.objects.get()
    sessions.note_session_use(key=key or "", user=user.pk, user_agent=FIREFOX)
    row = StaffSession.objects.get()
    assert row.used_at - row.started_at > timedelta(minutes=59)
    sessions.note_session_use(key=key or "", user=user.pk, user_agent=FIREFOX)
    assert StaffSession.objects.get().used_at == row.used_at


def test_keys_end_after_a_year_at_most_and_old_ones_have_no_end(
    office: OfficeSnapshot,
) -> None:
    user = town.clerk(office)
    moment = real_now()
    old = make_token(user=user, name="Stará tabule", now=moment)
    ApiToken.objects.update(ends_at=None)
    ended = make_token(user=user, name="Skončená", now=moment - timedelta(days=366))
    make_token(user=user, name="Na dlouho", now=moment, lasts=timedelta(days=4000))
    month = make_token(user=user, name="Na měsíc", now=moment, lasts=timedelta(days=30))
    assert ApiToken.objects.get(name="Na dlouho").ends_at == moment + timedelta(days=365)
    assert [api_works(token) for token in (old, ended, month)] == [True, False, True]
    last = moment + timedelta(days=30)
    for after, works_still in ((timedelta(seconds=-1), True), (timedelta(0), False)):
        bearer = bearers.by_token(month, slug="lhota", now=last + after)
        assert (bearer is not None) == works_still
    page = text(browser(FIREFOX).get(OWN))
    assert re.search(r"Stará tabule [\d. :]+ bez konce", page)
    assert "Skončená" not in page
    end = last.astimezone(office.tz)
    assert re.search(rf"Na měsíc [\d. :]+ {end.day}\. {end.month}\. {end.year}", page)
    admin = Client()
    admin.force_login(town.clerk(office, "spravce", "administrator"))
    at = f"/sprava/lhota/lide/{Membership.objects.get(user=user).pk}/pristupy/"
    assert re.search(r"Stará tabule [\d. :]+ bez konce", text(admin.get(at)))


def test_where_a_factor_is_required_a_new_key_waits_for_the_person(
    office: OfficeSnapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    user = town.clerk(office)
    before = make_token(user=user, name="Dřívější", now=real_now())
    Office.objects.update(second_factor_roles=["clerk"], version=F("version") + 1)
    TOTP.activate(user, generate_totp_secret())
    asked = argparse.Namespace(username="novakova", program="Tabule", revoke=False, days=30)
    office_commands.token(asked)
    printed = capsys.readouterr()
    token = printed.out.strip()
    assert "until they allow it in their account" in printed.err
    assert api_works(before), "it was there before the office required one"
    assert not api_works(token), "the operator's word alone opens nothing"
    key = ApiToken.objects.get(name="Tabule")
    assert key.ends_at is not None
    assert key.ends_at - key.created_at == timedelta(days=30)

    here = Client()
    here.force_login(user)
    assert "nic neotevře, dokud ho nepovolíte" in text(here.get(OWN))
    allow = f"{OWN}klice/{key.pk}/povolit/"
    for proofs in ((PASSWORD_PROOF,), (FACTOR_PROOF,)):
        prove(here, *proofs).post(allow)
        assert not api_works(token)
    stranger = Client()
    stranger.force_login(town.clerk(office, "cizi", "head"))
    prove(stranger).post(allow)
    assert not api_works(token), "somebody else's"
    for _ in range(2):
        assert prove(here).post(allow).status_code == 302
    assert api_works(token)
    assert kinds().count("TokenAllowed") == 1
    assert "nic neotevře" not in text(here.get(OWN))


def test_without_a_required_factor_a_new_key_opens_at_once(
    office: OfficeSnapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    town.clerk(office)
    asked = argparse.Namespace(username="novakova", program="Tabule", revoke=False, days=365)
    office_commands.token(asked)
    printed = capsys.readouterr()
    assert api_works(printed.out.strip())
    assert "allow" not in printed.err
    assert kinds() == ["TokenMade"]

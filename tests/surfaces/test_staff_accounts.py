"""People of the office: back again, renamed, helped with a lost second factor, told what is true."""

from __future__ import annotations

import argparse
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from django.utils.translation import override

from prepazka.accounts.models import User
from prepazka.accounts.tokens import make_token
from prepazka.config import office_commands
from prepazka.journal.models import Event
from prepazka.offices import bearers
from prepazka.offices.models import Membership, Official, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console import accounts
from prepazka.surfaces.manager import staff_pages
from prepazka.web import staff_access
from tests import officials, refusals, town
from tests.proofs import prove

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
PAGE = "/sprava/lhota/lide/"
PASSWORD, NEW = "heslo heslo heslo", "docela jiné heslo 7"
AGAIN = {"name": "Jana Nová", "username": "novakova", "role": "clerk"}


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    cache.clear()
    for pages in (staff_pages, accounts):  # a password that is given and used at one time
        monkeypatch.setattr(pages, "now", lambda: town.at("9:30"))
    return town.office()


@pytest.fixture
def admin(office: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(office, "spravce", "administrator"))
    return prove(client)


def text(answer: Any) -> str:
    said = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said)).replace("\xa0", " ")


def at(user: User, step: str, slug: str = "lhota") -> str:
    member = Membership.objects.get(user=user, office__slug=slug)
    return f"/sprava/{slug}/lide/{member.pk}/{step}/"


def protect(user: User) -> None:
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    assert Authenticator.objects.filter(user=user).count() == 2


def one_time(answer: Any) -> str:
    found = re.search(r"one-time\">([-\w]+)<", answer.content.decode())
    assert found, text(answer)
    return found[1]


def log_in(client: Client, password: str) -> str:
    said = {"login": "novakova", "password": password}
    return str(client.post("/ucet/login/", said).headers.get("Location", ""))


def kinds() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def test_who_was_removed_comes_back_with_nothing_old(office: OfficeSnapshot, admin: Client) -> None:
    user = town.clerk(office)
    protect(user)
    key = make_token(user=user, name="terminal", now=town.at("8:00"))
    old = Client()
    old.force_login(user)
    admin.post(at(user, "odebrat"))
    assert log_in(Client(), PASSWORD).startswith("/ucet/inactive") or not log_in(Client(), PASSWORD)

    answer = admin.post(PAGE, {**AGAIN, "username": "Novakova".lower()})
    password = one_time(answer)
    assert "jeho účet je zase zapnutý" in text(answer)
    user.refresh_from_db()
    assert (user.is_active, user.must_change_password) == (True, True)
    member = Membership.objects.get(user=user)
    assert (member.name, member.role, member.may_declare) == ("Jana Nová", "clerk", False)
    assert Event.objects.order_by("pk").last().data == {"user": user.pk, "role": "clerk"}  # type: ignore[union-attr]

    assert not Authenticator.objects.filter(user=user).exists()
    assert bearers.by_token(key, slug="lhota", now=town.at("9:00")) is None
    assert old.get("/pult/lhota/").status_code == 302
    assert log_in(Client(), PASSWORD) == ""
    fresh = Client()
    assert log_in(fresh, password) == "/pult/", "no second factor is asked for"
    assert fresh.get("/pult/lhota/").headers["Location"] == "/ucet/password/change/"
    change = {"oldpassword": password, "password1": NEW, "password2": NEW}
    fresh.post("/ucet/password/change/", change)
    assert fresh.get("/pult/lhota/").status_code == 200
    assert "pracuje Jana Nová" in text(admin.post(PAGE, AGAIN)), "pressed twice"


def test_an_account_of_another_office_is_not_taken_over(
    office: OfficeSnapshot, admin: Client
) -> None:
    user = town.clerk(office)
    horka = town.office("horka")
    other = town.clerk(horka, "horak", "administrator")
    there = Client()
    there.force_login(other)
    said = there.post("/sprava/horka/lide/", AGAIN)
    assert "prepazka staff" in text(said), "works here"
    Membership.objects.create(office=horka.row, user=user, role="clerk", name="Jana")
    admin.post(at(user, "odebrat"))
    there.post(at(user, "odebrat", "horka"))
    user.refresh_from_db()
    assert not user.is_active
    assert refusals.says(text(admin.post(PAGE, AGAIN)), "name_taken"), (
        "the other was the last office"
    )
    user.refresh_from_db()
    assert not user.is_active
    assert one_time(there.post("/sprava/horka/lide/", AGAIN))


def test_an_account_that_nobody_removed_stays_off(office: OfficeSnapshot, admin: Client) -> None:
    User.objects.create_user("novakova", password=PASSWORD, is_active=False)
    assert refusals.says(text(admin.post(PAGE, AGAIN)), "name_taken")
    assert not User.objects.get(username="novakova").is_active


def test_the_diary_is_taken_away_and_given_back(admin: Client, office: OfficeSnapshot) -> None:
    user = town.clerk(office)
    official = Official.objects.create(
        office=office.row, code="novakova", name={"cs": "Ing. Nováková"}, user=user
    )
    office.row.version += 1
    office.row.save()
    assert "čtou jméno úředníka ze souboru úřadu: Ing. Nováková" in text(admin.get(PAGE))
    admin.post(at(user, "odebrat"))
    official.refresh_from_db()
    assert official.user is None
    assert "přiřaďte mu ho znovu" in text(admin.post(PAGE, AGAIN))
    member = Membership.objects.get(user=user)
    admin.post("/sprava/lhota/urednici/novakova/ucet/", {"member": member.pk})
    official.refresh_from_db()
    assert official.user == user


def command(capsys: pytest.CaptureFixture[str], verb: str, **said: str) -> tuple[int, str]:
    code = getattr(office_commands, verb)(argparse.Namespace(own_password=False, **said))
    caught = capsys.readouterr()
    return code, caught.out + caught.err


def test_the_command_does_and_says_the_same(
    office: OfficeSnapshot,
    admin: Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PREPAZKA_PASSWORD", NEW)
    said = {**AGAIN, "office": "lhota"}
    code, words = command(capsys, "staff", **said)
    assert code == 0
    assert words.startswith("Jana Nová (novakova) is clerk in the office lhota.\n")
    user = User.objects.get(username="novakova")
    assert (user.check_password(NEW), user.must_change_password) == (True, True)
    code, words = command(capsys, "staff", **said)
    assert (code, words) == (1, '"novakova" already works in the office lhota.\n')

    town.office("horka")
    code, words = command(capsys, "staff", **said | {"office": "horka", "role": "head"})
    assert code == 0
    assert "keeps its password" in words

    protect(user)
    Membership.objects.filter(user=user, office__slug="horka").delete()
    admin.post(at(user, "odebrat"))
    monkeypatch.setenv("PREPAZKA_PASSWORD", "ještě jiné heslo 8")
    code, words = command(capsys, "staff", **said)
    assert code == 0
    assert "was disabled and is now enabled" in words
    user.refresh_from_db()
    assert (user.is_active, user.must_change_password) == (True, True)
    assert user.check_password("ještě jiné heslo 8")
    assert not Authenticator.objects.filter(user=user).exists()
    assert kinds().count("StaffChanged") == 4

    user.is_active = False  # by hand, while they work here
    user.save()
    town.office("dolany")
    code, words = command(capsys, "staff", **said | {"office": "dolany"})
    assert (code, "the account is disabled" in words) == (1, True)


def test_the_command_refuses_what_the_screens_would(
    office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREPAZKA_PASSWORD", NEW)
    for wrong in ({"name": ""}, {"name": "x" * 81}, {"username": "a b"}, {"role": "king"}):
        code, words = command(capsys, "staff", **{**AGAIN, "office": "lhota", **wrong})
        assert code == 1
        assert words
    assert not User.objects.exists()


def test_the_operator_resets_where_no_administrator_may(
    office: OfficeSnapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    own = town.clerk(office, "spravce", "administrator")
    code, words = command(capsys, "second_factor", username="spravce")
    assert (code, "without a second factor" in words) == (1, True)
    protect(own)
    assert command(capsys, "second_factor", username="spravce")[0] == 0
    assert not Authenticator.objects.filter(user=own).exists()
    assert Event.objects.get(kind="SecondFactorReset").actor is None
    client = Client()
    client.force_login(own)
    assert "Provozovatel ho zrušil" in text(client.get(PAGE))
    code, words = command(capsys, "second_factor", username="nikdo")
    assert (code, words) == (1, 'There is no member of staff "nikdo".\n')


def test_names_are_corrected(office: OfficeSnapshot, admin: Client) -> None:
    user = town.clerk(office)
    assert "Jméno je opravené" in text(
        admin.post(at(user, "jmeno"), {"name": "  Jana Nová "}, follow=True)
    )
    assert Membership.objects.get(user=user).name == "Jana Nová"
    admin.post(at(user, "jmeno"), {"name": "Jana Nová"})
    assert kinds().count("StaffRenamed") == 1, "what stays the same is no event"
    for wrong in ("", " ", "x" * 81):
        admin.post(at(user, "jmeno"), {"name": wrong})
    assert Membership.objects.get(user=user).name == "Jana Nová"
    own = User.objects.get(username="spravce")
    admin.post(at(own, "jmeno"), {"name": "Hlavní Správce"})
    assert Membership.objects.get(user=own).name == "Hlavní Správce"
    said = text(admin.get(f"/sprava/lhota/kdo-co/?den={town.MONDAY}"))
    assert "oprava jména kolegy" in said
    assert "Jana Nová" in said
    client = Client()
    client.force_login(town.clerk(office, "vedouci", "head"))
    assert client.post(at(user, "jmeno"), {"name": "X"}).status_code == 403


def test_a_lost_second_factor_is_reset_and_the_person_reads_of_it(
    office: OfficeSnapshot, admin: Client
) -> None:
    user = town.clerk(office)
    assert "Zrušit ztracený druhý faktor" not in text(admin.get(PAGE))
    protect(user)
    stolen = Client()
    stolen.force_login(user)
    assert stolen.get("/pult/lhota/").status_code == 200
    assert log_in(Client(), PASSWORD).startswith("/ucet/2fa/authenticate/")
    assert "Zrušit ztracený druhý faktor" in text(admin.get(PAGE))

    assert "Druhý faktor je zrušený" in text(admin.post(at(user, "druhy-faktor"), follow=True))
    assert not Authenticator.objects.filter(user=user).exists()
    assert stolen.get("/pult/lhota/").status_code == 302, "other sessions have ended"
    assert admin.get(PAGE).status_code == 200, "those of others have not"
    event = Event.objects.get(kind="SecondFactorReset")
    assert event.data == {"user": user.pk}
    assert event.actor == User.objects.get(username="spravce").pk
    assert refusals.says(
        text(admin.post(at(user, "druhy-faktor"), follow=True)), "no_second_factor"
    )

    fresh = Client()
    assert log_in(fresh, PASSWORD) == "/pult/"
    for page in ("/pult/lhota/", "/ucet/password/change/"):
        assert "Váš druhý faktor byl zrušen" in text(fresh.get(page))
        assert "Zrušil ho správce (Spravce)" in text(fresh.get(page))
    assert not refusals.says(text(admin.get(PAGE)), "secret_unreadable")
    seen = fresh.post("/ucet/2fa/zruseno/", {"next": "/pult/lhota/"})
    assert seen.headers["Location"] == "/pult/lhota/"
    assert "Váš druhý faktor byl zrušen" not in text(fresh.get("/pult/lhota/"))
    assert fresh.post("/ucet/2fa/zruseno/", {"next": "//cizi.example/"}).headers["Location"] == (
        "/pult/"
    )


def test_nobody_resets_their_own(office: OfficeSnapshot, admin: Client) -> None:
    own = User.objects.get(username="spravce")
    protect(own)
    assert refusals.says(
        text(admin.post(at(own, "druhy-faktor"), follow=True)), "not_your_own_factor"
    )
    assert Authenticator.objects.filter(user=own).count() == 2


def test_only_an_administrator_of_all_offices_resets(office: OfficeSnapshot, admin: Client) -> None:
    user, horka = town.clerk(office), town.office("horka")
    Membership.objects.create(office=horka.row, user=user, role="administrator", name="Jana")
    protect(user)
    said = text(admin.post(at(user, "druhy-faktor"), follow=True))
    assert "prepazka second-factor novakova" in said
    both = town.clerk(office, "oba", "administrator")
    Membership.objects.create(office=horka.row, user=both, role="administrator", name="Olga Obě")
    Membership.objects.filter(user=both).update(name="Olga Obě")
    said = text(admin.post(at(user, "druhy-faktor"), follow=True))
    assert "jen správce všech jeho úřadů: Olga Obě" in said
    assert Authenticator.objects.filter(user=user).count() == 2
    assert "SecondFactorReset" not in kinds()
    client = Client()
    client.force_login(both)
    prove(client).post(at(user, "druhy-faktor"))
    assert not Authenticator.objects.filter(user=user).exists()
    events = Event.objects.filter(kind="SecondFactorReset")
    assert {one.office for one in events} == {office.office_id, horka.office_id}


def test_the_last_administrator_and_oneself_stay(office: OfficeSnapshot, admin: Client) -> None:
    own = User.objects.get(username="spravce")
    other = town.clerk(office, "druhy", "administrator")
    for step in ("odebrat", "role"):
        assert "jiný správce" in text(admin.post(at(own, step), {"role": "clerk"}, follow=True))
    there = Client()
    there.force_login(other)
    admin.post(at(other, "role"), {"role": "clerk"})
    assert there.post(at(own, "odebrat")).status_code == 403
    assert Membership.objects.filter(role="administrator").count() == 1


def test_roles_say_what_they_may_do(office: OfficeSnapshot, admin: Client) -> None:
    said = text(admin.get(PAGE))
    assert "jen nahlíží" not in said
    assert "Vedoucí (přehledy, kvóty, uzavírky)" in said
    assert set(staff_pages.ROLES) == set(Role)
    choices = staff_pages.StaffForm().fields["role"].choices  # type: ignore[attr-defined]
    assert [value for value, _ in choices] == list(Role.values)
    with override("cs"):
        rows = {str(words).capitalize(): role for role, words in staff_pages.ROLES.items()}
        for ability, able in staff_pages.ABILITIES:
            for words, role in rows.items():
                (row,) = re.findall(rf"{re.escape(words)} ([^.]*)\.", said)
                assert (str(ability).lower() in row.lower()) == (role in able), (words, ability)


# One address for each line of the table: what stands there is what the pages do.
TRIED = (
    ("/pult/lhota/", staff_access.COUNTER),
    ("/pult/lhota/telefon/", staff_access.DESK),
    ("/pult/lhota/volani/", staff_access.DESK_LOOK),
    ("/pult/lhota/vypadek/", staff_access.HEADS),
    ("/sprava/lhota/kdo-co/", staff_access.HEADS),
    ("/sprava/lhota/lide/", staff_access.ADMINISTRATORS),
)


@pytest.mark.parametrize("role", list(Role))
def test_the_table_is_true(office: OfficeSnapshot, client: Client, role: Role) -> None:
    client.force_login(town.clerk(office, role=role))
    assert [able for _, able in staff_pages.ABILITIES] == [able for _, able in TRIED]
    for address, able in TRIED:
        do = client.post if able == staff_access.ADMINISTRATORS else client.get
        assert (do(address).status_code == 200) == (role in able), f"{role} {address}"


def test_an_official_of_the_office_file_keeps_its_name(client: Client) -> None:
    office = officials.office()
    client.force_login(town.clerk(office, "spravce", "administrator"))
    user = town.clerk(office)
    Official.objects.filter(code="novakova").update(user=user)
    client.post(at(user, "jmeno"), {"name": "Jana Vdaná"})
    assert Official.objects.get(code="novakova").name["cs"] == "Ing. Jana Nováková"

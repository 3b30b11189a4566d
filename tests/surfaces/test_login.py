"""Log-in for real: password, TOTP, recovery codes, changed passwords, closed sign-up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client, override_settings

from prepazka.accounts.models import User
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console import accounts
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


class Clock:
    """The moment of the log-in pages, set by hand."""

    def __init__(self) -> None:
        self.now = machine_time_of_day()

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **long: float) -> None:
        self.now += timedelta(**long)


def machine_time_of_day() -> datetime:
    return datetime.fromtimestamp(machine_time(), UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(accounts, "now", made)
    return made


WRONG = "špatně"


def tried(client: Client, password: str = WRONG, **more: str) -> str:
    """What a log-in page says to it; nothing when it opened."""
    given = {"login": "novakova", "password": password}
    answer = client.post("/ucet/login/", given, **more)  # type: ignore[arg-type]
    if answer.status_code == 302:
        return ""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def kinds() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def test_after_five_wrong_passwords_each_try_waits_longer(clock: Clock) -> None:
    town.clerk(town.office())
    for _ in range(5):
        assert "znovu za" not in tried(Client())
    assert "Zkuste to prosím znovu za 10 s" in tried(Client(), PASSWORD)
    clock.wait(seconds=9)
    assert "za 1 s" in tried(Client(), PASSWORD), "hammering does not make the wait longer"
    clock.wait(seconds=1)
    tried(Client())
    assert "za 20 s" in tried(Client(), PASSWORD)
    clock.wait(seconds=20)
    assert tried(Client(), PASSWORD) == ""
    assert "znovu za" not in tried(Client()), "the series is over"


def test_strangers_elsewhere_do_not_lock_a_name(clock: Clock) -> None:
    """Behind a proxy everybody has its address; the forwarded one tells them apart."""
    town.clerk(town.office())
    with override_settings(TRUSTED_PROXIES=1):
        for _ in range(6):
            tried(Client(), REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7")
        own = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.5"}
        assert "za 10 s" in tried(
            Client(), PASSWORD, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7"
        )
        assert tried(Client(), PASSWORD, **own) == ""


def test_one_network_that_tries_all_names_locks_no_device_that_is_known(clock: Clock) -> None:
    """Also with a wrong count of proxies, where the whole town looks like one network."""
    town.clerk(town.office())
    own = Client()
    assert tried(own, PASSWORD) == ""
    own.post("/ucet/logout/", {"counter": "leave"})
    for number in range(60):
        Client().post("/ucet/login/", {"login": f"cizi{number}", "password": "x"})
        tried(Client())
    assert "znovu za" in tried(Client(), PASSWORD), "a new device waits"
    assert tried(own, PASSWORD) == "", "the clerk's own does not"


def test_a_known_device_is_known_for_its_people_only_and_may_not_guess_for_ever(
    clock: Clock,
) -> None:
    office = town.office()
    town.clerk(office)
    town.clerk(office, "kolega")
    device = Client()
    assert tried(device, PASSWORD) == ""
    device.post("/ucet/logout/", {"counter": "leave"})
    for _ in range(10):
        assert "znovu za" not in tried(device)
    assert "znovu za 10 s" in tried(device, PASSWORD)
    for _ in range(5):
        device.post("/ucet/login/", {"login": "kolega", "password": "x"})
    page = device.post("/ucet/login/", {"login": "kolega", "password": PASSWORD})
    assert page.status_code == 200, "a colleague's name is tried from an unknown device"


def test_a_forged_cookie_makes_no_device_known(clock: Clock) -> None:
    town.clerk(town.office())
    forger = Client()
    forger.cookies["prepazka_known"] = "eyJkZXZpY2UiOiJ4IiwicGVvcGxlIjpbMV19:1:x"
    for _ in range(5):
        tried(forger)
    assert "znovu za" in tried(forger, PASSWORD)


def test_the_journal_has_every_step_and_the_person_reads_of_wrong_passwords(
    clock: Clock, client: Client
) -> None:
    office = town.office()
    user = town.clerk(office)
    for _ in range(6):
        tried(Client())
        clock.wait(seconds=10)
    clock.wait(seconds=60)
    before = len(kinds())
    assert kinds() == ["LogInFailed"] * 4 + ["LogInFailed", "LogInDelayed"] * 2
    assert tried(client, PASSWORD) == ""
    page = client.get("/pult/lhota/").content.decode()
    assert "K vašemu účtu někdo zadával špatná hesla" in page
    assert "Celkem 6×" in page
    assert "Chybná hesla" in overview(office, "administrator")
    assert "6× od" in overview(office, "administrator")
    assert "Chybná hesla" not in overview(office, "head")
    back = client.post("/ucet/hesla/precteno/", {"next": "/pult/lhota/"})
    assert back.headers["Location"] == "/pult/lhota/"
    assert "špatná hesla" not in client.get("/pult/lhota/").content.decode()
    client.post("/ucet/logout/", {"counter": "leave"})
    assert kinds()[before:] == ["LoggedIn", "LoggedOut"]
    event = Event.objects.filter(kind="LoggedIn").get()
    assert (event.actor, event.data) == (user.pk, {"user": user.pk, "factor": False})
    assert "Chybná hesla" not in overview(office, "administrator")
    head = Client()
    head.force_login(town.clerk(office, "vedouci", "head"))
    day = clock().astimezone(office.tz).date().isoformat()
    deeds = head.get(f"/sprava/lhota/kdo-co/?den={day}").content.decode()
    assert "špatné heslo nebo kód k účtu" in deeds
    assert "přihlášení" in deeds


def overview(office: OfficeSnapshot, role: str) -> str:
    """The first page of the office's management, as somebody in the role sees it."""
    client = Client()
    user = User.objects.filter(username=f"prehled-{role}").first()
    client.force_login(user or town.clerk(office, f"prehled-{role}", role))
    return client.get("/sprava/lhota/").content.decode()


def test_a_name_without_an_account_leaves_no_trace_in_the_journal(clock: Clock) -> None:
    town.clerk(town.office())
    tried(Client())
    Client().post("/ucet/login/", {"login": "nikdo\x00", "password": "x" * 5000})
    Client().post("/ucet/login/", {"login": "nikdo", "password": "x"})
    assert kinds() == ["LogInFailed"]


def test_wrong_codes_of_the_second_factor_wait_as_well(clock: Clock, client: Client) -> None:
    user = town.clerk(town.office())
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    log_in(client)
    for _ in range(5):
        client.post("/ucet/2fa/authenticate/", {"code": "000000"})
    page = client.post("/ucet/2fa/authenticate/", {"code": code_for(secret)}).content.decode()
    assert "Zkuste to prosím znovu za 10" in page.replace("\xa0", " ")
    clock.wait(seconds=10)
    client.post("/ucet/2fa/authenticate/", {"code": code_for(secret)})
    assert client.get("/pult/lhota/").status_code == 200
    assert kinds().count("LogInFailed") == 5
    assert Event.objects.get(kind="LoggedIn").data["factor"] is True


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


def test_an_answer_to_an_earlier_session_takes_no_cookie_away(client: Client) -> None:
    """It may come after the log-in that has set another one."""
    town.clerk(town.office())
    log_in(client)
    name = settings.SESSION_COOKIE_NAME
    Session.objects.all().delete()  # as a log-in in another tab does
    for path in ("/lhota/", "/pult/lhota/", "/ucet/login/"):
        assert name not in client.get(path).cookies
    log_in(client)
    gone = client.post("/ucet/logout/", {"counter": "leave"}).cookies[name]
    assert gone["max-age"] == 0, "the control: who logs out keeps no cookie"

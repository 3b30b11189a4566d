"""A demo for the public: no log-in that everybody knows, nothing sent, nobody's mail for others."""

from __future__ import annotations

import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.accounts.models import User
from prepazka.booking import booking_links
from prepazka.booking.models import Booking
from prepazka.config import demo_setup
from prepazka.gateways import email
from prepazka.messaging.message_types import Mail, Undeliverable
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.outgoing import guard
from prepazka.web.demo_people import PASSWORD
from tests import town
from tests.clock import real_now

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
MAILBOX = "/demo/posta/"


@pytest.fixture(autouse=True)
def _public(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO, settings.DEMO_PUBLIC = False, True
    monkeypatch.setenv("PREPAZKA_MAILBOX", str(tmp_path))


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


def keep_mail(folder: Path, about: object, subject: str) -> int:
    message = EmailMessage()
    message["Message-ID"] = f"<{about}.{uuid4()}@urad.example>"
    message["Subject"], message["To"] = subject, "jana@example.org"
    message.set_content("Dobrý den")
    message.add_alternative("<p>Dobrý den</p>", subtype="html")
    message.add_attachment(b"x", maintype="image", subtype="png", filename="x.png")
    number = int(real_now().timestamp() * 1e6)
    (folder / f"{number}.eml").write_bytes(message.as_bytes())
    return number


def visitor(booking: Booking) -> Client:
    """A browser that has held the time."""
    client = Client()
    client.cookies["hold"] = booking_links.sign_token(booking.pk, "hold")
    return client


def test_everybody_reads_the_mails_of_their_own_booking(
    office: OfficeSnapshot, tmp_path: Path
) -> None:
    first, second = town.hold(office, "9:00"), town.hold(office, "10:00")
    mine, other = (keep_mail(tmp_path, one.pk, f"Termín {one.pk}") for one in (first, second))
    client = visitor(first)
    page = client.get(MAILBOX).content.decode()
    assert f"Termín {first.pk}" in page
    assert str(second.pk) not in page
    for part in ("", "html/", "priloha/0/"):
        assert client.get(f"{MAILBOX}{mine}/{part}").status_code == 200
        assert client.get(f"{MAILBOX}{other}/{part}").status_code == 404
        assert Client().get(f"{MAILBOX}{mine}/{part}").status_code == 404


@pytest.mark.parametrize("token", ["", "x", "{}.x"])
def test_a_stranger_reads_nothing(office: OfficeSnapshot, tmp_path: Path, token: str) -> None:
    held = town.hold(office)
    keep_mail(tmp_path, held.pk, "Termín")
    keep_mail(tmp_path, "", "Bez čísla")
    keep_mail(tmp_path, "None", "Nikoho")
    client = Client()
    client.cookies["hold"] = token.format(booking_links.sign_token(held.pk, "hold").split(".")[0])
    assert "jana@example.org" not in client.get(MAILBOX + "?vsichni").content.decode()


@pytest.mark.usefixtures("office")
def test_pages_say_that_it_is_a_demo_and_where_the_messages_are() -> None:
    """That nothing else of a demo exists is seen by the strangers' walk."""
    page = Client().get("/lhota/").content.decode()
    assert "Jméno i e-mail si prosím vymyslete" in page
    assert f'href="{MAILBOX}"' in page


def test_nobody_logs_in_by_the_published_password(settings: Any) -> None:
    settings.DEMO, settings.DEMO_PUBLIC = True, False
    assert demo_setup.load_presets() == {}  # a demo at home, whose password everybody knows
    settings.DEMO, settings.DEMO_PUBLIC = False, True
    passwords = demo_setup.load_presets()
    assert set(passwords) == set(User.objects.values_list("username", flat=True))
    assert len(set(passwords.values())) == len(passwords)
    assert not any(user.check_password(PASSWORD) for user in User.objects.all())
    name, password = next(iter(passwords.items()))
    form = {"login": name, "password": PASSWORD}
    assert Client().post("/ucet/login/", form).status_code == 200
    assert Client().post("/ucet/login/", form | {"password": password}).status_code == 302
    said = demo_setup.demo_addresses("https://ukazka.example", passwords)
    assert password in said
    assert PASSWORD not in said
    assert demo_setup.load_presets() == {}  # they are shown once
    assert "prepazka staff" in demo_setup.demo_addresses("https://ukazka.example", {})


def test_nothing_leaves(settings: Any) -> None:
    settings.MAILBOX, settings.EMAIL_HOST = "", "mail.example"
    mail = Mail(
        to="a@example.org",
        subject="x",
        text="x",
        html="x",
        message_id="<1@x>",
        sender="a@example.org",
        reply_to="",
        headers={},
        attachments=(),
    )
    with pytest.raises(Undeliverable) as refused:
        email.send_mail(mail)
    assert refused.value.permanent
    with pytest.raises(guard.Forbidden):
        guard._allowed("93.184.216.34", 443, ())
    settings.DEMO_PUBLIC = False
    assert guard._allowed("93.184.216.34", 443, ()) == "93.184.216.34"


def started(**more: str) -> subprocess.CompletedProcess[str]:
    names = "s.DEMO, s.DEMO_PUBLIC, s.RATE_LIMITS, s.SMS_GATEWAY"
    usual = {"PREPAZKA_DEMO": "public", "PREPAZKA_URL": "https://ukazka.example"}
    usual |= {"DATABASE_URL": "postgresql:///none", "PREPAZKA_SECRET_KEY": "k" * 40}
    script = f"import prepazka.config.settings as s; print({names})"
    left_out = ("PREPAZKA_MAILBOX", "PREPAZKA_TEST_CLOCK_OFFSET")  # no other key may move a clock
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment.pop("SMTP_HOST", "")
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment | usual | more,
    )


def test_it_may_stand_under_https() -> None:
    assert started(PREPAZKA_MAILBOX="/m", SMTP_HOST="127.0.0.1").stdout == "False True True \n"
    assert "PREPAZKA_DEMO=public" in started(PREPAZKA_DEMO="1").stderr


@pytest.mark.parametrize("name", ["SMTP_HOST", "PREPAZKA_JITSI_URL", "PREPAZKA_BBB_URL"])
def test_a_channel_that_would_send_is_refused(name: str) -> None:
    assert f"Unset {name}" in started(**{name: "https://x.example"}).stderr


def test_an_sms_gateway_is_refused() -> None:
    assert "Unset SMS_GATEWAY" in started(SMS_GATEWAY="gosms").stderr

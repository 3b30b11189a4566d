"""A mail of the demo: HTML that can do nothing, attachments that are saved, the plain text."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from prepazka.offices import clock
from tests import town

pytestmark = pytest.mark.django_db  # the strip that says that it is a demo asks for its clock
NUMBER = 1_700_000_000_000_000_000


@pytest.fixture
def mail(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmailMessage:
    settings.DEMO = True
    monkeypatch.setattr(clock, "real_now", lambda: town.at("9:00"))
    monkeypatch.setenv("PREPAZKA_MAILBOX", str(tmp_path))
    message = EmailMessage()
    message["From"], message["To"] = "urad@example.cz", "jana@example.cz"
    message["Subject"] = "Objednávka je potvrzená"
    message.set_content("Prostý text: http://testserver/objednavka/x/")
    message.add_alternative(
        "<html><head><title>x</title></head><body><script>alert(1)</script><b>Tučně</b></body></html>",
        subtype="html",
    )
    message.add_attachment(
        "BEGIN:VCALENDAR\nSUMMARY:Úřad\n", subtype="calendar", filename="termin.ics"
    )
    message.add_attachment(
        b"<script>alert(2)</script>", maintype="text", subtype="html", filename="..\\..\\zlá\n.html"
    )
    return message


def keep(folder: Path, message: EmailMessage, number: int = NUMBER) -> None:
    (folder / f"{number}.eml").write_bytes(message.as_bytes())


def test_html_is_framed_and_can_do_nothing(
    client: Client, mail: EmailMessage, tmp_path: Path
) -> None:
    keep(tmp_path, mail)
    page = client.get(f"/demo/posta/{NUMBER}/")
    shown = page.content.decode()
    assert (
        f'src="/demo/posta/{NUMBER}/html/" sandbox="allow-top-navigation-by-user-activation"'
        in shown
    )
    assert "alert(1)" not in shown
    assert "Prostý text:" in shown
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    inner = client.get(f"/demo/posta/{NUMBER}/html/")
    policy = inner["Content-Security-Policy"]
    assert "<b>Tučně</b>" in inner.content.decode()
    assert policy.startswith("default-src 'none'; ")
    assert "; sandbox allow-top-navigation-by-user-activation" in policy
    assert "script" not in policy
    # Mails carry their styles inside; what those name is not fetched.
    assert policy.replace("style-src 'unsafe-inline';", "").count("unsafe") == 0
    assert inner["X-Frame-Options"] == "SAMEORIGIN"


def test_attachments_are_saved_under_harmless_names(
    client: Client, mail: EmailMessage, tmp_path: Path
) -> None:
    keep(tmp_path, mail)
    shown = client.get(f"/demo/posta/{NUMBER}/").content.decode()
    assert f'href="/demo/posta/{NUMBER}/priloha/0/">termin.ics</a>' in shown
    calendar = client.get(f"/demo/posta/{NUMBER}/priloha/0/")
    assert calendar["Content-Type"] == "text/calendar; charset=utf-8"
    assert calendar["Content-Disposition"] == 'attachment; filename="termin.ics"'
    assert "SUMMARY:Úřad" in calendar.content.decode()
    page = client.get(f"/demo/posta/{NUMBER}/priloha/1/")
    assert page["Content-Type"] == "application/octet-stream"
    assert page["Content-Disposition"].startswith("attachment; filename*=utf-8''zl%C3%A1")
    for answer in (calendar, page):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].endswith("; sandbox")
    assert client.get(f"/demo/posta/{NUMBER}/priloha/2/").status_code == 404


def test_a_mail_of_plain_text_has_no_frame(
    client: Client, tmp_path: Path, mail: EmailMessage
) -> None:
    plain = EmailMessage()
    plain["Subject"], plain["To"] = "Prostý", "jana@example.cz"
    plain.set_content("Jen text")
    keep(tmp_path, plain)
    assert "iframe" not in client.get(f"/demo/posta/{NUMBER}/").content.decode()
    assert client.get(f"/demo/posta/{NUMBER}/html/").status_code == 404
    assert client.get("/demo/posta/1/html/").status_code == 404


def test_one_s_own_mails_are_not_lost_among_those_of_virtual_people(
    client: Client, mail: EmailMessage, tmp_path: Path
) -> None:
    keep(tmp_path, mail)
    for number in range(60):
        virtual = EmailMessage()
        virtual["Subject"], virtual["To"] = "Virtuální", f"obcan{number}.x@ukazka.example"
        virtual.set_content("…")
        keep(tmp_path, virtual, NUMBER + 1 + number)
    shown = client.get("/demo/posta/").content.decode()
    assert f"/demo/posta/{NUMBER}/" in shown
    assert "Virtuální" not in shown
    assert "Zobrazit i 60 zpráv virtuálních lidí" in shown
    assert client.get("/demo/posta/?vsichni").content.decode().count("Virtuální") == 50

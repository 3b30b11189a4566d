"""The office's crest: set in the browser, shown on pages, and carried by mails."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from PIL import Image

from prepazka.core.crest_images import clean_crest
from prepazka.gateways.email import send_mail
from prepazka.journal.models import Event
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.offices.crests import CrestTooHeavy, crest_of, set_crest
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.surfaces.manager import views
from tests import refusals, town
from tests.crests import jpeg, png

pytestmark = pytest.mark.django_db
ADDRESS = "/sprava/lhota/znak/"


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    monkeypatch.setattr(views, "now", lambda: town.FRIDAY_BEFORE)
    return town.office()


@pytest.fixture
def admin(lhota: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(lhota, "spravce", "administrator"))
    return client


def choose(client: Client, content: bytes, name: str = "znak.png") -> Any:
    return client.post(ADDRESS, {"crest": SimpleUploadedFile(name, content)}, follow=True)


def crest_on(client: Client, address: str) -> str:
    found = re.search(
        r'<img class="brand__crest" src="([^"]+)" alt="">', client.get(address).content.decode()
    )
    return found[1] if found else ""


@pytest.mark.real_time
def test_an_administrator_sets_and_removes_it(admin: Client, client: Client) -> None:
    assert not crest_on(client, "/lhota/")
    page = choose(admin, png(note="Jana Nova"))
    assert "Znak je nastavený." in page.content.decode()
    address = crest_on(client, "/lhota/")
    answer = Client().get(address)
    assert answer.content == clean_crest(png())
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    assert not answer.cookies
    choose(admin, png())  # the same picture: nothing happens
    assert Event.objects.filter(kind="CrestSet").count() == 1
    choose(admin, png(100, 100))
    assert crest_on(client, "/en/lhota/") not in {"", address}
    assert Client().get(address).status_code == 404
    page = admin.post(ADDRESS, {"remove": "1"}, follow=True)
    assert "Znak je odebraný." in page.content.decode()
    assert not crest_on(client, "/lhota/")
    assert Event.objects.filter(kind="CrestSet").count() == 3


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (jpeg(), 415, "Tohle není obrázek PNG."),
        (b"<svg><script>alert(1)</script></svg>", 415, "Tohle není obrázek PNG."),
        (png() + b"x" * 40_000, 413, "nejvýš 32 kB"),
        (png(20, 20), 422, "48 až 600 bodů"),
    ],
)
def test_other_files_are_refused_in_words(
    admin: Client, content: bytes, status: int, words: str
) -> None:
    page = choose(admin, content)
    assert page.status_code == status
    assert page.content.decode().count(words) >= 2  # in the summary and at the field
    assert Office.objects.get().crest == ""


def test_nothing_chosen_is_said(admin: Client) -> None:
    page = admin.post(ADDRESS, {})
    assert page.status_code == 422
    assert refusals.says(page.content.decode(), "crest_not_chosen")


def test_heads_see_it_and_may_not_change_it(lhota: OfficeSnapshot, client: Client) -> None:
    client.force_login(town.clerk(lhota, "vedouci", "head"))
    assert 'type="file"' not in client.get("/sprava/lhota/soubor/").content.decode()
    assert choose(client, png()).status_code == 403
    assert Office.objects.get().crest == ""


def test_programs_are_refused_as_people_are(lhota: OfficeSnapshot) -> None:
    with pytest.raises(CrestTooHeavy):
        set_crest(office=lhota.row, content=b"x" * 40_000, now=town.FRIDAY_BEFORE, actor=None)


def sent(lhota: OfficeSnapshot) -> Any:
    booking = town.confirmed(lhota)
    message = Message.objects.create(
        office=booking.office,
        booking=booking,
        kind="confirmed",
        event=1,
        created_at=town.FRIDAY_BEFORE,
    )
    mail.outbox.clear()
    send_mail(compose_mail(message, now=town.FRIDAY_BEFORE))
    raw = mail.outbox[0].message().as_bytes()
    return message_from_bytes(raw, policy=policy.default)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prepazka.gateways.email.EmailBackend", EmailBackend)


@pytest.mark.usefixtures("memory")
def test_a_mail_carries_it_and_fetches_nothing(lhota: OfficeSnapshot) -> None:
    set_crest(office=lhota.row, content=png(), now=town.FRIDAY_BEFORE, actor=None)
    message = sent(snapshot_by_slug("lhota"))
    html = message.get_body(preferencelist=("html",))
    (source,) = re.findall(r'<img src="cid:([^"]+)"', html.get_content())
    assert not re.search(r'(src|background)="http', html.get_content())
    (picture,) = [part for part in message.walk() if part["Content-ID"]]
    assert picture["Content-ID"] == f"<{source}>"
    assert picture.get_content_disposition() == "inline"
    with Image.open(BytesIO(picture.get_content())) as shown:
        assert shown.format == "PNG"
    kinds = [part.get_content_type() for part in message.walk()]
    # Within the HTML's own part: what a program lists as attached is the calendar alone.
    at = kinds.index("multipart/related")
    assert kinds[at : at + 3] == ["multipart/related", "text/html", "image/png"]
    assert [part.get_filename() for part in message.iter_attachments()] == ["termin.ics"]
    assert message.get_body(preferencelist=("plain",)).get_content()


@pytest.mark.usefixtures("memory")
def test_without_a_crest_a_mail_is_as_before(lhota: OfficeSnapshot) -> None:
    message = sent(lhota)
    assert "<img" not in message.get_body(preferencelist=("html",)).get_content()
    assert "multipart/related" not in [part.get_content_type() for part in message.walk()]
    assert crest_of(lhota.row) == b""

"""An office's own words: filled in, checked when they are written, never a surprise when sent."""

from __future__ import annotations

from typing import Any

import pytest

from prepazka.core import message_texts
from prepazka.core.message_texts import Fault, faults_of_text
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.messaging.sms import compose_sms
from prepazka.messaging.text_placeholders import OF_KINDS
from prepazka.officefile import presets
from prepazka.officefile.check import check
from prepazka.officefile.nodes import WrongFile
from tests import town
from tests.messaging.test_sms import sms_office

pytestmark = pytest.mark.django_db
NOW, PHONE = town.FRIDAY_BEFORE, "+420777123456"
OWN = {
    "reminder": {
        "subject": {"cs": "Nezapomeňte: {when}"},
        "text": {
            "cs": "Milá občanko, milý občane,\n\nPIN {pin}, <b>{place}</b>\n\n{cancel}\n{link}"
        },
        "sms": {"cs": "{office}: zítra {when}, PIN {pin}, {cancel} {link}"},
    }
}


@pytest.fixture(autouse=True)
def _gateway(settings: Any) -> None:
    settings.SMS_GATEWAY = "file"


def message(kind: str, channel: str = "email", language: str = "cs") -> Message:
    where = sms_office(texts=OWN)
    contact: Any = {"email": "", "phone": PHONE} if channel == "sms" else {}
    booking = town.confirmed(where, language=language, **contact)
    return Message.objects.create(
        office=booking.office, booking=booking, kind=kind, event=1, channel=channel, created_at=NOW
    )


def test_a_mail_in_the_words_of_the_office() -> None:
    one = message("reminder")
    made = compose_mail(one, now=NOW)
    assert made.subject.startswith(
        "Nezapomeňte: pondělí 23. listopadu 2026".replace(" 2", "\u00a02", 1)[:14]
    )
    assert one.booking
    assert f"PIN {one.booking.pin}, <b>Náměstí 1, Lhota</b>" in made.text
    assert "&lt;b&gt;Náměstí 1, Lhota&lt;/b&gt;" in made.html, "the office's words are text"
    assert made.html.count('<a href="http') >= 2
    assert "{" not in made.text + made.subject
    assert made.attachments
    assert "Městský úřad Lhota" in made.text, "who writes is always said"


def test_ours_where_the_office_has_no_words() -> None:
    assert compose_mail(message("reminder", language="en"), now=NOW).text.startswith("Good day,")
    assert "potvrzená" in compose_mail(message_again("confirmed"), now=NOW).text


def message_again(kind: str) -> Message:
    one = Message.objects.get()
    one.booking.language = "cs"  # type: ignore[union-attr]
    return Message(pk=9, office=one.office, booking=one.booking, kind=kind, event=2)


def test_a_short_message_in_the_words_of_the_office() -> None:
    one = message("reminder", "sms")
    assert one.booking
    made = compose_sms(one, now=NOW).text
    assert made.startswith("Mestsky urad Lhota: zitra po 23.11. 9:00-10:00, PIN ")
    assert f"/s/{one.booking.short_code}/x/ " in made


@pytest.mark.parametrize(
    ("kind", "part", "text", "found"),
    [
        ("reminder", "text", "PIN {pin} {link}", []),
        ("reminder", "text", "{pin} {link} {jmeno}", [Fault("unknown", "jmeno")]),
        ("reminder", "sms", "{when}", [Fault("missing", "link"), Fault("missing", "pin")]),
        ("reminder", "sms", "{pin} {link} {bring}", [Fault("unknown", "bring")]),
        ("reminder", "subject", "Přijďte", []),
        ("reminder", "text", "{pin} {link} {when", [Fault("brace", "{when")]),
        ("reminder", "text", "{pin} {link} }", [Fault("brace", "}")]),
        ("reminder", "text", "{ pin } {pin} {link}", [Fault("unknown", " pin ")]),
        ("confirm", "sms", "{link} {pin}", [Fault("unknown", "pin")]),
        ("offer", "sms", "{terms}", [Fault("missing", "link")]),
        ("reminder", "subject", "x" * 121, [Fault("long", "120")]),
    ],
)
def test_what_is_wrong_is_said_by_its_name(
    kind: str, part: message_texts.Part, text: str, found: list[Fault]
) -> None:
    assert faults_of_text(OF_KINDS[kind], part, text) == found


def with_own(text: str) -> str:
    return presets.preset_text("touzim").replace("messages:\n", f"messages:\n  texts:\n{text}", 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('    reminder: {sms: {cs: "{pin} {lnk}"}}\n', 'not the placeholder {lnk} but "link"'),
        ('    reminder: {sms: {cs: "{link}"}}\n', "the placeholder {pin}, without which"),
        ('    remindr: {sms: {cs: "{link}"}}\n', '"reminder"'),
        ('    reminder: {sms: {de: "{pin} {link}"}}\n', 'unknown key "de"'),
        ('    reminder: {txt: {cs: "{pin} {link}"}}\n', 'unknown key "txt"'),
        ('    reminder: {sms: {cs: "{pin} {link} {"}}\n', "braces in pairs"),
    ],
)
def test_a_file_with_broken_words_is_refused_with_their_line(words: str, said: str) -> None:
    with pytest.raises(WrongFile) as wrong:
        check(with_own(words))
    assert said in str(wrong.value)
    assert "line " in str(wrong.value)

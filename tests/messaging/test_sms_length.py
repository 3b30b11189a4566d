"""Every kind of short message fits into the one part it may cost, whatever the names are."""

from __future__ import annotations

from typing import Any

import pytest

from prepazka.core import gsm7
from prepazka.messaging import words
from prepazka.messaging.sms import TEXTS
from prepazka.offices.directory import directory
from prepazka.offices.models import Office
from tests import town

pytestmark = pytest.mark.django_db
HOST = "https://rezervace.mesto-nad-dlouhou-rekou.kraj.cz"
assert len(HOST) == 49  # the longest that docs/operations.md promises to fit
NAMES = [
    "Městský úřad Nové Město na Moravě - odbor stavební a životního prostředí",
    "Magistrát hlavního města Prahy, odbor správních činností ve zdravotnictví a sociální péči",
    "X" * 300,
]


@pytest.mark.parametrize("kind", sorted(TEXTS))
@pytest.mark.parametrize("language", ["cs", "en"])
@pytest.mark.parametrize("name", NAMES, ids=lambda one: one[:12])
def test_one_plain_message_at_a_long_address(
    kind: str, language: str, name: str, settings: Any
) -> None:
    settings.BASE_URL = HOST
    where = town.office()
    Office.objects.update(name={"cs": name, "en": name}, messages_data={"sms": True}, version=2)
    where = directory(Office.objects.get(pk=where.office.pk))
    made = words.preview(where, kind, language, {}, now=town.FRIDAY_BEFORE)
    assert made is not None
    assert made.plain
    assert made.septets <= gsm7.ONE, made.sms
    assert made.parts == 1
    if kind in {"turn_called", "reply_which"}:
        return  # says where to go, or asks for a number; there is nothing more to see
    address = f"/t/{words.SAMPLE_CODE}/" if kind in words.OF_TICKETS else f"/s/{words.SAMPLE_CODE}/"
    assert address in made.sms
    assert HOST in made.sms
    if kind == "offer":
        for said in ("1) 27.11. 10:00", "2) 27.11. 11:00", "3) 27.11. 12:00"):
            assert said in made.sms

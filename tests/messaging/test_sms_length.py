"""Every kind of short message fits into the part or parts it may cost, whatever the names are."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db.models import F

from prepazka.core import gsm7
from prepazka.core.locales import has_latin_letters
from prepazka.messaging import custom_texts
from prepazka.messaging.kind_parts import Audience
from prepazka.messaging.kinds import KINDS
from prepazka.offices.models import Office, Service
from prepazka.offices.office_snapshot import snapshot_of
from tests import town

pytestmark = pytest.mark.django_db
HOST = "https://rezervace.mesto-nad-dlouhou-rekou.kraj.cz"
assert len(HOST) == 49  # the longest that docs/operations.md promises to fit
LATIN = [code for code, _name in settings.LANGUAGES if has_latin_letters(code)]
NAMES = [
    "Městský úřad Nové Město na Moravě - odbor stavební a životního prostředí",
    "Magistrát hlavního města Prahy, odbor správních činností ve zdravotnictví a sociální péči",
    "X" * 300,
]


@pytest.mark.parametrize("kind", [code for code, kind in KINDS.items() if kind.sms])
@pytest.mark.parametrize("language", LATIN)
@pytest.mark.parametrize("name", NAMES, ids=lambda one: one[:12])
def test_one_plain_message_at_a_long_address(
    kind: str, language: str, name: str, settings: Any
) -> None:
    settings.BASE_URL = HOST
    where = town.office()
    Office.objects.update(name={"cs": name, "en": name}, messages_data={"sms": True}, version=2)
    where = snapshot_of(Office.objects.get(pk=where.office_id))
    made = custom_texts.preview_message(where, kind, language, {}, now=town.FRIDAY_BEFORE)
    assert made is not None
    assert made.plain
    most = 2 if kind == "offer" else 1
    assert made.septets <= (gsm7.ONE if most == 1 else most * gsm7.EACH), made.sms
    assert made.parts <= most
    if kind in {"turn_called", "reply_which"}:
        return  # says where to go, or asks for a number; there is nothing more to see
    address = (
        f"/t/{custom_texts.SAMPLE_CODE}/"
        if KINDS[kind].audience is Audience.TICKET_HOLDER
        else f"/s/{custom_texts.SAMPLE_CODE}/"
    )
    assert address in made.sms
    assert HOST in made.sms
    if kind == "offer":
        for said in ("1) 27.11. 10:00", "2) 27.11. 11:00", "3) 27.11. 12:00"):
            assert said in made.sms
        assert "(Prepis vozidla)" in made.sms or "(Transfer of a vehicle)" in made.sms, made.sms


@pytest.mark.parametrize("unicode", [False, True])
def test_an_offer_names_the_matter_however_long_it_is(*, unicode: bool, settings: Any) -> None:
    settings.BASE_URL = HOST
    where = town.office()
    service = "Zápis technického zhodnocení nebo přestavby silničního vozidla ze zahraničí"
    Service.objects.filter(code="prepis").update(name={"cs": service})
    Office.objects.update(messages_data={"sms": True, "unicode": unicode}, version=2)
    where = snapshot_of(Office.objects.get(pk=where.office_id))
    made = custom_texts.preview_message(where, "offer", "cs", {}, now=town.FRIDAY_BEFORE)
    assert made is not None
    matter = "(Zápis technického zhodnocení nebo...)"
    assert (matter if unicode else gsm7.without_diacritics(matter)) in made.sms
    assert unicode or "Lhota" in made.sms
    assert made.parts <= (3 if unicode else 2)


def test_a_freed_time_names_the_matter_where_it_fits(settings: Any) -> None:
    where = town.office()
    settings.BASE_URL = HOST
    long = "Zápis technického zhodnocení vozidla"
    for service, named in (("Přepis vozidla", True), (long, False)):
        Service.objects.update(name={"cs": service})
        Office.objects.update(version=F("version") + 1)
        where = snapshot_of(Office.objects.get(pk=where.office_id))
        made = custom_texts.preview_message(where, "place", "cs", {}, now=town.FRIDAY_BEFORE)
        assert made is not None
        assert made.parts == 1
        assert (gsm7.without_diacritics(service) in made.sms) is named
        assert "Lhota" in made.sms

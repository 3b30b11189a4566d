"""Booking a named official, or whoever is soonest, through the pages."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.db.models import F
from django.test import Client
from django.utils import translation

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking, BookingState
from prepazka.messaging.contexts import facts_of
from prepazka.offices.models import Counter, Office, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.surfaces.console import diary
from tests import citizen, officials, town
from tests.citizen import Clock, fill_in, take, words
from tests.officials import whose

pytestmark = pytest.mark.django_db
DEPARTMENT, ANYBODY = "/lhota/odbor/vystavba/", "/lhota/odbor/vystavba/kdokoli/"
PERSON = "/lhota/urednik/dvorak/"
DAYS = "/lhota/objednat/ohlaseni/"
TIMES = f"{DAYS}{town.MONDAY.isoformat()}/"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return officials.office()


def links(client: Client, address: str) -> dict[str, str]:
    """The slots of a page, by the first line of each."""
    body = client.get(address).content.decode()
    found = re.findall(
        r'<a class="option" href="([^"]+)"><span class="option__what">(.*?)</span>', body
    )
    return {
        unescape(re.sub(r"<[^>]+>", "", what)).replace("\xa0", " "): unescape(url)
        for url, what in found
    }


def test_from_the_department_to_the_pin(client: Client, lhota: OfficeSnapshot) -> None:
    assert links(client, "/lhota/")["Odbor výstavby"] == DEPARTMENT
    first = links(client, "/lhota/objednat/")
    assert first == {"Odbor výstavby": DEPARTMENT, "Rodný list": "/lhota/objednat/rodny-list/"}
    people = links(client, DEPARTMENT)
    assert list(people) == [
        "Kdokoli, kdo je nejdřív volný",
        "Ing. Jana Nováková",
        "Petr Dvořák",
    ]
    assert people["Petr Dvořák"] == PERSON
    topics = links(client, PERSON)
    assert topics == {"Ohlášení stavby": f"{DAYS}?urednik=dvorak"}
    days = client.get(topics["Ohlášení stavby"])
    assert "Ohlášení stavby, Petr Dvořák" in words(days)
    assert "/2026-11-23/?urednik=dvorak" in days.content.decode()

    contact = take(client, times=f"{TIMES}?urednik=dvorak")
    assert "Petr Dvořák" in words(client.get(contact))
    check = fill_in(client, contact)["Location"]
    assert "Úředník Petr Dvořák" in words(client.get(check))
    done = client.post(check, follow=True)  # at once, without a click
    booking = Booking.objects.get()
    assert (booking.state, whose(booking)) == (BookingState.CONFIRMED, "dvorak")
    assert " ".join(booking.pin) in words(done)
    assert "Petr Dvořák" in words(done)


def test_the_contact_page_says_where_and_when(client: Client, lhota: OfficeSnapshot) -> None:
    seen = words(client.get("/lhota/urednik/novakova/"))
    for said in (
        "Odbor výstavby",
        "2. patro, dveře 12",
        "353 000 112",
        "novakova@lhota.example",
        "8:00–10:00, 17:00–19:00",
        "Objednat se můžete i telefonicky: 353 000 111",
        "První volný termín: pondělí 23. listopadu, 8:00–8:15",
    ):
        assert said in seen, said


def test_why_somebody_is_away_is_never_said(client: Client) -> None:
    officials.office(
        officials.FILE.replace("closed: 2026-12-07", "closed: 2026-11-20 to 2026-12-07")
    )
    for address in (PERSON, DEPARTMENT, ANYBODY, "/lhota/"):
        assert "lékaře" not in words(client.get(address))
    assert "První volný termín: úterý 8. prosince" in words(client.get(PERSON))


def test_whoever_is_soonest(client: Client, lhota: OfficeSnapshot) -> None:
    topics = links(client, ANYBODY)
    assert topics == {
        "Ohlášení stavby": DAYS,
        "Stavební povolení": "/lhota/objednat/povoleni/",
    }
    taken = [take(Client(), times=TIMES) for _ in range(2)]
    assert len(set(taken)) == 2
    assert {whose(one) for one in Booking.objects.all()} == {"novakova", "dvorak"}
    assert town.at("9:00").isoformat() not in citizen.buttons(client.get(TIMES))
    assert "míst" not in words(client.get(TIMES))


def test_of_nobody_else_and_nothing_that_is_gone(client: Client, lhota: OfficeSnapshot) -> None:
    for wrong in (
        "/lhota/urednik/nikdo/",
        "/lhota/odbor/nikdo/",
        "/lhota/odbor/nikdo/kdokoli/",
        "/lhota/objednat/povoleni/?urednik=dvorak",
        "/lhota/objednat/rodny-list/?urednik=dvorak",
    ):
        assert client.get(wrong).status_code == 404, wrong


def test_another_time_of_the_same_official_overlaps_ones_own(
    client: Client, lhota: OfficeSnapshot
) -> None:
    times = f"/lhota/objednat/povoleni/{town.MONDAY.isoformat()}/?urednik=novakova"
    contact = take(client, "9:00", times)
    token = contact.strip("/").split("/")[-1]
    take(client, "9:15", f"{times}&misto={token}")
    assert list(Booking.objects.values_list("state", "starts_at").order_by("starts_at")) == [
        (BookingState.EXPIRED, town.at("9:00")),
        (BookingState.HELD, town.at("9:15")),
    ]


def test_a_taken_slot_offers_others_of_the_same_official(
    client: Client, lhota: OfficeSnapshot
) -> None:
    times = f"{TIMES}?urednik=dvorak"
    form = client.get(times)
    officials.hold(lhota, "9:00", "dvorak")
    answer = client.post(
        times,
        {
            "request_key": citizen.hidden(form, "request_key"),
            "starts_at": town.at("9:00").isoformat(),
        },
    )
    assert answer.status_code == 409
    assert citizen.action(answer) == times
    assert citizen.buttons(answer)[0] == town.at("9:30").isoformat()


def test_moving_offers_the_same_official_only(client: Client, lhota: OfficeSnapshot) -> None:
    check = fill_in(client, take(client, times=f"{TIMES}?urednik=dvorak"))["Location"]
    client.post(check)
    booking = Booking.objects.get()
    page = client.get(f"{citizen.personal_url(booking)}zmenit/{town.MONDAY.isoformat()}/")
    assert citizen.buttons(page) == [town.at(one).isoformat() for one in ("9:15", "9:30", "9:45")]


def labelled(booking: Booking, office: OfficeSnapshot) -> dict[str, str]:
    return {fact.label: fact.value for fact in facts_of(booking, office)}


def test_the_mail_says_who_and_at_which_door(lhota: OfficeSnapshot) -> None:
    with translation.override("cs"):
        facts = labelled(officials.hold(lhota, "9:00", "novakova"), lhota)
        assert facts["Úředník"] == "Ing. Jana Nováková"
        assert facts["Kde"] == "Náměstí 1, Lhota; 2. patro, dveře 12"
        window = officials.hold(lhota, "8:00", service="rodny-list")
        assert "Úředník" not in labelled(window, lhota)


def test_hours_in_words_with_what_will_be_different(client: Client, lhota: OfficeSnapshot) -> None:
    seen = words(client.get(PERSON))
    assert "Pondělí a úterý 9:00–10:00" in seen
    assert "pondělí 7. prosince 2026: neúřaduje se" in seen
    assert "sobota 12. prosince 2026: 9:00–9:30" in seen
    assert "lékaře" not in seen


def test_a_long_absence_is_one_line(client: Client) -> None:
    officials.office(
        officials.FILE.replace("closed: 2026-12-07", "closed: 2026-12-01 to 2026-12-07")
    )
    seen = words(client.get(PERSON))
    assert "1.–7. prosince 2026: neúřaduje se" in seen
    assert seen.count("neúřaduje se") == 1


def test_contacts_of_a_department(client: Client, lhota: OfficeSnapshot) -> None:
    page = client.get(f"{DEPARTMENT}kontakty/")
    seen = words(page)
    for said in (
        "Pondělí 8:00–10:00, 17:00–19:00",  # of both together
        "Úterý 9:00–10:00",
        "Ing. Jana Nováková",
        "353 000 112",
        "Objednat se: Petr Dvořák",
    ):
        assert said in seen, said
    assert f'href="{PERSON}"' in page.content.decode()
    english = words(client.get(f"/en{DEPARTMENT}kontakty/"))
    assert "Monday and Tuesday 9:00–10:00" in english
    assert "Book with Petr Dvořák" in english


def test_search_engines_read_the_hours(client: Client) -> None:
    officials.office(officials.FILE.replace("Odbor výstavby", "Odbor <výstavby>"))
    body = client.get(PERSON).content.decode()
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', body)
    data = json.loads(found[0])
    assert (data["@type"], data["name"]) == ("GovernmentOffice", "Odbor <výstavby>")
    assert "<výstavby>" not in found[0]
    assert data["openingHoursSpecification"] == [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": ["Monday", "Tuesday"],
            "opens": "09:00",
            "closes": "10:00",
        }
    ]
    assert {
        "@type": "OpeningHoursSpecification",
        "validFrom": "2026-12-07",
        "validThrough": "2026-12-07",
        "opens": "00:00",
        "closes": "00:00",
    } in data["specialOpeningHoursSpecification"]
    assert "lékaře" not in body


def test_a_department_of_counters_has_a_page_as_well(client: Client) -> None:
    officials.office(
        officials.FILE.replace(
            "    name: Matrika\n", "    name: Matrika\n    department: matrika\n"
        ).replace("agendas:", "  matrika: {name: Matrika a doklady}\nagendas:")
    )
    assert links(client, "/lhota/odbor/matrika/") == {"Rodný list": "/lhota/objednat/rodny-list/"}
    assert "Pondělí a úterý 8:00–12:00" in words(client.get("/lhota/odbor/matrika/kontakty/"))


@pytest.mark.parametrize(
    ("address", "before", "after", "said", "goes_on"),
    [
        (PERSON, "  dvorak:", "  jina:", "už nelze objednat", DEPARTMENT),
        (f"{DAYS}?urednik=dvorak", "  dvorak:", "  jina:", "objednat nedá", DAYS),
        ("/lhota/objednat/povoleni/", "povoleni:", "jine:", "už úřad nenabízí", ""),
        (f"{DEPARTMENT}kontakty/", "vystavba", "stavby-odbor", "nelze objednat", ""),
    ],
)
def test_a_link_to_what_is_gone_says_so_and_leads_on(
    client: Client,
    lhota: OfficeSnapshot,
    address: str,
    before: str,
    after: str,
    said: str,
    goes_on: str,
) -> None:
    assert client.get(address).status_code == 200
    officials.office(officials.FILE.replace(before, after))
    answer = client.get(address)
    assert answer.status_code == 410
    assert said in words(answer)
    body = answer.content.decode()
    assert 'href="/lhota/objednat/"' in body
    assert not goes_on or f'href="{goes_on}"' in body


def test_who_is_named_is_not_forgotten_when_people_are_counted(client: Client) -> None:
    officials.office(officials.FILE.replace("lead: 0 min", "lead: 0 min, max persons: 3"))
    answer = client.get(f"{TIMES}?urednik=dvorak")
    assert answer["Location"] == f"{DAYS}?urednik=dvorak"


TOPIC = "přístavba pergoly u domu"


def test_what_it_is_about_in_ones_own_words(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diary, "now", lambda: town.FRIDAY_BEFORE)
    file = officials.FILE.replace("lead: 0 min}", "lead: 0 min, topic in own words: yes}", 1)
    assert file != officials.FILE
    lhota = officials.office(file)
    contact = citizen.take(client, "9:00", f"{DAYS}{town.MONDAY}/?urednik=novakova")
    form = words(client.get(contact))
    assert "Čeho se jednání týká, vlastními slovy (nepovinné)" in form
    who = {"name": "Jana Malá", "email": "jana@example.cz"}
    assert "Zkraťte text" in words(client.post(contact, who | {"topic": "x" * 121}))
    client.post(contact, who | {"topic": TOPIC})
    check = client.get(f"{contact}kontrola/")
    assert TOPIC in words(check)
    client.post(f"{contact}kontrola/")
    booking = Booking.objects.get()
    assert booking.topic == TOPIC
    booking_lifecycle.confirm_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
    assert TOPIC in words(client.get(citizen.personal_url(booking)))

    user = town.clerk(lhota)
    Official.objects.filter(code="novakova").update(user=user)
    Office.objects.update(version=F("version") + 1)
    client.force_login(user)
    own = f"/pult/lhota/diar/novakova/?den={town.MONDAY}"
    assert TOPIC in words(client.get(own))
    Official.objects.update(user=None)
    Office.objects.update(version=F("version") + 1)
    assert TOPIC not in words(client.get(own))  # a colleague reads the name, not the matter


def test_without_the_setting_nobody_is_asked_what_it_is_about(
    client: Client, lhota: OfficeSnapshot
) -> None:
    contact = citizen.take(client, "9:00", f"{DAYS}{town.MONDAY}/?urednik=novakova")
    assert "vlastními slovy" not in words(client.get(contact))
    client.post(contact, {"name": "Jana", "email": "jana@example.cz", "topic": TOPIC})
    assert Booking.objects.get().topic == ""


def test_a_meeting_outside_the_hours_says_the_way_in(lhota: OfficeSnapshot) -> None:
    Office.objects.update(after_hours={"cs": "Zazvoňte na vrátnici."}, version=F("version") + 1)
    evening = officials.hold(lhota, "17:00", code="novakova")
    day = officials.hold(lhota, "9:00", code="novakova")
    office = snapshot_of(Office.objects.get())
    with translation.override("cs"):
        assert labelled(evening, office)["Jak dovnitř"] == "Zazvoňte na vrátnici."
        assert "Jak dovnitř" not in labelled(day, office)
        late = evening
        late.starts_at, late.ends_at = town.at("23:00"), town.at("23:00") + timedelta(hours=1)
        assert labelled(late, office)["Jak dovnitř"] == "Zazvoňte na vrátnici."


def test_of_several_doors_the_call_says_which(client: Client) -> None:
    where = town.office()
    for number, place in (("1", "dveře 12"), ("2", "dveře 14")):
        Counter.objects.filter(number=number).update(place={"cs": place})
    Office.objects.update(version=F("version") + 1)
    booking = town.confirmed(where)
    office = snapshot_of(Office.objects.get())
    with translation.override("cs"):
        said = labelled(booking, office)["Kde"]
    assert said == "Náměstí 1, Lhota; dveře 12 nebo dveře 14 (kam jít, se dozvíte při vyvolání)"

"""Booking a named official, or whoever is soonest, through the pages."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from prepazka.booking.models import Booking, State
from prepazka.messaging.contexts import facts_of
from prepazka.offices.directory import Directory
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
def lhota() -> Directory:
    return officials.office()


def links(client: Client, address: str) -> dict[str, str]:
    """The terms of a page, by the first line of each."""
    body = client.get(address).content.decode()
    found = re.findall(
        r'<a class="term" href="([^"]+)"><span class="term__what">(.*?)</span>', body
    )
    return {
        unescape(re.sub(r"<[^>]+>", "", what)).replace("\xa0", " "): unescape(url)
        for url, what in found
    }


def test_from_the_department_to_the_pin(client: Client, lhota: Directory) -> None:
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
    assert (booking.state, whose(booking)) == (State.CONFIRMED, "dvorak")
    assert " ".join(booking.pin) in words(done)
    assert "Petr Dvořák" in words(done)


def test_the_contact_page_says_where_and_when(client: Client, lhota: Directory) -> None:
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


def test_whoever_is_soonest(client: Client, lhota: Directory) -> None:
    topics = links(client, ANYBODY)
    assert topics == {
        "Ohlášení stavby": DAYS,
        "Stavební povolení": "/lhota/objednat/povoleni/",
    }
    taken = [take(client, times=TIMES) for _ in range(2)]
    assert len(set(taken)) == 2
    assert {whose(one) for one in Booking.objects.all()} == {"novakova", "dvorak"}
    assert town.at("9:00").isoformat() not in citizen.buttons(client.get(TIMES))
    assert "míst" not in words(client.get(TIMES))


def test_of_nobody_else_and_nothing_that_is_gone(client: Client, lhota: Directory) -> None:
    for wrong in (
        "/lhota/urednik/nikdo/",
        "/lhota/odbor/nikdo/",
        "/lhota/odbor/nikdo/kdokoli/",
        "/lhota/objednat/povoleni/?urednik=dvorak",
        "/lhota/objednat/rodny-list/?urednik=dvorak",
    ):
        assert client.get(wrong).status_code == 404, wrong


def test_another_time_of_the_same_official_overlaps_ones_own(
    client: Client, lhota: Directory
) -> None:
    times = f"/lhota/objednat/povoleni/{town.MONDAY.isoformat()}/?urednik=novakova"
    contact = take(client, "9:00", times)
    token = contact.strip("/").split("/")[-1]
    take(client, "9:15", f"{times}&misto={token}")
    assert list(Booking.objects.values_list("state", "starts_at").order_by("starts_at")) == [
        (State.EXPIRED, town.at("9:00")),
        (State.HELD, town.at("9:15")),
    ]


def test_a_taken_term_offers_others_of_the_same_official(client: Client, lhota: Directory) -> None:
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


def test_moving_offers_the_same_official_only(client: Client, lhota: Directory) -> None:
    check = fill_in(client, take(client, times=f"{TIMES}?urednik=dvorak"))["Location"]
    client.post(check)
    booking = Booking.objects.get()
    page = client.get(f"{citizen.personal_url(booking)}zmenit/{town.MONDAY.isoformat()}/")
    assert citizen.buttons(page) == [town.at(one).isoformat() for one in ("9:15", "9:30", "9:45")]


def test_the_mail_says_who_and_at_which_door(lhota: Directory) -> None:
    with translation.override("cs"):
        facts = dict(facts_of(officials.hold(lhota, "9:00", "novakova"), lhota))
        assert facts["Úředník"] == "Ing. Jana Nováková"
        assert facts["Kde"] == "Náměstí 1, Lhota; 2. patro, dveře 12"
        window = officials.hold(lhota, "8:00", service="rodny-list")
        assert "Úředník" not in dict(facts_of(window, lhota))

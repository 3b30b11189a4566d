"""Calendars on the screens: the official's own, and the administrator's view of all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from prepazka.booking import external_calendars
from prepazka.booking.models import Busy, CalendarFeed, OutsideCalendar
from prepazka.core.external_times import Doubt, Reading
from prepazka.core.interval import Interval
from prepazka.offices.models import Membership, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.surfaces.calendars import views as feed_views
from prepazka.surfaces.console import calendar_pages, diary
from prepazka.surfaces.manager import diary_account_pages
from tests import officials, refusals, town
from tests.surfaces.test_diary import MINE, OTHER, text

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
PAGE, SECRET = f"{MINE}kalendare/", "https://mraky.example/tajna-adresa.ics"
ICS = {"kind": "ics", "url": SECRET, "username": "", "password": ""}
MANAGER = "/sprava/lhota/urednici/"


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (diary, calendar_pages, diary_account_pages, feed_views):
        monkeypatch.setattr(module, "now", lambda: NOW)
    return officials.office()


@pytest.fixture
def administrator(lhota: OfficeSnapshot) -> Client:
    client = Client()
    client.force_login(town.clerk(lhota, "spravce", "administrator"))
    return client


@pytest.fixture
def official(lhota: OfficeSnapshot, administrator: Client, client: Client) -> Client:
    """Jana Nováková, to whose account the administrator has given the diary."""
    user = town.clerk(lhota)
    member = Membership.objects.get(user=user)
    answer = administrator.post(f"{MANAGER}novakova/ucet/", {"member": member.pk}, follow=True)
    assert "Účet u diáře je změněný" in text(answer)
    client.force_login(user)
    return client


def address(answer: Any) -> str:
    found = re.search(r"http://[^<\s]*(/kalendar/[\w-]+\.ics)", answer.content.decode())
    assert found
    return found[1]


def test_a_feed_from_the_diary_until_it_is_closed(official: Client, administrator: Client) -> None:
    made = official.post(f"{MINE}odber/", {"names": "1"})
    shown = address(made)
    assert Client().get(shown).status_code == 200
    page = official.get(PAGE)
    assert "jména a témata" in text(page)
    assert shown not in page.content.decode()
    feed = CalendarFeed.objects.get()
    assert administrator.post(f"/sprava/lhota/odber/{feed.pk}/zrusit/").status_code == 302
    assert Client().get(shown).status_code == 404
    official.post(f"{MINE}odber/{feed.pk}/zrusit/")
    assert "jména a témata" not in text(official.get(PAGE))


def test_nobody_else_opens_ones_calendars(official: Client, administrator: Client) -> None:
    official.post(f"{MINE}odber/")
    official.post(PAGE, ICS)
    feed, outer = CalendarFeed.objects.get(), OutsideCalendar.objects.get()
    for client, where in ((administrator, MINE), (official, OTHER)):
        assert client.get(f"{where}kalendare/").status_code == 403
        assert client.post(f"{where}kalendare/", ICS).status_code == 403
        assert client.post(f"{where}odber/").status_code == 403
        assert client.post(f"{where}odber/{feed.pk}/zrusit/").status_code == 403
        assert client.post(f"{where}kalendare/{outer.pk}/odebrat/").status_code == 403
    assert CalendarFeed.objects.get() == feed


def test_an_outside_calendar_and_its_state_in_words(
    official: Client, administrator: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as jobs:
        answer = official.post(PAGE, ICS, follow=True)
    assert len(jobs) == 1
    assert "bude přečten během několika minut" in text(answer)
    found = OutsideCalendar.objects.get()
    external_calendars.store_reading(calendar_id=found.pk, reading=Reading({}), now=NOW)
    assert "mraky.example byl přečten 20. 11. 2026 9:00" in text(official.get(PAGE))
    assert "mraky.example" not in text(official.get(MINE))
    for reason in ("unreachable", "garbage", "denied"):
        external_calendars.store_reading_failure(calendar_id=found.pk, reason=reason, now=NOW)
        for client, where in ((official, PAGE), (official, MINE), (administrator, MINE)):
            seen = text(client.get(where))
            assert "mraky.example nejde přečíst" in seen
            assert "Platí dál, co bylo přečteno 20. 11. 2026 9:00" in seen
            assert "tajna-adresa" not in client.get(where).content.decode()
    official.post(f"{MINE}kalendare/{found.pk}/odebrat/")
    official.post(f"{MINE}kalendare/{found.pk}/odebrat/")
    assert not OutsideCalendar.objects.exists()


def with_doubt(official: Client) -> OutsideCalendar:
    official.post(PAGE, ICS)
    found = OutsideCalendar.objects.get()
    tomorrow = [Interval(town.at("13:00"), town.at("14:00"))]
    reading = Reading({}, [Doubt("a", "x1", "rule", tomorrow), Doubt("b", "x2", "start", [])])
    external_calendars.store_reading(calendar_id=found.pk, reading=reading, now=NOW)
    return found


def test_doubts_are_listed_by_day_and_time_and_freed(
    official: Client, administrator: Client
) -> None:
    found = with_doubt(official)
    seen = text(official.get(PAGE))
    assert "Něčemu v něm se nepodařilo porozumět a obsazuje to čas." in seen
    assert "pondělí 23. listopadu 2026 13:00–14:00" in seen
    assert "Nejde přečíst, jak se opakuje" in seen
    assert "Nejde přečíst, kdy začíná" in seen
    assert "Něčemu v něm se nepodařilo porozumět" in text(administrator.get(MINE))
    for mark in ("neni", "x1", "x1"):
        answer = official.post(f"{PAGE}{found.pk}/volno/", {"mark": mark}, follow=True)
        assert "Čas je volný" in text(answer)
    assert not Busy.objects.exists()
    assert "13:00–14:00" not in text(official.get(PAGE))
    official.post(f"{PAGE}{found.pk}/volno/", {"mark": "x2"})
    assert "mraky.example byl přečten 20. 11. 2026 9:00." in text(official.get(PAGE))


def test_a_calendar_that_emptied_is_said_and_may_be_freed(official: Client) -> None:
    found = with_doubt(official)
    external_calendars.store_reading(calendar_id=found.pk, reading=Reading({}), now=NOW)
    seen = text(official.get(PAGE))
    assert "naráz zmizely" in seen
    assert "pondělí 23. listopadu 2026 13:00–14:00" in seen
    official.post(f"{PAGE}{found.pk}/volno/", {"vanished": "1"})
    assert "naráz zmizely" not in text(official.get(PAGE))
    assert not Busy.objects.exists()


def test_settings_of_a_calendar(official: Client, django_capture_on_commit_callbacks: Any) -> None:
    official.post(PAGE, ICS)
    found = OutsideCalendar.objects.get()
    where, prefix = f"{PAGE}{found.pk}/nastaveni/", f"c{found.pk}-"
    assert (
        official.get(PAGE).content.count(b" checked") == 5
    )  # four wishes, and the kind of a new one
    answer = official.post(where, {f"{prefix}owner_address": "nesmysl"})
    assert refusals.says(text(answer), "address_not_understood")
    with django_capture_on_commit_callbacks() as jobs:
        answer = official.post(
            where, {f"{prefix}owner_address": "jana@x.cz", f"{prefix}takes_tentative": "on"}
        )
    assert (answer.status_code, len(jobs)) == (302, 1)
    found.refresh_from_db()
    assert (found.owner_address, found.takes_tentative) == ("jana@x.cz", True)
    assert not any((found.takes_unanswered, found.takes_elsewhere, found.takes_all_day_by_others))
    for path in ("nastaveni", "volno"):
        assert official.post(f"{PAGE}{found.pk + 1}/{path}/").status_code == 404


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://x.example/a.ics", "Napište adresu jako"),
        ("file:///etc/passwd", "Napište adresu jako"),
        ("kalendář", "Napište adresu jako"),
        ("https://jana:heslo@x.example/a.ics", "do jejich vlastních polí"),
        ("", "Napište adresu kalendáře"),
    ],
)
def test_wrong_addresses(official: Client, url: str, said: str) -> None:
    assert said in text(official.post(PAGE, ICS | {"url": url}))
    assert not OutsideCalendar.objects.exists()


def test_the_address_of_an_apple_calendar_is_a_web_address(official: Client) -> None:
    official.post(PAGE, ICS | {"url": "webcal://p1.example/x"})
    assert OutsideCalendar.objects.get().url == "https://p1.example/x"


def test_too_many_are_refused_in_words(official: Client) -> None:
    for number in range(external_calendars.MOST_CALENDARS):
        official.post(PAGE, ICS | {"url": f"{SECRET}?{number}"})
    answer = official.post(PAGE, ICS, follow=True)
    assert "nejvýše 5 cizích kalendářů" in text(answer)


def test_a_counters_feed(administrator: Client) -> None:
    shown = address(administrator.post("/sprava/lhota/prepazky/p1/odber/"))
    assert Client().get(shown).status_code == 200
    assert "jen témata" in text(administrator.get(MANAGER))
    assert administrator.post("/sprava/lhota/prepazky/neni/odber/").status_code == 404


def test_the_account_of_a_diary(official: Client, administrator: Client) -> None:
    assert official.get(MINE).status_code == 200
    administrator.post(f"{MANAGER}novakova/ucet/", {"member": ""})
    assert official.get(MINE).status_code == 403
    for wrong in ("0", "x"):
        answer = administrator.post(f"{MANAGER}novakova/ucet/", {"member": wrong})
        assert answer.status_code == 404


@pytest.mark.real_time
def test_who_leaves_the_office_loses_the_diary(official: Client, administrator: Client) -> None:
    member = Membership.objects.get(user=Official.objects.get(code="novakova").user)
    administrator.post(f"/sprava/lhota/lide/{member.pk}/odebrat/")
    found = snapshot_by_slug("lhota").official_by_code("novakova")
    assert found
    assert found.user_id is None


def test_the_head_looks_only(lhota: OfficeSnapshot, client: Client) -> None:
    client.force_login(town.clerk(lhota, "vedouci", "head"))
    assert client.get(MANAGER).status_code == 200
    assert client.post(f"{MANAGER}novakova/ucet/", {"member": ""}).status_code == 403
    assert client.post("/sprava/lhota/prepazky/p1/odber/").status_code == 403

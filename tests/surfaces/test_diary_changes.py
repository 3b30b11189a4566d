"""Own appointments and weekly hours on the screen: who may, who reads what, impact first."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from prepazka.booking.models import Busy
from prepazka.offices.models import Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console import diary as diaries
from prepazka.surfaces.console import (
    disruption_pages,
    private_appointment_pages,
    weekly_hours_pages,
)
from tests import officials, town
from tests.surfaces.test_diary import MINE, OTHER, booked, text

pytestmark = pytest.mark.django_db
OWN = {"title": "zubař", "from_date": "2026-11-23", "opens": "8:00", "closes": "8:30"}
WEEK = {"first": "2026-11-30", "last": "", "day0": "9:00–10:00, 11–12", "day2": "13.15-14.00"}


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (diaries, private_appointment_pages, weekly_hours_pages):
        monkeypatch.setattr(module, "now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


@pytest.fixture
def official(lhota: OfficeSnapshot, client: Client) -> Client:
    user = town.clerk(lhota)
    Official.objects.filter(code="novakova").update(user=user)
    lhota.row.version += 1
    lhota.row.save()
    client.force_login(user)
    return client


@pytest.fixture
def head(lhota: OfficeSnapshot) -> Client:
    client = Client()
    client.force_login(town.clerk(lhota, "vedouci", "administrator"))
    return client


@pytest.mark.real_time
def test_only_the_official_reads_what_it_is_for(official: Client, head: Client) -> None:
    assert official.post(f"{MINE}cas/", OWN).status_code == 302
    day = f"{MINE}?den=2026-11-23"
    assert "8:00–8:30 – zubař obsazeno" in text(official.get(day))
    assert "8:00–8:30 – – obsazeno" in text(head.get(day))
    row = Busy.objects.get()
    for client, address in ((head, MINE), (official, OTHER)):
        assert client.get(f"{address}cas/").status_code == 403
        assert client.post(f"{address}cas/", OWN).status_code == 403
        assert client.get(f"{address}cas/{row.pk}/").status_code == 403
        assert client.post(f"{address}cas/{row.pk}/smazat/").status_code == 403
    assert "zubař" not in text(official.get("/lhota/urednik/novakova/"))


def test_change_and_delete(official: Client) -> None:
    official.post(f"{MINE}cas/", OWN | {"until": "2026-12-07"})
    first, second, third = Busy.objects.order_by("starts_at")
    page = official.get(f"{MINE}cas/{second.pk}/").content.decode()
    assert 'value="zubař"' in page
    assert 'value="08:00"' in page
    assert 'value="2026-11-30"' in page
    official.post(f"{MINE}cas/{second.pk}/", OWN | {"from_date": "2026-12-01"})
    second.refresh_from_db()
    assert second.starts_at == town.at("8:00", date(2026, 12, 1))
    official.post(f"{MINE}cas/{second.pk}/smazat/", {"later": "1"})
    assert list(Busy.objects.all()) == [first]
    assert official.get(f"{MINE}cas/{third.pk}/").status_code == 404


def test_who_is_booked_comes_first_and_the_clash_is_shown(
    official: Client, lhota: OfficeSnapshot
) -> None:
    booked(lhota, "8:15")
    answer = official.post(f"{MINE}cas/", OWN)
    assert answer.status_code == 409
    assert "Karel Vomáčka" in text(answer)
    assert not Busy.objects.exists()
    done = official.post(f"{MINE}cas/", OWN | {"sure": "1"}, follow=True)
    assert "v obsazeném čase" in text(done)


def test_the_people_can_be_given_other_slots_first(
    official: Client, lhota: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disruption_pages, "now", lambda: town.FRIDAY_BEFORE)
    booking = booked(lhota, "8:00")
    page = official.post(f"{MINE}cas/", OWN).content.decode()
    asked = dict(
        re.findall(
            r'name="(what|kind|from_date|opens|closes)" value="([^"]*)">',
            page[page.index("vypadek") :],
        )
    )
    assert asked == {
        "what": "official:novakova",
        "kind": "closed",
        "from_date": "2026-11-23",
        "opens": "08:00",
        "closes": "08:30",
    }
    proposals = official.post("/pult/lhota/vypadek/", asked)
    assert "Zatím se nic nezměnilo" in text(proposals)
    assert booking.name in text(proposals)
    seen = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', proposals.content.decode())
    )
    official.post("/pult/lhota/vypadek/", seen | {"apply": "all"})
    booking.refresh_from_db()
    assert booking.state == "displaced"
    assert official.post(f"{MINE}cas/", OWN).status_code == 302, "nobody is in the way now"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"closes": "8:00"}, "Konec není po začátku"),
        ({"opens": "dvě"}, "Zadejte platný čas"),
        ({"to_date": "2027-02-23"}, "nejvýše měsíc"),
        ({"until": "2026-11-01"}, "Poslední den je před prvním"),
        ({"until": "2029-11-01"}, "nejvýše rok"),
        ({"to_date": "2026-12-01", "until": "2026-12-24"}, "týden nebo déle"),
        ({"from_date": "2026-11-16"}, "nesmí už být pryč"),
    ],
)
def test_wrong_appointments(official: Client, said: dict[str, str], answer: str) -> None:
    assert answer in text(official.post(f"{MINE}cas/", OWN | said))
    assert not Busy.objects.exists()


def test_the_week_by_keyboard(official: Client, lhota: OfficeSnapshot) -> None:
    page = official.get(f"{MINE}tyden/").content.decode()
    assert 'value="8:00–10:00, 17:00–19:00"' in page
    assert official.post(f"{MINE}tyden/", WEEK, follow=True).status_code == 200
    seen = text(official.get(f"{MINE}?tyden&den=2026-11-30"))
    assert "9:00–10:00, 11:00–12:00" in seen
    assert "13:15–14:00" in seen
    assert "pondělí 30. listopadu" in text(official.get(f"{MINE}tyden/"))
    assert official.get(f"{OTHER}tyden/").status_code == 403


def test_the_week_shows_its_impact_first(official: Client, lhota: OfficeSnapshot) -> None:
    booked(lhota, "8:15")
    wanted = WEEK | {"first": "2026-11-23"}
    answer = official.post(f"{MINE}tyden/", wanted)
    assert answer.status_code == 409
    # 8:00-10:00 become 9:00-10:00: proposals are for what is lost, not for what stays.
    assert "pondělí 23. listopadu 2026 Návrhy pro 8:00–9:00" in text(answer)
    assert "17:00–19:00" not in text(answer), "nobody is booked in the evening"
    done = official.post(f"{MINE}tyden/", wanted | {"sure": "1"}, follow=True)
    assert "Mimo hodiny je teď objednaný 1 člověk" in text(done)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"day0": "8-7"}, "Napište časy"),
        ({"day0": "8:00–9:00, 8:30–10:00"}, "Napište časy"),
        ({"day0": "8:75-9"}, "Napište časy"),
        ({"day0": "od osmi"}, "Napište časy"),
        ({"first": "2026-11-19"}, "Minulost změnit nejde"),
        ({"last": "2026-11-29"}, "Poslední den je před prvním"),
        ({"day0": "", "day2": ""}, "aspoň jednoho dne"),
    ],
)
def test_wrong_weeks(official: Client, said: dict[str, str], answer: str) -> None:
    assert answer in text(official.post(f"{MINE}tyden/", WEEK | said))

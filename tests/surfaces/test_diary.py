"""The diary on the screen: who sees it, the day, the week, and changes with their impact."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking
from prepazka.core.contact import Contact
from prepazka.offices.models import HoursException, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console import desk, desk_booking_pages, disruption_pages
from prepazka.surfaces.console import diary as diaries
from tests import officials, town

pytestmark = pytest.mark.django_db
ALL, MINE, OTHER = "/pult/lhota/diar/", "/pult/lhota/diar/novakova/", "/pult/lhota/diar/dvorak/"
ABSENCE = {
    "kind": "closed",
    "from_date": "2026-11-23",
    "to_date": "",
    "opens": "8:00",
    "closes": "9:30",
    "reason": "lékař",
}


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (desk, desk_booking_pages, diaries, disruption_pages):
        monkeypatch.setattr(module, "now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


@pytest.fixture
def official(lhota: OfficeSnapshot, client: Client) -> Client:
    """The browser of Jana Nováková, who is a clerk otherwise."""
    user = town.clerk(lhota)
    Official.objects.filter(code="novakova").update(user=user)
    lhota.row.version += 1
    lhota.row.save()
    client.force_login(user)
    return client


def booked(where: OfficeSnapshot, clock: str = "9:00") -> Booking:
    held = officials.hold(where, clock, "novakova")
    return booking_lifecycle.request_confirmation(
        booking=held.pk,
        contact=Contact(name="Karel Vomáčka", email=f"karel{clock[0]}@example.cz"),
        now=town.FRIDAY_BEFORE,
    )


def text(answer: Any) -> str:
    said = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said)).replace("\xa0", " ")


@pytest.mark.real_time  # the page of the counters
def test_ones_own_diary_and_no_other(official: Client, lhota: OfficeSnapshot) -> None:
    assert official.get(ALL)["Location"] == MINE
    assert official.get(OTHER).status_code == 403
    assert official.post(f"{OTHER}zmena/", ABSENCE).status_code == 403
    assert official.get("/pult/lhota/diar/nikdo/").status_code == 404
    assert f'href="{ALL}"' in official.get("/pult/lhota/").content.decode()


def test_the_operator_sees_all_and_changes_none(lhota: OfficeSnapshot, client: Client) -> None:
    client.force_login(town.clerk(lhota, role="operator"))
    assert "Petr Dvořák" in text(client.get(ALL))
    assert f'href="{ALL}"' in client.get("/pult/lhota/recepce/").content.decode()
    assert client.get(f"{MINE}zmena/").status_code == 403
    booking = booked(lhota)
    assert (
        f"/pult/lhota/recepce/objednavka/{booking.pk}/"
        in client.get(f"{MINE}?den=2026-11-23").content.decode()
    )


def test_the_day_and_the_week(official: Client, lhota: OfficeSnapshot) -> None:
    booked(lhota)
    for address in (f"{MINE}?den=2026-11-23", f"{MINE}?tyden&den=2026-11-26"):
        seen = text(official.get(address))
        assert "8:00–10:00, 17:00–19:00" in seen
        assert "9:00–9:15 Karel Vomáčka Ohlášení stavby" in seen
    assert "Nikdo není objednaný" in text(official.get(MINE))  # today, a Friday


@pytest.mark.real_time
def test_an_absence_shows_its_impact_first(official: Client, lhota: OfficeSnapshot) -> None:
    booked(lhota)
    answer = official.post(f"{MINE}zmena/", ABSENCE)
    assert answer.status_code == 200
    assert "V té době je objednaný 1 člověk" in text(answer)
    assert not HoursException.objects.filter(official__code="novakova").exists()
    said = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()))
    assert (said["what"], said["opens"], said["closes"]) == ("official:novakova", "8:00", "9:30")
    keep = {f"d-{Booking.objects.get().pk}": "keep"}
    done = official.post("/pult/lhota/vypadek/", {**said, "apply": "chosen", **keep}, follow=True)
    assert "Změna je hotová" in text(done)
    assert "zůstává" in text(done)
    seen = text(official.get(f"{MINE}?den=2026-11-23"))
    assert "mimo hodiny" in seen
    assert "lékař" in seen
    absence = HoursException.objects.get(official__code="novakova")
    assert "lékař" not in text(official.get("/lhota/urednik/novakova/"))
    official.post(f"{MINE}zrusit/{absence.pk}/")
    assert not HoursException.objects.filter(official__code="novakova").exists()


def test_of_another_official_nothing_is_taken_back(official: Client, lhota: OfficeSnapshot) -> None:
    other = HoursException.objects.filter(official__code="dvorak")[0]
    official.post(f"{MINE}zrusit/{other.pk}/")
    assert HoursException.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"from_date": ""}, "Uveďte první den."),
        ({"to_date": "2026-11-20"}, "Poslední den je před prvním."),
        ({"to_date": "2029-11-20"}, "Najednou nejvýše rok."),
        ({"closes": "7:00"}, "Konec není po začátku."),
        ({"kind": "extra", "opens": ""}, "Mimořádné hodiny potřebují oba časy."),
        ({"closes": "", "opens": "0:00", "from_date": "x"}, "Chyba"),
    ],
)
def test_what_makes_no_sense_is_said(
    official: Client, lhota: OfficeSnapshot, wrong: dict[str, str], said: str
) -> None:
    answer = official.post(f"{MINE}zmena/", ABSENCE | wrong)
    assert said in text(answer) or "Zadejte" in text(answer)
    assert not HoursException.objects.filter(official__code="novakova").exists()


OVER_DAYS = {
    "kind": "closed",
    "from_date": "2026-11-23",
    "opens": "14:00",
    "to_date": "2026-11-25",
    "closes": "10:00",
    "times": "without_break",
    "reason": "školení",
}


def test_an_absence_over_days_is_one_row(official: Client, lhota: OfficeSnapshot) -> None:
    assert official.post(f"{MINE}zmena/", OVER_DAYS).status_code == 302
    absence = HoursException.objects.get(official__code="novakova")
    assert (absence.begins, absence.ends, absence.opens, absence.closes) == (840, 600, None, None)
    seen = text(official.get(MINE))
    away = "pondělí 23. listopadu 2026 14:00 – středa 25. listopadu 2026 10:00"
    assert f"{away} bez přerušení nepřítomnost školení Zrušit : {away}" in seen
    assert "8:00–10:00 " in text(official.get(f"{MINE}?den=2026-11-23")), "the evening is gone"
    official.post(f"{MINE}zrusit/{absence.pk}/")
    assert not HoursException.objects.filter(official__code="novakova").exists()


def test_its_impact_carries_the_times_on(official: Client, lhota: OfficeSnapshot) -> None:
    booking = officials.hold(lhota, "17:00", "novakova")
    booking_lifecycle.request_confirmation(
        booking=booking.pk,
        contact=Contact(name="Karel", email="karel@example.cz"),
        now=town.FRIDAY_BEFORE,
    )
    answer = official.post(f"{MINE}zmena/", OVER_DAYS)
    assert "23. listopadu 2026 14:00 – středa 25. listopadu 2026 10:00" in text(answer)
    said = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()))
    official.post("/pult/lhota/vypadek/", {**said, "apply": "all"})
    absence = HoursException.objects.get(official__code="novakova")
    assert (absence.begins, absence.ends) == (840, 600)


def test_the_same_hours_on_each_day(official: Client, lhota: OfficeSnapshot) -> None:
    each = OVER_DAYS | {"times": "each_day", "opens": "8:00", "closes": "9:30"}
    assert official.post(f"{MINE}zmena/", each).status_code == 302
    absence = HoursException.objects.get(official__code="novakova")
    assert (absence.begins, absence.opens, absence.closes) == (None, 480, 570)
    assert "8:00–9:30 každý den" in text(official.get(MINE))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"times": "each_day"}, "Konec není po začátku."),
        ({"times": ""}, "Konec není po začátku."),
        ({"to_date": ""}, "Konec není po začátku."),
        ({"closes": "0:00"}, "Půlnoc končí předchozí den"),
        ({"kind": "extra"}, "Konec není po začátku."),
        ({"times": "x"}, "Vyberte platnou možnost"),
        ({"to_date": "", "opens": "", "closes": "0:00"}, "Konec není po začátku."),
    ],
)
def test_times_over_days_that_make_no_sense(
    official: Client, lhota: OfficeSnapshot, wrong: dict[str, str], said: str
) -> None:
    answer = official.post(f"{MINE}zmena/", OVER_DAYS | wrong)
    assert said in text(answer)
    assert not HoursException.objects.filter(official__code="novakova").exists()

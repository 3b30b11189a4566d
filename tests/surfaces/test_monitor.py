"""The public live view: waits in words, all offices, history, frames, and how good it was."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.offices.models import Counter, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters, history, tickets, turns
from prepazka.queueing.models import Accuracy, QuarterHour, Shift, Ticket
from prepazka.reporting.monitor import monitor_of_office
from prepazka.reporting.queues import queue_monitors
from prepazka.surfaces.monitor import views
from tests import rounds, town
from tests.halls import text_of

pytestmark = pytest.mark.django_db
PAGE = "/lhota/nazivo/"


class Clock:
    at = town.at("9:00")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(views, "now", lambda: made.at)
    return made


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


def walk_in(office: OfficeSnapshot, clock: str, code: str = "prepis") -> Ticket:
    return tickets.issue_ticket(
        office=office, service=town.service(office, code), touch=uuid4(), now=town.at(clock)
    )


def at_work(office: OfficeSnapshot) -> int:
    clerk = town.clerk(office).pk
    counters.open_counter(counter=town.counter(office), clerk=clerk, now=town.at("8:00"))
    return clerk


def row(page: str, service: str) -> str:
    return page[page.index(service) : page.index(service) + 160]


def test_it_says_waits_last_calls_and_openings(
    client: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    clerk = at_work(office)
    for _ in range(3):
        walk_in(office, "8:50")
    turns.call_next(office=office, clerk=clerk, now=town.at("8:55"))
    page = text_of(client.get(PAGE))
    assert "Přepis vozidla 1 2 obvykle do" in page
    assert "(odhad orientační) V1 vydávají se" in page
    assert "Cestovní pas 0 0 žádná přepážka není otevřená – vydávají se" in page
    clock.at = town.at("7:40")
    assert "Cestovní pas 0 0 přepážka otevře dnes v 8:00" in text_of(client.get(PAGE))
    clock.at = town.at("17:30")
    assert "Cestovní pas 0 0 přepážka otevře zítra v 8:00" in text_of(client.get(PAGE))


def test_without_a_ticket_ahead_there_is_no_wait(client: Client, office: OfficeSnapshot) -> None:
    at_work(office)
    assert "Přepis vozidla 1 0 bez čekání" in text_of(client.get(PAGE))


def test_all_offices_are_beside_one_another(client: Client, office: OfficeSnapshot) -> None:
    town.office("malhotice")
    at_work(office)
    walk_in(office, "8:50")
    answer = client.get("/nazivo/")
    page = text_of(answer)
    assert "otevřeno 1 1 obvykle do" in page
    assert "Údaje z 9:00" in page
    assert 'href="/malhotice/nazivo/"' in answer.content.decode()


def test_the_frame_has_no_script_and_obeys_the_office(
    client: Client, office: OfficeSnapshot
) -> None:
    answer = client.get(f"{PAGE}ramec/")
    assert "<script" not in answer.content.decode()
    assert "frame-ancestors *" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert not client.cookies
    Office.objects.update(embed_hosts=["www.lhota.example"], version=2)
    answer = client.get(f"{PAGE}ramec/")
    assert "frame-ancestors 'self' www.lhota.example" in answer["Content-Security-Policy"]


def test_quarters_of_an_hour_are_kept_once(
    client: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    at_work(office)
    for _ in range(3):
        walk_in(office, "8:50")
    for minute in (1, 2, 14, 16):
        rounds.keep_history(now=town.at(f"9:{minute:02}"))
    rounds.keep_history(now=town.at("20:00"))  # people still wait
    assert QuarterHour.objects.count() == 3 * 3
    clock.at = town.at("20:05")
    answer = client.get("/lhota/nazivo.csv")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    first: dict[str, Any] = next(r for r in rows if r["service"] == "prepis")
    assert first["at"] == "2026-11-23T09:00+01:00"
    assert (first["waiting"], first["open_counters"], first["tickets"]) == ("3", "1", "1")
    assert 30 <= int(first["wait_to_min"]) <= 120
    assert next(r for r in rows if r["service"] == "pas")["wait_to_min"] == ""
    clock.at += timedelta(days=8)
    assert len(client.get("/lhota/nazivo.csv").content.splitlines()) == 1
    assert len(client.get("/lhota/nazivo.csv?dnu=9").content.splitlines()) == 10
    assert client.get("/lhota/nazivo.csv?dnu=²").status_code == 200
    history.delete_old_quarters(now=clock.at + timedelta(days=120))
    assert not QuarterHour.objects.exists()


def test_a_closed_empty_office_has_no_history(office: OfficeSnapshot) -> None:
    rounds.keep_history(now=town.at("20:00"))
    assert not QuarterHour.objects.exists()


def test_queue_monitors_speak_the_common_vocabulary(office: OfficeSnapshot) -> None:
    clerk = at_work(office)
    for _ in range(2):
        walk_in(office, "8:50")
    turns.call_next(office=office, clerk=clerk, now=town.at("8:55"))
    told = {one["serviceId"]: one for one in queue_monitors(office, now=town.at("9:00"))}
    assert told["prepis"] == {
        "id": "urn:ngsi-ld:QueueMonitor:lhota:prepis",
        "type": "QueueMonitor",
        "officeName": "Městský úřad Lhota",
        "serviceName": "Přepis vozidla",
        "serviceId": "prepis",
        "serviceStatus": "Open",
        "queueLine": "V",
        "lastTicketIssuedLabel": "V2",
        "lastTicketIssued": 2,
        "ticketServedLabel": "V1",
        "ticketServed": 1,
        "ticketsToServe": 1,
        "dateModified": "2026-11-23T09:00:00+01:00",
    }
    assert told["pas"]["serviceStatus"] == "Suspended"
    late = queue_monitors(office, now=town.at("20:00"))
    assert {one["serviceStatus"] for one in late if one["serviceId"] == "pas"} == {"Closed"}


def visits(
    office: OfficeSnapshot, day: datetime, waits: Sequence[float], said: tuple[float, ...]
) -> None:
    p20, p50, p80 = said
    for minutes in waits:
        made = walk_in(office, "9:00")
        Ticket.objects.filter(pk=made.pk).update(
            date=day.date(),
            number=1000 + made.pk,
            issued_at=day,
            called_at=day + timedelta(minutes=minutes),
            state="finished",
            p20=p20,
            p50=p50,
            p80=p80,
        )


def test_the_estimate_is_measured_against_what_happened(
    client: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    yesterday = town.at("9:00") - timedelta(days=1)
    # Told: 10 to 20 minutes, the median 15. Twenty-four inside, of the others four too late.
    visits(office, yesterday, [15] * 20 + [20] * 4 + [5] * 2 + [35] * 4, (10, 15, 20))
    for _ in range(2):
        rounds.learn(now=town.at("3:17"))
    kept = Accuracy.objects.get()
    assert (kept.tickets, kept.inside, kept.held) == (30, 24, 26)
    assert kept.error_min == pytest.approx(20 * 0 + 4 * 5 + 2 * 10 + 4 * 20)
    score = history.estimate_scores(office, now=clock.at).whole
    assert score
    assert score.error == pytest.approx(4)
    assert "průměrně o 4 min." in text_of(client.get(PAGE))
    page = text_of(client.get(PAGE))
    assert "Za poslední týden jsme se v 80 % případů vešli do uvedeného rozmezí" in page
    clock.at += timedelta(days=8)
    assert "Za poslední týden" not in text_of(client.get(PAGE))


def test_few_tickets_prove_nothing(client: Client, office: OfficeSnapshot) -> None:
    visits(office, town.at("9:00") - timedelta(days=1), [15] * 29, (10, 15, 20))
    rounds.learn(now=town.at("3:17"))
    assert "Za poslední týden" not in text_of(client.get(PAGE))


def test_a_forgotten_counter_opens_nothing_once_the_office_is_closed(
    client: Client, office: OfficeSnapshot, clock: Clock
) -> None:
    at_work(office)
    clock.at = town.at("17:10")
    assert "Úřad má teď zavřeno" in text_of(client.get(PAGE))
    said = monitor_of_office(office, now=clock.at)
    assert (said["open"], said["open_counters"]) == (False, 0)
    assert {one["open_counters"] for one in said["services"]} == {0}
    assert {one["wait_min"] for one in said["services"]} == {None}
    states = {one["serviceStatus"] for one in queue_monitors(office, now=clock.at)}
    assert states == {"Closed"}


def test_it_lists_which_counters_are_open_by_number_and_place(
    client: Client, office: OfficeSnapshot
) -> None:
    Counter.objects.filter(number="1").update(place={"cs": "přízemí vlevo", "en": "ground floor"})
    Office.objects.update(version=office.row.version + 1)
    page = text_of(client.get(PAGE))
    assert "Teď není otevřená žádná přepážka. Nikdo nečeká." in page
    assert "Otevřené přepážky:" not in page
    clerk = at_work(snapshot_by_slug("lhota"))
    assert "Otevřené přepážky: 1 (přízemí vlevo)." in text_of(client.get(PAGE))
    [counter] = monitor_of_office(snapshot_by_slug("lhota"), now=town.at("9:00"))["counters"]
    assert counter == {
        "number": "1",
        "place": {"cs": "přízemí vlevo", "en": "ground floor"},
        "services": ["prepis", "znacky"],
    }
    shift = Shift.objects.get(clerk=clerk)
    counters.pause_counter(shift=shift, now=town.at("9:00"))
    assert "Otevřené přepážky:" not in text_of(client.get(PAGE))

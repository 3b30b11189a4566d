"""Walk-in tickets stop when the day is full by the estimate, and the head has the last word."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from prepazka.journal.models import Event
from prepazka.offices.models import Office, TicketsRule
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters, tickets, walk_in_stops
from prepazka.queueing.models import Ticket
from prepazka.queueing.refusals import NoTicketsNow
from prepazka.reporting.monitor import monitor_of_office
from tests import rounds, town

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> OfficeSnapshot:
    made = town.office()
    clerk = town.clerk(made).pk
    counters.open_counter(counter=town.counter(made), clerk=clerk, now=town.at("8:00"))
    return made


def again() -> OfficeSnapshot:
    return snapshot_by_slug("lhota")


def walk_in(clock: str, code: str = "prepis") -> Ticket:
    office = again()
    return tickets.issue_ticket(
        office=office, service=town.service(office, code), touch=uuid4(), now=town.at(clock)
    )


def rule(code: str = "prepis") -> str:
    return town.service(again(), code).tickets_today(town.MONDAY)


def test_a_full_day_stops_the_tickets_of_what_is_full(office: OfficeSnapshot) -> None:
    for _ in range(2):
        walk_in("15:30")
    rounds.stop_tickets(now=town.at("15:31"))
    assert rule() == "", "two transfers and another fit into ninety minutes"
    for _ in range(4):
        walk_in("15:32")
    rounds.stop_tickets(now=town.at("15:33"))
    assert rule() == TicketsRule.FULL
    assert rule("pas") == "", "nobody at a counter serves it, so there is no estimate"
    with pytest.raises(NoTicketsNow):
        walk_in("15:34")
    told = {s["code"]: s for s in monitor_of_office(again(), now=town.at("15:34"))["services"]}
    assert not told["prepis"]["tickets"]
    assert told["prepis"]["tickets_ended"]
    assert not told["pas"]["tickets_ended"]
    stopped = Event.objects.filter(kind="TicketsStopped")
    assert {e.data["by"] for e in stopped} == {"estimate"}
    rounds.stop_tickets(now=town.at("15:35"))
    assert stopped.count() == Event.objects.filter(kind="TicketsStopped").count()


def test_overtime_is_the_offices_choice(office: OfficeSnapshot) -> None:
    for _ in range(7):
        walk_in("15:32")
    Office.objects.update(overtime_min=None, version=2)
    rounds.stop_tickets(now=town.at("15:33"))
    assert rule() == ""
    Office.objects.update(overtime_min=240, version=3)
    rounds.stop_tickets(now=town.at("15:33"))
    assert rule() == ""
    Office.objects.update(overtime_min=0, version=4)
    rounds.stop_tickets(now=town.at("15:33"))
    assert rule() == TicketsRule.FULL


def test_tickets_go_on_when_there_is_room_again_with_some_to_spare(office: OfficeSnapshot) -> None:
    service, now = town.service(office), town.at("16:00")
    walk_in_stops.stop_by_estimate(office=office, service=service, served_in=61, now=now)
    assert rule() == TicketsRule.FULL
    for served_in, then in ((50, TicketsRule.FULL), (44, "")):
        walk_in_stops.stop_by_estimate(
            office=again(), service=town.service(again()), served_in=served_in, now=now
        )
        assert rule() == then
    assert [e.kind for e in Event.objects.filter(kind__startswith="Tickets").order_by("id")] == [
        "TicketsStopped",
        "TicketsOpened",
    ]


def test_the_head_has_the_last_word(office: OfficeSnapshot) -> None:
    service, head, now = town.service(office), town.clerk(office, "hlava", "head").pk, "16:00"
    walk_in_stops.stop_tickets(office=office, service=service, now=town.at(now))
    walk_in_stops.open_tickets(office=office, service=service, now=town.at(now), actor=head)
    walk_in_stops.stop_by_estimate(
        office=again(), service=town.service(again()), served_in=500, now=town.at(now)
    )
    assert rule() == TicketsRule.OPEN
    walk_in(now)
    walk_in_stops.stop_tickets(office=again(), service=service, now=town.at(now), actor=head)
    walk_in_stops.open_tickets(office=again(), service=service, now=town.at(now))
    assert rule() == TicketsRule.STOPPED, "the estimate does not undo what the head pressed"
    last = Event.objects.filter(kind="TicketsStopped").latest("id")
    assert (last.actor, last.data) == (head, {"service": service.pk, "by": "head"})


def test_what_is_open_by_the_head_still_ends_by_the_clock(office: OfficeSnapshot) -> None:
    head = town.clerk(office, "hlava", "head").pk
    walk_in_stops.open_tickets(
        office=office, service=town.service(office), now=town.at("16:00"), actor=head
    )
    with pytest.raises(NoTicketsNow):
        walk_in("17:00")


def test_tomorrow_is_another_day(office: OfficeSnapshot) -> None:
    walk_in_stops.stop_tickets(office=office, service=town.service(office), now=town.at("16:00"))
    office, tuesday = again(), town.MONDAY + timedelta(days=1)
    assert tickets.issues_tickets(office, town.service(office), town.at("9:00", tuesday))
    assert not tickets.tickets_ended(office, town.service(office), town.at("9:00", tuesday))

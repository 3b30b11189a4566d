"""Leases and logs under haste: no block twice, nobody on two lists, a log merged once."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError

from prepazka.journal.models import Event
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import snapshot_of
from prepazka.queueing import counters, offline_grants, offline_logs, tickets
from prepazka.queueing.models import CallLease, NumberLease, NumberSeries, Ticket
from tests import town
from tests.cutoff import Console, Kiosk
from tests.races.together import is_refused, meet_after, meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
NINE = town.at("9:00")


def kiosks(office, many: int) -> list[Device]:
    return [
        Device.objects.create(office=office.row, code=f"k{n}", kind="kiosk", name={"cs": "x"})
        for n in range(many)
    ]


def lease(office, device: Device):
    return offline_grants.lease_numbers(office=office, device=device, browser=uuid4().hex, now=NINE)


def test_eight_kiosks_get_blocks_apart() -> None:
    office = town.office()
    found = kiosks(office, 8)
    answers = together(8, lambda n: lease(office, found[n]))
    assert not [a for a in answers if isinstance(a, Exception)]
    firsts = NumberLease.objects.filter(letter="V").values_list("first", flat=True)
    assert sorted(firsts) == list(range(500, 1300, 100))


def test_control_without_the_locks_the_constraint_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    office = town.office()
    first, *others = kiosks(office, 5)
    lease(office, first)  # makes the series, whose rows the others would wait for in the database

    def unlocked(office: int, day: date, letter: str) -> NumberSeries:
        return NumberSeries.objects.get(office_id=office, date=day, letter=letter)

    monkeypatch.setattr(offline_grants, "lock_queue", lambda _: None)
    monkeypatch.setattr(offline_grants, "lock_number_series", unlocked)
    monkeypatch.setattr(offline_grants, "_next_block", meet_after(4, offline_grants._next_block))
    answers = together(4, lambda n: lease(office, others[n]))
    assert sum(map(is_refused, answers)) == 3, answers
    blocks = NumberLease.objects.filter(letter="V").values_list("first", flat=True)
    assert sorted(blocks) == [500, 600]


def hall_of_two() -> tuple[object, list[Console]]:
    office = town.office()
    consoles = [Console(office, number, NINE) for number in ("1", "2")]
    for _ in range(12):
        tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=NINE)
    return office, consoles


def test_consoles_that_renew_at_once_share_no_ticket() -> None:
    _, consoles = hall_of_two()
    answers = together(2, lambda n: consoles[n].renew(NINE + timedelta(seconds=1)))
    assert not [a for a in answers if isinstance(a, Exception)]
    lists = [set(one.labels) for one in consoles]
    assert not lists[0] & lists[1]
    assert CallLease.objects.count() == 12


def test_control_without_the_lock_both_want_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    _, consoles = hall_of_two()
    CallLease.objects.all().delete()
    monkeypatch.setattr(offline_grants, "lock_queue", lambda _: None)
    monkeypatch.setattr(offline_grants, "dealt_to", lambda *a: set(a[1]))  # all that wait
    monkeypatch.setattr(offline_grants, "_write_list", meet_before(2, offline_grants._write_list))
    answers = together(2, lambda n: consoles[n].renew(NINE + timedelta(seconds=1)))
    assert sum(isinstance(a, IntegrityError) for a in answers) == 1


def test_one_log_sent_four_times_at_once_is_merged_once() -> None:
    office = town.office()
    kiosk = Kiosk(office, NINE)
    for n in range(5):
        kiosk.gives(NINE + timedelta(minutes=n))
    answers = together(4, lambda _: kiosk.merge(town.at("10:00")))
    assert answers == [5] * 4
    assert Ticket.objects.count() == 5
    assert Event.objects.filter(kind="TicketIssued").count() == 5


def test_control_without_the_locks_a_log_collides(monkeypatch: pytest.MonkeyPatch) -> None:
    office = town.office()
    kiosk = Kiosk(office, NINE)
    kiosk.gives(NINE)
    monkeypatch.setattr(offline_logs, "lock_queue", lambda _: None)
    monkeypatch.setattr(offline_logs, "lock_days", lambda *_: None)
    monkeypatch.setattr(offline_logs, "_store_new", meet_before(4, offline_logs._store_new))
    answers = together(4, lambda _: kiosk.merge(town.at("10:00")))
    assert any(isinstance(a, IntegrityError) for a in answers)
    assert Ticket.objects.count() == 1


def test_logs_of_two_kiosks_and_two_counters_at_once() -> None:
    office, consoles = hall_of_two()
    two = [Kiosk(snapshot_of(office.row), NINE) for _ in range(2)]  # type: ignore[attr-defined]
    for n, kiosk in enumerate(two):
        for minute in range(3):
            kiosk.gives(NINE + timedelta(minutes=minute + n))
    for n, console in enumerate(consoles):
        console.renew(NINE)
        for minute, label in enumerate([*console.labels[:2], f"V{500 + 100 * n}"]):
            console.does("call", label, NINE + timedelta(minutes=minute + 5))
    logs = [*two, *consoles]
    answers = together(4, lambda n: logs[n].merge(town.at("10:00")))
    assert sorted(answers) == [3, 3, 3, 3]  # type: ignore[type-var]
    assert Ticket.objects.filter(number__gte=500).count() == 6
    assert set(Ticket.objects.filter(state="called").values_list("number", flat=True)) == {500, 600}
    assert Ticket.objects.filter(state="finished").count() == 4


def alone() -> Console:
    """One open counter, and one person who waits on nobody's list."""
    office = town.office()
    console = Console(office, "1", NINE)
    tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=NINE)
    return console


def gives_back(console: Console, how: str) -> None:
    if how == "break":
        counters.pause_counter(shift=console.shift, now=NINE)
    elif how == "page":
        offline_grants.release_list_of_page(
            office=console.office, shift=console.shift, page=console.page
        )
    else:
        offline_grants.release_list_of_clerk(clerk=console.clerk, page=console.page)


@pytest.mark.parametrize("how", ["break", "page", "log-out"])
def test_a_renewal_under_way_holds_nobody_after_the_list_was_given_back(how: str) -> None:
    console = alone()
    answers = together(2, lambda n: gives_back(console, how) if n else console.renew(NINE))
    assert not [a for a in answers if isinstance(a, Exception)]
    assert CallLease.objects.count() == 0


def test_control_without_the_lock_the_renewal_holds_somebody_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A break that begins between look and write. Farewells write the grant's row, a second lock."""
    console = alone()
    monkeypatch.setattr(offline_grants, "lock_queue", lambda _: None)
    monkeypatch.setattr(counters, "lock_queue", lambda _: None)
    looked, paused = threading.Event(), threading.Event()
    deal = offline_grants.dealt_to

    def deals(*args: Any) -> set[int]:
        looked.set()
        paused.wait(30)
        return deal(*args)

    def takes_a_break() -> None:
        looked.wait(30)
        gives_back(console, "break")
        paused.set()

    monkeypatch.setattr(offline_grants, "dealt_to", deals)
    together(2, lambda n: takes_a_break() if n else console.renew(NINE))
    assert CallLease.objects.count() == 1


def test_the_farewell_of_the_page_before_never_drops_the_list_of_the_next() -> None:
    console = alone()
    console.renew(NINE)
    for _ in range(6):
        before, console.page = console.page, uuid4().hex

        def one(n: int, before: str = before) -> object:
            if n:
                return offline_grants.release_list_of_page(
                    office=console.office, shift=console.shift, page=before
                )
            return console.renew(NINE)

        answers = together(2, one)
        assert not [a for a in answers if isinstance(a, Exception)]
        assert (console.labels, CallLease.objects.count()) == (["V1"], 1)

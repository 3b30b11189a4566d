"""Nobody waits while a suitable counter calls a later comer, except with a stored true reason.

Whole days of presses, breaks, silences, returns and merges through the use-cases, with the leases
in the database and each counter on a connection of its own. The test keeps its own book of what
each browser did, from which alone it knows who may have been passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import MagicMock
from uuid import uuid4

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prepazka.core import discipline
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, offline_grants, offline_leases, sql, tickets, turns
from prepazka.queueing.models import (
    CallLease,
    OfflineEvent,
    OfflineGrant,
    Shift,
    Ticket,
    TicketState,
)
from prepazka.queueing.refusals import NobodyWaiting
from tests import town
from tests.cutoff import Console

pytestmark = pytest.mark.django_db(transaction=True)
START = town.at("8:00")
HEARD, SILENT = timedelta(seconds=15), timedelta(seconds=60)  # as docs/offline.md promises
SERVES = {"1": {"prepis", "znacky"}, "2": {"prepis", "znacky", "pas"}}
STEPS = (
    *("issue", "issue", "call", "call", "call", "both", "hush", "hush", "wake"),
    *("break", "leave", "out", "alone", "alone", "pass", "pass", "pass"),
)


@dataclass
class Book:
    """What one counter's browser is known to have done."""

    console: Console
    heard: datetime
    silent: bool = False
    holds: bool = True  # no break, no farewell, no log-out since it was last heard
    alone: list[str] = field(default_factory=list)  # called without the server

    def may_hold(self, ticket: Ticket, now: datetime) -> bool:
        """Whether others had to pass the ticket over at `now`."""
        quiet = now - self.heard
        return self.holds and HEARD < quiet < SILENT and ticket.label in self.console.labels


class Day:
    """Two counters, each with a thread and so a connection of its own."""

    def __init__(self, office: OfficeSnapshot, threads: list[ThreadPoolExecutor]) -> None:
        self.office, self.threads, self.now = office, threads, START
        self.books = [Book(Console(office, n, START, f"clerk{n}"), START) for n in "12"]

    def on(self, which: int, do: Callable[..., Any], *args: Any) -> Any:
        return self.threads[which].submit(do, *args).result(30)

    def passes(self, seconds: int) -> None:
        """Time goes on; a live page renews often enough to be heard."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=10))
            for which, book in enumerate(self.books):
                if not book.silent:
                    self.renews(which)

    def renews(self, which: int) -> None:
        book = self.books[which]
        self.on(which, book.console.renew, self.now)
        book.heard = self.now
        book.holds = not Shift.objects.get(pk=book.console.shift.pk).paused_at

    def issue(self, code: str) -> None:
        tickets.issue_ticket(
            office=self.office, service=town.service(self.office, code), touch=uuid4(), now=self.now
        )

    def call(self, which: int) -> Callable[[], None]:
        """A call at the counter, whose client leaves at once; it is checked by what was seen then."""
        clerk, now = self.books[which].console.clerk, self.now

        def press() -> Ticket | None:
            try:
                return turns.call_next(office=self.office, clerk=clerk, now=now)
            except NobodyWaiting:
                return None

        def done() -> None:
            called = pressed.result(30)
            self.check(which, called)
            if called:
                self.on(
                    which, lambda: turns.finish_service(office=self.office, clerk=clerk, now=now)
                )

        pressed = self.threads[which].submit(press)
        return done

    def check(self, which: int, called: Ticket | None) -> None:
        """Of those who wait now and were earlier, each was held; and the reason counts them."""
        number = "12"[which]
        policy, now = turns.policy_of(self.office), self.now
        mine = (
            called and discipline.turn_of_ticket(turns.waiting_of_ticket(called), policy, now).key
        )
        waiting = Ticket.objects.filter(state=TicketState.WAITING).select_related("service")
        passed = [
            ticket
            for ticket in waiting
            if ticket.service.code in SERVES[number]
            and (
                not mine
                or discipline.turn_of_ticket(turns.waiting_of_ticket(ticket), policy, now).key
                < mine
            )
        ]
        other = self.books[1 - which]
        for ticket in passed:
            assert other.may_hold(ticket, now), f"{ticket} waits, counter {number} called {called}"
        if called:
            told = discipline.Reason.from_payload(called.reason).params
            expected = {"held": len(passed), "held_since": other.heard} if passed else {}
            if passed:
                expected["held_counter"] = other.console.shift.counter_id
            assert {k: v for k, v in told.items() if k.startswith("held")} == expected

    def do(self, step: str, which: int, code: str, seconds: int) -> None:  # noqa: C901  # a step each
        book = self.books[which]
        shift = Shift.objects.get(pk=book.console.shift.pk)
        if step == "issue":
            self.issue(code)
        elif step in {"call", "both"} and not book.silent and not shift.paused_at:
            both = step == "both" and not self.books[1 - which].silent
            both = both and not Shift.objects.filter(paused_at__isnull=False).exists()
            for done in [self.call(n) for n in ((which, 1 - which) if both else (which,))]:
                done()
        elif step == "hush":
            book.silent = True
        elif step == "wake" and book.silent:
            book.silent = False
            if book.alone:
                self.on(which, book.console.merge, self.now)
                book.alone.clear()
            self.renews(which)
        elif step == "break" and not book.silent:
            pause = counters.resume_counter if shift.paused_at else counters.pause_counter
            self.on(which, lambda: pause(shift=shift, now=self.now))
            self.renews(which)
        elif step == "leave" and not book.silent:
            page = book.console.page
            self.on(
                which,
                lambda: offline_grants.release_list_of_page(
                    office=self.office, shift=shift, page=page
                ),
            )
            book.console.page, book.holds, book.silent = uuid4().hex, False, True
        elif step == "out" and not book.silent:
            self.on(which, lambda: offline_grants.release_list_of_clerk(clerk=book.console.clerk))
            book.holds, book.silent = False, True
        elif step == "alone" and book.silent and book.holds:
            free = [label for label in book.console.labels if label not in book.alone]
            for kind in ("call", "finish") if free else ():
                book.console.does(kind, free[0], self.now)
            book.alone.extend(free[:1])
        elif step == "pass":
            self.passes(seconds)
        self.now += timedelta(seconds=1)


@pytest.fixture
def threads() -> Iterator[list[ThreadPoolExecutor]]:
    """One thread a counter; each closes its connection at the end."""
    made = [ThreadPoolExecutor(1) for _ in "12"]
    yield made
    for thread in made:
        thread.submit(connections.close_all).result(30)
        thread.shutdown()


def empty() -> None:
    """A new day: nothing of the last one but the office and its people."""
    for model in (OfflineEvent, CallLease, OfflineGrant, Shift, Ticket, Event):
        model.objects.all().delete()


def test_nobody_is_passed_over_without_a_true_reason(
    threads: list[ThreadPoolExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = town.office()
    people = {name: town.clerk(office, name) for name in ("clerk1", "clerk2")}
    monkeypatch.setattr(town, "clerk", lambda _, name: people[name])
    told, days = 0, 0

    @settings(
        max_examples=60,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(STEPS),
                st.integers(0, 1),
                st.sampled_from(["prepis", "prepis", "pas"]),
                st.sampled_from([5, 20, 20, 20, 40, 70]),
            ),
            min_size=10,
            max_size=24,
        )
    )
    def days_of(steps: list[tuple[str, int, str, int]]) -> None:
        nonlocal told, days
        empty()
        day = Day(office, threads)
        for code in ("prepis", "pas", "prepis", "prepis"):
            day.issue(code)
        day.passes(10)
        for step in steps:
            day.do(*step)
        for which, book in enumerate(day.books):  # and in the end all come back
            day.do("wake", which, "", 0)
            assert not book.silent
        days += 1
        told += Ticket.objects.filter(reason__params__has_key="held").count()

    days_of()
    assert days >= 60
    assert told, "no day had anybody passed over: this shows nothing"


def lunch(office: OfficeSnapshot, threads: list[ThreadPoolExecutor], step: str) -> None:
    """Counter 1 has everybody on its list and falls silent; a later comer, and counter 2 calls."""
    people = {name: town.clerk(office, name) for name in ("clerk1", "clerk2")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(town, "clerk", lambda _, name: people[name])
        day = Day(office, threads)
    day.do("break", 1, "", 0)
    for _ in range(3):
        day.issue("prepis")
    day.passes(10)
    day.do(step, 0, "", 0)
    day.books[0].silent = True
    day.do("break", 1, "", 0)
    day.passes(70 if step == "hush" else 20)
    day.issue("prepis")
    day.do("call", 1, "", 0)


@pytest.mark.parametrize("step", ["hush", "break"])
def test_after_a_lunch_the_first_who_came_is_called(
    threads: list[ThreadPoolExecutor], step: str
) -> None:
    lunch(town.office(), threads, step)
    assert Ticket.objects.get(state=TicketState.FINISHED).label == "V1"


@pytest.mark.parametrize("step", ["hush", "break"])
def test_control_by_the_rule_before_the_later_comer_is_called(
    threads: list[ThreadPoolExecutor], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A console kept its people for ever, in a break too."""
    monkeypatch.setattr(offline_leases, "SILENT_AFTER", timedelta(days=1))
    monkeypatch.setattr(offline_grants, "SILENT_AFTER", timedelta(days=1))
    monkeypatch.setattr(counters, "CallLease", MagicMock())  # a break gives nothing back
    monkeypatch.setattr(offline_grants, "_takes_part", lambda *_: True)
    for name in ("CALL_CONTEXT", "HELD_ELSEWHERE"):
        statement = getattr(sql, name)
        assert sql.HELD_OFFLINE in statement
        before = sql.HELD_OFFLINE.replace(" AND s.paused_at IS NULL", "")
        monkeypatch.setattr(sql, name, statement.replace(sql.HELD_OFFLINE, before))
    with pytest.raises(AssertionError, match="waits, counter 2 called V4"):
        lunch(town.office(), threads, step)

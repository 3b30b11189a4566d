"""A file that ends a waiting list is loaded while a place is being offered to somebody on it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection

from prepazka.booking import booking_locks, waiting_list, waiting_list_offers
from prepazka.booking.models import Booking, Offer, WaitingListEntry
from prepazka.booking.waiting_list import Wanted
from prepazka.core.contact import Contact
from prepazka.officefile import office_loading
from prepazka.officefile.office_loading import load
from tests import officials, town
from tests.races.together import meeting, together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = town.FRIDAY_BEFORE
WITHOUT = officials.FILE
WITH = WITHOUT.replace("booking: {window: 60 min}", "booking: {window: 60 min, waiting list: yes}")
WAITS_WITHIN = 20.0  # seconds


def somebody_waits() -> WaitingListEntry:
    """An entry on the list, and a free slot that suits it."""
    where = officials.office(WITH)
    entry = waiting_list.join_waiting_list(
        office=where,
        service=town.service(where, "rodny-list"),
        wish=Wanted(town.MONDAY, town.MONDAY),
        contact=Contact(name="Jana", email="jana@example.cz"),
        now=NOW,
    )
    return waiting_list.confirm_entry(entry=entry.pk, now=NOW)


def load_and_offer(office: Any, first: threading.Event | None = None) -> list[Any]:
    """Load the file without the list, and offer freed places; the latter once `first` is set."""

    def act(number: int) -> object:
        if number == 0:
            return load(WITHOUT, now=NOW, accept_conflicts=True)
        if first:
            assert first.wait(WAITS_WITHIN), "the load has not come so far"
        return waiting_list_offers.offer_freed_slots(office=office, now=NOW)

    return together(2, act)


def state() -> tuple[str, int, int]:
    """Of the entry; how many offers are open; how many slots are kept for one."""
    return (
        WaitingListEntry.objects.get().state,
        Offer.objects.filter(state="open").count(),
        Booking.objects.filter(state="held", offer__isnull=False).count(),
    )


def wait_until_somebody_waits_for_a_lock() -> None:
    """Return as soon as another session waits for an advisory lock."""
    deadline = time.monotonic() + WAITS_WITHIN
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    pytest.fail("nobody waits for the list")


def test_an_offer_waits_for_the_load_and_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = somebody_waits()
    looked, end_entries = threading.Event(), waiting_list.end_entries_without_service

    def slowly_end_entries(**values: Any) -> int:
        looked.set()
        wait_until_somebody_waits_for_a_lock()
        return end_entries(**values)

    monkeypatch.setattr(office_loading, "end_entries_without_service", slowly_end_entries)
    answers = load_and_offer(entry.office, first=looked)
    assert answers[1] == 0, answers
    assert state() == ("dropped", 0, 0)


def test_a_load_after_an_offer_takes_it_back() -> None:
    entry = somebody_waits()
    assert waiting_list_offers.offer_freed_slots(office=entry.office, now=NOW) == 1
    assert state() == ("offered", 1, 1)
    load(WITHOUT, now=NOW, accept_conflicts=True)
    assert state() == ("dropped", 0, 0)


@pytest.mark.parametrize("attempt", range(3))
def test_at_once_nothing_is_left_over(attempt: int) -> None:
    answers = load_and_offer(somebody_waits().office)
    assert not any(isinstance(answer, Exception) for answer in answers), answers
    assert state() == ("dropped", 0, 0)


def test_control_without_the_lock_a_place_is_offered_to_nobody_on_the_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = somebody_waits()
    monkeypatch.setattr(office_loading, "lock_list", lambda _: None)
    # Both have looked: the load whose waits end, the offer who is next.
    meet, end_entries, lock_days = (
        meeting(2),
        waiting_list.end_entries_without_service,
        booking_locks.lock_days,
    )

    def end_entries_together(**values: Any) -> int:
        meet()
        return end_entries(**values)

    def met_lock_days(*values: Any) -> None:
        meet()
        lock_days(*values)

    monkeypatch.setattr(office_loading, "end_entries_without_service", end_entries_together)
    monkeypatch.setattr(waiting_list_offers, "lock_days", met_lock_days)
    load_and_offer(entry.office)
    assert state()[1:] == (1, 1), "the office has no such list any more"

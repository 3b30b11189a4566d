"""Logs of browsers that were cut off, sent in parts to the real address."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import NumberLease, OfflineEvent, Ticket
from prepazka.queueing.offline_logs import MOST, Entry
from tests import halls, town
from tests.cutoff import Kiosk

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")
ENTRIES, NUMBERS = 5000, 400


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    halls.stop_clocks(monkeypatch, NINE)
    monkeypatch.setattr("prepazka.surfaces.offline.views.now", lambda: town.at("17:00"))
    return town.office()


def long_log(office: OfficeSnapshot) -> Kiosk:
    """A kiosk after eight hours alone: 400 tickets, and PINs that nobody knew; 2 MB."""
    kiosk = Kiosk(office, NINE)
    NumberLease.objects.filter(letter="V").update(last=500 + NUMBERS - 1)
    for n in range(ENTRIES):
        at = NINE + timedelta(seconds=5 * n)
        if n % (ENTRIES // NUMBERS):
            kiosk.does("pin", "", at, outcome="unknown", raw=n, padding="x" * 240)
        else:
            kiosk.gives(at)
    return kiosk


def sent(kiosk: Kiosk, entries: list[Entry]) -> Any:
    events = [{"seq": one.seq, "body": one.body, "sig": one.sig} for one in entries]
    body = json.dumps({"grant": kiosk.grant.pk, "events": events})
    return Client().post("/offline/log/", body, content_type="application/json")


def test_a_log_of_a_day_comes_in_parts(office: OfficeSnapshot) -> None:
    kiosk = long_log(office)
    assert sum(len(one.body) + len(one.sig) for one in kiosk.log) > 1_900_000
    whole = sent(kiosk, kiosk.log)
    assert whole.status_code == 413, "as one message, it would never come"
    part = whole.json()["part"]
    assert part == {"entries": MOST, "bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    assert not OfflineEvent.objects.exists()
    for first in range(0, ENTRIES, MOST):
        entries = kiosk.log[first : first + MOST]
        last = entries[-1].seq
        assert sent(kiosk, entries).json() == {"merged": last, "part": part}
    again = sent(kiosk, kiosk.log[:10])  # its answer was lost
    assert again.json()["merged"] == ENTRIES
    assert OfflineEvent.objects.count() == ENTRIES
    assert Ticket.objects.count() == NUMBERS


def test_of_a_message_with_too_many_entries_the_first_are_taken(office: OfficeSnapshot) -> None:
    kiosk = Kiosk(office, NINE)
    for n in range(MOST + 5):
        kiosk.does("pin", "", NINE, outcome="unknown", raw=n)
    assert sent(kiosk, kiosk.log).json()["merged"] == MOST
    assert sent(kiosk, kiosk.log[MOST:]).json()["merged"] == MOST + 5


def test_later_parts_change_no_entry_that_is_settled(
    office: OfficeSnapshot, django_assert_max_num_queries: Any
) -> None:
    """Each part folds the whole day; only entries with a new outcome are written."""
    kiosk = Kiosk(office, NINE)
    for n in range(MOST):
        kiosk.does("pin", "", NINE, outcome="unknown", raw=n)
    sent(kiosk, kiosk.log)
    kiosk.does("pin", "", NINE, outcome="unknown", raw=MOST)
    with django_assert_max_num_queries(60) as queries:
        sent(kiosk, kiosk.log[MOST:])
    written = [
        one["sql"] for one in queries if one["sql"].startswith("UPDATE") and "outcome" in one["sql"]
    ]
    assert [one.count(" WHEN ") for one in written] == [3], "one entry, three columns"

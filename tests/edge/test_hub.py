"""News of the journal: at once after a pause, together in a rush."""

from __future__ import annotations

import json
import time

import pytest
from django.db import connection

from prepazka.edge import hub
from prepazka.journal.record import CHANNEL
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests.edge.conftest import Served, until


def tell(office: OfficeSnapshot, topic: str) -> None:
    said = json.dumps({"office": office.office_id, "topics": [topic]})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, said])


def test_in_a_rush_news_wait_for_each_other_and_none_is_lost(
    served: Served, office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "GATHER", 0.5)
    told: list[list[str]] = []
    served.edge.hub.on_change.append(lambda _office, topics: told.append(topics))
    listens = time.monotonic() + 30
    while not told:  # it may listen already, or only soon
        assert time.monotonic() < listens
        tell(office, "first")
        time.sleep(0.05)
    began = time.monotonic()
    topics = {f"t{number}" for number in range(30)}
    for topic in sorted(topics):
        tell(office, topic)
    until("all to be told", lambda: topics <= {one for some in told for one in some})
    took = time.monotonic() - began
    assert len([some for some in told if topics & set(some)]) <= 2 + took / 0.5

"""Two heads who set a quota at once: the second knows what the first has set."""

from __future__ import annotations

from typing import Any

import pytest

from prepazka.journal.models import Event
from prepazka.officefile import office_loading, quota_change
from prepazka.officefile.quota_effect import Quota
from prepazka.offices.models import Agenda, Office
from tests import town
from tests.races.together import meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
WANTED = (2, 3)


def both() -> list[Any]:
    office = Office.objects.get()
    return together(
        2,
        lambda number: quota_change.set_quota(
            office=office,
            agenda="vozidla",
            quota=WANTED[number],
            reason="Dovolené.",
            now=town.at("8:00"),
            actor=None,
        ),
    )


def said() -> list[tuple[int, int]]:
    """What each change says it was before, and after."""
    rows = Event.objects.filter(kind="QuotaSet").order_by("pk")
    return [(one.data["before"], one.data["after"]) for one in rows]


def test_the_second_begins_from_what_the_first_has_set() -> None:
    version = town.office(quota=4).row.version
    assert all(isinstance(one, Quota) for one in both())
    (_, first), (before, last) = said()
    assert {first, last} == set(WANTED)
    assert said()[0][0] == 4
    assert before == first
    assert Agenda.objects.get(code="vozidla").rules.quota == last
    assert Office.objects.get().version == version + 2, "every reader sees both"


def test_control_without_the_lock_one_change_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    version = town.office(quota=4).row.version
    plain = Office.objects.filter
    monkeypatch.setattr(Office.objects, "select_for_update", lambda **_: plain(), raising=False)
    lock = office_loading.lock_coming_days
    monkeypatch.setattr(quota_change, "lock_coming_days", meet_before(2, lock))
    assert all(isinstance(one, Quota) for one in both())
    assert [before for before, _after in said()] == [4, 4], "the second knows nothing of the first"
    assert Office.objects.get().version == version + 1

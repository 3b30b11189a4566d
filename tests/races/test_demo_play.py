"""Two presses of "let people come" at once start one day, whatever web process they reach."""

from __future__ import annotations

import pytest

from prepazka.offices import demo_play
from prepazka.offices.models import DemoPlay, Office
from tests import town
from tests.races.together import meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)


def press(_: int) -> bool:
    return demo_play.request_play(office=Office.objects.get(), speed=60)


@pytest.mark.parametrize("played_before", [False, True])
def test_two_presses_at_once_start_one_day(*, played_before: bool) -> None:
    town.office()
    if played_before:
        DemoPlay.objects.create(pk=1, office=Office.objects.get(), speed=10, state="over")
    answers = together(4, press)
    assert (answers.count(True), answers.count(False)) == (1, 3)


def test_control_without_the_lock_both_would(monkeypatch: pytest.MonkeyPatch) -> None:
    town.office()
    DemoPlay.objects.create(pk=1, office=Office.objects.get(), speed=10, state="over")
    both = meet_before(2, lambda row: row)
    monkeypatch.setattr(demo_play, "_locked", lambda: both(DemoPlay.objects.get()))
    assert together(2, press) == [True, True]

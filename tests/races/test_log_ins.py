"""Many tries of one password at once: no more are looked at than one after another."""

from __future__ import annotations

from typing import Any

import pytest

from prepazka.accounts import attempts
from prepazka.accounts.models import FailedLogIns
from tests import town
from tests.races.together import meet_after, together

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 12
FREE = attempts.BACKOFFS["name-network"].free
GUESSED = attempts.sources_of(username="novakova", network="192.0.2.1")


def guess_at_once() -> list[Any]:
    return together(MANY, lambda _: attempts.begin_attempt(GUESSED, now=town.at("9:00")))


def test_only_the_free_tries_pass() -> None:
    answers = guess_at_once()
    passed = [one for one in answers if isinstance(one, attempts.Attempt)]
    refused = [one for one in answers if isinstance(one, attempts.LogInDelayed)]
    assert (len(passed), len(refused)) == (FREE, MANY - FREE), answers


def test_control_without_the_lock_all_of_them_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    # The rows are there, so that the insert of new ones makes nobody wait for anybody.
    for source in GUESSED:
        FailedLogIns.objects.create(
            kind=source.kind, key=source.key, failures=0, last_at=town.at("8:59")
        )

    def unlocked(source: attempts.Source, now: object) -> FailedLogIns:
        return FailedLogIns.objects.get(kind=source.kind, key=source.key)

    # All have looked at all of their rows before the first of them writes.
    monkeypatch.setattr(attempts, "_lock", unlocked)
    monkeypatch.setattr(attempts, "_look", meet_after(MANY, attempts._look))
    answers = guess_at_once()
    assert all(isinstance(one, attempts.Attempt) for one in answers), answers

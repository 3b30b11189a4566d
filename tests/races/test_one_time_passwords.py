"""Two log-ins by one one-time password at once: one is let in."""

from __future__ import annotations

from datetime import datetime

import pytest

from prepazka.accounts import one_time
from prepazka.accounts.models import User
from tests import town
from tests.races.together import meet_after, together

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 8
NOW = town.at("9:00")


def test_one_of_many_uses_it() -> None:
    user = town.clerk(town.office())
    answers = together(MANY, lambda _: one_time.use_up_password(user.pk, now=NOW))
    assert (answers.count(True), answers.count(False)) == (1, MANY - 1), answers


def test_control_a_look_before_the_write_lets_all_of_them_in() -> None:
    user = town.clerk(town.office())

    def is_unused(pk: int) -> bool:
        return User.objects.filter(pk=pk, one_time_used_at=None).exists()

    look = meet_after(MANY, is_unused)

    def use(pk: int, now: datetime) -> bool:
        if not look(pk):
            return False
        User.objects.filter(pk=pk).update(one_time_used_at=now)
        return True

    assert together(MANY, lambda _: use(user.pk, NOW)) == [True] * MANY

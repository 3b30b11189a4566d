"""The fixture towns appear whole: a worker keeps what it reads of an office's version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_save

from bench import town as measured
from prepazka.offices.models import Office
from tests import town
from tests.faults.always import always_open


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "build",
    [
        town.office,
        lambda: measured.office("lhota", lanes=1),
        lambda: always_open(zone=town.PRAGUE),
    ],
)
def test_an_office_is_not_seen_before_its_services_are(build: Callable[[], Any]) -> None:
    open_transactions = []

    def look(**_: Any) -> None:
        open_transactions.append(connection.in_atomic_block and not connection.get_autocommit())

    post_save.connect(look, sender=Office)
    try:
        build()
    finally:
        post_save.disconnect(look, sender=Office)
    assert open_transactions == [True]

"""A use-case run within the transaction of its request loses its own one, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import pytest
from django.db import connection, transaction

from prepazka.web.idempotency import without_transaction


def doubled(function: Callable[[int], int]) -> Callable[[int], int]:
    @wraps(function)
    def wrapper(number: int) -> int:
        return 2 * function(number)

    return wrapper


@transaction.atomic
@doubled
def savepoints(number: int) -> int:
    """The number and ten for each open savepoint."""
    return number + 10 * len(connection.savepoint_ids)


@pytest.mark.django_db(transaction=True)
def test_only_the_transaction_is_taken_away() -> None:
    with transaction.atomic():
        assert savepoints(1) == 22
        assert without_transaction(savepoints)(1) == 2


@pytest.mark.parametrize(
    "use_case",
    [
        lambda number: number,
        doubled(lambda number: number),
        doubled(savepoints),  # the transaction lies below another decorator
    ],
)
def test_another_outermost_decorator_is_refused(use_case: Callable[[int], int]) -> None:
    with pytest.raises(TypeError, match="outermost decorator"):
        without_transaction(use_case)

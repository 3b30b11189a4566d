"""Do something in several threads that all start at one barrier."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, connection
from psycopg.errors import DeadlockDetected

T = TypeVar("T")
MEETS_WITHIN = 30.0  # seconds


def together(many: int, do: Callable[[int], T]) -> list[T | Exception]:
    """Run `do(0)` … `do(many - 1)` at once; each answer, or the exception it ended with."""
    barrier = threading.Barrier(many)
    answers: list[Any] = [None] * many

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            answers[number] = do(number)
        except Exception as error:  # noqa: BLE001  # the test looks at every answer
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def meeting(many: int) -> Callable[[], None]:
    """A place where the first `many` callers wait for each other; later ones pass.

    Raises BrokenBarrierError in those who came where one of them does not come: a control forces
    its race, or fails.
    """
    barrier = threading.Barrier(many)
    expected = iter(range(many))
    counting = threading.Lock()

    def meet() -> None:
        with counting:
            is_expected = next(expected, None) is not None
        if is_expected:
            barrier.wait(MEETS_WITHIN)

    return meet


def meet_before(many: int, write: Callable[..., T]) -> Callable[..., T]:
    """The function that writes, run only once `many` threads have come to it.

    All of them have looked by then. It must not look again before it writes.
    """
    meet = meeting(many)

    def met(*args: Any, **kwargs: Any) -> T:
        meet()
        return write(*args, **kwargs)

    return met


def meet_after(many: int, look: Callable[..., T]) -> Callable[..., T]:
    """The function that looks, whose answer is given only once `many` threads have theirs."""
    meet = meeting(many)

    def met(*args: Any, **kwargs: Any) -> T:
        answer = look(*args, **kwargs)
        meet()
        return answer

    return met


def is_refused(answer: object) -> bool:
    """Whether the database refused what was written, the lock of the use-case being off.

    Rows that exclude each other are checked against each other while both are being written, so
    PostgreSQL may refuse one of them as the victim of a deadlock instead of by the constraint
    (see the notes on exclusion constraints in its `execIndexing.c`).
    """
    is_deadlock = isinstance(getattr(answer, "__cause__", None), DeadlockDetected)
    return isinstance(answer, IntegrityError) or is_deadlock

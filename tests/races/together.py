"""Do something in several threads that all start at one barrier."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")


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


def meet_before(many: int, function: Callable[..., T]) -> Callable[..., T]:
    """The function, which now waits until `many` threads have come to it (or two seconds)."""
    barrier = threading.Barrier(many)

    def met(*args: Any, **kwargs: Any) -> T:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(2)
        return function(*args, **kwargs)

    return met

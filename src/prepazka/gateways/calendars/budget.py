"""How much computing and how many repeats reading a calendar may cost."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OF_SERIES = 2.0  # seconds of computing for one event with its repeats
OF_CALENDAR = 20.0  # and for all of them
MOST_OF_SERIES = 20_000  # repeats within the window
MOST_OF_CALENDAR = 300_000


class OutOfBudget(BaseException):
    """The event costs too much. No Exception, so that no library on the way swallows it."""


class Budget:
    """What is left for one calendar."""

    def __init__(self) -> None:
        self.until = time.process_time() + OF_CALENDAR
        self.left = MOST_OF_CALENDAR
        self.left_of_series = MOST_OF_SERIES

    @contextmanager
    def series(self, at_least: float = 0) -> Iterator[None]:
        """Raise OutOfBudget inside when the series takes too long.

        `at_least` so many seconds are given even where nothing is left for the calendar. A rule that never repeats keeps the library busy without coming back, so a timer interrupts
        it. Only a main thread can have one; elsewhere the caller's own limit remains.
        """
        self.left_of_series = MOST_OF_SERIES
        seconds = max(at_least, min(OF_SERIES, self.until - time.process_time()))
        if seconds <= 0:
            raise OutOfBudget
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGPROF, _interrupt)
        signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def check(self) -> None:
        """Raise OutOfBudget where nothing is left for the whole calendar."""
        if self.left < 0 or time.process_time() >= self.until:
            raise OutOfBudget

    def count(self) -> None:
        """Note one repeat. Raises OutOfBudget."""
        self.left_of_series -= 1
        self.left -= 1
        if self.left_of_series < 0 or self.left < 0:
            raise OutOfBudget


def _interrupt(*_: Any) -> None:
    raise OutOfBudget

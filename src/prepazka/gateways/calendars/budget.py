"""Limits of computing time and of repeats for reading a calendar."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OF_SERIES = 2.0  # seconds of computing for one event with its repeats
OF_CALENDAR = 20.0  # seconds for all events of a calendar
MOST_OF_SERIES = 20_000  # repeats within the window
MOST_OF_CALENDAR = 300_000


class OutOfBudget(BaseException):
    """A limit was exceeded. A BaseException, so that libraries do not swallow it."""


class Budget:
    """The time and repeats left for one calendar."""

    def __init__(self) -> None:
        self.until = time.process_time() + OF_CALENDAR
        self.left = MOST_OF_CALENDAR
        self.left_of_series = MOST_OF_SERIES

    @contextmanager
    def series(self, at_least: float = 0) -> Iterator[None]:
        """Limit the time of one series; OutOfBudget is raised inside when it is exceeded.

        `at_least` seconds are given even if nothing is left for the calendar. A rule without any
        repeat can keep the library busy for ever, so a timer interrupts it. Timers need the main
        thread; in other threads the caller's own limit applies.
        """
        self.left_of_series = MOST_OF_SERIES
        seconds = max(at_least, min(OF_SERIES, self.until - time.process_time()))
        if seconds <= 0:
            raise OutOfBudget
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous_handler = signal.signal(signal.SIGPROF, _interrupt)
        signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, previous_handler)

    def check(self) -> None:
        """Raise OutOfBudget if nothing is left for the calendar."""
        if self.left < 0 or time.process_time() >= self.until:
            raise OutOfBudget

    def count(self) -> None:
        """Count one repeat. Raises OutOfBudget."""
        self.left_of_series -= 1
        self.left -= 1
        if self.left_of_series < 0 or self.left < 0:
            raise OutOfBudget


def _interrupt(*_: Any) -> None:
    raise OutOfBudget

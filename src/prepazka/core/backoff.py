"""Exponential backoff: how long the next try must wait after several failures in a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

NO_WAIT = timedelta(0)


@dataclass(frozen=True)
class Backoff:
    """A wait that doubles with each failure after the first `free` ones, up to `longest`.

    A series of failures is forgotten when the last one is older than `forgotten_after`.
    """

    free: int
    first: timedelta
    longest: timedelta
    forgotten_after: timedelta

    def wait_after(self, failures: int) -> timedelta:
        """How long after the last of so many failures the next try is refused."""
        beyond = failures - self.free
        if beyond < 0:
            return NO_WAIT
        # Bounded, because a shift by thousands of failures would make an enormous number.
        return min(self.longest, self.first * (1 << min(beyond, 20)))

    def failures_now(self, failures: int, last_at: datetime, now: datetime) -> int:
        """How many of the failures still count at `now`."""
        return 0 if now - last_at > self.forgotten_after else failures

    def wait_left(self, failures: int, last_at: datetime, now: datetime) -> timedelta:
        """How long a try at `now` still has to wait; zero if it may go on."""
        last_at = min(last_at, now)  # setting the clock back must not prolong the wait
        wait = last_at + self.wait_after(self.failures_now(failures, last_at, now)) - now
        return max(NO_WAIT, wait)

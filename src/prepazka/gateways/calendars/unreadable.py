"""The error of calendars that cannot be read."""

from __future__ import annotations


class Unreadable(Exception):
    """The calendar could not be read; `reason` is a code that the diary puts in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

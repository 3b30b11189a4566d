"""That a calendar could not be read."""

from __future__ import annotations


class Unreadable(Exception):
    """The calendar could not be read; the reason is a word for the diary."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

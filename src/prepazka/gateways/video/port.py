"""What a conferencing server is told of a meeting and its people."""

from __future__ import annotations

from dataclasses import dataclass


class Unavailable(Exception):
    """The server cannot be used now: it is not set, away, too slow, or says no."""


@dataclass(frozen=True)
class Venue:
    """A meeting, by a name that nobody guesses and one that people read."""

    code: str
    name: str
    language: str = "cs"


@dataclass(frozen=True)
class Person:
    """Who comes in."""

    id: str
    name: str
    leads: bool
    language: str = "cs"


@dataclass(frozen=True)
class Paper:
    """A document to be seen in the room from its beginning."""

    name: str
    content: bytes

"""Types for conferencing servers: a meeting, its people and documents, and failures."""

from __future__ import annotations

from dataclasses import dataclass


class Unavailable(Exception):
    """The server cannot be used now: not configured, unreachable, too slow, or refusing."""


@dataclass(frozen=True)
class Venue:
    """A meeting by an unguessable code and a name for people."""

    code: str
    name: str
    language: str = "cs"


@dataclass(frozen=True)
class Person:
    """A person who enters a room."""

    id: str
    name: str
    leads: bool
    language: str = "cs"


@dataclass(frozen=True)
class Paper:
    """A document shown in the room from its start."""

    name: str
    content: bytes

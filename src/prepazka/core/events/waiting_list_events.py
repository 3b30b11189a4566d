"""Events of the waiting list: `entry`, `offer` and `booking` are UUIDs as text."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from prepazka.core.events.event_registry import SLOTS, Event


@dataclass(frozen=True, kw_only=True)
class _OfList(Event):
    entry: str


@dataclass(frozen=True, kw_only=True)
class ListJoined(_OfList):
    """Somebody waits for a slot that suits them; a message with the link is due."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ListConfirmed(_OfList):
    """The contact of somebody on the list has answered, so slots may be offered."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ListLeft(_OfList):
    """Somebody left the list: by themselves, or because the days they wanted have passed."""

    why: Literal["citizen", "past"]


@dataclass(frozen=True, kw_only=True)
class ListDropped(_OfList):
    """Somebody left too many offers in a row unanswered; a message says how to join again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ListEnded(_OfList):
    """The office no longer offers what somebody waits for; a message says so."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class _OfPlace(_OfList):
    topics: ClassVar[tuple[str, ...]] = (SLOTS,)
    offer: str


@dataclass(frozen=True, kw_only=True)
class PlaceOffered(_OfPlace):
    """A slot is held for somebody on the list until they answer."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class PlaceWithdrawn(_OfPlace):
    """The office has fewer places now; the person keeps their place on the list."""


@dataclass(frozen=True, kw_only=True)
class PlaceAccepted(_OfPlace):
    """The offered slot is booked, or the booking has moved to it."""

    booking: str


@dataclass(frozen=True, kw_only=True)
class PlaceDeclined(_OfPlace):
    """The offered slot did not suit; the next person is asked."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class PlaceUnanswered(_OfPlace):
    """Nobody answered the offer in time; the next person is asked."""

    followed_up = True

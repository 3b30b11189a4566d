"""Events of meetings by video: `booking`, `meeting` and `participant` are UUIDs as text."""

from dataclasses import dataclass
from typing import ClassVar

from prepazka.core.events.booking_events import _OfBooking
from prepazka.core.events.event_registry import MEETINGS, SLOTS


@dataclass(frozen=True, kw_only=True)
class _OfMeeting(_OfBooking):
    meeting: str


@dataclass(frozen=True, kw_only=True)
class _OfInvitation(_OfMeeting):
    participant: str


@dataclass(frozen=True, kw_only=True)
class ParticipantInvited(_OfInvitation):
    """Somebody may come to the meeting, or got a new link; a message with the link is due."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ParticipantRevoked(_OfInvitation):
    """Somebody may not come to the meeting any more; their link opens nothing."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class MeetingLate(_OfMeeting):
    """The official is late; whoever meets them in this one is told by how much."""

    followed_up = True
    topics: ClassVar[tuple[str, ...]] = (SLOTS, MEETINGS)
    minutes: int


@dataclass(frozen=True, kw_only=True)
class MeetingMissed(_OfMeeting):
    """Nobody came to the meeting, or nobody took the call; a message offers another slot."""

    followed_up = True
    topics: ClassVar[tuple[str, ...]] = (SLOTS, MEETINGS)

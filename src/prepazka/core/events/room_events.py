"""Events in the rooms of meetings: `meeting` and `participant` are UUIDs as text."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from prepazka.core.events.event_registry import MEETINGS, Event


@dataclass(frozen=True, kw_only=True)
class _InRoom(Event):
    topics: ClassVar[tuple[str, ...]] = (MEETINGS,)
    meeting: str


@dataclass(frozen=True, kw_only=True)
class _OfParticipant(_InRoom):
    participant: str


@dataclass(frozen=True, kw_only=True)
class MeetingStarted(_InRoom):
    """The official who leads the meeting is in the room."""


@dataclass(frozen=True, kw_only=True)
class MeetingEnded(_InRoom):
    """The official ended the meeting for everybody."""


@dataclass(frozen=True, kw_only=True)
class MeetingJoined(_OfParticipant):
    """Somebody came: an official into the room, anybody else to the lobby."""


@dataclass(frozen=True, kw_only=True)
class MeetingAdmitted(_OfParticipant):
    """The official let somebody in from the lobby."""


@dataclass(frozen=True, kw_only=True)
class MeetingPutBack(_OfParticipant):
    """The official asked somebody to wait in the lobby again."""


@dataclass(frozen=True, kw_only=True)
class MeetingRemoved(_OfParticipant):
    """The official ended somebody's part in the meeting."""


@dataclass(frozen=True, kw_only=True)
class MeetingMuted(_OfParticipant):
    """The official asked somebody's browser to be silent."""


@dataclass(frozen=True, kw_only=True)
class MeetingLeft(_OfParticipant):
    """Somebody left the meeting by themselves."""


@dataclass(frozen=True, kw_only=True)
class ColleagueFreed(Event):
    """A colleague is away at the time of a booking's meeting and gave the time back."""

    topics: ClassVar[tuple[str, ...]] = (MEETINGS,)
    followed_up = True
    booking: str
    official: int


@dataclass(frozen=True, kw_only=True)
class MeetingProviderChanged(_InRoom):
    """The meeting goes on in another room, or by telephone; `why`: pressed, or a server away.

    `absent` are the participants whose pages could not say so: they get a message.
    """

    followed_up = True
    booking: str = ""
    absent: list[str] = field(default_factory=list)
    provider: str
    was: str
    why: Literal["chosen", "unavailable"]


@dataclass(frozen=True, kw_only=True)
class _OfDocument(_InRoom):
    document: str


@dataclass(frozen=True, kw_only=True)
class DocumentAdded(_OfDocument):
    """Somebody brought a document; the worker checks it before others may see it."""

    followed_up = True
    participant: str


@dataclass(frozen=True, kw_only=True)
class DocumentRefused(_OfDocument):
    """The check found something in the document that must not be passed on."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class DocumentRemoved(_OfDocument):
    """The document was removed for good by its owner or the official."""

    participant: str


@dataclass(frozen=True, kw_only=True)
class MinutesSaved(_OfParticipant):
    """An official began to write the minutes, or went on writing them after another."""

    version: int


@dataclass(frozen=True, kw_only=True)
class MinutesCommented(_OfParticipant):
    """A participant commented on the draft of the minutes."""


@dataclass(frozen=True, kw_only=True)
class MinutesClosed(_OfParticipant):
    """The official closed the minutes; the worker makes a PDF of them."""

    followed_up = True
    version: int


@dataclass(frozen=True, kw_only=True)
class MinutesReady(_InRoom):
    """The PDF of the minutes is there and goes to everybody of the meeting."""

    followed_up = True
    booking: str

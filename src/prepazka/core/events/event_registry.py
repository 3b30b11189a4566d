"""The base class of events, and the registry of their kinds."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

REGISTRY: dict[str, type["Event"]] = {}

SLOTS, QUEUE, DEVICES, SETUP = "terms", "queue", "devices", "setup"
MEETINGS, ALERTS = "meetings", "alerts"


@dataclass(frozen=True, kw_only=True)
class Event:
    """A thing that happened at an office; `actor` is the staff user, None for citizen or rule."""

    topics: ClassVar[tuple[str, ...]] = ()  # which screens look again
    followed_up: ClassVar[bool] = False  # whether a job must react, for example send a message

    office: int
    at: datetime
    actor: int | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__.startswith("_"):
            return  # a group of kinds, not a kind
        if cls.__name__ in REGISTRY:
            raise TypeError(f"there is an event {cls.__name__} already")
        REGISTRY[cls.__name__] = cls

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"at must be an aware instant, not {self.at}")

    @property
    def kind(self) -> str:
        """The name of the class, as the journal stores it."""
        return type(self).__name__

    def payload(self) -> dict[str, Any]:
        """The fields that the kind adds to office, moment and actor, in types of JSON."""
        return {
            attribute.name: getattr(self, attribute.name)
            for attribute in fields(self)
            if attribute.name not in _COMMON
        }


_COMMON = frozenset(attribute.name for attribute in fields(Event))


def from_journal(
    kind: str, *, office: int, at: datetime, actor: int | None, payload: dict[str, Any]
) -> Event:
    """The event that a journal row was written from; KeyError for an unknown kind."""
    return REGISTRY[kind](office=office, at=at, actor=actor, **payload)

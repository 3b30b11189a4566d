"""The parts of a kind of message; `messaging.kinds` registers the kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from django.utils.functional import Promise

from prepazka.booking.models import Booking, BookingState
from prepazka.core import events as core_events
from prepazka.core.message_texts import Placeholders
from prepazka.journal.models import Event
from prepazka.meetings.models import Participant
from prepazka.meetings.participants import invited_participants
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import OfficeSnapshot


class Audience(Enum):
    """Who gets a kind of message."""

    BOOKER = "the person who booked"
    WAITING = "the person on the waiting list"
    TICKET_HOLDER = "the holder of a ticket"
    PARTICIPANTS = "participants of the meeting other than the person who booked"


@dataclass(frozen=True, kw_only=True)
class MailText:
    """The subject, templates and attachment of a mail; texts are msgids.

    `template` names the two files `messaging/*.txt` and `*.html`, by default after the kind. A kind
    for participants has a `sentence` in a common template, with its way to the meeting.
    """

    subject: str
    template: str = ""
    sentence: str = ""
    entrance: Literal["room", "join", ""] = ""  # `join` also explains that the room has changed
    announces_delay: bool = False
    attachment: Literal["calendar", "minutes", ""] = "calendar"


def no_sms_values(_message: Message, _office: OfficeSnapshot) -> Mapping[str, str]:
    """No values besides those that all kinds have."""
    return {}


@dataclass(frozen=True, kw_only=True)
class SmsText:
    """The texts of a short message, as msgids with named values (`sms.sms_placeholders`)."""

    usual: str
    with_matter: str = ""  # used if the office's name fits too
    briefer: str = ""  # used if the usual text is too long even without the office's name
    with_reason: bool = False  # whether the office's reason for cancelling is added
    more_parts: int = 0  # how many parts more than other kinds it may cost
    values: Callable[[Message, OfficeSnapshot], Mapping[str, str]] = no_sms_values

    @property
    def names_pin(self) -> bool:
        """Whether the text is for visits only; meetings by telephone or video need no PIN."""
        return "%(pin)s" in self.usual


@dataclass(frozen=True, kw_only=True)
class PushText:
    """The text of a browser notice, as a msgid, and after how many seconds it expires."""

    body: str
    lasts_s: int


def made_by_office(event: Event, _booking: Booking) -> bool:
    """Whether the office made the change, so that an unreachable person must be called."""
    return bool(event.data.get("by") == "office")


def adds_nothing(
    _message: Message, _context: Mapping[str, Any], _office: OfficeSnapshot
) -> Mapping[str, Any]:
    """Nothing beside what the templates of all kinds get."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """All that differs between kinds of messages.

    `code` is stored in messages and office files, so it never changes. A channel without a text is
    not used. `is_relevant(message, now)` says whether the message is still worth sending.
    """

    code: str
    label: Promise  # names the kind to the staff
    audience: Audience
    is_relevant: Callable[[Message, datetime], bool]
    events: tuple[type[core_events.Event], ...] = ()  # each causes a message of this kind
    mail: MailText | None = None
    sms: SmsText | None = None
    push: PushText | None = None
    # What the office's own texts may speak of; None if it cannot write its own.
    own_texts: Placeholders | None = None
    waits_for_day: bool = False  # not sent in quiet hours by a channel that rings
    can_be_stopped: bool = False  # the person can stop it by a reply
    # The person cannot confirm without the message, so a late one restarts the deadline.
    restarts_deadline: bool = False
    needs_call: Callable[[Event, Booking], bool] = made_by_office
    # The participants who get it, unless the event names one.
    recipients: Callable[[Booking], list[Participant]] = invited_participants
    # Values for its templates, added to those of the message's subject.
    context: Callable[[Message, Mapping[str, Any], OfficeSnapshot], Mapping[str, Any]] = (
        adds_nothing
    )
    # The kind under which messages are stored that take these texts if `applies`.
    variant_of: str = ""
    applies: Callable[[Message], bool] | None = None
    is_retired: bool = False  # accepted in office files, and sent no more
    # The sample in previews: the state of its booking, and the number of offered slots.
    sample_state: BookingState = BookingState.CONFIRMED
    sample_slots: int = 0

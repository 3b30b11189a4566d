"""Every model with a personal field of a client: one registration each.

`tests/privacy/test_registry.py` compares it with the models, so that no field is forgotten: a
text, JSON, list or binary field is personal, a fact that an export shows, or plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from prepazka.booking.models import (
    Booking,
    Busy,
    CallListEntry,
    Disruption,
    Offer,
    ReplacedPin,
    WaitingListEntry,
)
from prepazka.meetings.models import (
    ChatMessage,
    Document,
    Meeting,
    Minutes,
    MinutesComment,
    MinutesVersion,
    Participant,
    Signal,
)
from prepazka.messaging.channels import ADAPTERS
from prepazka.messaging.models import Message, Reply
from prepazka.queueing.models import Shift, Ticket, TurnAlert


class Root(StrEnum):
    """Kinds of records that hold a contact, by which a person is found."""

    BOOKING = "booking"
    ENTRY = "entry"
    PARTICIPANT = "participant"
    ALERT = "alert"


ROOTS: Mapping[Root, type[models.Model]] = {
    Root.BOOKING: Booking,
    Root.ENTRY: WaitingListEntry,
    Root.PARTICIPANT: Participant,
    Root.ALERT: TurnAlert,
}


@dataclass(frozen=True)
class Held:
    """Personal data that one model holds of clients.

    `personal` fields are emptied, or their row is deleted, by the periodic step `erased_by`. `facts` are
    shown in an export as well. `plain` are texts and codes that never hold what a client said or gave.
    `paths` are lookups that lead from the rows of this model to the records of the person.
    """

    model: type[models.Model]
    title: Promise
    personal: tuple[str, ...]
    erased_by: str
    facts: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    paths: Mapping[Root, str] = field(default_factory=dict)


HELD = (
    Held(
        Booking,
        gettext_lazy("Booking"),
        personal=(
            *("name", "name_folded", "email", "phone", "topic", "cancel_reason"),
            *("pin", "short_code", "contact_hash", "network", "network_56", "network_48"),
        ),
        erased_by="erase",
        facts=(
            *("service", "starts_at", "ends_at", "state", "mode", "persons", "language", "channel"),
            *("created_at", "requested_at", "confirmed_at", "moved_at", "reminded_at"),
            *("arrived_at", "served_at", "ended_at"),
        ),
        paths={Root.BOOKING: "pk"},
    ),
    Held(
        ReplacedPin,
        gettext_lazy("Earlier PIN"),
        personal=("pin",),
        erased_by="erase",
        facts=("date", "at"),
        paths={Root.BOOKING: "booking"},
    ),
    Held(
        WaitingListEntry,
        gettext_lazy("Waiting list entry"),
        personal=("name", "email", "phone", "contact_hash"),
        erased_by="erase",
        facts=(
            *("service", "state", "from_date", "to_date", "weekdays", "persons", "language"),
            *("created_at", "ended_at"),
        ),
        plain=("short_code",),  # random; opens nothing once the entry has ended
        paths={Root.ENTRY: "pk"},
    ),
    Held(
        TurnAlert,
        gettext_lazy("Notice that the turn is near"),
        personal=("email", "phone", "push"),
        erased_by="forget_alerts",
        facts=("asked_at", "near_at", "language"),
        paths={Root.ALERT: "pk"},
    ),
    Held(
        Ticket,
        gettext_lazy("Ticket"),
        personal=(),
        erased_by="",
        facts=("letter", "number", "service", "state", "issued_at", "called_at", "ended_at"),
        # Numbers, codes and moments of the queue; `code` is random.
        plain=("language", "code", "reason", "before", "offline"),
        paths={Root.BOOKING: "booking", Root.ALERT: "alert"},
    ),
    Held(
        Message,
        gettext_lazy("Message"),
        personal=("error", "gateway_id"),  # what a server answered may name the address
        erased_by="erase",
        facts=("kind", "channel", "state", "created_at", "sent_at", "delivered_at"),
        paths={
            Root.BOOKING: "booking",
            Root.ENTRY: "entry",
            Root.PARTICIPANT: "participant",
            Root.ALERT: "alert",
        },
    ),
    Held(
        Reply,
        gettext_lazy("Reply by text message"),
        personal=("key",),  # a keyed hash of the number and the words
        erased_by="forget_replies",
        facts=("word", "received_at"),
        paths={Root.BOOKING: "booking"},
    ),
    Held(
        Offer,
        gettext_lazy("Offered times"),
        personal=(),
        erased_by="",
        facts=("kind", "state", "created_at", "expires_at", "ended_at"),
        plain=("short_code",),
        paths={Root.BOOKING: "booking", Root.ENTRY: "entry"},
    ),
    Held(
        CallListEntry,
        gettext_lazy("Entry on the call list"),
        personal=(),
        erased_by="",
        facts=("reason", "outcome", "attempts", "created_at", "closed_at"),
        paths={Root.BOOKING: "booking"},
    ),
    Held(
        Meeting,
        gettext_lazy("Video meeting"),
        personal=("address",),  # of a room elsewhere, as somebody wrote it
        erased_by="erase",
        facts=("state", "created_at", "started_at", "ended_at"),
        plain=("provider",),
        paths={Root.BOOKING: "booking", Root.PARTICIPANT: "participants"},
    ),
    Held(
        Participant,
        gettext_lazy("Participant of a meeting"),
        personal=("name", "email"),
        erased_by="erase",
        facts=("role", "language", "invited_at", "came_at", "admitted_at", "left_at", "revoked_at"),
        plain=("place",),
        paths={Root.PARTICIPANT: "pk"},
    ),
    Held(
        ChatMessage,
        gettext_lazy("Line of the chat"),
        personal=("text",),
        erased_by="erase",
        facts=("at",),
        paths={Root.PARTICIPANT: "participant"},
    ),
    Held(
        Signal,
        gettext_lazy("Signal of a browser"),
        personal=("body",),  # kept for minutes, see `meetings.signals`; an export shows none
        erased_by="forget_signals",
        plain=("kind",),
    ),
    Held(
        Document,
        gettext_lazy("Document brought to a meeting"),
        personal=("name", "sha256", "key"),
        erased_by="erase_papers",
        facts=("kind", "size", "state", "created_at"),
        plain=("refusal",),
        paths={Root.PARTICIPANT: "participant"},
    ),
    Held(
        Minutes,
        gettext_lazy("Minutes of a meeting"),
        personal=("content", "key"),
        erased_by="erase_papers",
        facts=("closed_at",),
        paths={Root.PARTICIPANT: "meeting__participants"},
    ),
    Held(
        MinutesVersion,
        gettext_lazy("Minutes as the person left them"),
        personal=("content",),
        erased_by="erase_papers",
        facts=("version", "at"),
        paths={Root.PARTICIPANT: "participant"},
    ),
    Held(
        MinutesComment,
        gettext_lazy("Remark about minutes"),
        personal=("text",),
        erased_by="erase_papers",
        facts=("at",),
        paths={Root.PARTICIPANT: "participant"},
    ),
    # Words of the staff, which may name a client. Nobody can be looked up in them.
    Held(Busy, gettext_lazy("Own appointment"), personal=("title",), erased_by="erase"),
    Held(Disruption, gettext_lazy("Reason of an absence"), personal=("note",), erased_by="erase"),
    Held(Shift, gettext_lazy("Note of a break"), personal=("pause_note",), erased_by="erase"),
)

# Models without a client's data: of the office, its staff and devices, or of the program. The reason is
# why a client's name or contact cannot get there.
WITHOUT: Mapping[str, str] = {
    "accounts.User": "staff",
    "accounts.ApiToken": "staff",
    "accounts.StaffScreen": "staff",
    "accounts.StaffSession": "staff",
    "accounts.SealingDelay": "moments",
    "accounts.FailedLogIns": "keyed hashes; see `retention`",
    "journal.Event": "ids and codes only; tests/privacy/test_retention.py looks for names in it",
    "journal.PendingFollowUp": "ids",
    "journal.StepRun": "a kind and a place of a fault, without its words",
    "offices.Office": "the office's file",
    "offices.Crest": "the office's file",
    "offices.Department": "the office's file",
    "offices.Agenda": "the office's file",
    "offices.System": "the office's file",
    "offices.Service": "the office's file",
    "offices.Counter": "the office's file",
    "offices.Official": "staff",
    "offices.OpeningHours": "the office's file",
    "offices.HoursException": "public words of the office",
    "offices.Incident": "public words of the office",
    "offices.Membership": "staff",
    "offices.Device": "devices",
    "offices.DemoClock": "moments",
    "offices.DemoPlay": "states",
    "booking.OfficeDay": "days",
    "booking.Lane": "ids",
    "booking.OutsideCalendar": "of staff; of outside events nothing but times and hashes is kept",
    "booking.CalendarFeed": "keyed hashes",
    "booking.DisruptedBooking": "ids and codes",
    "queueing.Queue": "ids",
    "queueing.NumberSeries": "numbers",
    "queueing.Learned": "figures",
    "queueing.Calibration": "figures",
    "queueing.Accuracy": "figures",
    "queueing.QuarterHour": "figures",
    "queueing.IncidentNotice": "ids",
    "queueing.OfflineGrant": "keyed hashes",
    "queueing.NumberLease": "numbers",
    "queueing.CallLease": "ids",
    "queueing.OfflineEvent": "numbers of tickets and keyed hashes of PINs",
    "queueing.WrongPin": "moments; see `retention`",
    "meetings.FileStorage": "ids",
    "meetings.StrayFolder": "ids",
    "messaging.PushKey": "the installation's own key",
    "web.RateCount": "keyed hashes; see `retention`",
    "web.IdempotentReply": "numbers of tickets; see `retention`",
    "privacy.ErasedRecord": "keyed hashes; see `retention`",
}

WORDS_OF_FIELDS: Mapping[str, Promise] = {
    "address": gettext_lazy("address of the room"),
    "admitted_at": gettext_lazy("let in"),
    "arrived_at": gettext_lazy("arrival"),
    "asked_at": gettext_lazy("asked for"),
    "at": gettext_lazy("at"),
    "attempts": gettext_lazy("attempts"),
    "called_at": gettext_lazy("called at"),
    "came_at": gettext_lazy("came"),
    "cancel_reason": gettext_lazy("reason of the cancellation"),
    "channel": gettext_lazy("channel"),
    "closed_at": gettext_lazy("closed at"),
    "confirmed_at": gettext_lazy("confirmed"),
    "contact_hash": gettext_lazy("keyed hash of the contact"),
    "content": gettext_lazy("content"),
    "created_at": gettext_lazy("created"),
    "date": gettext_lazy("day"),
    "delivered_at": gettext_lazy("delivered"),
    "email": gettext_lazy("e-mail"),
    "ended_at": gettext_lazy("ended"),
    "ends_at": gettext_lazy("until"),
    "error": gettext_lazy("why it was not sent"),
    "expires_at": gettext_lazy("valid until"),
    "from_date": gettext_lazy("from day"),
    "gateway_id": gettext_lazy("number at the gateway"),
    "invited_at": gettext_lazy("invited"),
    "issued_at": gettext_lazy("issued"),
    "key": gettext_lazy("internal mark"),
    "kind": gettext_lazy("kind"),
    "language": gettext_lazy("language"),
    "left_at": gettext_lazy("left"),
    "letter": gettext_lazy("letter"),
    "mode": gettext_lazy("way of meeting"),
    "moved_at": gettext_lazy("moved"),
    "name": gettext_lazy("name or title"),
    "name_folded": gettext_lazy("name as it is searched"),
    "near_at": gettext_lazy("told that the turn is near"),
    "network": gettext_lazy("keyed hash of the network"),
    "network_48": gettext_lazy("keyed hash of the network (/48)"),
    "network_56": gettext_lazy("keyed hash of the network (/56)"),
    "number": gettext_lazy("number"),
    "outcome": gettext_lazy("outcome"),
    "persons": gettext_lazy("persons"),
    "phone": gettext_lazy("telephone"),
    "pin": gettext_lazy("PIN"),
    "push": gettext_lazy("browser for notices"),
    "reason": gettext_lazy("reason"),
    "received_at": gettext_lazy("received"),
    "reminded_at": gettext_lazy("reminded"),
    "requested_at": gettext_lazy("requested"),
    "revoked_at": gettext_lazy("invitation taken back"),
    "role": gettext_lazy("role"),
    "sent_at": gettext_lazy("sent"),
    "served_at": gettext_lazy("served at"),
    "service": gettext_lazy("service"),
    "sha256": gettext_lazy("checksum"),
    "short_code": gettext_lazy("code of the short address"),
    "size": gettext_lazy("bytes"),
    "started_at": gettext_lazy("began"),
    "starts_at": gettext_lazy("beginning"),
    "state": gettext_lazy("state"),
    "text": gettext_lazy("text"),
    "to_date": gettext_lazy("to day"),
    "topic": gettext_lazy("what it is about"),
    "version": gettext_lazy("version"),
    "weekdays": gettext_lazy("days of the week (0 is Monday)"),
    "word": gettext_lazy("word that was understood"),
}

# Words of an export for codes that rows hold.
WORDS_OF_VALUES: Mapping[str, Promise] = {
    "held": gettext_lazy("kept while the form is filled in"),
    "unconfirmed": gettext_lazy("not confirmed yet"),
    "confirmed": gettext_lazy("confirmed"),
    "arrived": gettext_lazy("arrived"),
    "served": gettext_lazy("served"),
    "expired": gettext_lazy("ran out"),
    "cancelled_by_citizen": gettext_lazy("cancelled by the client"),
    "cancelled_by_office": gettext_lazy("cancelled by the office"),
    "displaced": gettext_lazy("the time was taken back"),
    "no_show": gettext_lazy("nobody came"),
    "person": gettext_lazy("in person"),
    "phone": gettext_lazy("by telephone"),
    "video": gettext_lazy("by video"),
    "web": gettext_lazy("on the web"),
    "api": gettext_lazy("by a program"),
    "desk": gettext_lazy("at the desk"),
    "list": gettext_lazy("from the waiting list"),
    "waiting": gettext_lazy("waiting"),
    "offered": gettext_lazy("a time is offered"),
    "fulfilled": gettext_lazy("got a time"),
    "left": gettext_lazy("left"),
    "dropped": gettext_lazy("taken off after unanswered offers"),
    "lapsed": gettext_lazy("the days have passed"),
    "called": gettext_lazy("called"),
    "serving": gettext_lazy("being served"),
    "finished": gettext_lazy("finished"),
    "parked": gettext_lazy("waits aside"),
    "cancelled": gettext_lazy("cancelled"),
    "queued": gettext_lazy("waiting to be sent"),
    "sent": gettext_lazy("sent"),
    "failed": gettext_lazy("not sent"),
    **{channel.value: adapter.label for channel, adapter in ADAPTERS.items()},
    "confirm": gettext_lazy("YES"),
    "cancel": gettext_lazy("cancel"),
    "when": gettext_lazy("when"),
    "choose": gettext_lazy("choice"),
    "decline": gettext_lazy("no"),
    "stop": gettext_lazy("no more reminders"),
    "unknown": gettext_lazy("not understood"),
    "help": gettext_lazy("help was sent"),
    "substitute": gettext_lazy("substitute time"),
    "waiting_list": gettext_lazy("place from the waiting list"),
    "open": gettext_lazy("open"),
    "accepted": gettext_lazy("accepted"),
    "declined": gettext_lazy("declined"),
    "withdrawn": gettext_lazy("withdrawn"),
    "unanswered": gettext_lazy("an offer was not answered"),
    "no_contact": gettext_lazy("nothing to write to"),
    "undelivered": gettext_lazy("a message was not delivered"),
    "call_me": gettext_lazy("asked for a call"),
    "no_term": gettext_lazy("no time was free"),
    "another_term": gettext_lazy("another time"),
    "unreached": gettext_lazy("not reached"),
    "answered": gettext_lazy("answered meanwhile"),
    "planned": gettext_lazy("planned"),
    "running": gettext_lazy("runs"),
    "ended": gettext_lazy("ended"),
    "citizen": gettext_lazy("who booked"),
    "guest": gettext_lazy("guest"),
    "chair": gettext_lazy("official who leads"),
    "colleague": gettext_lazy("colleague"),
    "pdf": gettext_lazy("PDF"),
    "image": gettext_lazy("picture"),
    "odt": gettext_lazy("document ODT"),
    "docx": gettext_lazy("document DOCX"),
    "checking": gettext_lazy("is being checked"),
    "ready": gettext_lazy("checked"),
    "refused": gettext_lazy("refused"),
}


def registration_of(model: type[models.Model]) -> Held:
    """The registration of the model; KeyError if it holds nothing of clients."""
    return _BY_MODEL[model]


def rows_of(held: Held, keys: Mapping[Root, list[Any]]) -> models.QuerySet[Any]:
    """The rows of the model that belong to the records with these primary keys, each once."""
    condition = models.Q(pk__in=[])
    for root, path in held.paths.items():
        if record_keys := keys.get(root):
            condition |= models.Q(**{f"{path}__in": record_keys})
    manager: Any = held.model._meta.default_manager
    rows: models.QuerySet[Any] = manager.filter(
        pk__in=manager.filter(condition).values("pk")
    ).order_by("pk")
    return rows


_BY_MODEL = {held.model: held for held in HELD}

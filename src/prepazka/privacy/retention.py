"""How long each kind of data is kept, and which step erases it; documents are tested against it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from prepazka.accounts import attempts
from prepazka.meetings import signals
from prepazka.messaging import replies
from prepazka.privacy import remembered_erasures
from prepazka.queueing import history, wrong_pins


@dataclass(frozen=True)
class Kept:
    """A kind of data: how long it is kept, where that is set, and the step that ends it."""

    what: str
    how_long: str
    setting: str
    step: str


def _days(duration: timedelta) -> str:
    return "1 day" if duration.days == 1 else f"{duration.days} days"


FILE = "`personal data kept` in the office's file, 7 days unless it says otherwise"
CODE = "–"

RETENTION = (
    Kept(
        "bookings: name, contact, PIN, topic, reason of a cancellation",
        "`personal data kept` after the visit; 1 day after a cancelled or never confirmed one",
        FILE,
        "erase",
    ),
    Kept(
        "bookings without a click: keyed hashes of the network",
        "1 day after the confirmation",
        CODE,
        "expire_claims",
    ),
    Kept(
        "waiting list: name, contact",
        "1 day after somebody no longer waits",
        CODE,
        "erase",
    ),
    Kept(
        "meetings: names of citizens and guests, chat, address of a room elsewhere",
        "as the booking",
        FILE,
        "erase",
    ),
    Kept(
        "meetings: documents, minutes, with their files",
        "as the booking",
        FILE,
        "erase_papers",
    ),
    Kept("meetings: signals of browsers", signals.KEPT, CODE, "forget_signals"),
    Kept(
        "messages: what a server answered, the number at the gateway",
        "as the booking or the entry they are about; of a turn 1 day",
        FILE,
        "erase",
    ),
    Kept(
        "call list: entries have no name or contact of their own",
        "as the booking",
        FILE,
        "erase",
    ),
    Kept(
        "words of the staff: titles of own appointments, reasons of absences, notes of breaks",
        "`personal data kept` after their end",
        FILE,
        "erase",
    ),
    Kept(
        "notices of a turn: contact",
        "until the ticket ends; the step looks once more",
        CODE,
        "forget_alerts",
    ),
    Kept(
        "short messages that came: a keyed hash and a word",
        f"{_days(replies.KEEP)}; STOP {_days(replies.KEEP_STOP)}",
        CODE,
        "forget_replies",
    ),
    Kept(
        "erasures on request: keyed hashes of records",
        _days(remembered_erasures.KEPT),
        CODE,
        "erase_requested",
    ),
    Kept(
        "tries of limits, readings counted once, answers to programs: keyed hashes, numbers",
        "1 day; answers 2 days",
        CODE,
        "forget_attempts",
    ),
    Kept(
        "failed log-ins: keyed hashes of name, network and device",
        _days(attempts.KEPT),
        CODE,
        "forget_attempts",
    ),
    Kept("wrong PINs: moments", _days(wrong_pins.KEPT), CODE, "forget_attempts"),
    Kept("sessions of the staff", "until they end", CODE, "clear_sessions"),
    Kept(
        "journal: log-ins, searches, lists and contacts that the staff looked at",
        "550 days",
        "`PREPAZKA_AUDIT_DAYS`",
        "forget_looks",
    ),
    Kept(
        "journal: all other events, by ids only",
        "for good: the office must be able to prove who did what, and figures are computed from them",
        CODE,
        "–",
    ),
    Kept("jobs that failed: ids only", "30 days", CODE, "forget_failed_jobs"),
    Kept("history of the hall: figures", _days(history.KEPT), CODE, "forget_quarters"),
)

"""What must hold on our own rows, whatever failed: nothing lost, nothing done twice, nothing owed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from faults.load import Ledger
from faults.mail import Sink

LABEL = re.compile(r"(\D+)(\d+)")
OFFLINE_FROM = 500  # numbers of kiosks' blocks, which need not be gapless
LIVE = ["held", "unconfirmed", "confirmed", "arrived", "served"]
OVERLAPS = """
SELECT count(*) FROM booking_booking a JOIN booking_booking b ON a.lane_id = b.lane_id
AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
WHERE a.state = ANY(%(live)s) AND b.state = ANY(%(live)s)
"""
OWED = """
SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - at)), 0)::float8 FROM (
  SELECT created_at AS at FROM messaging_message WHERE state = 'queued'
  UNION ALL SELECT created_at FROM meetings_document WHERE state = 'checking'
  {follow_ups}
) AS owed
"""
FOLLOW_UPS = "UNION ALL SELECT at FROM journal_pendingfollowup"
# The life of a booking and of a ticket, in the order in which its events may be written.
BOOKING_LIFE = (
    ("BookingHeld",),
    ("ConfirmationRequested",),
    ("BookingConfirmed",),
    ("BookingCancelled", "BookingExpired"),
)
TICKET_LIFE = (("TicketIssued",), ("TicketCalled",), ("ServingStarted",), ("TicketFinished",))
FOLLOWED_UP = ["ConfirmationRequested", "BookingConfirmed", "BookingCancelled"]
# The reason of a message that events have overtaken; it need not leave.
NO_LONGER_NEEDED = "no longer needed"
ADDRESS_REFUSED = "the address was refused"
MAIL_REFUSED = "the server answered 554"


@dataclass
class Findings:
    """What is wrong; all lists are empty and all counts 0 where everything holds."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    overlaps: int = 0
    numbers: list[str] = field(default_factory=list)
    called_twice: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    sent: int = 0  # messages that left
    repeats: int = 0  # mails that left once more with the same Message-ID

    @property
    def good(self) -> bool:
        """Whether everything holds."""
        return not any(True for _ in self.lines())

    def lines(self) -> Iterator[str]:
        """One sentence for each fault."""
        names = ("lost", "doubled", "numbers", "called_twice", "journal", "messages", "others")
        for name in names:
            for fault in getattr(self, name):
                yield f"{name.replace('_', ' ')}: {fault}"
        if self.overlaps:
            yield f"{self.overlaps} pairs of live bookings of a lane overlap"


class Books:
    """The rows of an installation, read by connections of our own."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.has_follow_ups: bool | None = None

    def rows(self, sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        """All rows of a statement. Raises psycopg.OperationalError while the database is away."""
        with psycopg.connect(self.database, connect_timeout=5) as connection:
            connection.execute("SET statement_timeout = '20s'")
            return connection.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Any = None) -> None:
        """Change rows, as an operator would by hand."""
        with psycopg.connect(self.database, connect_timeout=5) as connection:
            connection.execute(sql, values)

    def overlaps(self) -> int:
        """How many pairs of live bookings overlap in a lane."""
        return int(self.rows(OVERLAPS, {"live": LIVE})[0][0])

    def owed(self) -> tuple[int, float]:
        """How much is owed, and the age of the oldest in seconds."""
        if self.has_follow_ups is None:
            (there,) = self.rows("SELECT to_regclass('journal_pendingfollowup') IS NOT NULL")[0]
            self.has_follow_ups = bool(there)
        sql = OWED.format(follow_ups=FOLLOW_UPS if self.has_follow_ups else "")
        count, age = self.rows(sql)[0]
        return int(count), float(age)


def check(books: Books, ledger: Ledger, sink: Sink) -> Findings:
    """Compare what the clients were answered and the mails that came with the rows."""
    findings = Findings()
    ids = _check_bookings(books, ledger, findings)
    _check_tickets(books, ledger, findings)
    findings.overlaps = books.overlaps()
    _check_calls(books, ledger, findings)
    _check_journal(books, ledger, ids, findings)
    check_messages(books, sink, findings)
    findings.others += [f"never answered: {one}" for one in ledger.never_answered]
    findings.others += [f"answered {one}" for one in ledger.impolite]
    findings.others += [f"refused unexpectedly: {one}" for one in ledger.unexpected]
    findings.doubled += [f"a repeat was answered otherwise: {one}" for one in ledger.differing]
    return findings


def _check_bookings(books: Books, ledger: Ledger, findings: Findings) -> dict[Any, str]:
    """Each acknowledged hold, contact, confirmation, cancellation; ids of bookings by hold key."""
    found = books.rows(
        "SELECT request_key, id::text, state, email, requested_at IS NOT NULL,"
        " confirmed_at IS NOT NULL FROM booking_booking"
    )
    by_key = {row[0]: row for row in found if row[0]}
    by_id = {row[1]: row for row in found}  # of meetings too, which have no key
    counts = Counter(row[0] for row in found if row[0])
    findings.doubled += [f"hold {key}: {n} rows" for key, n in counts.items() if n > 1]
    findings.doubled += [
        f"hold {key} that nobody asked for" for key in counts if key not in ledger.keys
    ]
    findings.lost += [f"hold {key}" for key in ledger.holds if key not in by_key]
    for key, state in ledger.contacts.items():
        row = by_key.get(key)
        if row is None or not row[4] or not row[3] or (state == "confirmed" and not row[5]):
            findings.lost.append(f"contact of {key}: {row}")
    for booking in ledger.confirmed:
        row = by_id.get(booking)
        if row is None or not row[5]:
            findings.lost.append(f"confirmation of {booking}: {row}")
    for booking in ledger.cancelled:
        row = by_id.get(booking)
        if row is None or row[2] != "cancelled_by_citizen":
            findings.lost.append(f"cancellation of {booking}: {row}")
    return {key: str(row[1]) for key, row in by_key.items()}


def _check_tickets(books: Books, ledger: Ledger, findings: Findings) -> None:
    """Each acknowledged ticket under its number, numbers without gaps, no ticket unasked for."""
    found = books.rows("SELECT touch, code, letter, number, date FROM queueing_ticket")
    by_touch = {row[0]: row for row in found}
    for touch, (code, number) in ledger.tickets.items():
        row = by_touch.get(touch)
        if row is None or row[1] != code or f"{row[2]}{row[3]}" != number:
            findings.lost.append(f"ticket {number}: {row}")
    counts = Counter(row[0] for row in found)
    findings.doubled += [f"touch {touch}: {n} tickets" for touch, n in counts.items() if n > 1]
    findings.doubled += [
        f"ticket {row[2]}{row[3]} that nobody asked for"
        for row in found
        if row[0] not in ledger.touches
    ]
    series: dict[tuple[Any, str], list[int]] = {}
    for _touch, _code, letter, number, date in found:
        series.setdefault((date, letter), []).append(number)
    for (date, letter), numbers in series.items():
        ordinary = sorted(n for n in numbers if n < OFFLINE_FROM or len(numbers) >= OFFLINE_FROM)
        if len(set(numbers)) != len(numbers):
            findings.numbers.append(f"{letter} on {date}: a number twice")
        elif ordinary != list(range(1, len(ordinary) + 1)):
            findings.numbers.append(f"{letter} on {date}: {len(ordinary)} numbers with gaps")


def _check_calls(books: Books, ledger: Ledger, findings: Findings) -> None:
    for ticket, keys in ledger.called.items():
        if len(keys) > 1:
            findings.called_twice.append(f"ticket {ticket} was given to {len(keys)} presses")
    for ticket, calls in books.rows(
        "SELECT (data->>'ticket')::bigint, count(*) FROM journal_event WHERE kind = 'TicketCalled'"
        " GROUP BY 1 HAVING count(*) > 1"
    ):
        findings.called_twice.append(f"ticket {ticket} was called {calls} times")
    for counter, clients in books.rows(
        "SELECT counter_id, count(*) FROM queueing_ticket WHERE state IN ('called', 'serving')"
        " GROUP BY 1 HAVING count(*) > 1"
    ):
        findings.called_twice.append(f"counter {counter} has {clients} clients")


def _check_journal(books: Books, ledger: Ledger, ids: dict[Any, str], findings: Findings) -> None:
    """Each acknowledged step has its event once, and events of a life are in its order."""
    kinds = [kind for life in (BOOKING_LIFE, TICKET_LIFE) for step in life for kind in step]
    written: Counter[tuple[str, str]] = Counter()
    lives: dict[tuple[str, str], list[str]] = {}
    for kind, booking, ticket in books.rows(
        "SELECT kind, data->>'booking', data->>'ticket' FROM journal_event"
        " WHERE kind = ANY(%s) ORDER BY id",
        [kinds],
    ):
        of_ticket = any(kind in step for step in TICKET_LIFE)
        about = str(ticket if of_ticket else booking)
        written[kind, about] += 1
        lives.setdefault(("ticket" if of_ticket else "booking", about), []).append(kind)
    tickets = {row[0]: row[1] for row in books.rows("SELECT touch, id::text FROM queueing_ticket")}
    expected = [("BookingHeld", ids[key]) for key in ledger.holds if key in ids]
    expected += [("BookingConfirmed", booking) for booking in ledger.confirmed]
    expected += [("BookingCancelled", booking) for booking in ledger.cancelled]
    expected += [("TicketIssued", tickets[touch]) for touch in ledger.tickets if touch in tickets]
    expected += [("TicketCalled", str(ticket)) for ticket in ledger.called]
    expected += [("ServingStarted", str(ticket)) for ticket in ledger.started]
    expected += [("TicketFinished", str(ticket)) for ticket in ledger.finished]
    for kind, about in expected:
        if written[kind, about] != 1:
            findings.journal.append(f"{kind} of {about} is written {written[kind, about]} times")
    for (what, about), life in lives.items():
        order = TICKET_LIFE if what == "ticket" else BOOKING_LIFE
        ranks = [next(n for n, step in enumerate(order) if kind in step) for kind in life]
        if ranks != sorted(set(ranks)):
            findings.journal.append(f"{what} {about}: {', '.join(life)}")


def check_messages(books: Books, sink: Sink, findings: Findings) -> None:
    """Each event that calls for a message has one, and each that left has one Message-ID."""
    missing = books.rows(
        "SELECT e.id, e.kind FROM journal_event e JOIN booking_booking b"
        " ON b.id::text = e.data->>'booking' WHERE e.kind = ANY(%s) AND b.email <> ''"
        " AND NOT EXISTS (SELECT FROM messaging_message m WHERE m.event = e.id)",
        [FOLLOWED_UP],
    )
    findings.messages += [f"no message for event {event} ({kind})" for event, kind in missing]
    rows = books.rows(
        "SELECT m.id, m.state, m.error, coalesce(b.email, '') FROM messaging_message m"
        " LEFT JOIN booking_booking b ON b.id = m.booking_id"
    )
    left: Counter[int] = Counter()
    ids: dict[int, set[str]] = {}
    for letter in list(sink.letters):
        left[letter.message] += 1
        ids.setdefault(letter.message, set()).add(letter.message_id)
    known = {row[0] for row in rows}
    for message, state, error, email in rows:
        refused = (email.startswith("nikdo") and error == ADDRESS_REFUSED) or (
            email.startswith("odmitnuty") and error == MAIL_REFUSED
        )
        if state == "sent" and not left[message]:
            findings.messages.append(f"message {message} is written down as sent and never came")
        elif state == "queued":
            findings.messages.append(f"message {message} has not left ({error})")
        elif state == "failed" and error != NO_LONGER_NEEDED and not refused:
            findings.messages.append(f"message {message} was given up: {error}")
    findings.messages += [
        f"a mail of no row: {message}" for message in left if message not in known
    ]
    findings.messages += [
        f"message {message} left under {len(names)} Message-IDs"
        for message, names in ids.items()
        if len(names) > 1
    ]
    findings.sent = len(left)
    findings.repeats = left.total() - len(left)

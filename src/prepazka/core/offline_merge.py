"""Merging the logs of devices that were off line into one state (docs/offline.md).

The merge takes all events of a day and the server's state without them; so the order in which logs
arrive, and how often, makes no difference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

WAITING, CALLED, SERVING, FINISHED, NO_SHOW = "waiting", "called", "serving", "finished", "no_show"
AT_COUNTER = (CALLED, SERVING)


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of a device's log; `at` is the corrected time."""

    grant: int
    seq: int
    at: datetime
    kind: str  # issue, call, start, finish or absent
    label: str
    counter: int | None = None
    clerk: int | None = None
    touch: str = ""
    booking: str = ""

    @property
    def order(self) -> tuple[datetime, int, int]:
        """The key to sort by: time, then device, then the device's own number."""
        return self.at, self.grant, self.seq


@dataclass(frozen=True, slots=True)
class Known:
    """A ticket's state on the server without the logs."""

    state: str = WAITING
    counter: int | None = None
    returned_at: datetime | None = None  # when it came back to the queue after a call in vain


@dataclass(frozen=True, slots=True)
class Base:
    """The server's state: tickets, and the labels that touches and bookings already have."""

    tickets: Mapping[str, Known] = field(default_factory=dict)
    touches: Mapping[str, str] = field(default_factory=dict)
    bookings: Mapping[str, str] = field(default_factory=dict)
    # The present state on the server of tickets that earlier logs brought.
    since: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A ticket's state after the merge."""

    state: str = WAITING
    counter: int | None = None
    clerk: int | None = None
    grant: int | None = None  # whose call it was
    called_at: datetime | None = None
    serving_at: datetime | None = None
    ended_at: datetime | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """The state after all logs, and the contradictions that staff must see."""

    issued: Mapping[str, Happened]  # new tickets by their labels
    same_touch: Mapping[str, str]  # label off-line -> label the server had given to that touch
    used_twice: Mapping[str, str]  # void label -> label of the ticket the booking has
    refused: tuple[Happened, ...]  # issues of a number that was given already
    outcomes: Mapping[str, Outcome]  # of tickets that a log changed
    called_twice: tuple[Happened, ...]  # later calls by another counter
    unknown: tuple[Happened, ...]  # steps of tickets that no log has issued yet


def in_order(events: Iterable[Happened], *, since: datetime, until: datetime) -> list[Happened]:
    """One device's events by its own numbers, their times non-decreasing and within the bounds."""
    put: list[Happened] = []
    at = since
    for event in sorted(events, key=lambda e: e.seq):
        at = max(at, min(event.at, until))
        put.append(replace(event, at=at))
    return put


def merge_logs(base: Base, events: Iterable[Happened]) -> Merged:
    """The state after all events; the same set gives the same state, in any order."""
    once = {(e.grant, e.seq): e for e in events}
    ordered = sorted(once.values(), key=lambda e: e.order)
    fold = _Fold(base)
    for event in ordered:
        if event.kind == "issue":
            fold.issue(event)
    for event in ordered:
        if event.kind != "issue":
            fold.step(event)
    return fold.merged()


class _Fold:
    def __init__(self, base: Base) -> None:
        self.base = base
        self.touches, self.bookings = dict(base.touches), dict(base.bookings)
        self.issued: dict[str, Happened] = {}
        self.same_touch: dict[str, str] = {}
        self.used_twice: dict[str, str] = {}
        self.refused: list[Happened] = []
        self.outcomes: dict[str, Outcome] = {}
        self.called_twice: list[Happened] = []
        self.unknown: list[Happened] = []
        self.present: dict[int | None, str] = {
            ticket.counter: label
            for label, ticket in base.tickets.items()
            if ticket.state in AT_COUNTER and ticket.counter is not None
        }

    def issue(self, e: Happened) -> None:
        is_duplicate = e.label in self.issued or e.label in self.base.tickets
        if (touch_label := self.touches.get(e.touch)) is not None:
            if touch_label != e.label:
                self.same_touch[e.label] = touch_label
        elif is_duplicate or e.label in self.used_twice or e.label in self.same_touch:
            self.refused.append(e)
        elif e.booking and (booking_label := self.bookings.get(e.booking)) is not None:
            self.touches[e.touch] = e.label
            self.used_twice[e.label] = booking_label
        else:
            self.touches[e.touch] = e.label
            if e.booking:
                self.bookings[e.booking] = e.label
            self.issued[e.label] = e

    def step(self, e: Happened) -> None:
        label = self._resolved_label(e.label)
        ticket = self.base.tickets.get(label)
        if ticket is None and label not in self.issued:
            self.unknown.append(e)
            return
        ticket_before = ticket or self.base.since.get(label) or Known()
        outcome = self.outcomes.get(label, Outcome(ticket_before.state, ticket_before.counter))
        if e.kind == "call":
            self._call(e, label, outcome, ticket_before.returned_at)
        elif outcome.counter == e.counter and outcome.state in AT_COUNTER:
            self._serve(e, label, outcome)

    def _resolved_label(self, label: str) -> str:
        label = self.used_twice.get(label, label)
        return self.same_touch.get(label, label)

    def _call(self, e: Happened, label: str, now: Outcome, returned_at: datetime | None) -> None:
        if now.state == WAITING and returned_at is not None and e.at < returned_at:
            self.called_twice.append(e)  # earlier than the call in vain after which they came back
        elif now.state == WAITING:
            self._finish_previous(e, label)
            self.present[e.counter] = label
            self.outcomes[label] = Outcome(
                CALLED, e.counter, e.clerk, e.grant, e.at, calls=now.calls + 1
            )
        elif now.counter == e.counter:
            if now.state == CALLED:
                self.outcomes[label] = replace(now, calls=now.calls + 1)
        else:
            self.called_twice.append(e)

    def _finish_previous(self, e: Happened, label: str) -> None:
        """Finish the counter's previous ticket, for which nobody pressed finish."""
        label_before = self.present.get(e.counter)
        if label_before is None or label_before == label:
            return
        ticket = self.base.tickets.get(label_before, Known())
        outcome = self.outcomes.get(label_before, Outcome(ticket.state, ticket.counter))
        if outcome.state in AT_COUNTER and outcome.counter == e.counter:
            started = outcome.serving_at or outcome.called_at
            self.outcomes[label_before] = replace(
                outcome,
                state=FINISHED,
                serving_at=started,
                ended_at=e.at,
                grant=outcome.grant or e.grant,
            )

    def _serve(self, e: Happened, label: str, now: Outcome) -> None:
        changed = replace(now, grant=now.grant or e.grant, clerk=now.clerk or e.clerk)
        if e.kind == "start" and now.state == CALLED:
            self.outcomes[label] = replace(changed, state=SERVING, serving_at=e.at)
        elif e.kind == "finish":
            started = now.serving_at or now.called_at
            self.outcomes[label] = replace(
                changed, state=FINISHED, serving_at=started, ended_at=e.at
            )
        elif e.kind == "absent" and now.state == CALLED:
            self.outcomes[label] = replace(changed, state=NO_SHOW, ended_at=e.at)

    def merged(self) -> Merged:
        return Merged(
            issued=self.issued,
            same_touch=self.same_touch,
            used_twice=self.used_twice,
            refused=tuple(self.refused),
            outcomes=self.outcomes,
            called_twice=tuple(self.called_twice),
            unknown=tuple(self.unknown),
        )


def deal_tickets(
    ordered: Iterable[tuple[str, frozenset[int]]], *, held_now: Mapping[int, int], limit: int
) -> dict[str, int]:
    """Counter by ticket: each, in the order of turn, goes to the able counter that has the fewest.

    `ordered` gives for each ticket the counters that may call it, `held_now` the number that each
    counter holds; no counter gets more than `limit`.
    """
    held, counter_of = dict(held_now), {}
    for ticket, able in ordered:
        free = [c for c in able if c in held and held[c] < limit]
        if free:
            counter = min(free, key=lambda c: (held[c], c))
            held[counter] += 1
            counter_of[ticket] = counter
    return counter_of

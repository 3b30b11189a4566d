"""What happened on devices that were cut off, folded into one state (docs/offline.md).

The fold takes the whole set of events of a day and what the server knew without them; so the order
in which logs come, and how often, makes no difference.
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
        """By time, then by device, then by the device's own numbers."""
        return self.at, self.grant, self.seq


@dataclass(frozen=True, slots=True)
class Known:
    """A ticket as the server had it without the logs."""

    state: str = WAITING
    counter: int | None = None
    returned_at: datetime | None = None  # called in vain before, and back in the queue since then


@dataclass(frozen=True, slots=True)
class Base:
    """What the server knew: tickets, and which of them a touch or a booking already has."""

    tickets: Mapping[str, Known] = field(default_factory=dict)
    touches: Mapping[str, str] = field(default_factory=dict)
    bookings: Mapping[str, str] = field(default_factory=dict)
    # What became, on-line, of tickets that earlier logs had brought.
    since: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a ticket."""

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
    """The state after all logs, and what staff must be told."""

    issued: Mapping[str, Happened]  # new tickets by their labels
    same_touch: Mapping[str, str]  # label off-line -> label the server had given to that touch
    used_twice: Mapping[str, str]  # void label -> label of the ticket the booking has
    refused: tuple[Happened, ...]  # a number that was given already
    outcomes: Mapping[str, Outcome]  # of tickets that a log changed
    called_twice: tuple[Happened, ...]  # later calls by another counter
    unknown: tuple[Happened, ...]  # of numbers that no log has brought yet


def in_order(events: Iterable[Happened], *, since: datetime, until: datetime) -> list[Happened]:
    """One device's events by its own numbers, with times that never run back nor leave the bounds."""
    put: list[Happened] = []
    at = since
    for event in sorted(events, key=lambda e: e.seq):
        at = max(at, min(event.at, until))
        put.append(replace(event, at=at))
    return put


def merge(base: Base, events: Iterable[Happened]) -> Merged:
    """Fold the events into the state; the same set always gives the same."""
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
            known.counter: label
            for label, known in base.tickets.items()
            if known.state in AT_COUNTER and known.counter is not None
        }

    def issue(self, e: Happened) -> None:
        taken = e.label in self.issued or e.label in self.base.tickets
        if (had := self.touches.get(e.touch)) is not None:
            if had != e.label:
                self.same_touch[e.label] = had
        elif taken or e.label in self.used_twice or e.label in self.same_touch:
            self.refused.append(e)
        elif e.booking and (first := self.bookings.get(e.booking)) is not None:
            self.touches[e.touch] = e.label
            self.used_twice[e.label] = first
        else:
            self.touches[e.touch] = e.label
            if e.booking:
                self.bookings[e.booking] = e.label
            self.issued[e.label] = e

    def step(self, e: Happened) -> None:
        label = self._meant(e.label)
        known = self.base.tickets.get(label)
        if known is None and label not in self.issued:
            self.unknown.append(e)
            return
        first = known or self.base.since.get(label) or Known()
        now = self.outcomes.get(label, Outcome(first.state, first.counter))
        if e.kind == "call":
            self._call(e, label, now, first.returned_at)
        elif now.counter == e.counter and now.state in AT_COUNTER:
            self._serve(e, label, now)

    def _meant(self, label: str) -> str:
        label = self.used_twice.get(label, label)
        return self.same_touch.get(label, label)

    def _call(self, e: Happened, label: str, now: Outcome, returned_at: datetime | None) -> None:
        if now.state == WAITING and returned_at is not None and e.at < returned_at:
            self.called_twice.append(e)  # the call in vain was earlier, and the person came back
        elif now.state == WAITING:
            self._leave(e, label)
            self.present[e.counter] = label
            self.outcomes[label] = Outcome(
                CALLED, e.counter, e.clerk, e.grant, e.at, calls=now.calls + 1
            )
        elif now.counter == e.counter:
            if now.state == CALLED:
                self.outcomes[label] = replace(now, calls=now.calls + 1)
        else:
            self.called_twice.append(e)

    def _leave(self, e: Happened, label: str) -> None:
        """Nobody pressed finish for the one who was at the counter before."""
        before = self.present.get(e.counter)
        if before is None or before == label:
            return
        known = self.base.tickets.get(before, Known())
        now = self.outcomes.get(before, Outcome(known.state, known.counter))
        if now.state in AT_COUNTER and now.counter == e.counter:
            started = now.serving_at or now.called_at
            self.outcomes[before] = replace(
                now, state=FINISHED, serving_at=started, ended_at=e.at, grant=now.grant or e.grant
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


def dealt(
    ordered: Iterable[tuple[str, frozenset[int]]], *, has: Mapping[int, int], most: int
) -> dict[str, int]:
    """Tickets in the order of turn to counters: each to the able one that has the fewest.

    `ordered` says of each ticket which counters may call it; `has` how many each counter holds.
    """
    held, given = dict(has), {}
    for ticket, able in ordered:
        free = [c for c in able if c in held and held[c] < most]
        if free:
            to = min(free, key=lambda c: (held[c], c))
            held[to] += 1
            given[ticket] = to
    return given

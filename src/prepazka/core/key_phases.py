"""Phases of tickets' keys, for each of which the replay and the simulator ask the discipline once.

A ticket's key changes by itself only when its parking ends, when its window starts and when it has
waited as long as the cap. In between, the key of `core.discipline` stays valid.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from prepazka.core.discipline import Key, Policy, Waiting, is_ready, reaches_cap_at, turn_of_ticket


@dataclass(frozen=True, slots=True)
class Phase:
    """The key that a ticket has from `since` on; None while nobody may call it."""

    since: datetime
    key: Key | None


def phases_of_ticket(w: Waiting, policy: Policy, now: datetime) -> list[Phase]:
    """The ticket's keys from `now` on, as `core.discipline` gives them."""
    moments = [now]
    if w.parked_until is not None and w.parked_until > now:
        moments.append(w.parked_until)
    if w.booked is not None and w.booked.start > now:
        moments.append(w.booked.start)
    capped_at = reaches_cap_at(w, policy)
    if capped_at is not None and capped_at > now:
        moments.append(capped_at)
    return [Phase(at, key_at(w, policy, at)) for at in sorted(set(moments))]


def key_at(w: Waiting, policy: Policy, at: datetime) -> Key | None:
    """The ticket's key for a counter that serves it; None while nobody may call it."""
    if w.service in policy.stopped:
        return None
    its_turn = turn_of_ticket(w, policy, at)
    return its_turn.key if is_ready(its_turn, policy) else None


Line = tuple[int, bool]  # a service, or the counter to which tickets were sent


def line_of(w: Waiting) -> Line:
    """The ticket's line; tickets of one line may be called at the same counters."""
    return (w.service, False) if w.for_counter is None else (w.for_counter, True)


def lines_of(serves: Iterable[int], counter: int) -> list[Line]:
    """The lines from which the counter calls."""
    return [*((service, False) for service in serves), (counter, True)]


@dataclass
class Lines:
    """A hall that changes over time; it chooses as `next_in_turn` does, in O(log n) each."""

    policy: Policy
    _waiting: dict[int, tuple[Key, Waiting]] = field(default_factory=dict)
    _lines: dict[Line, list[tuple[Key, Waiting]]] = field(default_factory=dict)
    _changes: list[tuple[datetime, int, Key, Waiting]] = field(default_factory=list)
    _gone: set[int] = field(default_factory=set)  # called while changes of theirs were pending

    def add(self, w: Waiting, now: datetime) -> None:
        """Add a ticket to the hall."""
        first_phase, *later_phases = phases_of_ticket(w, self.policy, now)
        if first_phase.key is not None:
            self._enqueue(first_phase.key, w)
        for p in later_phases:
            if p.key is not None:
                heappush(self._changes, (p.since, w.ticket, p.key, w))

    def take(self, lines: Iterable[Line], now: datetime) -> Waiting | None:
        """Remove and return the ticket that a counter with these lines calls now."""
        while self._changes and self._changes[0][0] <= now:
            _, _, key, w = heappop(self._changes)
            if w.ticket not in self._gone:
                self._enqueue(key, w)
        best: tuple[Key, Waiting] | None = None
        for line in lines:
            head = self._head(line)
            if head is not None and (best is None or head[0] < best[0]):
                best = head
        if best is None:
            return None
        w = best[1]
        del self._waiting[w.ticket]
        if self._changes:
            self._gone.add(w.ticket)
        return w

    def next_change(self) -> datetime | None:
        """When a ticket's key next changes by itself."""
        return self._changes[0][0] if self._changes else None

    def __len__(self) -> int:
        return len(self._waiting)

    def _enqueue(self, key: Key, w: Waiting) -> None:
        if w.ticket in self._waiting and self._waiting[w.ticket][0] == key:
            return
        self._waiting[w.ticket] = (key, w)
        heappush(self._lines.setdefault(line_of(w), []), (key, w))

    def _head(self, line: Line) -> tuple[Key, Waiting] | None:
        """The first entry of the line; entries that a later key has replaced are dropped."""
        entries = self._lines.get(line)
        while entries:
            key, w = entries[0]
            if self._waiting.get(w.ticket, (None,))[0] == key:
                return entries[0]
            heappop(entries)
        return None

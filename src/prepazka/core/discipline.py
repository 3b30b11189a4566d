"""The queue discipline: one comparable key per ticket, with the reason that people are shown.

The dispatcher, the wait estimate and the simulator all use this one function.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from prepazka.core.interval import Interval


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket waiting in the hall; all moments are aware instants."""

    ticket: int
    service: int
    arrived_at: datetime
    booked: Interval[datetime] | None = None
    late: bool = False  # came after the window: waits with the walk-ins
    returned_at: datetime | None = None  # sent back or on by a clerk: goes first
    statutory: bool = False  # priority by law, right after the booked
    parked_until: datetime | None = None
    for_counter: int | None = None  # transferred to this counter and no other


@dataclass(frozen=True, slots=True)
class Policy:
    """An office's choices about the discipline."""

    # None: booked clients go before all walk-ins. Otherwise they count as having joined this long
    # before they were due, so that a walk-in who has waited longer goes first.
    head_start: timedelta | None = None
    call_early: bool = True  # call the booked before their window when no walk-in waits
    # Services that need a system that is down: nobody is called for them, and places are kept.
    stopped: frozenset[int] = frozenset()
    # Whoever has waited this long goes before all booked clients who came later; None: no limit.
    cap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is this ticket's turn: a code that surfaces translate, with its parameters."""

    code: str
    params: Mapping[str, datetime | int] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """The reason as JSON can carry it, instants in ISO format."""
        plain = {
            name: param.isoformat() if isinstance(param, datetime) else param
            for name, param in self.params.items()
        }
        return {"code": self.code, "params": plain}

    @classmethod
    def from_payload(cls, stored: Mapping[str, Any]) -> "Reason":
        """The reason of which `stored` is the payload."""
        return cls(
            stored["code"],
            {
                name: datetime.fromisoformat(param) if isinstance(param, str) else param
                for name, param in stored["params"].items()
            },
        )


Key = tuple[int, datetime, int, datetime, int]

RETURNED, CAPPED, BOOKED, STATUTORY, WALK_IN, NOT_YET, PARKED = range(7)


@dataclass(frozen=True, slots=True)
class Turn:
    """A ticket's place in the order; the smallest key is called first."""

    key: Key
    code: str
    waiting: Waiting
    params: Mapping[str, datetime | int]

    @property
    def reason(self) -> Reason:
        """Why the ticket has this place; built on demand, because hundreds are only compared."""
        w = self.waiting
        params: dict[str, datetime | int] = {"arrived_at": w.arrived_at}
        if w.booked is not None:
            params |= {"window_start": w.booked.start, "window_end": w.booked.end}
        if w.for_counter is not None:
            params["for_counter"] = w.for_counter
        return Reason(self.code, {**params, **self.params})

    @property
    def rank(self) -> int:
        """The class of the queue, RETURNED to PARKED."""
        return self.key[0]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A ticket with the reason for its place in the order."""

    ticket: int
    turn: Turn

    @property
    def reason(self) -> Reason:
        """Why it is this ticket's turn."""
        return self.turn.reason


def turn_of_ticket(w: Waiting, policy: Policy, now: datetime) -> Turn:
    """The ticket's place in the order at `now`, whichever counter asks."""
    if w.parked_until is not None and now < w.parked_until:
        return _turn(w, PARKED, w.parked_until, "parked", until=w.parked_until)
    if w.returned_at is not None:
        return _turn(w, RETURNED, w.returned_at, "returned", returned_at=w.returned_at)
    capped_at = reaches_cap_at(w, policy)
    if capped_at is not None and now >= capped_at and policy.cap is not None:
        cap_min = policy.cap // timedelta(minutes=1)
        return _turn(w, CAPPED, w.arrived_at, "waited_long", cap_min=cap_min)
    if w.booked is not None and not w.late:
        return _turn_of_booked(w, w.booked, policy, now)
    return _turn_of_walk_in(w, policy)


def _turn_of_walk_in(w: Waiting, policy: Policy) -> Turn:
    if w.statutory:
        if policy.head_start is None:
            return _turn(w, STATUTORY, w.arrived_at, "statutory")
        return _turn(w, WALK_IN, w.arrived_at - policy.head_start, "statutory", BOOKED)
    return _turn(w, WALK_IN, w.arrived_at, "late_for_window" if w.late else "walk_in")


def reaches_cap_at(w: Waiting, policy: Policy) -> datetime | None:
    """From when the ticket has waited as long as the cap and goes first; None without a cap.

    A booked client's wait counts from the arrival too, but the cap holds only once they are due: so
    no walk-in who came later goes before.
    """
    if policy.cap is None or w.returned_at is not None:
        return None
    since = w.arrived_at + policy.cap
    return since if w.booked is None or w.late else max(since, w.booked.start)


def _turn_of_booked(w: Waiting, window: Interval[datetime], policy: Policy, now: datetime) -> Turn:
    if now < window.start:
        return _turn(w, NOT_YET, window.start, "booked_before_window")
    # A client who arrived within the window keeps the place after its end.
    code = "booked_in_window" if now < window.end else "booked_kept_place"
    if policy.head_start is None:
        return _turn(w, BOOKED, window.start, code)
    due = max(w.arrived_at, window.start)
    # At most the arrival itself, so that no walk-in who came later goes before.
    return _turn(w, WALK_IN, min(w.arrived_at, due - policy.head_start), code, BOOKED)


def _turn(
    w: Waiting,
    rank: int,
    since: datetime,
    code: str,
    tie: int = WALK_IN,
    **params: datetime | int,
) -> Turn:
    return Turn((rank, since, tie, w.arrived_at, w.ticket), code, w, params)


def may_be_called(
    w: Waiting, *, serves: frozenset[int], counter: int, policy: Policy, now: datetime
) -> bool:
    """Whether this counter may call the ticket now.

    A ticket transferred to a counter may be called there even if the counter does not otherwise
    serve its service. Nobody is called for a service that is stopped.
    """
    return _concerns(w, serves, counter, policy) and is_ready(
        turn_of_ticket(w, policy, now), policy
    )


def _concerns(w: Waiting, serves: frozenset[int], counter: int, policy: Policy) -> bool:
    if w.service in policy.stopped:
        return False
    if w.for_counter is None:
        return w.service in serves
    return w.for_counter == counter


def is_ready(its_turn: Turn, policy: Policy) -> bool:
    """Whether a ticket with this turn may be called by the counters that serve it."""
    return its_turn.rank < NOT_YET or (its_turn.rank == NOT_YET and policy.call_early)


def next_in_turn(
    waiting: Iterable[Waiting],
    *,
    serves: frozenset[int],
    counter: int,
    policy: Policy,
    now: datetime,
) -> Chosen | None:
    """The ticket that the counter calls next; None when it may call nobody now."""
    able = (
        Chosen(w.ticket, its_turn)
        for w in waiting
        if _concerns(w, serves, counter, policy)
        and is_ready(its_turn := turn_of_ticket(w, policy, now), policy)
    )
    return min(able, key=_key, default=None)


def tickets_before(
    waiting: Iterable[Waiting],
    chosen: Chosen | None,
    *,
    serves: frozenset[int],
    counter: int,
    policy: Policy,
    now: datetime,
) -> list[Waiting]:
    """The tickets that the counter may call and that go before the chosen one, in any order.

    Without a chosen ticket: all that it may call.
    """
    return [
        w
        for w in waiting
        if _concerns(w, serves, counter, policy)
        and is_ready(its_turn := turn_of_ticket(w, policy, now), policy)
        and (chosen is None or its_turn.key < chosen.turn.key)
    ]


def order_tickets(waiting: Iterable[Waiting], *, policy: Policy, now: datetime) -> list[Chosen]:
    """All tickets in the order of a screen; those not yet due and parked come last."""
    return sorted((Chosen(w.ticket, turn_of_ticket(w, policy, now)) for w in waiting), key=_key)


def _key(chosen: Chosen) -> Key:
    return chosen.turn.key


def overtake_bound(quota: int, agendas: int, window_min: int, waited: timedelta) -> int:
    """The most booked clients who go before a walk-in who came earlier and `waited` so long.

    `quota` per window of `window_min` minutes in each of the `agendas` that share the counters.
    """
    return quota * agendas * (ceil(waited / timedelta(minutes=window_min)) + 1)

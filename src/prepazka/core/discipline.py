"""Whose turn it is: one comparable key per ticket, with the reason a person may be told.

The dispatcher, the wait estimate and the simulator all play this one function.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from prepazka.core.interval import Interval


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket in the hall; all moments are aware instants."""

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
    """What an office may choose about its discipline."""

    # None: whoever is booked goes before all walk-ins. Otherwise the booked count as having joined
    # this much before they were due, so a walk-in who has waited longer than that goes first.
    head_start: timedelta | None = None
    call_early: bool = True  # call the booked before their window when no walk-in waits
    # Services that wait for something that is down: nobody's turn comes, and places are kept.
    stopped: frozenset[int] = frozenset()
    # Who has waited this long goes before all booked who came later; None: there is no such limit.
    cap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is this ticket's turn: a code that surfaces translate, and what to fill in."""

    code: str
    params: Mapping[str, datetime | int] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """The reason as JSON can carry it, instants in ISO format."""
        plain = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.params.items()
        }
        return {"code": self.code, "params": plain}

    @classmethod
    def from_payload(cls, stored: Mapping[str, Any]) -> "Reason":
        """The reason that `payload` wrote."""
        return cls(
            stored["code"],
            {
                name: datetime.fromisoformat(value) if isinstance(value, str) else value
                for name, value in stored["params"].items()
            },
        )


Key = tuple[int, datetime, int, datetime, int]

RETURNED, CAPPED, BOOKED, STATUTORY, WALK_IN, NOT_YET, PARKED = range(7)


@dataclass(frozen=True, slots=True)
class Turn:
    """A ticket's place: the smallest key goes first."""

    key: Key
    code: str
    about: Waiting
    more: Mapping[str, datetime | int]

    @property
    def reason(self) -> Reason:
        """Why it is here; put together only for whom it is told to, out of hundreds compared."""
        w = self.about
        told: dict[str, datetime | int] = {"arrived_at": w.arrived_at}
        if w.booked is not None:
            told |= {"window_start": w.booked.start, "window_end": w.booked.end}
        if w.for_counter is not None:
            told["for_counter"] = w.for_counter
        return Reason(self.code, {**told, **self.more})

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
        """Why it is this one's turn."""
        return self.turn.reason


def turn(w: Waiting, policy: Policy, now: datetime) -> Turn:
    """The ticket's place in the order at `now`, whichever counter asks."""
    if w.parked_until is not None and now < w.parked_until:
        return _turn(w, PARKED, w.parked_until, "parked", until=w.parked_until)
    if w.returned_at is not None:
        return _turn(w, RETURNED, w.returned_at, "returned", returned_at=w.returned_at)
    capped_at = capped_from(w, policy)
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


def capped_from(w: Waiting, policy: Policy) -> datetime | None:
    """From when the ticket has waited so long that it goes first; None where nothing caps it.

    A booked client counts from the arrival too, once due: so no walk-in who came later goes before.
    """
    if policy.cap is None or w.returned_at is not None:
        return None
    since = w.arrived_at + policy.cap
    return since if w.booked is None or w.late else max(since, w.booked.start)


def _turn_of_booked(w: Waiting, window: Interval[datetime], policy: Policy, now: datetime) -> Turn:
    if now < window.start:
        return _turn(w, NOT_YET, window.start, "booked_before_window")
    # Who arrived within the window keeps the place after its end.
    code = "booked_in_window" if now < window.end else "booked_kept_place"
    if policy.head_start is None:
        return _turn(w, BOOKED, window.start, code)
    due = max(w.arrived_at, window.start)
    # Never later than the arrival itself: no walk-in who came after goes before.
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
    return _concerns(w, serves, counter, policy) and ready(turn(w, policy, now), policy)


def _concerns(w: Waiting, serves: frozenset[int], counter: int, policy: Policy) -> bool:
    if w.service in policy.stopped:
        return False
    if w.for_counter is None:
        return w.service in serves
    return w.for_counter == counter


def ready(place: Turn, policy: Policy) -> bool:
    """Whether somebody in this place may be called by those counters that serve them."""
    return place.rank < NOT_YET or (place.rank == NOT_YET and policy.call_early)


def next_in_turn(
    waiting: Iterable[Waiting],
    *,
    serves: frozenset[int],
    counter: int,
    policy: Policy,
    now: datetime,
) -> Chosen | None:
    """Whom the counter calls next; None when nobody may be called there now."""
    able = (
        Chosen(w.ticket, place)
        for w in waiting
        if _concerns(w, serves, counter, policy) and ready(place := turn(w, policy, now), policy)
    )
    return min(able, key=_key, default=None)


def before(
    waiting: Iterable[Waiting],
    chosen: Chosen | None,
    *,
    serves: frozenset[int],
    counter: int,
    policy: Policy,
    now: datetime,
) -> list[Waiting]:
    """Those whom the counter may call and whose turn is before the chosen one's, in any order.

    Without a chosen one: all whom it may call.
    """
    return [
        w
        for w in waiting
        if _concerns(w, serves, counter, policy)
        and ready(place := turn(w, policy, now), policy)
        and (chosen is None or place.key < chosen.turn.key)
    ]


def ordered(waiting: Iterable[Waiting], *, policy: Policy, now: datetime) -> list[Chosen]:
    """Everybody in the order for a screen; not yet due and parked tickets come last."""
    return sorted((Chosen(w.ticket, turn(w, policy, now)) for w in waiting), key=_key)


def _key(chosen: Chosen) -> Key:
    return chosen.turn.key


def overtake_bound(quota: int, agendas: int, window_min: int, waited: timedelta) -> int:
    """How many booked clients at most go before a walk-in who came earlier and `waited` so long.

    `quota` per window of `window_min` minutes in each of the `agendas` that share the counters.
    """
    return quota * agendas * (ceil(waited / timedelta(minutes=window_min)) + 1)

"""PINs: drawing one, and the verdict on a PIN entered at a kiosk."""

import itertools
import random
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused, gettext_noop
from prepazka.core.slots import Rules


class PinsExhausted(Refused):
    """All PINs of the day are in use; the booking cannot be confirmed on that day."""

    message = gettext_noop("All PINs for this day have been used. Please book by phone.")


# Within this time the same PIN at the same kiosk prints its ticket again.
REPRINT_WITHIN = timedelta(minutes=2)


def _is_guessable(pin: str) -> bool:
    """Whether all steps from digit to digit are alike: 0000, 1234, 9876, 8901."""
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    return steps in ({0}, {1}, {9})


PINS = tuple(pin for pin in (f"{n:04}" for n in range(10_000)) if not _is_guessable(pin))


def pick_pin(in_use: Container[str], avoid: Container[str], rng: random.Random) -> str:
    """Four digits not in `in_use`, and not in `avoid` while others are left.

    Raises PinsExhausted when none is left.
    """
    for _ in range(64):  # nearly always enough, and cheaper than looking at all
        pin = rng.choice(PINS)
        if pin not in in_use and pin not in avoid:
            return pin
    untaken = [pin for pin in PINS if pin not in in_use]
    if not untaken:
        raise PinsExhausted
    return rng.choice([pin for pin in untaken if pin not in avoid] or untaken)


class Outcome(Enum):
    """What a PIN means at this kiosk now, in the order of preference for the citizen."""

    INSIDE = "inside"  # accepted, in turn now
    REGISTERED_EARLY = "registered_early"  # accepted, in turn from the start of the window
    LATE = "late"  # accepted, an ordinary place in the queue
    RETURNED = "returned"  # called in vain: the same ticket goes back into the queue, once
    AGAIN = "again"  # entered again at once at the same kiosk: the same ticket is printed again
    EARLY = "early"  # come back at `opens_at`
    REMOTE = "remote"  # a meeting by video or by telephone: nobody need come
    UNCONFIRMED = "unconfirmed"  # the e-mail was never clicked
    USED = "used"
    MISSED = "missed"  # called in vain once more: only staff put the ticket back
    VOID = "void"  # the time in which it counts is over: an ordinary ticket is the way
    CANCELLED = "cancelled"
    CHANGED = "changed"  # the booking has another PIN now, and its person a message about it
    OTHER_DAY = "other_day"
    OTHER_OFFICE = "other_office"
    UNKNOWN = "unknown"


ACCEPTED = frozenset({Outcome.INSIDE, Outcome.REGISTERED_EARLY, Outcome.LATE})
_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}
_BY_STATE = {
    "held": Outcome.UNCONFIRMED,
    "unconfirmed": Outcome.UNCONFIRMED,
    "expired": Outcome.UNCONFIRMED,
    "arrived": Outcome.USED,
    "served": Outcome.USED,
    "no_show": Outcome.VOID,
    "cancelled_by_citizen": Outcome.CANCELLED,
    "cancelled_by_office": Outcome.CANCELLED,
    "displaced": Outcome.CANCELLED,
    "pin_changed": Outcome.CHANGED,
}
_ELSEWHERE = frozenset({"unconfirmed", "confirmed", "no_show"})  # worth telling where or when


@dataclass(frozen=True, slots=True)
class PinCandidate:
    """A booking with the PIN that was entered; `day` is the local day of its window.

    `state` is that of the booking, or `pin_changed` if the PIN is one that the booking had before.
    """

    booking: str
    office: int
    day: date
    window: Interval[datetime]
    state: str
    remote: bool = False
    missed: bool = False  # its ticket was called in vain and is out of the queue
    returned: bool = False  # the PIN has put its ticket back before
    # When this kiosk gave or put back its ticket, which is still waiting or at a counter.
    given_here_at: datetime | None = None
    rules: Rules | None = None  # its own agenda's rules, where they differ from the kiosk's


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a PIN, with its booking (None when UNKNOWN)."""

    outcome: Outcome
    found: PinCandidate | None = None
    opens_at: datetime | None = None  # the PIN counts from then
    closes_at: datetime | None = None  # and is void from then on

    @property
    def accepted(self) -> bool:
        """Whether the citizen now counts as arrived and gets a ticket of a new number."""
        return self.outcome in ACCEPTED

    @property
    def late(self) -> bool:
        """Whether the ticket waits with the walk-ins, because the window is over."""
        return self.outcome is Outcome.LATE


def judge_pin(
    pin_candidates: Iterable[PinCandidate], *, office: int, today: date, rules: Rules, now: datetime
) -> Verdict:
    """The verdict on a PIN that was entered at a kiosk of `office`.

    Of several bookings the best for the citizen counts: today's at this office in the order of
    `Outcome`, then the nearest other day (a coming one first), then today's at another office.
    """
    answers = [
        _answer(candidate, office=office, today=today, rules=candidate.rules or rules, now=now)
        for candidate in pin_candidates
    ]
    return min(
        answers, key=lambda answer: _preference(answer, today), default=Verdict(Outcome.UNKNOWN)
    )


def _preference(answer: Verdict, today: date) -> tuple[int, bool, int, datetime | None, str]:
    candidate = answer.found
    if candidate is None:
        return _RANK[answer.outcome], True, 0, None, ""
    days = (candidate.day - today).days
    return _RANK[answer.outcome], days < 0, abs(days), candidate.window.start, candidate.booking


def _answer(
    candidate: PinCandidate, *, office: int, today: date, rules: Rules, now: datetime
) -> Verdict:
    opens_at, closes_at = (
        rules.counts_from(candidate.window.start),
        rules.counts_until(candidate.window.end),
    )
    if candidate.remote and candidate.office == office and candidate.state == "confirmed":
        outcome = Outcome.REMOTE
    elif candidate.office == office and candidate.day == today:
        outcome = _by_state(candidate, closes_at, now) or _by_time(
            candidate.window, opens_at, closes_at, now
        )
    elif candidate.state not in _ELSEWHERE or (
        candidate.office != office and candidate.day != today
    ):
        # Four digits repeat over days and offices, so this may be somebody else's booking.
        return Verdict(Outcome.UNKNOWN)
    else:
        outcome = Outcome.OTHER_DAY if candidate.office == office else Outcome.OTHER_OFFICE
    return Verdict(outcome, candidate, opens_at, closes_at)


def _by_state(candidate: PinCandidate, closes_at: datetime, now: datetime) -> Outcome | None:
    """The outcome that follows from the booking's state; None where the time decides."""
    if candidate.state != "arrived" or not candidate.missed:
        just_given = (
            candidate.given_here_at is not None and now - candidate.given_here_at < REPRINT_WITHIN
        )
        return (
            Outcome.AGAIN
            if candidate.state == "arrived" and just_given
            else _BY_STATE.get(candidate.state)
        )
    if now >= closes_at:
        return Outcome.VOID
    return Outcome.MISSED if candidate.returned else Outcome.RETURNED


def _by_time(
    window: Interval[datetime], opens_at: datetime, closes_at: datetime, now: datetime
) -> Outcome:
    if now < opens_at:
        return Outcome.EARLY
    if now < window.start:
        return Outcome.REGISTERED_EARLY
    if now < window.end:
        return Outcome.INSIDE
    return Outcome.LATE if now < closes_at else Outcome.VOID

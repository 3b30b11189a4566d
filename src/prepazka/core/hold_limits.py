"""How many slots of an office one network may hold, and for how long: pure decisions.

A network is counted at three widths at once: the single address (of IPv6 its /64), the /56 and the
/48 around it; of IPv4 all three are the address. Signed-in people are counted by their account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

FULL_LENGTH, SHORT_LENGTH = timedelta(minutes=10), timedelta(minutes=3)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The office is crowded when more slots than this are held and unconfirmed, or were confirmed
# without a click within the last hour; above half of it browsers must do proof of work.
CEILING, CEILING_PER_LANE = 20, 5


class Widths(NamedTuple):
    """A count or limit for the address, the /56 and the /48 around it."""

    address: int
    area: int
    site: int

    def reaches(self, limits: Widths) -> bool:
        """Whether the count at some width has come to its limit."""
        return any(count >= bound for count, bound in zip(self, limits, strict=True))


@dataclass(frozen=True)
class HoldLimits:
    """The limits of one kind of asker; `crowded_*` replace the others while the office is crowded."""

    full: Widths  # up to so many are held for ten minutes, further ones for three
    most: Widths  # held or unconfirmed at the same moment
    crowded_most: Widths
    # Confirmed without a click, where the agenda asks for none.
    per_hour: Widths
    per_day: Widths
    crowded_per_hour: Widths


@dataclass(frozen=True)
class Asker:
    """Who asks for a slot: keyed hashes of the address, /56 and /48, or the account's three times.

    `crowd` says whether their holds count towards a crowded office; those of staff do not.
    """

    keys: tuple[str, str, str]
    limits: HoldLimits
    crowd: bool = True


_OWN = Widths(60, 60, 60)
_NO_LIMIT = Widths(10**9, 10**9, 10**9)
CITIZEN = HoldLimits(
    full=Widths(5, 10, 20),
    most=Widths(20, 30, 40),
    crowded_most=Widths(3, 4, 6),
    per_hour=Widths(6, 9, 12),
    per_day=Widths(15, 20, 25),
    crowded_per_hour=Widths(2, 3, 4),
)
# The office's people, its kiosks, and programs with a token.
SIGNED_IN = HoldLimits(_OWN, _OWN, _OWN, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT)
# Where proxies hide the addresses, all visitors share one; only the office as a whole is limited.
UNSEEN = HoldLimits(_NO_LIMIT, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT)


class Live(NamedTuple):
    """What a network holds of an office now; `frees_at` is when its first hold ends."""

    kept: Widths
    hour: Widths = Widths(0, 0, 0)
    day: Widths = Widths(0, 0, 0)
    frees_at: datetime | None = None


def crowding_threshold(lanes: int) -> int:
    """The number of held and unconfirmed slots above which such an office is crowded."""
    return CEILING + CEILING_PER_LANE * lanes


def may_keep(live: Live, limits: HoldLimits, *, crowded: bool) -> bool:
    """Whether the network may hold one more slot."""
    return not live.kept.reaches(limits.crowded_most if crowded else limits.most)


def hold_length(live: Live, limits: HoldLimits, *, crowded: bool) -> timedelta:
    """How long a slot is held for whoever holds `live` already."""
    short = live.kept.reaches(limits.full) or (crowded and limits is not SIGNED_IN)
    return SHORT_LENGTH if short else FULL_LENGTH


def may_book_unclicked(live: Live, limits: HoldLimits, *, crowded: bool) -> bool:
    """Whether the network may confirm one more booking without a click in an e-mail."""
    hourly = limits.crowded_per_hour if crowded else limits.per_hour
    return not (live.hour.reaches(hourly) or live.day.reaches(limits.per_day))


def minutes_until(at: datetime | None, now: datetime, *, otherwise: timedelta) -> int:
    """Whole minutes, rounded up, at least one."""
    remaining = (at - now) if at and at > now else otherwise
    return max(1, -int(-remaining.total_seconds() // 60))

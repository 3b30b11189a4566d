"""How many times of an office one network may keep, and for how long: pure decisions.

A network is counted at three widths at once: the single address (of IPv6 its /64), the /56 and the
/48 around it. Of IPv4 all three are the address. Who is signed in is counted by their account, not
by the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

FULL_LENGTH, SHORT_LENGTH = timedelta(minutes=10), timedelta(minutes=3)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The office is crowded when more than this is kept and not confirmed, or confirmed without a
# click within the last hour; of half of it browsers must do some work.
CEILING, CEILING_PER_LANE = 20, 5


class Widths(NamedTuple):
    """Something of the address, of the /56 and of the /48 around it."""

    address: int
    area: int
    site: int

    def reaches(self, most: Widths) -> bool:
        """Whether at some width there is no more room."""
        return any(count >= bound for count, bound in zip(self, most, strict=True))


@dataclass(frozen=True)
class HoldLimits:
    """The limits of one kind of asker; `crowded_*` replace the others while the office is crowded."""

    full: Widths  # so many keep their time for ten minutes, later ones for three
    most: Widths  # kept or unconfirmed at the same moment
    crowded_most: Widths
    # Confirmed without a click, where the agenda asks for none.
    per_hour: Widths
    per_day: Widths
    crowded_per_hour: Widths


@dataclass(frozen=True)
class Asker:
    """Who asks for a time: keyed hashes of the address, /56 and /48, or of the account thrice.

    `crowd` says whether what they keep adds to the crowd; the office's own people do not.
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
# Everybody together, where the proxies hide the addresses: only the office as a whole is counted.
UNSEEN = HoldLimits(_NO_LIMIT, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT)


class Live(NamedTuple):
    """What a network has of an office now; `frees_at` is when the first of it ends."""

    kept: Widths
    hour: Widths = Widths(0, 0, 0)
    day: Widths = Widths(0, 0, 0)
    frees_at: datetime | None = None


def ceiling(lanes: int) -> int:
    """How many kept and unconfirmed times make an office with so many lanes crowded."""
    return CEILING + CEILING_PER_LANE * lanes


def may_keep(live: Live, limits: HoldLimits, *, crowded: bool) -> bool:
    """Whether the network may keep one more time."""
    return not live.kept.reaches(limits.crowded_most if crowded else limits.most)


def length(live: Live, limits: HoldLimits, *, crowded: bool) -> timedelta:
    """How long the time is kept of whoever has so many kept already."""
    short = live.kept.reaches(limits.full) or (crowded and limits is not SIGNED_IN)
    return SHORT_LENGTH if short else FULL_LENGTH


def may_book_unclicked(live: Live, limits: HoldLimits, *, crowded: bool) -> bool:
    """Whether the network may confirm one more booking for which no click is asked."""
    hourly = limits.crowded_per_hour if crowded else limits.per_hour
    return not (live.hour.reaches(hourly) or live.day.reaches(limits.per_day))


def minutes_until(at: datetime | None, now: datetime, *, otherwise: timedelta) -> int:
    """Whole minutes, rounded up, at least one."""
    left = (at - now) if at and at > now else otherwise
    return max(1, -int(-left.total_seconds() // 60))

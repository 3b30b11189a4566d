"""Which terms may be offered: opening hours minus what is taken, cut by the rules of booking.

Everything bookable is a lane: a line of time that holds one claim at a time. Times of day are
local minutes after midnight; an ordinal minute counts on through the days.
"""

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal, NamedTuple

from prepazka.core.interval import Interval

Minutes = Interval[int]
# How many minutes really pass in local minutes of a day.
Lasts = Callable[[Minutes], int]
Channel = Literal["web", "kiosk", "desk", "phone"]
Proof = Literal["never", "busy", "always"]

DAY_MIN = 1440
MOST_LANES = 62  # a set of lanes fits a bigint of the database
MOST_OFFER_MIN = 7 * DAY_MIN
MOST_RETURN_MIN = 120


class Step(NamedTuple):
    """A part of a day's places that the public may take from a moment before the day."""

    share: float
    days_before: int
    minute: int  # local, after midnight


@dataclass(frozen=True, slots=True)
class Rules:
    """How one agenda may be booked; `_min` are minutes, `_days` whole days."""

    kind: Literal["window", "slot"] = "window"
    window_min: int = 30  # length of a window; a `slot` timetable takes the service's duration
    quota: int = 1  # number of lanes
    raster_min: int = 15  # grid of exact starts, from the start of the opening
    horizon_days: int = 30
    lead_min: int = 60  # at least this long between now and the start
    confirm_min: int = 15  # time for the click in the e-mail; 0 = no click needed
    early_min: int = 30  # the PIN counts from this long before the window
    late_min: int = 10  # a late place up to this long after it; 0 = void after the window
    max_open_per_contact: int = 1
    max_persons: int = 1
    reserved_share: float = 0.0  # part of the day's places kept for desk and phone
    reserved_until_days: int = 1  # kept until this many days before the day
    # Each day opens `horizon_days` ahead; graduated: but for the parts that the steps add later.
    release: Literal["rolling", "graduated"] = "rolling"
    release_time_min: int = 0  # at this local minute
    release_steps: tuple[Step, ...] = ()
    called_from_start: bool = False  # True: never called before the window, even if nobody waits
    return_from_min: int = 0  # a freed term comes back to the public after a delay drawn
    return_to_min: int = 0  # from these bounds; 0 = at once
    waiting_list: bool = False
    offer_min: int = 60  # how long an offer from the waiting list is kept
    quota_reason: str = ""  # why so many, where walk-ins wait more than 1.5 times as long
    topic_line: bool = False  # people may write in their own words what the meeting is about
    proof: Proof = "busy"  # whether a browser must do some work before it holds a term

    def __post_init__(self) -> None:
        if self.kind not in ("window", "slot"):
            raise ValueError(f"kind must be window or slot, not {self.kind!r}")
        if self.release not in ("rolling", "graduated"):
            raise ValueError(f"release must be rolling or graduated, not {self.release!r}")
        if self.proof not in ("never", "busy", "always"):
            raise ValueError(f"proof must be never, busy or always, not {self.proof!r}")
        for name in ("window_min", "raster_min", "max_open_per_contact", "max_persons"):
            self._check(name, 1, DAY_MIN)
        self._check("quota", 1, MOST_LANES)
        for name in ("horizon_days", "lead_min", "confirm_min", "reserved_until_days"):
            self._check(name, 0, 366 * DAY_MIN)
        self._check("early_min", 0, DAY_MIN)
        self._check("late_min", 0, DAY_MIN)
        self._check("release_time_min", 0, DAY_MIN - 1)
        self._check("reserved_share", 0, 1)
        self._check("return_to_min", 0, MOST_RETURN_MIN)
        self._check("return_from_min", 0, self.return_to_min)
        self._check("offer_min", 1, MOST_OFFER_MIN)
        self._check_steps()

    def counts_from(self, start: datetime) -> datetime:
        """From when the PIN of a booking that starts then is taken."""
        return start - timedelta(minutes=self.early_min)

    def counts_until(self, end: datetime) -> datetime:
        """Until when the PIN of a booking that ends then is taken; from then on it is void."""
        return end + timedelta(minutes=self.late_min)

    def data(self) -> dict[str, Any]:
        """The rules as JSON can carry them."""
        return asdict(self) | {"release_steps": [list(one) for one in self.release_steps]}

    def _check_steps(self) -> None:
        # As they come from the database, steps are lists.
        object.__setattr__(self, "release_steps", tuple(Step(*one) for one in self.release_steps))
        steps = self.release_steps
        if (self.release == "graduated") != bool(steps):
            raise ValueError("steps belong to a graduated release, and only to it")
        moments = [(-one.days_before, one.minute) for one in steps]
        if sorted(set(moments)) != moments:
            raise ValueError("each step of the release must be later than the one before")
        if steps and not (
            steps[0].days_before < self.horizon_days
            and steps[-1].days_before >= 0
            and all(0 < one.share < 1 and 0 <= one.minute < DAY_MIN for one in steps)
            and _added(steps) < 1
        ):
            raise ValueError("steps must be after the horizon and leave a part to it")

    def _check(self, name: str, least: int, most: int) -> None:
        value = getattr(self, name)
        if not least <= value <= most:
            raise ValueError(f"{name} must be from {least} to {most}, not {value}")


def _added(steps: Iterable[Step]) -> Decimal:
    return sum((Decimal(str(one.share)) for one in steps), Decimal(0))


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A local day and the minutes after its midnight, as the clock on the wall shows them."""

    day: date
    minute: int

    @property
    def ordinal(self) -> int:
        """Minutes since the calendar began, so that moments of different days can be compared."""
        return self.day.toordinal() * DAY_MIN + self.minute


class Taken(NamedTuple):
    """Minutes of a day that are taken on a set of lanes."""

    start: int
    end: int
    lanes: int


@dataclass(frozen=True, slots=True)
class Laid:
    """What could be booked in an empty day, and how many single places the day has."""

    candidates: tuple[Minutes, ...]
    places: int
    units: int = 1
    # Where lanes have hours of their own: the set of lanes on which each candidate is laid.
    lanes: tuple[int, ...] | None = None


class Offer(NamedTuple):
    """A term that can be taken now, and on how many lanes."""

    day: date
    interval: Minutes
    free: int
    lanes: int = 0  # the same as a set

    @property
    def starts(self) -> Moment:
        """When the term starts."""
        return Moment(self.day, self.interval.start)


def shown_length(minutes: Minutes) -> int:
    """How long local minutes last on a day without a clock change."""
    return minutes.end - minutes.start


def windows(opening: Iterable[Minutes], length: int) -> list[Minutes]:
    """Whole windows of `length` minutes, laid from the start of each opening interval."""
    return [
        Interval(start, start + length)
        for one in opening
        for start in range(one.start, one.end - length + 1, length)
    ]


def starts(opening: Iterable[Minutes], duration: int, raster: int) -> list[int]:
    """The exact starts, every `raster` minutes, from which `duration` minutes fit."""
    return [start for one in opening for start in range(one.start, one.end - duration + 1, raster)]


def consecutive(laid: Sequence[Minutes], units: int) -> list[Minutes]:
    """Longer candidates of `units` windows that follow each other without a gap."""
    if units == 1:
        return list(laid)
    runs = (laid[first : first + units] for first in range(len(laid) - units + 1))
    return [
        Interval(run[0].start, run[-1].end)
        for run in runs
        if all(a.end == b.start for a, b in itertools.pairwise(run))
    ]


def candidates(
    opening: Iterable[Minutes],
    rules: Rules,
    *,
    duration: int,
    units: int = 1,
    lasts: Lasts = shown_length,
) -> list[Minutes]:
    """What could be booked in an empty day: `units` windows, or `units` durations on the raster.

    `duration` (minutes) is the service's own and matters only to a `slot` timetable. What does
    not last as long as the clock shows, by `lasts`, is left out.
    """
    if rules.kind == "window":
        whole = [one for one in windows(opening, rules.window_min) if _keeps_length(one, lasts)]
        return consecutive(whole, units)
    length = duration * units
    laid = (Interval(at, at + length) for at in starts(opening, length, rules.raster_min))
    return [one for one in laid if _keeps_length(one, lasts)]


def places(
    opening: Iterable[Minutes], rules: Rules, *, duration: int, lasts: Lasts = shown_length
) -> int:
    """How many single places the day has on all its lanes: W windows (or durations) × quota."""
    if rules.kind == "window":
        return len(candidates(opening, rules, duration=duration, lasts=lasts)) * rules.quota
    return sum(lasts(one) // duration for one in opening) * rules.quota


def lay(
    opening: Sequence[Minutes],
    rules: Rules,
    *,
    duration: int,
    units: int = 1,
    lasts: Lasts = shown_length,
) -> Laid:
    """All that `offered` needs to know of a day's opening hours; it can be kept.

    `lasts` says how many minutes really pass in local minutes of the day.
    """
    return Laid(
        tuple(candidates(opening, rules, duration=duration, units=units, lasts=lasts)),
        places(opening, rules, duration=duration, lasts=lasts),
        units,
    )


def diaries(
    openings: Sequence[Sequence[Minutes]],
    rules: Rules,
    *,
    duration: int,
    units: int = 1,
    lasts: Lasts = shown_length,
) -> Laid:
    """All that `offered` needs to know of a day on which each lane has opening hours of its own.

    `lasts` says how many minutes really pass in local minutes of the day.
    """
    length, lanes_by_start, total = duration * units, dict[int, int](), 0
    for lane, opening in enumerate(openings):
        for start in starts(opening, length, rules.raster_min):
            lanes_by_start[start] = lanes_by_start.get(start, 0) | 1 << lane
        total += sum(lasts(one) // duration for one in opening)
    laid = [Interval(start, start + length) for start in sorted(lanes_by_start)]
    laid = [one for one in laid if _keeps_length(one, lasts)]
    return Laid(tuple(laid), total, units, tuple(lanes_by_start[one.start] for one in laid))


def _keeps_length(minutes: Minutes, lasts: Lasts) -> bool:
    return lasts(minutes) == shown_length(minutes)


def free(wanted: Sequence[Minutes], taken: Sequence[Taken], quota: int) -> list[int]:
    """For each candidate the set of lanes that are free for the whole of it.

    Both sequences are sorted by start, and no candidate ends before an earlier one.
    """
    every = (1 << quota) - 1
    found, reaching, at = [], list[Taken](), 0
    for one in wanted:
        start, end = one.start, one.end
        while at < len(taken) and taken[at].start < end:
            reaching.append(taken[at])
            at += 1
        reaching = [claim for claim in reaching if claim.end > start]
        lanes = 0
        for claim in reaching:
            lanes |= claim.lanes
        found.append(every & ~lanes)
    return found


def free_lane(wanted: Minutes, taken: Sequence[Taken], quota: int) -> int | None:
    """The lowest lane that is free for the whole of the candidate."""
    lanes = free([wanted], taken, quota)[0]
    return (lanes & -lanes).bit_length() - 1 if lanes else None


def kept_for_desk(day: date, today: date, total: int, rules: Rules) -> int:
    """How many of the day's `total` places the public may not take yet, rounded up."""
    if (day - today).days <= rules.reserved_until_days:
        return 0
    share = Decimal(str(rules.reserved_share)) * total  # 0.14 * 50 in floats rounds up to 8
    return int(share.to_integral_value(ROUND_CEILING))


def released(day: date, now: Moment, total: int, rules: Rules) -> int:
    """How many of the day's `total` places the public may have taken by now, rounded up."""
    if now < releases_at(day, rules):
        return 0
    later = _added(one for one in rules.release_steps if now < step_at(day, one))
    return int(((1 - later) * total).to_integral_value(ROUND_CEILING))


def offered(
    *,
    day: date,
    laid: Laid,
    taken: Sequence[Taken],
    rules: Rules,
    now: Moment,
    channel: Channel = "web",
    public_taken: int = 0,
) -> list[Offer]:
    """The terms of the day that may be taken now.

    `taken` is sorted by start; lanes above the quota are ignored; `public_taken` are the places
    taken by web and kiosk. Of the W × quota places of a day the public may take all but the
    ceil(share × W × quota) kept for desk and phone, in any window, until `reserved_until_days`
    before the day; of a graduated release no more than the parts released so far. Desk and phone
    see all up to the horizon, with no lead time and no waiting for the hour of release.
    """
    public = channel in ("web", "kiosk")
    if not (_released(day, now, rules) if public else _within_horizon(day, now, rules)):
        return []
    if public and not _public_may_take(day, laid, rules, now, public_taken):
        return []
    soonest = now.ordinal + (rules.lead_min if public else 0) - day.toordinal() * DAY_MIN
    wanted, on = laid.candidates, laid.lanes
    if soonest > 0:
        first = bisect_left(wanted, soonest, key=lambda one: one.start)
        wanted, on = wanted[first:], on and on[first:]
    quota = rules.quota if on is None else max((one.bit_length() for one in on), default=0)
    left = free(wanted, taken, quota)
    if on is not None:
        left = [lanes & laid_on for lanes, laid_on in zip(left, on, strict=True)]
    return [
        Offer(day, one, lanes.bit_count(), lanes)
        for one, lanes in zip(wanted, left, strict=True)
        if lanes
    ]


def _public_may_take(day: date, laid: Laid, rules: Rules, now: Moment, public_taken: int) -> bool:
    kept = kept_for_desk(day, now.day, laid.places, rules)
    if rules.release_steps:
        kept = max(kept, laid.places - released(day, now, laid.places, rules))
    return kept == 0 or public_taken + laid.units <= laid.places - kept


def _within_horizon(day: date, now: Moment, rules: Rules) -> bool:
    return now.day <= day <= now.day + timedelta(days=rules.horizon_days)


def _released(day: date, now: Moment, rules: Rules) -> bool:
    return now.day <= day and releases_at(day, rules) <= now


def releases_at(day: date, rules: Rules) -> Moment:
    """When the public may start to book the day."""
    return Moment(day - timedelta(days=rules.horizon_days), rules.release_time_min)


def next_release(now: Moment, rules: Rules) -> date:
    """The first day that the public may not book yet; `releases_at` says from when."""
    last = now.day + timedelta(days=rules.horizon_days)
    return last + timedelta(days=1) if releases_at(last, rules) <= now else last


def step_at(day: date, step: Step) -> Moment:
    """When the step adds its part of the day's places."""
    return Moment(day - timedelta(days=step.days_before), step.minute)


def more_opens(
    now: Moment, rules: Rules, is_open: Callable[[date], bool], *, ahead: int
) -> tuple[Moment, date] | None:
    """The next moment at which more can be booked, and of which day; None within `ahead` days.

    Of several days that open at one moment it is the soonest.
    """
    last = next_release(now, rules) + timedelta(days=ahead)
    found: tuple[Moment, date] | None = None
    day = now.day
    while day < last:
        times = [releases_at(day, rules), *(step_at(day, one) for one in rules.release_steps)]
        at = min((one for one in times if now < one), default=None)
        if at and (found is None or (at, day) < found) and is_open(day):
            found = at, day
        day += timedelta(days=1)
    return found


def nearest(offers: Iterable[Offer], wanted: Moment, n: int = 3) -> list[Offer]:
    """The `n` offers that start nearest to the wanted moment, over all days; nearest first."""

    def distance(offer: Offer) -> tuple[int, int]:
        at = offer.starts.ordinal
        return abs(at - wanted.ordinal), at

    return sorted(offers, key=distance)[:n]

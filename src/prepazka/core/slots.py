"""Slots that may be offered: opening hours minus claims, limited by the rules of booking.

Everything bookable is a lane, which holds one claim at a time. Times of day are local minutes after
midnight; ordinal minutes count on from day to day.
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
# The real duration, in minutes, of local minutes of a day.
Lasts = Callable[[Minutes], int]
Channel = Literal["web", "kiosk", "desk", "phone"]
Proof = Literal["never", "busy", "always"]

DAY_MIN = 1440
MOST_LANES = 62  # a set of lanes fits a bigint of the database
MOST_PERSONS = 20  # of one booking or ticket
MOST_OFFER_MIN = 7 * DAY_MIN
MOST_RETURN_MIN = 120


class Step(NamedTuple):
    """A share of a day's places that the public may book from a moment before the day."""

    share: float
    days_before: int
    minute: int  # local, after midnight


@dataclass(frozen=True, slots=True)
class Rules:
    """An agenda's booking rules; `_min` are minutes, `_days` whole days."""

    kind: Literal["window", "slot"] = "window"
    window_min: int = 30  # length of a window; a `slot` timetable takes the service's duration
    quota: int = 1  # number of lanes
    raster_min: int = 15  # grid of exact starts, from the start of the opening
    horizon_days: int = 30
    lead_min: int = 60  # at least this long between now and the start
    confirm_min: int = 15  # time for the click in the e-mail; 0 = no click needed
    early_min: int = 30  # the PIN is valid from this long before the window
    late_min: int = 10  # check-in as a latecomer up to this long after it; 0 = none
    max_open_per_contact: int = 1
    max_persons: int = 1
    reserved_share: float = 0.0  # part of the day's places kept for desk and phone
    reserved_until_days: int = 1  # kept until this many days before the day
    # Each day opens `horizon_days` ahead; graduated: without the parts that the steps add later.
    release: Literal["rolling", "graduated"] = "rolling"
    release_time_min: int = 0  # at this local minute
    release_steps: tuple[Step, ...] = ()
    called_from_start: bool = False  # True: never called before the window, even if nobody waits
    return_from_min: int = 0  # a freed slot comes back to the public after a random delay
    return_to_min: int = 0  # between these bounds; 0 = at once
    waiting_list: bool = False
    offer_min: int = 60  # how long an offer from the waiting list is kept
    quota_reason: str = ""  # why the quota is so high that it stretches walk-ins' waits above 1.5
    topic_line: bool = False  # people may write in their own words what the meeting is about
    proof: Proof = "busy"  # whether a browser must do proof of work before it holds a slot

    def __post_init__(self) -> None:
        if self.kind not in ("window", "slot"):
            raise ValueError(f"kind must be window or slot, not {self.kind!r}")
        if self.release not in ("rolling", "graduated"):
            raise ValueError(f"release must be rolling or graduated, not {self.release!r}")
        if self.proof not in ("never", "busy", "always"):
            raise ValueError(f"proof must be never, busy or always, not {self.proof!r}")
        for name in ("window_min", "raster_min", "max_open_per_contact"):
            self._check(name, 1, DAY_MIN)
        self._check("max_persons", 1, MOST_PERSONS)
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
        """From when the PIN of a booking with this start is valid."""
        return start - timedelta(minutes=self.early_min)

    def counts_until(self, end: datetime) -> datetime:
        """Until when the PIN of a booking with this end is valid."""
        return end + timedelta(minutes=self.late_min)

    @property
    def admits_latecomers(self) -> bool:
        """Whether the PIN is valid for some time after the window."""
        return self.late_min > 0

    def data(self) -> dict[str, Any]:
        """The rules as stored in JSON."""
        return asdict(self) | {"release_steps": [list(step) for step in self.release_steps]}

    def _check_steps(self) -> None:
        # JSON of the database gives steps as lists.
        object.__setattr__(self, "release_steps", tuple(Step(*step) for step in self.release_steps))
        steps = self.release_steps
        if (self.release == "graduated") != bool(steps):
            raise ValueError("steps belong to a graduated release, and only to it")
        moments = [(-step.days_before, step.minute) for step in steps]
        if sorted(set(moments)) != moments:
            raise ValueError("each step of the release must be later than the one before")
        if steps and not (
            steps[0].days_before < self.horizon_days
            and steps[-1].days_before >= 0
            and all(0 < step.share < 1 and 0 <= step.minute < DAY_MIN for step in steps)
            and _share_added(steps) < 1
        ):
            raise ValueError("steps must be after the horizon and leave a part to it")

    def _check(self, name: str, lowest: int, highest: int) -> None:
        setting = getattr(self, name)
        if not lowest <= setting <= highest:
            raise ValueError(f"{name} must be from {lowest} to {highest}, not {setting}")


def _share_added(steps: Iterable[Step]) -> Decimal:
    return sum((Decimal(str(step.share)) for step in steps), Decimal(0))


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
    """A claim: minutes of a day on a set of lanes."""

    start: int
    end: int
    lanes: int


@dataclass(frozen=True, slots=True)
class Laid:
    """The candidates of an empty day, and how many single places it has."""

    candidates: tuple[Minutes, ...]
    places: int
    units: int = 1
    # Where lanes have hours of their own: the set of lanes on which each candidate is laid.
    lanes: tuple[int, ...] | None = None


class Offer(NamedTuple):
    """A slot that can be booked now, and on how many lanes."""

    day: date
    interval: Minutes
    free: int
    lanes: int = 0  # the same as a set

    @property
    def starts(self) -> Moment:
        """When the slot starts."""
        return Moment(self.day, self.interval.start)


class Slot(NamedTuple):
    """A free slot: its start and end as instants, and the number of free lanes."""

    day: date
    starts_at: datetime
    ends_at: datetime
    free: int
    lanes: int = 0  # the free lanes as bits


def clock_length(minutes: Minutes) -> int:
    """The length of local minutes as the clock shows it, ignoring clock changes."""
    return minutes.end - minutes.start


def windows_of_length(opening: Iterable[Minutes], length: int) -> list[Minutes]:
    """Whole windows of `length` minutes, laid from the start of each opening interval."""
    return [
        Interval(start, start + length)
        for opening_hours in opening
        for start in range(opening_hours.start, opening_hours.end - length + 1, length)
    ]


def possible_starts(opening: Iterable[Minutes], duration: int, raster: int) -> list[int]:
    """The exact starts, every `raster` minutes, from which `duration` minutes fit."""
    return [
        start
        for opening_hours in opening
        for start in range(opening_hours.start, opening_hours.end - duration + 1, raster)
    ]


def consecutive_windows(laid: Sequence[Minutes], units: int) -> list[Minutes]:
    """Longer candidates of `units` windows that follow each other without a gap."""
    if units == 1:
        return list(laid)
    runs = (laid[index : index + units] for index in range(len(laid) - units + 1))
    return [
        Interval(run[0].start, run[-1].end)
        for run in runs
        if all(a.end == b.start for a, b in itertools.pairwise(run))
    ]


def candidates_of_day(
    opening: Iterable[Minutes],
    rules: Rules,
    *,
    duration: int,
    units: int = 1,
    lasts: Lasts = clock_length,
) -> list[Minutes]:
    """The candidates of an empty day: `units` windows, or `units` durations on the raster.

    `duration` (minutes) is the service's own and matters only to a `slot` timetable. Candidates
    whose real length by `lasts` differs from the clock's are left out.
    """
    if rules.kind == "window":
        whole_windows = [
            window
            for window in windows_of_length(opening, rules.window_min)
            if _keeps_length(window, lasts)
        ]
        return consecutive_windows(whole_windows, units)
    length = duration * units
    laid = (Interval(at, at + length) for at in possible_starts(opening, length, rules.raster_min))
    return [candidate for candidate in laid if _keeps_length(candidate, lasts)]


def count_places(
    opening: Iterable[Minutes], rules: Rules, *, duration: int, lasts: Lasts = clock_length
) -> int:
    """The number of single places of the day on all its lanes: windows (or durations) × quota."""
    if rules.kind == "window":
        return len(candidates_of_day(opening, rules, duration=duration, lasts=lasts)) * rules.quota
    return sum(lasts(opening_hours) // duration for opening_hours in opening) * rules.quota


def lay_out_day(
    opening: Sequence[Minutes],
    rules: Rules,
    *,
    duration: int,
    units: int = 1,
    lasts: Lasts = clock_length,
) -> Laid:
    """The candidates and places of a day's opening hours, for `offered`; they may be cached.

    `lasts` gives the real duration of local minutes of the day.
    """
    return Laid(
        tuple(candidates_of_day(opening, rules, duration=duration, units=units, lasts=lasts)),
        count_places(opening, rules, duration=duration, lasts=lasts),
        units,
    )


def lay_out_diaries(
    openings: Sequence[Sequence[Minutes]],
    rules: Rules,
    *,
    duration: int,
    units: int = 1,
    lasts: Lasts = clock_length,
) -> Laid:
    """The candidates and places of a day on which each lane has hours of its own, for `offered`.

    `lasts` gives the real duration of local minutes of the day.
    """
    length, lanes_by_start, total = duration * units, dict[int, int](), 0
    for lane, opening in enumerate(openings):
        for start in possible_starts(opening, length, rules.raster_min):
            lanes_by_start[start] = lanes_by_start.get(start, 0) | 1 << lane
        total += sum(lasts(opening_hours) // duration for opening_hours in opening)
    laid = [Interval(start, start + length) for start in sorted(lanes_by_start)]
    laid = [candidate for candidate in laid if _keeps_length(candidate, lasts)]
    return Laid(
        tuple(laid), total, units, tuple(lanes_by_start[candidate.start] for candidate in laid)
    )


def _keeps_length(minutes: Minutes, lasts: Lasts) -> bool:
    return lasts(minutes) == clock_length(minutes)


def lanes_by_candidate(
    candidate_times: Sequence[Minutes], claims: Sequence[Taken], quota: int
) -> list[int]:
    """For each candidate the set of lanes that are free for the whole of it.

    Both sequences are sorted by start, and no candidate ends before an earlier one.
    """
    all_lanes = (1 << quota) - 1
    free_lanes, reaching, at = [], list[Taken](), 0
    for candidate in candidate_times:
        start, end = candidate.start, candidate.end
        while at < len(claims) and claims[at].start < end:
            reaching.append(claims[at])
            at += 1
        reaching = [claim for claim in reaching if claim.end > start]
        lanes = 0
        for claim in reaching:
            lanes |= claim.lanes
        free_lanes.append(all_lanes & ~lanes)
    return free_lanes


def free_lane(candidate: Minutes, claims: Sequence[Taken], quota: int) -> int | None:
    """The lowest lane that is free for the whole of the candidate."""
    lanes = lanes_by_candidate([candidate], claims, quota)[0]
    return (lanes & -lanes).bit_length() - 1 if lanes else None


def count_places_for_desk(day: date, today: date, total: int, rules: Rules) -> int:
    """How many of the day's `total` places are kept from the public now, rounded up."""
    if (day - today).days <= rules.reserved_until_days:
        return 0
    share = Decimal(str(rules.reserved_share)) * total  # 0.14 * 50 in floats rounds up to 8
    return int(share.to_integral_value(ROUND_CEILING))


def count_released_places(day: date, now: Moment, total: int, rules: Rules) -> int:
    """How many of the day's `total` places are released to the public by now, rounded up."""
    if now < releases_at(day, rules):
        return 0
    later = _share_added(step for step in rules.release_steps if now < step_release_time(day, step))
    return int(((1 - later) * total).to_integral_value(ROUND_CEILING))


def bookable_slots(
    *,
    day: date,
    laid: Laid,
    claims: Sequence[Taken],
    rules: Rules,
    now: Moment,
    channel: Channel = "web",
    public_taken: int = 0,
) -> list[Offer]:
    """The slots of the day that may be booked now.

    `claims` is sorted by start; lanes above the quota are ignored; `public_taken` are the places
    taken by web and kiosk. Of the W × quota places of a day the public may take all but the
    ceil(share × W × quota) kept for desk and phone, in any window, until `reserved_until_days`
    before the day; of a graduated release no more than the parts released so far. Desk and phone
    see all up to the horizon, with no lead time and no hour of release.
    """
    public = channel in ("web", "kiosk")
    if not (_released(day, now, rules) if public else _within_horizon(day, now, rules)):
        return []
    if public and not _public_may_take(day, laid, rules, now, public_taken):
        return []
    soonest = now.ordinal + (rules.lead_min if public else 0) - day.toordinal() * DAY_MIN
    candidate_times, candidate_lanes = laid.candidates, laid.lanes
    if soonest > 0:
        first_index = bisect_left(candidate_times, soonest, key=lambda candidate: candidate.start)
        candidate_times, candidate_lanes = (
            candidate_times[first_index:],
            candidate_lanes and candidate_lanes[first_index:],
        )
    quota = (
        rules.quota
        if candidate_lanes is None
        else max((lane_set.bit_length() for lane_set in candidate_lanes), default=0)
    )
    free_lanes = lanes_by_candidate(candidate_times, claims, quota)
    if candidate_lanes is not None:
        free_lanes = [
            lanes & laid_on for lanes, laid_on in zip(free_lanes, candidate_lanes, strict=True)
        ]
    return [
        Offer(day, candidate, lanes.bit_count(), lanes)
        for candidate, lanes in zip(candidate_times, free_lanes, strict=True)
        if lanes
    ]


def _public_may_take(day: date, laid: Laid, rules: Rules, now: Moment, public_taken: int) -> bool:
    withheld = count_places_for_desk(day, now.day, laid.places, rules)
    if rules.release_steps:
        withheld = max(withheld, laid.places - count_released_places(day, now, laid.places, rules))
    return withheld == 0 or public_taken + laid.units <= laid.places - withheld


def _within_horizon(day: date, now: Moment, rules: Rules) -> bool:
    return now.day <= day <= now.day + timedelta(days=rules.horizon_days)


def _released(day: date, now: Moment, rules: Rules) -> bool:
    return now.day <= day and releases_at(day, rules) <= now


def releases_at(day: date, rules: Rules) -> Moment:
    """When the public may start to book the day."""
    return Moment(day - timedelta(days=rules.horizon_days), rules.release_time_min)


def next_release(now: Moment, rules: Rules) -> date:
    """The first day that the public may not book yet; `releases_at` gives when it opens."""
    last_day = now.day + timedelta(days=rules.horizon_days)
    return last_day + timedelta(days=1) if releases_at(last_day, rules) <= now else last_day


def step_release_time(day: date, step: Step) -> Moment:
    """When the step releases its share of the day's places."""
    return Moment(day - timedelta(days=step.days_before), step.minute)


def next_release_of_places(
    now: Moment, rules: Rules, is_open: Callable[[date], bool], *, ahead: int
) -> tuple[Moment, date] | None:
    """The next moment at which more places open, and of which day; None if not within `ahead` days.

    Of several days that open at one moment the earliest counts.
    """
    end_day = next_release(now, rules) + timedelta(days=ahead)
    opening: tuple[Moment, date] | None = None
    day = now.day
    while day < end_day:
        times = [
            releases_at(day, rules),
            *(step_release_time(day, step) for step in rules.release_steps),
        ]
        soonest = min((moment for moment in times if now < moment), default=None)
        if soonest and (opening is None or (soonest, day) < opening) and is_open(day):
            opening = soonest, day
        day += timedelta(days=1)
    return opening


def nearest_offers(offers: Iterable[Offer], moment: Moment, n: int = 3) -> list[Offer]:
    """The `n` offers that start nearest to the moment, over all days; nearest first."""

    def distance(offer: Offer) -> tuple[int, int]:
        at = offer.starts.ordinal
        return abs(at - moment.ordinal), at

    return sorted(offers, key=distance)[:n]

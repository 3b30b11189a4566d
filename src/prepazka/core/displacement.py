"""Who keeps their slot when time is taken back, and which substitute slots the others are offered.

Lanes are numbers; times are of any ordered kind whose differences are timedeltas. Claims and
proposals on one lane keep the lane's buffer between them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from typing import NamedTuple

from prepazka.core.interval import Interval

During = Interval[datetime]
NONE = timedelta(0)
# Kinds of substitute slots, in the order in which people get them.
AT_THAT_TIME, ON_ANOTHER_DAY, AT_ANOTHER_TIME = range(3)
SAME_TIME = timedelta(minutes=90)


def _unchanged(instant: datetime) -> datetime:
    return instant


class Visit(NamedTuple):
    """A booking whose lane is taken away, and the lanes that can serve it at the same time."""

    id: Hashable
    during: During
    lanes: tuple[int, ...] = ()  # preferred ones first


class Slot(NamedTuple):
    """A free slot, and the lanes on which it is free."""

    during: During
    lanes: tuple[int, ...]


@dataclass
class Calendar:
    """The claims on each lane, with the buffers of the lanes."""

    claims: dict[int, list[During]] = field(default_factory=dict)
    buffers: Mapping[int, timedelta] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        claims: Iterable[tuple[int, During]] = (),
        buffers: Mapping[int, timedelta] | None = None,
    ) -> Calendar:
        """A calendar of these claims."""
        calendar = cls(buffers=buffers or {})
        for lane, during in claims:
            calendar.claims.setdefault(lane, []).append(during)
        for claims_of_lane in calendar.claims.values():
            claims_of_lane.sort()
        return calendar

    def is_free(self, lane: int, during: During) -> bool:
        """Whether every claim on the lane is at least its buffer away."""
        claims_of_lane, gap = self.claims.get(lane, []), self.buffers.get(lane, NONE)
        # Claims of a lane are disjoint, busy time is not: all that start before the end count.
        earlier_claims = bisect_left(
            claims_of_lane, during.end + gap, key=lambda claim: claim.start
        )
        return all(claim.end + gap <= during.start for claim in claims_of_lane[:earlier_claims])

    def add(self, lane: int, during: During) -> None:
        """Add a claim."""
        claims_of_lane = self.claims.setdefault(lane, [])
        claims_of_lane.insert(bisect_left(claims_of_lane, during), during)


def lanes_to_stay_on(  # noqa: C901  # one search with its steps
    visits: Sequence[Visit], calendar: Calendar
) -> dict[Hashable, int]:
    """The lane on which each visit can stay at its time; visits that cannot are left out.

    The visit with the fewest lanes chooses first. Where other proposals hold all its lanes, they
    move to another lane if they can (augmenting paths). Among visits of equal times this lets the
    largest possible number stay. Claims are not changed.
    """
    free = {
        visit.id: tuple(lane for lane in visit.lanes if calendar.is_free(lane, visit.during))
        for visit in visits
    }
    on_lane: dict[int, list[Visit]] = {}
    lane_of: dict[Hashable, int] = {}

    def find_lane(visit: Visit, tried: set[Hashable]) -> bool:
        tried.add(visit.id)
        for lane in free[visit.id]:
            gap = calendar.buffers.get(lane, NONE)
            lane_before = dict(lane_of)
            rivals = [rival for rival in on_lane.get(lane, ()) if _too_close(rival, visit, gap)]
            if not any(rival.id in tried for rival in rivals):
                put(visit, lane, rivals)
                if all(find_lane(rival, tried) for rival in rivals):
                    return True
                restore(lane_before)
        return False

    def put(visit: Visit, lane: int, instead_of: list[Visit]) -> None:
        for rival in instead_of:
            on_lane[lane].remove(rival)
            del lane_of[rival.id]
        on_lane.setdefault(lane, []).append(visit)
        lane_of[visit.id] = lane

    def restore(lane_before: dict[Hashable, int]) -> None:
        lane_of.clear()
        lane_of.update(lane_before)
        on_lane.clear()
        for visit in visits:
            if visit.id in lane_of:
                on_lane.setdefault(lane_of[visit.id], []).append(visit)

    for visit in sorted(visits, key=lambda visit: (len(free[visit.id]), visit.during.start)):
        find_lane(visit, set())
    return lane_of


def _too_close(visit: Visit, other: Visit, gap: timedelta) -> bool:
    return (
        visit.during.start < other.during.end + gap and other.during.start < visit.during.end + gap
    )


def choose_substitutes(
    visits: Sequence[Visit],
    slots: Mapping[Hashable, Sequence[Slot]],
    calendar: Calendar,
    limit: int,
    local: Callable[[datetime], datetime] = _unchanged,
) -> dict[Hashable, list[tuple[int, During]]]:
    """Up to `limit` substitute slots of different kinds for each visit, each for one person only.

    People chose their time of day, so the first slot is within `SAME_TIME` of it on the nearest
    day, the second likewise on another day, the third the nearest at another time of day. Where a
    kind has no slot, the nearest of all is taken. Everybody gets a first slot before anybody gets
    a second. `slots` are sorted by start; proposed slots are added to the calendar. `local` gives
    an instant on the office's clock.
    """
    proposals: dict[Hashable, list[tuple[int, During]]] = {visit.id: [] for visit in visits}
    days: dict[int, _Days] = {}  # by the identity of the list of slots, which visits share
    for kind in range(limit):
        for visit in visits:
            visit_slots, own_proposals = slots[visit.id], proposals[visit.id]
            by_day = days.setdefault(id(visit_slots), _Days(visit_slots, local))
            taken_days = {local(during.start).date() for _, during in own_proposals}
            wishes = by_day.of_kind(kind, local(visit.during.start), taken_days)
            for slot in chain(wishes, _nearest(visit_slots, visit.during.start)):
                if any(slot.during.overlaps(proposed) for _, proposed in own_proposals):
                    continue
                lane = _free_lane(slot, visit, calendar)
                if lane is not None:
                    calendar.add(lane, slot.during)
                    own_proposals.append((lane, slot.during))
                    break
    return {
        key: sorted(own_proposals, key=lambda proposal: proposal[1])
        for key, own_proposals in proposals.items()
    }


class _Days:
    """Slots by their local day."""

    def __init__(self, slots: Sequence[Slot], local: Callable[[datetime], datetime]) -> None:
        self.slots: dict[date, list[tuple[timedelta, Slot]]] = {}
        for slot in slots:
            start = local(slot.during.start)
            self.slots.setdefault(start.date(), []).append((_time_of_day(start), slot))

    def of_kind(self, kind: int, chosen: datetime, taken_days: Collection[date]) -> Iterator[Slot]:
        """The slots of the kind, best first for somebody who had chosen that local time."""
        if kind not in (AT_THAT_TIME, ON_ANOTHER_DAY, AT_ANOTHER_TIME):
            return
        wanted_time = _time_of_day(chosen)
        for day in sorted(self.slots, key=lambda day: (abs(day - chosen.date()), day)):
            if kind == ON_ANOTHER_DAY and day in taken_days:
                continue
            for time, slot in sorted(
                self.slots[day], key=lambda timed_slot: abs(timed_slot[0] - wanted_time)
            ):
                apart = abs(time - wanted_time)
                if (apart > SAME_TIME) == (kind == AT_ANOTHER_TIME):
                    yield slot


def _time_of_day(local: datetime) -> timedelta:
    return timedelta(hours=local.hour, minutes=local.minute)


def _free_lane(slot: Slot, visit: Visit, calendar: Calendar) -> int | None:
    """A free lane of the slot, preferably one of the visit's; None if none is free."""
    order = [lane for lane in visit.lanes if lane in slot.lanes]
    order += [lane for lane in slot.lanes if lane not in order]
    return next((lane for lane in order if calendar.is_free(lane, slot.during)), None)


def _nearest(slots: Sequence[Slot], start: datetime) -> Iterable[Slot]:
    """The slots by their distance from a moment, lazily."""
    later = bisect_left(slots, start, key=lambda slot: slot.during.start)
    earlier = later - 1
    while earlier >= 0 or later < len(slots):
        if later == len(slots) or (
            earlier >= 0
            and start - slots[earlier].during.start <= slots[later].during.start - start
        ):
            yield slots[earlier]
            earlier -= 1
        else:
            yield slots[later]
            later += 1

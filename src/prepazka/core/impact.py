"""Who can stay when time is taken back, and which other terms the rest are offered.

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
# The kinds of other terms, in the order in which they are given.
AT_THAT_TIME, ON_ANOTHER_DAY, AT_ANOTHER_TIME = range(3)
SAME_TIME = timedelta(minutes=90)


def _as_it_is(instant: datetime) -> datetime:
    return instant


class Visit(NamedTuple):
    """Somebody whose lane is taken away, and the lanes that serve them at the same time."""

    id: Hashable
    during: During
    lanes: tuple[int, ...] = ()  # those preferred come first


class Term(NamedTuple):
    """Another time, and the lanes on which it is free."""

    during: During
    lanes: tuple[int, ...]


@dataclass
class Calendar:
    """What is taken on each lane, with the buffers of the lanes."""

    claims: dict[int, list[During]] = field(default_factory=dict)
    buffers: Mapping[int, timedelta] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        claims: Iterable[tuple[int, During]] = (),
        buffers: Mapping[int, timedelta] | None = None,
    ) -> Calendar:
        """The claims, sorted once."""
        made = cls(buffers=buffers or {})
        for lane, during in claims:
            made.claims.setdefault(lane, []).append(during)
        for taken in made.claims.values():
            taken.sort()
        return made

    def is_free(self, lane: int, during: During) -> bool:
        """Whether nothing on the lane comes nearer than its buffer."""
        taken, gap = self.claims.get(lane, []), self.buffers.get(lane, NONE)
        # Claims of a lane are disjoint, busy time is not: all that start before the end count.
        before = bisect_left(taken, during.end + gap, key=lambda one: one.start)
        return all(one.end + gap <= during.start for one in taken[:before])

    def add(self, lane: int, during: During) -> None:
        """Take the time."""
        taken = self.claims.setdefault(lane, [])
        taken.insert(bisect_left(taken, during), during)


def stay(  # noqa: C901  # one search with its steps
    visits: Sequence[Visit], calendar: Calendar
) -> dict[Hashable, int]:
    """The lane on which each visit can stay at its time; who is not there, cannot.

    The visit with the fewest lanes chooses first, and one that finds all its lanes taken by
    other proposals makes those change to another lane where they can (augmenting paths). Among
    visits of equal times this lets the largest possible number stay. No claim is touched.
    """
    free = {
        one.id: tuple(lane for lane in one.lanes if calendar.is_free(lane, one.during))
        for one in visits
    }
    on_lane: dict[int, list[Visit]] = {}
    found: dict[Hashable, int] = {}

    def place(visit: Visit, tried: set[Hashable]) -> bool:
        tried.add(visit.id)
        for lane in free[visit.id]:
            gap = calendar.buffers.get(lane, NONE)
            before = dict(found)
            others = [one for one in on_lane.get(lane, ()) if _clash(one, visit, gap)]
            if not any(one.id in tried for one in others):
                _put(visit, lane, others)
                if all(place(one, tried) for one in others):
                    return True
                _restore(before)
        return False

    def _put(visit: Visit, lane: int, instead_of: list[Visit]) -> None:
        for one in instead_of:
            on_lane[lane].remove(one)
            del found[one.id]
        on_lane.setdefault(lane, []).append(visit)
        found[visit.id] = lane

    def _restore(before: dict[Hashable, int]) -> None:
        found.clear()
        found.update(before)
        on_lane.clear()
        for one in visits:
            if one.id in found:
                on_lane.setdefault(found[one.id], []).append(one)

    for visit in sorted(visits, key=lambda one: (len(free[one.id]), one.during.start)):
        place(visit, set())
    return found


def _clash(one: Visit, other: Visit, gap: timedelta) -> bool:
    return one.during.start < other.during.end + gap and other.during.start < one.during.end + gap


def substitutes(
    visits: Sequence[Visit],
    terms: Mapping[Hashable, Sequence[Term]],
    calendar: Calendar,
    most: int,
    local: Callable[[datetime], datetime] = _as_it_is,
) -> dict[Hashable, list[tuple[int, During]]]:
    """Up to `most` other terms for each visit that differ in kind, each for one person only.

    People chose their time of day, so the first term is within `SAME_TIME` of it on the nearest
    day, the second so on yet another day; the third is the nearest at another time of day. Where
    there is none of the kind, the nearest of all takes its place. Everybody gets a first term
    before anybody gets a second. `terms` are sorted by start; those given are added to the
    calendar. `local` shows an instant on the office's clock.
    """
    found: dict[Hashable, list[tuple[int, During]]] = {one.id: [] for one in visits}
    days: dict[int, _Days] = {}  # by the identity of the terms, which visits share
    for kind in range(most):
        for visit in visits:
            offered, given = terms[visit.id], found[visit.id]
            by_day = days.setdefault(id(offered), _Days(offered, local))
            taken_days = {local(during.start).date() for _, during in given}
            wishes = by_day.of_kind(kind, local(visit.during.start), taken_days)
            for term in chain(wishes, _nearest(offered, visit.during.start)):
                if any(term.during.overlaps(one) for _, one in given):
                    continue
                lane = _free(term, visit, calendar)
                if lane is not None:
                    calendar.add(lane, term.during)
                    given.append((lane, term.during))
                    break
    return {key: sorted(given, key=lambda one: one[1]) for key, given in found.items()}


class _Days:
    """Terms by their local day, and which of them are of a kind."""

    def __init__(self, terms: Sequence[Term], local: Callable[[datetime], datetime]) -> None:
        self.terms: dict[date, list[tuple[timedelta, Term]]] = {}
        for term in terms:
            start = local(term.during.start)
            self.terms.setdefault(start.date(), []).append((_time_of_day(start), term))

    def of_kind(self, kind: int, chosen: datetime, taken: Collection[date]) -> Iterator[Term]:
        """The terms of the kind, the best for who had chosen that local time first."""
        if kind not in (AT_THAT_TIME, ON_ANOTHER_DAY, AT_ANOTHER_TIME):
            return
        wanted = _time_of_day(chosen)
        for day in sorted(self.terms, key=lambda one: (abs(one - chosen.date()), one)):
            if kind == ON_ANOTHER_DAY and day in taken:
                continue
            for time, term in sorted(self.terms[day], key=lambda one: abs(one[0] - wanted)):
                apart = abs(time - wanted)
                if (apart > SAME_TIME) == (kind == AT_ANOTHER_TIME):
                    yield term


def _time_of_day(local: datetime) -> timedelta:
    return timedelta(hours=local.hour, minutes=local.minute)


def _free(term: Term, visit: Visit, calendar: Calendar) -> int | None:
    """A lane of the term, one that the visit prefers if it can be."""
    order = [lane for lane in visit.lanes if lane in term.lanes]
    order += [lane for lane in term.lanes if lane not in order]
    return next((lane for lane in order if calendar.is_free(lane, term.during)), None)


def _nearest(terms: Sequence[Term], start: datetime) -> Iterable[Term]:
    """The terms by their distance from a moment; read only as far as anybody asks."""
    later = bisect_left(terms, start, key=lambda one: one.during.start)
    earlier = later - 1
    while earlier >= 0 or later < len(terms):
        if later == len(terms) or (
            earlier >= 0
            and start - terms[earlier].during.start <= terms[later].during.start - start
        ):
            yield terms[earlier]
            earlier -= 1
        else:
            yield terms[later]
            later += 1

"""Half-open stretches of time, over whatever has an order: instants or whole minutes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Ordered(Protocol):
    """Anything with an order; `Any`, because a datetime compares only with its own kind."""

    def __lt__(self, other: Any, /) -> bool: ...

    def __le__(self, other: Any, /) -> bool: ...


T = TypeVar("T", bound=Ordered)


@dataclass(frozen=True, slots=True, order=True)
class Interval(Generic[T]):
    """From `start` up to, but without, `end`; never empty."""

    start: T
    end: T

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"an interval must end after it starts: {self.start} to {self.end}")

    @classmethod
    def lasting(cls, start: Any, duration: Any) -> "Interval[Any]":
        """The interval of `duration` (a timedelta, or minutes beside minutes) from `start`."""
        return Interval(start, start + duration)

    def overlaps(self, other: "Interval[T]") -> bool:
        """Whether the two share any time; touching ends do not."""
        return self.start < other.end and other.start < self.end

    def contains(self, what: "T | Interval[T]") -> bool:
        """Whether the moment, or the whole of the interval, lies inside."""
        if isinstance(what, Interval):
            return self.start <= what.start and what.end <= self.end
        return self.start <= what < self.end


def union(intervals: Iterable[Interval[T]]) -> list[Interval[T]]:
    """The time covered by any of them: sorted, disjoint, touching ones joined. O(n log n)."""
    joined: list[Interval[T]] = []
    for one in sorted(intervals):
        if joined and one.start <= joined[-1].end:
            if joined[-1].end < one.end:
                joined[-1] = Interval(joined[-1].start, one.end)
        else:
            joined.append(one)
    return joined


def subtract(whole: Iterable[Interval[T]], taken: Iterable[Interval[T]]) -> list[Interval[T]]:
    """The time of `whole` that is not in `taken`: sorted and disjoint. O(n log n)."""
    cuts = union(taken)
    left: list[Interval[T]] = []
    first = 0
    for one in union(whole):
        start = one.start
        while first < len(cuts) and cuts[first].end <= start:
            first += 1
        # A cut may reach into the next piece as well, so it is only passed over above.
        for cut in _reaching(cuts, first, one.end):
            if start < cut.start:
                left.append(Interval(start, cut.start))
            start = cut.end
        if start < one.end:
            left.append(Interval(start, one.end))
    return left


def _reaching(cuts: Sequence[Interval[T]], first: int, end: T) -> Iterable[Interval[T]]:
    for index in range(first, len(cuts)):
        if end <= cuts[index].start:
            return
        yield cuts[index]


def intersect(one: Iterable[Interval[T]], other: Iterable[Interval[T]]) -> list[Interval[T]]:
    """The time covered by both: sorted and disjoint. O(n log n)."""
    a, b = union(one), union(other)
    both: list[Interval[T]] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start = max(a[i].start, b[j].start)
        end = min(a[i].end, b[j].end)
        if start < end:
            both.append(Interval(start, end))
        if a[i].end <= b[j].end:
            i += 1
        else:
            j += 1
    return both

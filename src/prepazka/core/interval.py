"""Half-open intervals of anything with an order: instants or whole minutes."""

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
    """From `start` (included) to `end` (excluded); never empty."""

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

    def contains(self, inner: "T | Interval[T]") -> bool:
        """Whether the moment, or the whole of the interval, lies inside."""
        if isinstance(inner, Interval):
            return self.start <= inner.start and inner.end <= self.end
        return self.start <= inner < self.end


def union(intervals: Iterable[Interval[T]]) -> list[Interval[T]]:
    """The time covered by any of them: sorted, disjoint, touching ones joined. O(n log n)."""
    joined: list[Interval[T]] = []
    for interval in sorted(intervals):
        if joined and interval.start <= joined[-1].end:
            if joined[-1].end < interval.end:
                joined[-1] = Interval(joined[-1].start, interval.end)
        else:
            joined.append(interval)
    return joined


def subtract(
    intervals: Iterable[Interval[T]], excluded: Iterable[Interval[T]]
) -> list[Interval[T]]:
    """The time of `intervals` that is not in `excluded`: sorted and disjoint. O(n log n)."""
    cuts = union(excluded)
    remaining: list[Interval[T]] = []
    first_cut = 0
    for interval in union(intervals):
        start = interval.start
        while first_cut < len(cuts) and cuts[first_cut].end <= start:
            first_cut += 1
        # A cut may reach into the next piece as well, so it is only passed over above.
        for cut in _reaching(cuts, first_cut, interval.end):
            if start < cut.start:
                remaining.append(Interval(start, cut.start))
            start = cut.end
        if start < interval.end:
            remaining.append(Interval(start, interval.end))
    return remaining


def _reaching(cuts: Sequence[Interval[T]], first_cut: int, end: T) -> Iterable[Interval[T]]:
    for index in range(first_cut, len(cuts)):
        if end <= cuts[index].start:
            return
        yield cuts[index]


def intersect(intervals: Iterable[Interval[T]], other: Iterable[Interval[T]]) -> list[Interval[T]]:
    """The time covered by both: sorted and disjoint. O(n log n)."""
    a, b = union(intervals), union(other)
    common: list[Interval[T]] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start = max(a[i].start, b[j].start)
        end = min(a[i].end, b[j].end)
        if start < end:
            common.append(Interval(start, end))
        if a[i].end <= b[j].end:
            i += 1
        else:
            j += 1
    return common

"""Capacity of an office's counters: load, stretch of walk-ins' waits, quotas. Times in minutes."""

from math import floor, inf, isfinite

WARN, REFUSE = 1.25, 1.5  # a stretch above WARN gives a warning, above REFUSE it needs a reason
CHANGE_MIN = 0.5  # between two clients at a counter
LONGEST_MIN = 600.0


class BadFigure(ValueError):
    """A figure that no office can have."""


def _checked(mean: float) -> float:
    if not (isfinite(mean) and 0 < mean <= LONGEST_MIN + CHANGE_MIN):
        raise BadFigure(f"a service takes more than 0 and at most 600 minutes, not {mean:g}")
    return mean


def remaining_capacity(minutes_left: float, counters: int, mean: float) -> int:
    """How many people the open counters can still serve before closing."""
    return max(0, floor(minutes_left * counters / _checked(mean) + 1e-9))


def booked_load(
    quota: int, agendas: int, mean: float, counters: int, window_min: int = 30
) -> float:
    """The share of the counters' time that `quota` bookings per window and agenda take."""
    _checked(mean)
    if counters == 0:
        return inf if quota else 0.0
    return quota * agendas * mean / (window_min * counters)


def wait_stretch(
    quota: int, agendas: int, mean: float, counters: int, window_min: int = 30
) -> float:
    """The factor by which bookings lengthen a walk-in's mean wait; see WARN and REFUSE.

    `mean` is the mean service plus half a minute for the change of people, `counters` the fewest
    that serve the agendas at any time.
    """
    return wait_stretch_of_load(booked_load(quota, agendas, mean, counters, window_min))


def wait_stretch_of_load(load_share: float) -> float:
    """The factor on a walk-in's mean wait for a share of the counters' time that is booked."""
    return 1 / (1 - load_share) if load_share < 1 else inf


def max_quota(counters: int, mean: float, window_min: int = 30) -> int:
    """The most bookings per window that keep the stretch of one agenda within 1.25."""
    return floor(counters * window_min / (5 * _checked(mean)) + 1e-9)

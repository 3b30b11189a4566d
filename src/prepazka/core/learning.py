"""What the estimate learns from finished services: times, clerks, today's speed, its own misses.

Logarithms add up: log minutes = service + clerk + day + chance. Every part is drawn towards what
is usual by as much as it has been seen little.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, exp, isfinite, log, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHORTEST, LONGEST = 0.3, 180.0  # minutes; anything outside is a wrong press or a forgotten one
SHRINK = 20  # what is usual weighs as much as this many observations
FEW = 30  # fewer services tell nothing about the shape of their times
POINTS = 256  # equally likely times that stand for a distribution
CV = 0.6  # of a service nobody has seen
USUAL_SD = sqrt(log(1 + CV * CV))
USUAL_DAY_SD = 0.1
WILD = 4.0  # residuals beyond so many standard deviations are presses, not services


@dataclass(frozen=True, slots=True)
class Finished:
    """One service as it was: who served, for how long, on which day (any number)."""

    service: int
    clerk: int | None
    minutes: float
    day: int


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """Learned distributions; `core.replay.Times`."""

    centre: Mapping[int, float]  # log minutes by service
    shape: Mapping[int, Floats]  # sorted residuals of the log
    clerks: Mapping[int, float]
    seen: Mapping[int, int]
    sd: float
    day_sd: float
    _samples: dict[int, Floats] = field(default_factory=dict, compare=False, repr=False)

    def sample(self, service: int) -> Floats:
        """Equally likely minutes of the service by an average clerk on an average day, sorted."""
        if service not in self._samples:
            centre = self.centre.get(service)
            if centre is None:
                centre = float(np.mean([*self.centre.values()])) if self.centre else log(10)
            self._samples[service] = np.exp(centre + self.shape.get(service, _NORMAL * USUAL_SD))
        return self._samples[service]

    def factor(self, clerk: int | None) -> float:
        """By how much the clerk's services last longer than the average clerk's."""
        return exp(self.clerks.get(clerk, 0.0)) if clerk is not None else 1.0

    def mean(self, service: int) -> float:
        """The service's mean minutes."""
        return float(self.sample(service).mean())

    def thin(self, service: int) -> bool:
        """Too few services seen: whoever is told the estimate is told so."""
        return self.seen.get(service, 0) < FEW

    def surprise(self, one: Finished) -> float | None:
        """By how much the log of the time differs from what was expected; None for bad input."""
        if not usable(one.minutes) or one.service not in self.centre:
            return None
        expected = self.centre[one.service] + (
            0.0 if one.clerk is None else self.clerks.get(one.clerk, 0.0)
        )
        found = log(one.minutes) - expected
        return found if abs(found) <= WILD * self.sd else None

    def expected_surprise(self, under_way: Finished) -> float:
        """The surprise to expect of a service that has lasted so long and goes on."""
        centre = self.centre.get(under_way.service)
        if centre is None or under_way.minutes <= 0:
            return 0.0
        who = 0.0 if under_way.clerk is None else self.clerks.get(under_way.clerk, 0.0)
        shape = self.shape[under_way.service]
        left = shape[np.searchsorted(shape, log(under_way.minutes) - centre - who) :]
        return float(left.mean()) if len(left) else 0.0


_NORMAL = np.array([NormalDist().inv_cdf((n + 0.5) / POINTS) for n in range(POINTS)])


def usable(minutes: float) -> bool:
    """Whether it may be a service at all: no wrong press, no forgotten one, a number."""
    return isfinite(minutes) and SHORTEST <= minutes <= LONGEST


def learn(
    finished: Iterable[Finished],
    configured: Mapping[int, float],
    agenda: Mapping[int, int] | None = None,
) -> ServiceTimes:
    """Learn from what is over; `configured` are the mean minutes the office expects.

    What is not usable, or of a service the office does not know, is passed over.
    """
    seen = [f for f in finished if f.service in configured and usable(f.minutes)]
    usual = {s: log(max(mean, SHORTEST)) - USUAL_SD**2 / 2 for s, mean in configured.items()}
    fit = _Fit(seen, usual, agenda or {})
    if seen:
        rest = fit.backfit()
        sd = max(1.4826 * float(np.median(np.abs(rest))), 0.05)
        kept = [f for f, r in zip(seen, rest, strict=True) if abs(r) <= WILD * sd]
        if len(kept) < len(seen):
            fit = _Fit(kept, usual, agenda or {})
            fit.backfit()
    return fit.times()


class _Fit:
    def __init__(
        self, seen: Sequence[Finished], usual: Mapping[int, float], agenda: Mapping[int, int]
    ) -> None:
        self.services = sorted(usual)
        self.usual = np.array([usual[s] for s in self.services])
        self.codes = sorted({f.clerk for f in seen if f.clerk is not None})
        days = sorted({f.day for f in seen})
        at = {s: n for n, s in enumerate(self.services)}
        self.service = np.array([at[f.service] for f in seen], np.int64)
        # The last place is of services whose clerk nobody noted.
        who = {c: n for n, c in enumerate(self.codes)} | {None: len(self.codes)}
        self.clerk = np.array([who[f.clerk] for f in seen], np.int64)
        on = {d: n for n, d in enumerate(days)}
        self.day = np.array([on[f.day] for f in seen], np.int64)
        groups = sorted({agenda.get(s, -1) for s in self.services})
        self.group = np.array([groups.index(agenda.get(s, -1)) for s in self.services], np.int64)
        self.logs = np.log(np.array([f.minutes for f in seen]))
        self.centre, self.clerks = self.usual.copy(), np.zeros(len(self.codes) + 1)
        self.days = np.zeros(len(days))
        self.sd, self.day_sd = USUAL_SD, USUAL_DAY_SD
        self.rest = np.zeros(len(seen))

    def backfit(self) -> Floats:
        """Fit services, clerks and days in turn; returns what is left to chance."""
        rest: Floats = self.logs
        for _ in range(8):
            self.centre = self._centres(self.logs - self.clerks[self.clerk] - self.days[self.day])
            rest = self.logs - self.centre[self.service]
            self.clerks = shrunk(rest - self.days[self.day], self.clerk, len(self.clerks))
            self.clerks[-1] = 0.0
            rest = rest - self.clerks[self.clerk]
            weight = (self.sd / self.day_sd) ** 2
            self.days = shrunk(rest, self.day, len(self.days), weight)
            rest = rest - self.days[self.day]
            self.sd = max(float(np.sqrt(np.mean(rest**2))), 0.05)
        self.rest = rest
        self.day_sd = self._day_sd(rest + self.days[self.day])
        return rest

    def _centres(self, logs: Floats) -> Floats:
        """The office moves what was configured, its agendas move that, services move their own."""
        own = self.service
        found = self.usual + shrunk(logs - self.usual[own], np.zeros_like(own), 1)[0]
        moved = shrunk(logs - found[own], self.group[own], int(self.group.max()) + 1)
        found = found + moved[self.group]
        own_moved: Floats = found + shrunk(logs - found[own], own, len(found))
        return own_moved

    def _day_sd(self, rest: Floats) -> float:
        """How much days differ, beyond what the chance of their services explains."""
        count = np.bincount(self.day, minlength=len(self.days))
        mean = np.bincount(self.day, rest, len(self.days)) / np.maximum(count, 1)
        beyond = mean**2 - self.sd**2 / np.maximum(count, 1)
        total = float(beyond.sum()) + 5 * USUAL_DAY_SD**2
        return min(max(sqrt(max(total / (len(count) + 5), 0)), 0.03), 0.3)

    def times(self) -> ServiceTimes:
        seen = Tally(self.service.tolist())
        pooled = _shape(self.rest) if len(self.logs) >= FEW else _NORMAL * USUAL_SD
        shapes = {
            s: _shape(self.rest[self.service == n]) if seen[n] >= FEW else pooled
            for n, s in enumerate(self.services)
        }
        return ServiceTimes(
            dict(zip(self.services, self.centre.tolist(), strict=True)),
            shapes,
            dict(zip(self.codes, self.clerks.tolist(), strict=False)),
            {s: seen[n] for n, s in enumerate(self.services)},
            self.sd,
            self.day_sd,
        )


def shrunk(values: Floats, groups: Ints, many: int, weight: float = SHRINK) -> Floats:
    """The mean of each group, drawn to nought as if `weight` noughts had been seen."""
    total = np.bincount(groups, values, many)
    means: Floats = total / (np.bincount(groups, minlength=many) + weight)
    return means


def _shape(rest: Floats) -> Floats:
    found: Floats = np.quantile(rest, (np.arange(POINTS) + 0.5) / POINTS)
    return found


@dataclass(frozen=True, slots=True)
class DaySpeed:
    """How today differs, learned as it goes on: a normal belief about the log of its factor."""

    total: float = 0.0
    count: int = 0

    def after(self, surprise: float | None) -> "DaySpeed":
        """The belief after one more service; None changes nothing."""
        return self if surprise is None else DaySpeed(self.total + surprise, self.count + 1)

    def belief(
        self, times: ServiceTimes, under_way: Iterable[Finished] = ()
    ) -> tuple[float, float]:
        """Mean and standard deviation of the log of today's factor.

        Short services finish first: without those under way (with their minutes so far) every
        morning would seem fast. They count by what may be expected of them.
        """
        rest = [times.expected_surprise(one) for one in under_way]
        total, count = self.total + sum(rest), self.count + len(rest)
        variance = 1 / (count / times.sd**2 + 1 / times.day_sd**2)
        return variance * total / times.sd**2, sqrt(variance)


# --- calibration


@dataclass(frozen=True, slots=True)
class Calibration:
    """A factor on announced P80s that follows their misses: the share of misses tends to `miss`.

    Online conformal inference: for any sequence of waits the mean miss differs from `miss` by at
    most (6 + 2γ(D + 1)) / (γT) after T tickets, D of which may be outstanding at once.
    """

    theta: float = 0.0
    gamma: float = 0.005
    miss: float = 0.2

    @property
    def factor(self) -> float:
        """What an uncalibrated P80 is multiplied by."""
        return exp(self.theta)

    def announced(self, raw: float) -> float:
        """The calibrated quantile of at least a minute, for a factor cannot move nought."""
        return max(raw, 1.0) * self.factor

    def after(self, *, missed: bool) -> "Calibration":
        """What one ticket teaches that waited longer than announced, or did not."""
        theta = self.theta + self.gamma * (missed - self.miss)
        return replace(self, theta=min(max(theta, -THETA_MAX), THETA_MAX))


THETA_MAX = 3.0


def split_conformal(
    waits: Sequence[float], raw: Sequence[float], *, gamma: float = 0.005, miss: float = 0.2
) -> Calibration:
    """The factor that would have held on past tickets; where calibration begins."""
    scores = sorted(
        log(max(w, 0.1) / max(q, 1.0)) for w, q in zip(waits, raw, strict=True) if isfinite(q)
    )
    if not scores:
        return Calibration(gamma=gamma, miss=miss)
    at = min(ceil((len(scores) + 1) * (1 - miss)), len(scores)) - 1
    return Calibration(min(max(scores[at], -THETA_MAX), THETA_MAX), gamma, miss)


# --- what people do


def no_show_share(came: int, booked: int, usual: float = 0.12) -> float:
    """The share of booked clients who will not come, drawn towards what is usual."""
    return (booked - came + SHRINK * usual) / (booked + SHRINK)


def walk_aways(
    seen: Iterable[tuple[float, bool]], edges: Sequence[float] = (15.0, 30.0, 60.0, 90.0)
) -> tuple[float, ...]:
    """P(gone when called | waited): one for each stretch between the edges, and one beyond."""
    called, gone = [0] * (len(edges) + 1), [0] * (len(edges) + 1)
    for waited, absent in seen:
        n = int(np.digitize(waited, edges))
        called[n] += 1
        gone[n] += absent
    overall = (sum(gone) + 1) / (sum(called) + SHRINK)
    return tuple((g + SHRINK * overall) / (c + SHRINK) for g, c in zip(gone, called, strict=True))


def punctuality(offsets: Sequence[float], usual: Sequence[float]) -> Sequence[float]:
    """Minutes from the window's start to the arrival, equally likely; the usual ones if few."""
    if len(offsets) < FEW:
        return usual
    return [float(x) for x in np.quantile(offsets, (np.arange(24) + 0.5) / 24)]

"""Learning from finished services: service times, clerks' speed, today's speed, calibration.

The model is additive: log minutes = service + clerk + day + residual. Every effect is shrunk
towards its usual value, the more the fewer observations it has.
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

SHORTEST, LONGEST = 0.3, 180.0  # minutes; anything outside is a mistaken or forgotten press
SHRINK = 20  # the usual value weighs as much as this many observations
FEW = 30  # fewer services are too few for the shape of a distribution
POINTS = 256  # equally likely times that represent a distribution
CV = 0.6  # coefficient of variation of a service without observations
USUAL_SD = sqrt(log(1 + CV * CV))
USUAL_DAY_SD = 0.1
WILD = 4.0  # residuals beyond so many standard deviations are taken for mistaken presses


@dataclass(frozen=True, slots=True)
class Finished:
    """One finished service: clerk, minutes and day (any number)."""

    service: int
    clerk: int | None
    minutes: float
    day: int


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """Learned distributions of service times; a `core.hall_model.Times`."""

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
        """The factor of the clerk's service times to those of the average clerk."""
        return exp(self.clerks.get(clerk, 0.0)) if clerk is not None else 1.0

    def mean(self, service: int) -> float:
        """The service's mean minutes."""
        return float(self.sample(service).mean())

    def thin(self, service: int) -> bool:
        """Whether too few services have been seen, so that the estimate must say so."""
        return self.seen.get(service, 0) < FEW

    def surprise(self, service: Finished) -> float | None:
        """The log of the minutes minus the expected one; None where the time is implausible."""
        if not is_plausible_duration(service.minutes) or service.service not in self.centre:
            return None
        expected = self.centre[service.service] + (
            0.0 if service.clerk is None else self.clerks.get(service.clerk, 0.0)
        )
        difference = log(service.minutes) - expected
        return difference if abs(difference) <= WILD * self.sd else None

    def expected_surprise(self, under_way: Finished) -> float:
        """The expected surprise of a service that has lasted so long and goes on."""
        centre = self.centre.get(under_way.service)
        if centre is None or under_way.minutes <= 0:
            return 0.0
        clerk_effect = 0.0 if under_way.clerk is None else self.clerks.get(under_way.clerk, 0.0)
        shape = self.shape[under_way.service]
        longer_residuals = shape[
            np.searchsorted(shape, log(under_way.minutes) - centre - clerk_effect) :
        ]
        return float(longer_residuals.mean()) if len(longer_residuals) else 0.0


_NORMAL = np.array([NormalDist().inv_cdf((n + 0.5) / POINTS) for n in range(POINTS)])


def is_plausible_duration(minutes: float) -> bool:
    """Whether the minutes are plausible for a service: finite, from SHORTEST to LONGEST."""
    return isfinite(minutes) and SHORTEST <= minutes <= LONGEST


def fit_service_times(
    finished: Iterable[Finished],
    configured: Mapping[int, float],
    agenda: Mapping[int, int] | None = None,
) -> ServiceTimes:
    """Service times fitted to finished services; `configured` are the office's own mean minutes.

    Implausible times and services that are not configured are ignored.
    """
    observations = [
        f for f in finished if f.service in configured and is_plausible_duration(f.minutes)
    ]
    usual = {s: log(max(mean, SHORTEST)) - USUAL_SD**2 / 2 for s, mean in configured.items()}
    fit = _Fit(observations, usual, agenda or {})
    if observations:
        residuals = fit.backfit()
        sd = max(1.4826 * float(np.median(np.abs(residuals))), 0.05)
        plausible = [f for f, r in zip(observations, residuals, strict=True) if abs(r) <= WILD * sd]
        if len(plausible) < len(observations):
            fit = _Fit(plausible, usual, agenda or {})
            fit.backfit()
    return fit.times()


class _Fit:
    def __init__(
        self,
        observations: Sequence[Finished],
        usual: Mapping[int, float],
        agenda: Mapping[int, int],
    ) -> None:
        self.services = sorted(usual)
        self.usual = np.array([usual[s] for s in self.services])
        self.codes = sorted({f.clerk for f in observations if f.clerk is not None})
        days = sorted({f.day for f in observations})
        service_index = {s: n for n, s in enumerate(self.services)}
        self.service = np.array([service_index[f.service] for f in observations], np.int64)
        # The last index stands for services whose clerk is not recorded.
        clerk_index = {c: n for n, c in enumerate(self.codes)} | {None: len(self.codes)}
        self.clerk = np.array([clerk_index[f.clerk] for f in observations], np.int64)
        day_index = {d: n for n, d in enumerate(days)}
        self.day = np.array([day_index[f.day] for f in observations], np.int64)
        groups = sorted({agenda.get(s, -1) for s in self.services})
        self.group = np.array([groups.index(agenda.get(s, -1)) for s in self.services], np.int64)
        self.logs = np.log(np.array([f.minutes for f in observations]))
        self.centre, self.clerks = self.usual.copy(), np.zeros(len(self.codes) + 1)
        self.days = np.zeros(len(days))
        self.sd, self.day_sd = USUAL_SD, USUAL_DAY_SD
        self.rest = np.zeros(len(observations))

    def backfit(self) -> Floats:
        """Fit services, clerks and days in turn; returns the residuals."""
        residuals: Floats = self.logs
        for _ in range(8):
            self.centre = self._centres(self.logs - self.clerks[self.clerk] - self.days[self.day])
            residuals = self.logs - self.centre[self.service]
            self.clerks = shrunk_means(
                residuals - self.days[self.day], self.clerk, len(self.clerks)
            )
            self.clerks[-1] = 0.0
            residuals = residuals - self.clerks[self.clerk]
            weight = (self.sd / self.day_sd) ** 2
            self.days = shrunk_means(residuals, self.day, len(self.days), weight)
            residuals = residuals - self.days[self.day]
            self.sd = max(float(np.sqrt(np.mean(residuals**2))), 0.05)
        self.rest = residuals
        self.day_sd = self._day_sd(residuals + self.days[self.day])
        return residuals

    def _centres(self, logs: Floats) -> Floats:
        """The services' centres: the configured ones, shifted by the office, agenda and service."""
        service_rows = self.service
        centres = (
            self.usual
            + shrunk_means(logs - self.usual[service_rows], np.zeros_like(service_rows), 1)[0]
        )
        agenda_shift = shrunk_means(
            logs - centres[service_rows], self.group[service_rows], int(self.group.max()) + 1
        )
        centres = centres + agenda_shift[self.group]
        service_centres: Floats = centres + shrunk_means(
            logs - centres[service_rows], service_rows, len(centres)
        )
        return service_centres

    def _day_sd(self, residuals: Floats) -> float:
        """The standard deviation of days beyond what their services' residuals explain."""
        count = np.bincount(self.day, minlength=len(self.days))
        mean = np.bincount(self.day, residuals, len(self.days)) / np.maximum(count, 1)
        beyond = mean**2 - self.sd**2 / np.maximum(count, 1)
        total = float(beyond.sum()) + 5 * USUAL_DAY_SD**2
        return min(max(sqrt(max(total / (len(count) + 5), 0)), 0.03), 0.3)

    def times(self) -> ServiceTimes:
        observed = Tally(self.service.tolist())
        pooled = _shape(self.rest) if len(self.logs) >= FEW else _NORMAL * USUAL_SD
        shapes = {
            s: _shape(self.rest[self.service == n]) if observed[n] >= FEW else pooled
            for n, s in enumerate(self.services)
        }
        return ServiceTimes(
            dict(zip(self.services, self.centre.tolist(), strict=True)),
            shapes,
            dict(zip(self.codes, self.clerks.tolist(), strict=False)),
            {s: observed[n] for n, s in enumerate(self.services)},
            self.sd,
            self.day_sd,
        )


def shrunk_means(values: Floats, groups: Ints, group_count: int, weight: float = SHRINK) -> Floats:
    """The mean of each group, shrunk as if `weight` zeros had been observed as well."""
    total = np.bincount(groups, values, group_count)
    means: Floats = total / (np.bincount(groups, minlength=group_count) + weight)
    return means


def _shape(residuals: Floats) -> Floats:
    quantiles: Floats = np.quantile(residuals, (np.arange(POINTS) + 0.5) / POINTS)
    return quantiles


@dataclass(frozen=True, slots=True)
class DaySpeed:
    """Today's speed, updated after each service: a normal belief about the log of its factor."""

    total: float = 0.0
    count: int = 0

    def after(self, surprise: float | None) -> "DaySpeed":
        """The speed after one more service; a surprise of None changes nothing."""
        return self if surprise is None else DaySpeed(self.total + surprise, self.count + 1)

    def belief(
        self, times: ServiceTimes, under_way: Iterable[Finished] = ()
    ) -> tuple[float, float]:
        """Mean and standard deviation of the log of today's factor.

        Services under way (with their minutes so far) count by their expected surprise: short
        services finish first, so without them every morning would seem fast.
        """
        surprises = [times.expected_surprise(service) for service in under_way]
        total, count = self.total + sum(surprises), self.count + len(surprises)
        variance = 1 / (count / times.sd**2 + 1 / times.day_sd**2)
        return variance * total / times.sd**2, sqrt(variance)


# --- calibration


@dataclass(frozen=True, slots=True)
class Calibration:
    """A factor on announced P80s, corrected after each miss so that their share tends to `miss`.

    Online conformal inference: for any sequence of waits the mean miss differs from `miss` by at
    most (6 + 2γ(D + 1)) / (γT) after T tickets, D of which may be outstanding at once.
    """

    theta: float = 0.0
    gamma: float = 0.005
    miss: float = 0.2

    @property
    def factor(self) -> float:
        """The factor on an uncalibrated P80."""
        return exp(self.theta)

    def announced(self, raw: float) -> float:
        """The calibrated quantile of a wait of at least a minute, because no factor moves zero."""
        return max(raw, 1.0) * self.factor

    def after(self, *, missed: bool) -> "Calibration":
        """The calibration after one more ticket; `missed`: it waited longer than announced."""
        theta = self.theta + self.gamma * (missed - self.miss)
        return replace(self, theta=min(max(theta, -THETA_MAX), THETA_MAX))


THETA_MAX = 3.0


def split_conformal(
    waits: Sequence[float], raw: Sequence[float], *, gamma: float = 0.005, miss: float = 0.2
) -> Calibration:
    """The calibration that would have held on past tickets, as a start."""
    scores = sorted(
        log(max(w, 0.1) / max(q, 1.0)) for w, q in zip(waits, raw, strict=True) if isfinite(q)
    )
    if not scores:
        return Calibration(gamma=gamma, miss=miss)
    at = min(ceil((len(scores) + 1) * (1 - miss)), len(scores)) - 1
    return Calibration(min(max(scores[at], -THETA_MAX), THETA_MAX), gamma, miss)


# --- people's habits


def no_show_share(came: int, booked: int, usual: float = 0.12) -> float:
    """The share of booked clients who will not come, shrunk towards the usual one."""
    return (booked - came + SHRINK * usual) / (booked + SHRINK)


def walk_away_shares(
    calls: Iterable[tuple[float, bool]], edges: Sequence[float] = (15.0, 30.0, 60.0, 90.0)
) -> tuple[float, ...]:
    """P(gone when called | waited), for each interval between the edges and one beyond.

    `calls` are pairs of minutes waited and whether the person had gone.
    """
    called, gone = [0] * (len(edges) + 1), [0] * (len(edges) + 1)
    for waited, absent in calls:
        n = int(np.digitize(waited, edges))
        called[n] += 1
        gone[n] += absent
    overall = (sum(gone) + 1) / (sum(called) + SHRINK)
    return tuple((g + SHRINK * overall) / (c + SHRINK) for g, c in zip(gone, called, strict=True))


def arrival_offsets(offsets: Sequence[float], usual: Sequence[float]) -> Sequence[float]:
    """Equally likely minutes from the window's start to the arrival; `usual` where few are seen."""
    if len(offsets) < FEW:
        return usual
    return [float(x) for x in np.quantile(offsets, (np.arange(24) + 0.5) / 24)]

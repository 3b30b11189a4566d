"""Learning from the first days of a log, before the others are judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from prepazka.core.hall_model import ABSENT_MIN, USUAL_OFFSETS, Habits
from prepazka.core.learned_durations import (
    Finished,
    ServiceTimes,
    arrival_offsets,
    fit_service_times,
    is_plausible_duration,
    no_show_share,
    walk_away_shares,
)
from prepazka.studies.log import Log

CONFIGURED_MIN = 10.0


@dataclass(frozen=True)
class Known:
    """Service times and habits learned from earlier days."""

    times: ServiceTimes
    mean: dict[str, float]  # by service
    codes: dict[str, int]  # of services and clerks
    skills: dict[str, frozenset[str]]  # of counters without a plan
    habits: Habits
    shows_up: float

    def code(self, name: str) -> int:
        """The number of the name, a new one for a new name."""
        return self.codes.setdefault(name, len(self.codes) + 1)


def learn_from_days(log: Log, days: Iterable[int]) -> Known:
    """The service times and habits of the days."""
    codes: dict[str, int] = {}
    chosen = [(n, log.days[n]) for n in days]
    finished, configured, agenda = [], dict[int, float](), dict[int, int]()
    waited, offsets = list[tuple[float, bool]](), list[float]()
    came = booked = 0
    served: dict[str, set[str]] = {}
    for n, day in chosen:
        booked += len(day.no_shows)
        for t in day.tickets:
            service = codes.setdefault(f"s:{t.service}", len(codes) + 1)
            configured[service] = CONFIGURED_MIN
            group = log.agenda.get(t.service, t.service)
            agenda[service] = codes.setdefault(f"a:{group}", len(codes) + 1)
            if t.booked:
                came, booked = came + 1, booked + 1
                offsets.append(t.arrived - t.booked[0])
            if t.called is None or t.ended is None:
                if t.gone and t.ended is not None:
                    waited.append((t.ended - t.arrived, True))
                continue
            waited.append((t.called - t.arrived, t.gone))
            if not t.gone:
                clerk = codes.setdefault(f"c:{t.clerk}", len(codes) + 1)
                finished.append(Finished(service, clerk, t.ended - t.called, n))
                served.setdefault(t.counter or "?", set()).add(t.service)
    if finished:
        usual = float(np.mean([f.minutes for f in finished if is_plausible_duration(f.minutes)]))
        configured = dict.fromkeys(configured, usual)
    times = fit_service_times(finished, configured, agenda)
    edges = (
        (0.5, 1, 2, 3, 5, 8, 12, 20) if log.leaving_seen else (10.0, 20.0, 30.0, 45.0, 60.0, 90.0)
    )
    gone = walk_away_curve(waited, edges) if log.leaving_seen else walk_away_shares(waited, edges)
    habits = Habits(
        offsets=arrival_offsets(offsets, USUAL_OFFSETS),
        gone_edges=edges,
        gone=gone,
        leaving_seen=log.leaving_seen,
        absent_min=0.0 if log.leaving_seen else ABSENT_MIN,
    )
    mean = {name[2:]: times.mean(code) for name, code in codes.items() if name.startswith("s:")}
    skills = {c: frozenset(s) for c, s in served.items()}
    return Known(times, mean, codes, skills, habits, 1 - no_show_share(came, booked))


def walk_away_curve(
    waits: Sequence[tuple[float, bool]], edges: Sequence[float]
) -> tuple[float, ...]:
    """P(left by then) in each interval of waiting, by the product-limit estimator.

    `waits` are pairs of minutes and whether the person left; for logs in which leaving is seen.
    """
    stays, shares, start = 1.0, [], 0.0
    for end in (*edges, float("inf")):
        leavers = sum(gone and start <= w < end for w, gone in waits)
        at_risk = sum(min(w, end) - start for w, _ in waits if w > start)
        span = min(end, start * 1.5 + 1) - start
        rate = leavers / at_risk if at_risk else 0.0
        shares.append(1 - stays * float(np.exp(-rate * span / 2)))
        stays *= float(np.exp(-rate * span))
    return tuple(shares)

"""The wait estimate and the simulator; neither needs a server."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.report import Report
from prepazka.core.discipline import Policy, Waiting
from prepazka.core.hall_model import Coming, Counter
from prepazka.core.interval import Interval
from prepazka.core.learned_durations import Finished, fit_service_times
from prepazka.core.replay import replay_waits
from prepazka.core.whatif import simulate_days
from prepazka.studies import sample_office

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def estimate(report: Report) -> None:
    """200 waiting at 20 counters, 500 replays, without and with 30 booked clients to come."""
    rng = np.random.default_rng(1)
    hall = [
        Waiting(n, int(rng.integers(1, 7)), NOW - rng.random() * 90 * MINUTE) for n in range(200)
    ]
    counters = [
        Counter(n, frozenset(int(s) for s in rng.choice(6, 3, replace=False) + 1), n, None, NOW - 5 * MINUTE)
        for n in range(20)
    ]  # fmt: skip
    coming = [
        Coming(1_000 + n, int(rng.integers(1, 7)), Interval(NOW + 15 * n * MINUTE, NOW + (15 * n + 30) * MINUTE))
        for n in range(30)
    ]  # fmt: skip
    served = [
        Finished(n % 6 + 1, n % 20, float(rng.lognormal(2.3, 0.5)), n % 20) for n in range(3_000)
    ]
    times = fit_service_times(served, dict.fromkeys(range(1, 7), 10.0))
    cost = {}
    for booked in ([], coming):
        runs = []
        for _ in range(7):
            started = time.process_time()
            replay_waits(hall, counters, times, policy=Policy(), now=NOW, services=range(1, 7), coming=booked, replays=500)  # fmt: skip
            runs.append((time.process_time() - started) * 1000)
        cost[len(booked)] = sorted(runs)[len(runs) // 2]
    report.add(
        "wait estimate, 200 waiting × 20 counters × 500 replays",
        f"{cost[0]:.0f} ms CPU; {cost[30]:.0f} ms with 30 booked clients to come",
        "–",
        "≤ 300 ms (goal 60 ms)",
        reached=max(cost.values()) <= 300,
    )


def simulator(report: Report) -> None:
    """Days of an office of 365 clients."""
    plan, days = sample_office.sample_plan(), 30
    started = time.process_time()
    simulate_days(plan, days=days, seed=1)
    pace = days / (time.process_time() - started)
    report.add(
        "simulated days of an office of 365 clients",
        f"{pace:.0f} days/s of CPU",
        "–",
        "≥ 30 days/s",
        reached=pace >= 30,
    )

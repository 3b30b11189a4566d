"""An independent simulator, ciw, says the same of queues that have no formula."""

from math import sqrt

import ciw
import numpy as np
import pytest

from tests.exact import REPLICATIONS, T_995, Queue

HORIZON, WARM = 60_000, 3_000


def by_ciw(queue, seed):
    """Mean waits by class; the first class has priority."""
    ciw.seed(seed)
    kinds = [f"class {n}" for n in range(len(queue.rates))]
    shape = 1 / queue.cv2
    network = ciw.create_network(
        arrival_distributions={
            k: [ciw.dists.Exponential(rate)] for k, rate in zip(kinds, queue.rates, strict=True)
        },
        service_distributions={
            k: [ciw.dists.Gamma(shape, mean / shape)]
            for k, mean in zip(kinds, queue.means, strict=True)
        },
        number_of_servers=[queue.servers],
        priority_classes={k: n for n, k in enumerate(kinds)},
    )
    played = ciw.Simulation(network)
    played.simulate_until_max_time(HORIZON)
    records = [r for r in played.get_all_records() if r.arrival_date > WARM]
    return [np.mean([r.waiting_time for r in records if r.customer_class == k]) for k in kinds]


@pytest.mark.timeout(900)
def test_two_classes_with_different_services_at_three_counters():
    queue = Queue((0.06, 0.16), 3, (9.0, 12.0), cv2=0.5)
    ours = [[w.mean() for w in queue.waits(13_200, 100 + n)[0]] for n in range(REPLICATIONS)]
    theirs = [by_ciw(queue, 200 + n) for n in range(REPLICATIONS)]
    for mine, other in zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True):
        spread = sqrt((np.var(mine, ddof=1) + np.var(other, ddof=1)) / REPLICATIONS)
        apart = abs(np.mean(mine) - np.mean(other))
        print(f"ours {np.mean(mine):.3f}, ciw {np.mean(other):.3f} ± {T_995 * spread:.3f}")
        assert apart <= T_995 * spread

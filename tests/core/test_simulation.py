import itertools
from datetime import timedelta
from heapq import heappop, heappush

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prepazka.core.discipline import Policy
from prepazka.core.hall_model import MINUTE, Counter
from prepazka.core.interval import Interval
from prepazka.core.simulation import Visit, simulate_day
from tests.exact import START, Queue


def at(minutes):
    return START + minutes * MINUTE


def window(start):
    return Interval(at(start), at(start + 30))


def by_recursion(visits, servers):
    """Waits at equal counters in order of arrival, the textbook way."""
    free, waits = [0.0] * servers, {}
    for v in visits:
        arrives = (v.arrives_at - START) / MINUTE
        starts = max(arrives, heappop(free))
        waits[v.ticket] = starts - arrives
        stays = waits[v.ticket] <= v.patience
        heappush(free, starts + (v.minutes if stays else 0.0))
    return waits


@pytest.mark.parametrize(
    "queue",
    [Queue((20 / 60,), 5, (12.0,)), Queue((1 / 3,), 4, (12.0,), cv2=0.5, patience=60.0)],
    ids=["M/M/5", "people leave"],
)
def test_every_wait_is_that_of_the_textbook(queue):
    """The exact mean waits of queues take millions of clients: `make validate`."""
    visits = queue.visits(4_000, np.random.default_rng(7))
    counters = [Counter(n, frozenset({1})) for n in range(1, queue.servers + 1)]
    done = simulate_day(visits, counters, policy=Policy(), absent_min=0.0)
    expected = by_recursion(visits, queue.servers)
    found = {c.visit.ticket: c.waited for c in done.calls}
    assert found == pytest.approx(expected, abs=1e-3)
    assert np.mean([*found.values()]) > 1


@st.composite
def days(draw):
    visits, now = [], 0
    for ticket in range(1, draw(st.integers(1, 14)) + 1):
        now += draw(st.integers(0, 12))
        booked = draw(st.none() | st.integers(0, 5).map(lambda n: window(n * 30)))
        service, lasts = draw(st.sampled_from([1, 2])), draw(st.integers(1, 25))
        visits.append(Visit(ticket, service, at(now), lasts, booked))
    counters = [
        Counter(1, frozenset({1})),
        Counter(2, frozenset({1, 2}), breaks=(Interval(at(40), at(60)),)),
    ]
    return visits, counters


@settings(max_examples=80, deadline=None)
@given(days())
def test_everybody_is_called_once_by_a_counter_that_serves_them(day):
    visits, counters = day
    done = simulate_day(visits, counters, policy=Policy())
    assert sorted(c.visit.ticket for c in done.calls) == [v.ticket for v in visits]
    serves = {c.counter: c.serves for c in counters}
    for call in done.calls:
        assert call.visit.service in serves[call.counter]
        assert call.called_at >= call.visit.arrives_at
    for number in serves:
        own = sorted((c.called_at, c.ended_at) for c in done.calls if c.counter == number)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(own))


@settings(max_examples=80, deadline=None)
@given(days())
def test_no_counter_idles_while_somebody_it_serves_waits(day):
    visits, counters = day
    done = simulate_day(visits, counters, policy=Policy())
    for call in done.calls:
        for counter in counters:
            if call.visit.service not in counter.serves:
                continue
            busy = [(c.called_at, c.ended_at) for c in done.calls if c.counter == counter.counter]
            rest = timedelta(minutes=20) if counter.breaks else timedelta()
            free = call.called_at - call.visit.arrives_at - rest
            for start, end in busy:
                low, high = max(start, call.visit.arrives_at), min(end, call.called_at)
                free -= max(high - low, timedelta())
            assert free <= timedelta()


def test_a_break_begins_when_the_client_leaves_and_is_not_cut_short():
    visits = [Visit(1, 1, at(0), 35), Visit(2, 1, at(1), 5)]
    counter = Counter(1, frozenset({1}), breaks=(Interval(at(30), at(60)),))
    second = simulate_day(visits, [counter], policy=Policy()).calls[1]
    assert second.called_at == at(65)


def test_a_closed_counter_calls_nobody_and_who_waits_is_told():
    visits = [Visit(n, 1, at(n), 30) for n in range(1, 5)]
    done = simulate_day(visits, [Counter(1, frozenset({1}), closes_at=at(45))], policy=Policy())
    assert [c.visit.ticket for c in done.calls] == [1, 2]
    assert [v.ticket for v in done.unserved] == [3, 4]


def test_the_booked_go_first_from_their_window_on():
    visits = [
        Visit(1, 1, at(0), 10),
        Visit(2, 1, at(1), 10),
        Visit(3, 1, at(2), 10, window(5)),
        Visit(4, 1, at(3), 10),
    ]
    calls = simulate_day(visits, [Counter(1, frozenset({1}))], policy=Policy()).calls
    assert [c.visit.ticket for c in calls] == [1, 3, 2, 4]
    assert calls[1].waited == pytest.approx(5)  # from the window's start


def test_who_has_left_is_called_in_vain():
    visits = [Visit(1, 1, at(0), 30), Visit(2, 1, at(1), 10, patience=5), Visit(3, 1, at(2), 10)]
    calls = simulate_day(visits, [Counter(1, frozenset({1}))], policy=Policy(), absent_min=1).calls
    assert [c.gone for c in calls] == [False, True, False]
    assert calls[2].called_at == at(31)


def test_slow_clerks_take_longer():
    visits = [Visit(1, 1, at(0), 10)]
    done = simulate_day(visits, [Counter(1, frozenset({1}))], policy=Policy(), speed={1: 1.5})
    assert done.calls[0].ended_at == at(15)
    assert np.isclose(done.calls[0].waited, 0)

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.discipline import Policy, Waiting, next_in_turn
from prepazka.core.estimate import CounterNow, Means, estimate
from prepazka.core.interval import Interval

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
VEHICLES, DRIVERS, PASSPORTS = 1, 2, 3
MEANS = {VEHICLES: 20.0, DRIVERS: 12.0, PASSPORTS: 8.0}


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def queue(*services):
    return [Waiting(n, service, at(n - 100)) for n, service in enumerate(services, start=1)]


def counter(number, *serves, **more):
    return CounterNow(number, frozenset(serves), **more)


def ask(waiting, counters, policy=Policy(), services=(VEHICLES, DRIVERS, PASSPORTS)):  # noqa: B008
    return estimate(waiting, counters, MEANS, policy=policy, now=NOW, services=services)


class TestEstimate:
    def test_one_counter_serves_one_after_another(self):
        got = ask(queue(DRIVERS, DRIVERS, PASSPORTS), [counter(1, DRIVERS, PASSPORTS)])
        assert got.waits == {1: 0, 2: 12, 3: 24}
        assert got.newcomer(DRIVERS) == 32

    def test_nobody_waits_at_an_idle_counter(self):
        assert ask([], [counter(1, DRIVERS)]).newcomer(DRIVERS) == 0

    def test_says_nothing_where_no_counter_is_open(self):
        got = ask(queue(VEHICLES, DRIVERS), [counter(1, DRIVERS), counter(2, VEHICLES, open=False)])
        assert got.waits == {1: None, 2: 0}
        assert got.newcomer(VEHICLES) is None

    @pytest.mark.parametrize(("elapsed", "left"), [(0, 12), (5, 7), (10, 3), (60, 3)])
    def test_the_citizen_who_sits_there_takes_the_rest_of_the_mean(self, elapsed, left):
        busy = counter(1, DRIVERS, VEHICLES, busy_for=elapsed, serving=DRIVERS)
        assert ask(queue(DRIVERS), [busy]).waits == {1: left}

    def test_of_idle_counters_the_one_with_fewest_skills_calls_first(self):
        counters = [counter(1, DRIVERS, VEHICLES), counter(2, DRIVERS)]
        assert ask(queue(DRIVERS, VEHICLES), counters).waits == {1: 0, 2: 0}

    def test_a_booked_client_goes_first_once_the_window_starts(self):
        booked = Waiting(9, DRIVERS, at(-5), Interval(at(10), at(40)))
        got = ask([*queue(DRIVERS, DRIVERS, DRIVERS), booked], [counter(1, DRIVERS)])
        assert got.waits == {1: 0, 9: 12, 2: 24, 3: 36}

    def test_a_counter_waits_for_the_window_where_nobody_is_called_early(self):
        booked = Waiting(9, DRIVERS, at(-5), Interval(at(10), at(40)))
        policy = Policy(call_early=False)
        assert ask([booked], [counter(1, DRIVERS)], policy).waits == {9: 10}
        assert ask([booked], [counter(1, DRIVERS)]).waits == {9: 0}

    def test_a_parked_ticket_waits_at_least_until_its_time(self):
        parked = Waiting(1, DRIVERS, at(-50), parked_until=at(20))
        assert ask([parked], [counter(1, DRIVERS)]).waits == {1: 20}

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([VEHICLES, DRIVERS, PASSPORTS]),
                st.integers(-90, 0),
                st.none() | st.integers(-2, 3).map(lambda n: Interval(at(n * 30), at(n * 30 + 30))),
                st.none() | st.integers(-5, 40).map(at),
            ),
            max_size=10,
        ),
        st.lists(st.frozensets(st.sampled_from([VEHICLES, DRIVERS, PASSPORTS])), max_size=3),
        st.booleans(),
        st.none() | st.integers(0, 60).map(lambda m: timedelta(minutes=m)),
    )
    def test_plays_the_very_discipline_of_the_dispatcher(self, tickets, skills, early, head_start):
        hall = [
            Waiting(n, service, at(came), booked, parked_until=parked)
            for n, (service, came, booked, parked) in enumerate(tickets)
        ]
        policy = Policy(head_start, early)
        counters = [counter(n, *serves) for n, serves in enumerate(skills)]
        got = ask(hall, counters, policy)
        assert got.waits == plain_play(hall, counters, policy)
        # Asking about newcomers changes nobody's wait.
        assert ask(hall, counters, policy, services=()).waits == got.waits
        for service in (VEHICLES, DRIVERS, PASSPORTS):
            joined = [*hall, Waiting(99, service, NOW)]
            assert got.newcomer(service) == plain_play(joined, counters, policy)[99]


def plain_play(hall, counters, policy):
    """The same day minute by minute: slow and with no cleverness."""
    waits, left, busy_until = dict.fromkeys((w.ticket for w in hall), None), list(hall), {}
    for minute in range(400):
        for one in sorted(counters, key=lambda c: (len(c.serves), c.counter)):
            if busy_until.get(one.counter, 0) > minute:
                continue
            chosen = next_in_turn(
                left, serves=one.serves, counter=one.counter, policy=policy, now=at(minute)
            )
            if chosen:
                w = next(w for w in left if w.ticket == chosen.ticket)
                left.remove(w)
                waits[w.ticket] = minute
                busy_until[one.counter] = minute + MEANS[w.service]
    return waits


class TestMeans:
    def test_starts_from_what_was_configured(self):
        assert dict(Means(MEANS)) == MEANS

    def test_twenty_observations_weigh_as_much_as_the_configured_mean(self):
        assert Means(MEANS, [(DRIVERS, 6.0)] * 20)[DRIVERS] == pytest.approx(9)
        assert Means(MEANS, [(DRIVERS, 6.0)] * 2000)[DRIVERS] == pytest.approx(6, abs=0.1)

    @pytest.mark.parametrize("absurd", [-1.0, 0.0, 0.29, 180.1, 5000.0, float("nan")])
    def test_ignores_what_is_absurd(self, absurd):
        assert dict(Means(MEANS, [(DRIVERS, absurd), (77, 5.0)])) == MEANS

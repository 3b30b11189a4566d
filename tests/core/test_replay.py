"""The quick ways to play the discipline make the choices of `next_in_turn`, one by one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prepazka.core.discipline import Policy, Waiting, next_in_turn
from prepazka.core.hall_model import Coming, Counter, Habits
from prepazka.core.interval import Interval
from prepazka.core.key_phases import Lines, lines_of
from prepazka.core.replay import replay_waits
from prepazka.core.replay_arrays import remaining_minutes

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SERVICES = (1, 2, 3)
policies = st.builds(
    Policy,
    head_start=st.none() | st.integers(0, 60).map(lambda n: n * MINUTE),
    call_early=st.booleans(),
    stopped=st.just(frozenset()) | st.frozensets(st.sampled_from(SERVICES)),
    cap=st.none() | st.integers(0, 90).map(lambda n: n * MINUTE),
)


def at(minutes):
    return NOW + minutes * MINUTE


def window(start, length=30):
    return Interval(at(start), at(start + length))


class Lasting:
    """Each service lasts exactly as long as is said."""

    def __init__(self, **minutes):
        self.minutes = {int(name[1:]): float(value) for name, value in minutes.items()}

    def sample(self, service):
        return np.full(10, self.minutes.get(service, 7.0))

    def factor(self, clerk):
        return 1.0


EXACT = Habits(day_sd=0.0)


@st.composite
def halls(draw):
    """A queue of tickets of every sort; changes of place lie before and after now."""
    return [
        Waiting(
            ticket,
            draw(st.sampled_from(SERVICES)),
            at(-(arrived := draw(st.integers(0, 90)))),
            booked=draw(st.none() | st.integers(-4, 5).map(lambda n: window(n * 15))),
            late=draw(st.sampled_from([False, False, True])),
            returned_at=draw(st.none() | st.integers(-arrived, 0).map(at)),
            statutory=draw(st.booleans()),
            parked_until=draw(st.none() | st.integers(-30, 70).map(at)),
            for_counter=draw(st.sampled_from([None, None, None, 1, 2])),
        )
        for ticket in range(1, draw(st.integers(0, 9)) + 1)
    ]


@st.composite
def staffs(draw):
    """Up to three counters: some busy, some not yet open, some that close, with breaks."""
    return [
        Counter(
            number,
            frozenset(draw(st.sets(st.sampled_from(SERVICES)))),
            opens_at=draw(st.none() | st.integers(0, 60).map(at)),
            closes_at=draw(st.none() | st.integers(10, 150).map(at)),
            breaks=tuple(
                draw(
                    st.lists(
                        st.integers(0, 9).map(lambda n: window(n * 20, 15)), max_size=2, unique=True
                    )
                )
            ),
        )
        for number in range(1, draw(st.integers(0, 3)) + 1)
    ]


def played(hall, counters, lasting, policy):
    """The same day played slowly: each call asks `next_in_turn` about the whole hall."""
    hall, called = list(hall), {}
    free = {c.counter: max(c.opens_at or NOW, NOW) for c in counters}
    breaks = {c.counter: sorted(c.breaks) for c in counters}
    order = sorted(counters, key=lambda c: (len(c.serves), c.counter))
    moments = {w.parked_until for w in hall} | {w.booked.start for w in hall if w.booked}
    moments |= {w.arrived_at + policy.cap for w in hall if policy.cap is not None}
    while free:
        counter = min((c for c in order if c.counter in free), key=lambda c: free[c.counter])
        n, now = counter.counter, free[counter.counter]
        if counter.closes_at and counter.closes_at <= now:
            del free[n]
        elif breaks[n] and breaks[n][0].start <= now:
            rest = breaks[n].pop(0)
            free[n] += rest.end - rest.start
        elif chosen := next_in_turn(hall, serves=counter.serves, counter=n, policy=policy, now=now):
            w = next(w for w in hall if w.ticket == chosen.ticket)
            hall.remove(w)
            called[w.ticket] = (now - NOW) / MINUTE
            free[n] += lasting.minutes.get(w.service, 7.0) * MINUTE if w.ticket > 0 else 0 * MINUTE
        else:
            later = {m for m in moments if m and m > now} | {b.start for b in breaks[n]}
            if later:
                free[n] = min(later)
            else:
                del free[n]
    return called


@settings(max_examples=120, deadline=None)
@given(halls(), staffs(), policies)
def test_replays_call_whom_the_discipline_calls_and_when(hall, counters, policy):
    lasting = Lasting(s1=5, s2=11, s3=8)
    found = replay_waits(hall, counters, lasting, policy=policy, now=NOW, habits=EXACT, replays=2)
    slowly = played(hall, counters, lasting, policy)
    for w in hall:
        expected = slowly.get(w.ticket, np.inf)
        assert found.calls[:, found.column[w.ticket]] == pytest.approx([expected] * 2)


@settings(max_examples=80, deadline=None)
@given(halls(), policies, st.lists(st.tuples(st.integers(0, 4), st.integers(1, 2)), max_size=12))
def test_lines_choose_as_the_discipline_does(hall, policy, asks):
    lines, left, now = Lines(policy), list(hall), NOW
    for w in hall:
        lines.add(w, NOW)
    for later, counter in asks:
        now += later * 15 * MINUTE
        serves = frozenset({1, 2} if counter == 1 else {2, 3})
        expected = next_in_turn(left, serves=serves, counter=counter, policy=policy, now=now)
        taken = lines.take(lines_of(serves, counter), now)
        assert (taken and taken.ticket) == (expected and expected.ticket)
        left = [w for w in left if expected is None or w.ticket != expected.ticket]


def test_a_booked_client_to_come_goes_before_walk_ins_and_a_no_show_does_not():
    hall = [Waiting(n, 1, at(-10 + n)) for n in range(1, 4)]
    counters = [Counter(1, frozenset({1}))]
    lasting, policy = Lasting(s1=10), Policy()

    def third(shows_up):
        coming = [Coming(99, 1, window(5), shows_up=shows_up)]
        habits = Habits(day_sd=0.0, offsets=(2.0,))
        found = replay_waits(
            hall, counters, lasting, policy=policy, now=NOW, coming=coming, habits=habits
        )
        return found.tickets[3].p50

    assert third(1.0) == pytest.approx(30)  # called at 0, the booked one at 10, then 20, 30
    assert third(0.0) == pytest.approx(20)


def test_a_newcomer_waits_for_those_before_and_overtakes_nobody():
    hall = [Waiting(1, 1, at(-5)), Waiting(2, 1, at(-4))]
    found = replay_waits(
        hall, [Counter(1, frozenset({1}))], Lasting(s1=10), policy=Policy(), now=NOW,
        services=[1, 2], habits=EXACT,
    )  # fmt: skip
    assert found.newcomers[1].p80 == pytest.approx(20)
    assert found.newcomers[2].p80 is None  # no counter serves it


def test_nobody_is_called_where_all_counters_are_closed():
    found = replay_waits(
        [Waiting(1, 1, NOW)], [], Lasting(), policy=Policy(), now=NOW, services=[1]
    )
    assert found.tickets[1].p20 is None
    assert found.newcomers[1].p90 is None


def test_who_has_given_up_costs_a_counter_little():
    hall = [Waiting(n, 1, at(-60)) for n in range(1, 12)]
    gone = Habits(day_sd=0.0, gone_edges=(30.0,), gone=(0.0, 1.0))
    found = replay_waits(hall, [Counter(1, frozenset({1}))], Lasting(s1=10), policy=Policy(), now=NOW, habits=gone)  # fmt: skip
    assert found.tickets[11].p50 == pytest.approx(7)  # ten absent, 0.7 min each


def test_the_residual_is_what_the_sample_leaves_beyond_the_age():
    sample = np.arange(1.0, 101.0)
    age = np.full(4_000, 50.0)
    drawn = np.random.default_rng(1).random(4_000)
    left = remaining_minutes(sample, age, drawn)
    assert left.min() >= 1
    assert left.mean() == pytest.approx(25.5, abs=0.7)
    assert remaining_minutes(sample, np.full(1, 500.0), np.array([0.5]))[0] > 0  # a forgotten press

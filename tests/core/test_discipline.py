import json
import random
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.discipline import (
    Policy,
    Reason,
    Waiting,
    may_be_called,
    next_in_turn,
    order_tickets,
    overtake_bound,
    turn_of_ticket,
)
from prepazka.core.interval import Interval

OPENING = datetime(2026, 11, 23, 7, tzinfo=UTC)
VEHICLES, DRIVERS, PASSPORTS = 1, 2, 3


def at(minutes):
    return OPENING + timedelta(minutes=minutes)


def window(start, length=30):
    return Interval(at(start), at(start + length))


def walk_in(ticket, arrived, **more):
    return Waiting(ticket, more.pop("service", VEHICLES), at(arrived), **more)


@st.composite
def halls(draw):
    """A queue of up to eight tickets of every sort, seen at minute 120 by any counter."""
    hall = []
    for ticket in range(draw(st.integers(0, 8))):
        start = draw(st.none() | st.integers(2, 6).map(lambda n: n * 30))
        late = start is not None and draw(st.booleans())
        arrived = draw(st.integers(0, 120))
        hall.append(
            Waiting(
                ticket,
                draw(st.sampled_from([VEHICLES, DRIVERS, PASSPORTS])),
                at(arrived),
                booked=None if start is None else window(start),
                late=late,
                returned_at=draw(st.none() | st.integers(arrived, 120).map(at)),
                statutory=draw(st.booleans()),
                parked_until=draw(st.none() | st.integers(60, 180).map(at)),
                for_counter=draw(st.sampled_from([None, None, 1, 2])),
            )
        )
    return hall


skills = st.frozensets(st.sampled_from([VEHICLES, DRIVERS, PASSPORTS]), min_size=1)
policies = st.builds(
    Policy,
    head_start=st.none() | st.integers(0, 90).map(lambda m: timedelta(minutes=m)),
    call_early=st.booleans(),
    stopped=st.just(frozenset()) | st.frozensets(st.sampled_from([VEHICLES, DRIVERS, PASSPORTS])),
    cap=st.none() | st.integers(0, 90).map(lambda m: timedelta(minutes=m)),
)
NOW = at(120)


class TestNextInTurn:
    @given(halls(), skills, st.sampled_from([1, 2]), policies, st.randoms(use_true_random=False))
    def test_somebody_who_may_be_called_is_called(self, hall, serves, counter, policy, rng):
        asked = {"serves": serves, "counter": counter, "policy": policy, "now": NOW}
        chosen = next_in_turn(hall, **asked)
        able = [
            w.ticket
            for w in hall
            if (w.for_counter == counter or (w.for_counter is None and w.service in serves))
            and (w.parked_until is None or w.parked_until <= NOW)
            and w.service not in policy.stopped
            and (
                policy.call_early
                or w.booked is None
                or w.late
                or w.returned_at
                or w.booked.start <= NOW
            )
        ]
        assert (chosen is not None) == bool(able)
        if chosen:
            assert chosen.ticket in able
        assert next_in_turn(rng.sample(hall, len(hall)), **asked) == chosen

    @given(halls(), skills, st.sampled_from([1, 2]), policies)
    def test_no_walk_in_who_came_later_goes_before(self, hall, serves, counter, policy):
        asked = {"serves": serves, "counter": counter, "policy": policy, "now": NOW}
        chosen = next_in_turn(hall, **asked)
        if chosen is None:
            return
        first = next(w for w in hall if w.ticket == chosen.ticket)
        if first.returned_at or first.statutory or (first.booked and not first.late):
            return
        for other in hall:
            due = other.booked is None or other.late or other.booked.start <= NOW
            if may_be_called(other, **asked) and due:
                assert (first.arrived_at, first.ticket) <= (other.arrived_at, other.ticket)

    @given(st.integers(0, 119), st.integers(1, 60), st.integers(60, 120), policies)
    def test_no_walk_in_who_came_later_goes_before_a_booked_client_in_turn(
        self, arrived, later, start, policy
    ):
        booked = walk_in(2, arrived, booked=window(start))
        walker = walk_in(1, min(arrived + later, 120))
        first = order_tickets([walker, booked], policy=policy, now=NOW)[0]
        assert first.ticket == 2

    def test_who_came_at_the_same_moment_goes_by_ticket_number(self):
        hall = [walk_in(n, 7) for n in (3, 1, 2)]
        assert [c.ticket for c in order_tickets(hall, policy=Policy(), now=NOW)] == [1, 2, 3]

    def test_who_checked_in_first_goes_first_within_one_window(self):
        hall = [walk_in(1, 119, booked=window(120)), walk_in(2, 100, booked=window(120))]
        assert [c.ticket for c in order_tickets(hall, policy=Policy(), now=NOW)] == [2, 1]

    def test_a_parked_ticket_is_back_in_its_place_at_the_moment_named(self):
        hall = [walk_in(1, 10), walk_in(2, 5, parked_until=at(120))]
        asked = {"serves": frozenset({1}), "counter": 1, "policy": Policy()}
        assert next_in_turn(hall, **asked, now=at(119)).ticket == 1
        assert next_in_turn(hall, **asked, now=at(120)).ticket == 2

    @given(halls(), skills, st.sampled_from([1, 2]), policies)
    def test_calls_from_the_order_on_the_screen(self, hall, serves, counter, policy):
        asked = {"serves": serves, "counter": counter, "policy": policy, "now": NOW}
        order = order_tickets(hall, policy=policy, now=NOW)
        by_ticket = {w.ticket: w for w in hall}
        able = [c for c in order if may_be_called(by_ticket[c.ticket], **asked)]
        assert next_in_turn(hall, **asked) == (able[0] if able else None)
        assert sorted(c.ticket for c in order) == sorted(by_ticket)

    def test_the_classes_in_their_order(self):
        hall = [
            walk_in(1, 0),
            walk_in(2, 100, booked=window(120)),
            walk_in(3, 100, booked=window(90)),
            walk_in(4, 110, statutory=True),
            walk_in(5, 5, returned_at=at(119)),
            walk_in(6, 50, booked=window(150)),
            walk_in(7, 30, parked_until=at(130)),
            walk_in(8, 1, booked=window(-60), late=True),
        ]
        assert [c.ticket for c in order_tickets(hall, policy=Policy(), now=NOW)] == [
            5,
            3,
            2,
            4,
            1,
            8,
            6,
            7,
        ]

    def test_a_booked_client_waits_for_the_window_unless_nobody_else_waits(self):
        early, asked = walk_in(1, 100, booked=window(150)), {"serves": frozenset({1}), "counter": 1}
        assert next_in_turn([early, walk_in(2, 119)], **asked, policy=Policy(), now=NOW).ticket == 2
        assert next_in_turn([early], **asked, policy=Policy(), now=NOW).ticket == 1
        assert next_in_turn([early], **asked, policy=Policy(call_early=False), now=NOW) is None

    def test_a_head_start_lets_who_waited_longer_go_first(self):
        hall = [walk_in(1, 59), walk_in(2, 61), walk_in(3, 110, booked=window(120))]
        policy = Policy(head_start=timedelta(minutes=60))
        assert [c.ticket for c in order_tickets(hall, policy=policy, now=NOW)] == [1, 3, 2]


class TestReason:
    @pytest.mark.parametrize(
        ("w", "code"),
        [
            (walk_in(1, 0), "walk_in"),
            (walk_in(1, 100, booked=window(120)), "booked_in_window"),
            (walk_in(1, 80, booked=window(60)), "booked_kept_place"),
            (walk_in(1, 100, booked=window(60), late=True), "late_for_window"),
            (walk_in(1, 100, booked=window(150)), "booked_before_window"),
            (walk_in(1, 0, statutory=True), "statutory"),
            (walk_in(1, 0, returned_at=at(100)), "returned"),
            (walk_in(1, 0, parked_until=at(121)), "parked"),
        ],
    )
    def test_names_the_class(self, w, code):
        assert turn_of_ticket(w, Policy(), NOW).reason.code == code

    def test_comes_back_from_the_journal(self):
        reason = turn_of_ticket(
            walk_in(1, 100, booked=window(120), for_counter=4), Policy(), NOW
        ).reason
        assert reason.params == {
            "arrived_at": at(100), "window_start": at(120), "window_end": at(150), "for_counter": 4,
        }  # fmt: skip
        assert Reason.from_payload(json.loads(json.dumps(reason.payload()))) == reason


def play_day(seed, *, quota, agendas, counters, policy, window_min=30, earliest=-15):
    """A day of walk-ins and full bookings over counters that serve all: (Waiting, called)."""
    rng = random.Random(seed)
    coming = []
    for service in range(agendas):
        for start in range(0, 360, window_min):
            for _ in range(quota):
                arrived = start + rng.randint(earliest, window_min - 1)
                coming.append((arrived, service, window(start, window_min)))
        coming += [(rng.randint(0, 300), service, None) for _ in range(40)]
    coming.sort(key=lambda c: c[:2])
    everybody = [Waiting(n, c[1], at(c[0]), c[2]) for n, c in enumerate(coming)]
    idle_at, called = [0.0] * counters, {}
    minute = -150
    while len(called) < len(everybody):
        now = at(minute)
        hall = [w for w in everybody if w.arrived_at <= now and w.ticket not in called]
        for counter in range(counters):
            if minute < 0 or idle_at[counter] > minute:  # the doors open at minute 0
                continue
            chosen = next_in_turn(
                hall, serves=frozenset(range(agendas)), counter=counter, policy=policy, now=now
            )
            if chosen:
                called[chosen.ticket] = now
                hall = [w for w in hall if w.ticket != chosen.ticket]
                idle_at[counter] = minute + rng.uniform(4, 20)
        minute += 1
    return [(w, called[w.ticket]) for w in everybody]


def overtakes(day):
    """For each walk-in: the wait, and how many booked came later and were called before."""
    for walker, called in day:
        if walker.booked is None:
            ahead = [
                (b, c)
                for b, c in day
                if b.booked and b.arrived_at > walker.arrived_at and c < called
            ]
            yield walker, called - walker.arrived_at, len(ahead)


class TestCap:
    """The longest wait that an office promises to people without a booking."""

    @given(halls(), skills, st.sampled_from([1, 2]), st.integers(0, 90), st.booleans())
    def test_who_has_waited_longer_than_the_cap_precedes_who_came_later(
        self, hall, serves, counter, cap, early
    ):
        policy = Policy(cap=timedelta(minutes=cap), call_early=early)
        asked = {"serves": serves, "counter": counter, "policy": policy, "now": NOW}
        chosen = next_in_turn(hall, **asked)
        long = [
            w
            for w in hall
            if (w.booked is None or w.late)
            and NOW - w.arrived_at >= policy.cap
            and may_be_called(w, **asked)
        ]
        if long:
            first = next(w for w in hall if w.ticket == chosen.ticket)
            oldest = min(w.arrived_at for w in long)
            assert first.returned_at or first.arrived_at <= oldest

    def test_the_reason_says_so(self):
        policy = Policy(cap=timedelta(minutes=60))
        walker, booked = walk_in(1, 59), walk_in(2, 115, booked=window(115))
        asked = {"serves": frozenset({1}), "counter": 1, "policy": policy}
        assert next_in_turn([walker, booked], **asked, now=at(118)).ticket == 2
        chosen = next_in_turn([walker, booked], **asked, now=at(119))
        assert (chosen.ticket, chosen.reason.code) == (1, "waited_long")
        assert chosen.reason.params["cap_min"] == 60
        assert (
            next_in_turn([walker, booked], **asked | {"policy": Policy()}, now=at(119)).ticket == 2
        )


class TestSimulatedDay:
    @pytest.mark.parametrize("quota", [1, 2, 3])
    @pytest.mark.parametrize("window_min", [30, 60])
    @pytest.mark.parametrize("earliest", [-15, -150])
    def test_overtakes_stay_within_the_bound(self, quota, window_min, earliest):
        fullest = 0.0
        for seed in range(2):
            day = play_day(
                seed, quota=quota, agendas=2, counters=3, policy=Policy(), window_min=window_min,
                earliest=earliest,
            )  # fmt: skip
            for _, waited, count in overtakes(day):
                bound = overtake_bound(quota, 2, window_min, waited)
                assert count <= bound
                fullest = max(fullest, count / bound)
        # The days must be busy enough for the bound to mean something.
        assert fullest > (0.5 if earliest == -15 else 0.2)

    def test_with_a_head_start_only_those_due_within_it_go_before(self):
        cap, seen = 30, []
        policy = Policy(head_start=timedelta(minutes=cap))
        for seed in range(4):
            day = play_day(seed, quota=2, agendas=2, counters=3, policy=policy)
            for _, _, count in overtakes(day):
                assert count <= 2 * 2 * (ceil(cap / 30) + 1)
                seen.append(count)
        strict = play_day(0, quota=2, agendas=2, counters=3, policy=Policy())
        assert max(count for _, _, count in overtakes(strict)) > max(seen)

    def test_the_bound_as_it_is_printed(self):
        assert overtake_bound(1, 2, 30, timedelta(minutes=45)) == 6
        assert overtake_bound(1, 1, 30, timedelta(0)) == 1

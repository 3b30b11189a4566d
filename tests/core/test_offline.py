"""The fold of logs: whatever the order and the repeats, one state; nothing given or called twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prepazka.core.offline_merge import (
    Base,
    Happened,
    Known,
    deal_tickets,
    in_order,
    merge_logs,
)

NINE = datetime(2026, 11, 23, 8, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NINE + timedelta(seconds=seconds)


def issue(grant: int, seq: int, label: str, second: int = 0, **more: Any) -> Happened:
    more.setdefault("touch", f"t{grant}.{seq}")
    return Happened(grant, seq, at(second), "issue", label, **more)


def step(kind: str, grant: int, seq: int, label: str, second: int = 0) -> Happened:
    return Happened(grant, seq, at(second), kind, label, counter=grant, clerk=grant)


BASE = Base(
    tickets={f"V{n}": Known() for n in range(1, 6)} | {"V9": Known("serving", 11)},
    touches={"lost": "V5"},
    bookings={"known": "V4"},
)
KIOSKS, COUNTERS = (1, 2), (11, 12, 13)
LABELS = [f"V{n}" for n in (*range(1, 6), 9, *range(500, 504), *range(600, 604))]


@st.composite
def logs(draw: st.DrawFn) -> list[list[Happened]]:
    """Kiosks that give from blocks of their own, and counters that call whomever, even the same."""
    made = []
    for grant in KIOSKS:
        first = 400 + 100 * grant
        made.append(
            [
                issue(
                    grant,
                    n,
                    f"V{first + n}",
                    draw(st.integers(0, 60)),
                    booking=draw(st.sampled_from(["", "", "b1", "b2", "known"])),
                    touch=draw(st.sampled_from([f"t{grant}.{n}", f"t{grant}.{n}", "lost"])),
                )
                for n in range(draw(st.integers(0, 4)))
            ]
        )
    for grant in COUNTERS:
        kinds = st.sampled_from(["call", "call", "start", "finish", "absent"])
        steps = draw(
            st.lists(st.tuples(kinds, st.sampled_from(LABELS), st.integers(0, 60)), max_size=6)
        )
        made.append([step(k, grant, n, label, s) for n, (k, label, s) in enumerate(steps)])
    return [in_order(log, since=NINE, until=at(50)) for log in made]


@settings(max_examples=150, deadline=None)
@given(logs(), st.randoms(use_true_random=False))
def test_any_interleaving_merges_to_the_same_state(made: list[list[Happened]], rng: object) -> None:
    events = [e for log in made for e in log]
    mixed = events * 2
    rng.shuffle(mixed)  # type: ignore[attr-defined]
    assert merge_logs(BASE, mixed) == merge_logs(BASE, events)


@settings(max_examples=150, deadline=None)
@given(logs())
def test_no_number_twice_and_no_one_called_twice(made: list[list[Happened]]) -> None:
    events = [e for log in made for e in log]
    merged = merge_logs(BASE, events)
    assert not set(merged.issued) & set(BASE.tickets)
    people = Counter(e.touch for e in merged.issued.values())
    assert not people or max(people.values()) == 1
    booked = Counter(e.booking for e in merged.issued.values() if e.booking)
    assert not booked or max(booked.values()) == 1
    # Nobody is lost: each number shown to somebody is a ticket, or leads to one.
    for e in events:
        if e.kind == "issue" and e not in merged.refused:
            meant = merged.used_twice.get(e.label, e.label)
            meant = merged.same_touch.get(meant, meant)
            assert meant in merged.issued or meant in BASE.tickets
    present = Counter(
        o.counter for o in merged.outcomes.values() if o.state in {"called", "serving"}
    )
    assert not present or max(present.values()) == 1
    for label, outcome in merged.outcomes.items():
        callers = {e.counter for e in events if e.kind == "call" and e.label == label} - {
            e.counter for e in merged.called_twice if e.label == label
        }
        if outcome.called_at and label not in merged.used_twice.values():
            assert outcome.counter in callers or label in merged.same_touch.values()


@settings(max_examples=100, deadline=None)
@given(logs(), st.data())
def test_uploads_one_after_another_end_as_all_at_once(
    made: list[list[Happened]], data: st.DataObject
) -> None:
    """Logs come in parts, in any order; the server keeps them and folds what it has."""
    parts = [(n, cut) for n, log in enumerate(made) for cut in (len(log) // 2, len(log))]
    order = data.draw(st.permutations(parts))
    kept: set[Happened] = set()
    last = merge_logs(BASE, kept)
    for n, cut in order:
        kept |= set(made[n][:cut])
        last = merge_logs(BASE, kept)
    assert last == merge_logs(BASE, [e for log in made for e in log])


def test_the_earliest_call_counts_and_the_later_is_told() -> None:
    late, early = step("call", 12, 1, "V1", 20), step("call", 11, 1, "V1", 10)
    for events in ([late, early], [early, late]):
        merged = merge_logs(BASE, events)
        assert merged.outcomes["V1"].counter == 11
        assert merged.called_twice == (late,)


def test_a_pin_used_at_two_kiosks_keeps_the_first_place() -> None:
    one, two = issue(1, 1, "V500", 5, booking="b"), issue(2, 1, "V600", 9, booking="b")
    merged = merge_logs(BASE, [two, one, step("call", 11, 1, "V600", 20)])
    assert set(merged.issued) == {"V500"}
    assert merged.used_twice == {"V600": "V500"}
    assert merged.outcomes["V500"].counter == 11


def test_a_touch_the_server_answered_in_vain_is_the_same_person() -> None:
    merged = merge_logs(BASE, [issue(1, 1, "V500", touch="lost")])
    assert merged.same_touch == {"V500": "V5"}
    assert not merged.issued


def test_a_number_given_twice_is_refused_and_said() -> None:
    one, two = issue(1, 1, "V500", 5), issue(2, 1, "V500", 9)
    merged = merge_logs(BASE, [two, one])
    assert merged.issued == {"V500": one}
    assert merged.refused == (two,)


def test_a_call_waits_for_the_log_with_its_number() -> None:
    call = step("call", 11, 1, "V500", 20)
    assert merge_logs(BASE, [call]).unknown == (call,)
    merged = merge_logs(BASE, [call, issue(1, 1, "V500", 30)])  # by a clock that differs
    assert merged.outcomes["V500"].counter == 11


def test_the_next_call_ends_the_visit_before() -> None:
    merged = merge_logs(BASE, [step("call", 11, 1, "V1", 5), step("call", 11, 2, "V2", 9)])
    assert merged.outcomes["V9"].state == "finished"
    assert merged.outcomes["V1"].state == "finished"
    assert merged.outcomes["V1"].ended_at == at(9)
    assert merged.outcomes["V2"].state == "called"


def test_a_clock_that_runs_back_keeps_the_order() -> None:
    log = [step("call", 11, n, "V1", second) for n, second in ((1, 30), (2, -900), (3, 9_999))]
    assert [e.at for e in in_order(log, since=NINE, until=at(60))] == [at(30), at(30), at(60)]


@given(
    st.lists(st.frozensets(st.sampled_from(COUNTERS))),
    st.lists(st.integers(0, 5), min_size=3, max_size=3),
)
def test_each_ticket_is_dealt_to_one_able_counter(
    able: list[frozenset[int]], has: list[int]
) -> None:
    tickets = [(f"V{n}", who) for n, who in enumerate(able)]
    held = dict(zip(COUNTERS, has, strict=True))
    given_out = deal_tickets(tickets, held_now=held, limit=6)
    assert all(given_out[label] in who for label, who in tickets if label in given_out)
    loads = Counter(given_out.values())
    assert all(held[c] + loads[c] <= 6 for c in COUNTERS)
    assert all(
        label in given_out or all(held[c] + loads[c] == 6 for c in who) for label, who in tickets
    )

"""The browser's rules and the server's answer one table of cases alike."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from prepazka.booking.models import BookingState
from prepazka.core import discipline, pins
from prepazka.core.interval import Interval
from prepazka.core.slots import Rules
from tests import scripts

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = date(2026, 11, 23)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def around(rng: random.Random) -> datetime:
    """Often exactly the edges at which an answer turns."""
    return (
        NOW
        + rng.choice([-90, -60, -30, -15, -1, 0, 1, 15, 30, 60, rng.randint(-200, 200)]) * MINUTE
    )


def pin_case(rng: random.Random) -> tuple[dict[str, Any], str]:
    found, said = [], []
    for n in range(rng.choice([0, 1, 1, 1, 2, 3])):
        start = around(rng)
        end = start + rng.choice([15, 30, 60]) * MINUTE
        early, late = rng.choice([0, 15, 30]), rng.choice([0, 15])
        office = rng.choice([1, 1, 1, 2])
        day = TODAY + timedelta(days=rng.choice([0, 0, 0, 0, -2, 1, 7]))
        state = rng.choice(
            [BookingState.CONFIRMED, BookingState.ARRIVED, *BookingState, "pin_changed"]
        )
        missed, returned = rng.random() < 0.5, rng.random() < 0.5
        here = rng.choice([None, NOW - rng.choice([0, 1, 119, 120, 121, 999]) * SECOND])
        found.append(
            pins.PinCandidate(
                booking=f"b{n}",
                office=office,
                day=day,
                window=Interval(start, end),
                state=state,
                missed=missed,
                returned=returned,
                given_here_at=here,
                rules=Rules(early_min=early, late_min=late),
            )
        )
        said.append(
            {
                "booking": f"b{n}",
                "office": office,
                "day": day.isoformat(),
                "start": ms(start),
                "end": ms(end),
                "early": early,
                "late": late,
                "state": state,
                "missed": missed,
                "returned": returned,
                "givenHere": ms(here),
            }
        )
    answer = pins.judge_pin(found, office=1, today=TODAY, rules=Rules(), now=NOW)
    which = answer.found.booking if answer.found else None
    expected: list[Any] = [answer.outcome.value, which, answer.accepted, answer.late]
    if answer.found:
        expected += [ms(answer.opens_at), ms(answer.closes_at)]
    return {"found": said}, str(expected)


def turn_case(rng: random.Random) -> tuple[dict[str, Any], str]:
    waiting, said = [], []
    for ticket in range(rng.randint(0, 6)):
        start = around(rng)
        booked = Interval(start, start + 60 * MINUTE) if rng.random() < 0.5 else None
        w = discipline.Waiting(
            ticket=ticket,
            service=rng.choice([1, 2, 3]),
            arrived_at=around(rng),
            booked=booked,
            late=rng.random() < 0.2,
            returned_at=around(rng) if rng.random() < 0.2 else None,
            statutory=rng.random() < 0.2,
            parked_until=around(rng) if rng.random() < 0.2 else None,
            for_counter=rng.choice([None, None, None, 7, 8]),
        )
        waiting.append(w)
        said.append(
            {
                "ticket": w.ticket,
                "service": w.service,
                "arrived": ms(w.arrived_at),
                "booked": [ms(booked.start), ms(booked.end)] if booked else None,
                "late": w.late,
                "returned": ms(w.returned_at),
                "statutory": w.statutory,
                "parked": ms(w.parked_until),
                "forCounter": w.for_counter,
            }
        )
    head = rng.choice([None, 0, 10, 30])
    cap = rng.choice([None, 0, 5, 20])
    policy = discipline.Policy(
        head_start=None if head is None else head * MINUTE,
        call_early=rng.random() < 0.5,
        cap=None if cap is None else cap * MINUTE,
    )
    chosen = discipline.next_in_turn(
        waiting, serves=frozenset({1, 2}), counter=7, policy=policy, now=NOW
    )
    case = {
        "waiting": said,
        "policy": {
            "headStart": None if head is None else head * 60_000,
            "callEarly": policy.call_early,
            "cap": None if cap is None else cap * 60_000,
        },
    }
    return case, str([chosen.ticket, chosen.reason.code] if chosen else [None, None])


@pytest.mark.parametrize("make", [pin_case, turn_case])
def test_both_give_the_same_answers(make: Any) -> None:
    rng = random.Random(20)  # cases, not secrets
    made = [make(rng) for _ in range(2_000)]
    assert len({expected for _, expected in made}) > 15, "the table says too little"
    answers = scripts.run("rules_table.js", {"cases": [case for case, _ in made], "now": ms(NOW)})
    wrong = [
        (case, expected, answer)
        for (case, expected), answer in zip(made, answers, strict=True)
        if str(answer) != expected
    ]
    assert not wrong, f"{len(wrong)} differ, for example {wrong[0]}"

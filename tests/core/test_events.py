import json
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest

from prepazka.core import events

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


def sample(kind):
    """An event of the kind with every field filled in."""
    values = {str: "x", int: 7, dict[str, Any]: {"code": "walk_in", "params": {}}}
    hints = get_type_hints(events.REGISTRY[kind])
    common = {"topics", "followed_up", "office", "at", "actor"}
    own = {
        n: values.get(t, "citizen" if n == "by" else 7) for n, t in hints.items() if n not in common
    }
    return events.REGISTRY[kind](office=1, at=NOW, actor=3, **own)


def test_the_registry_knows_kinds_and_no_helper():
    assert "BookingHeld" in events.REGISTRY
    assert not [kind for kind in events.REGISTRY if kind.startswith("_")]


@pytest.mark.parametrize("kind", sorted(events.REGISTRY))
class TestEvery:
    def test_comes_back_from_the_journal(self, kind):
        event = sample(kind)
        stored = json.loads(json.dumps(event.payload()))
        assert not {"office", "at", "actor", "topics"} & set(stored)
        assert event.kind == kind
        assert events.from_journal(kind, office=1, at=NOW, actor=3, payload=stored) == event

    def test_says_who_must_look(self, kind):
        event = sample(kind)
        known = {"terms", "queue", "devices", "setup", "meetings", "alerts"}
        assert set(event.topics) <= known
        if kind.startswith(("Ticket", "Counter")) or kind in ("ServingStarted", "StepUndone"):
            assert "queue" in event.topics
        if kind in (
            "BookingHeld",
            "BookingCancelled",
            "BookingExpired",
            "BookingMoved",
            "HoldReleased",
        ):
            assert "terms" in event.topics


def test_a_second_kind_of_the_same_name_is_refused():
    with pytest.raises(TypeError, match="BookingHeld"):
        type("BookingHeld", (events.Event,), {})


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="aware"):
        events.OfficeLoaded(office=1, at=datetime(2026, 11, 23))

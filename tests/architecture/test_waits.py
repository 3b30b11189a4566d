"""Journeys wait by `tests.waiting.becomes`, which says why."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_no_journey_evaluates_a_text_inside_a_page() -> None:
    files = [one for one in TESTS.rglob("*.py") if one.name not in {"waiting.py", "test_waits.py"}]
    assert [str(one) for one in files if "wait_for_function" in one.read_text()] == []

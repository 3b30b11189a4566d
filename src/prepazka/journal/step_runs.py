"""Recording of the successes and failures of periodic steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

GOOD = """
INSERT INTO journal_steprun (step, office, last_good_at, expected_by, failures, failure)
SELECT %s, office, %s, %s, 0, '' FROM unnest(%s::bigint[]) AS office
ON CONFLICT (step, office) DO UPDATE SET
  last_good_at = excluded.last_good_at, expected_by = excluded.expected_by, failures = 0
"""
# A step that has never succeeded is expected from its first failure on.
BAD = """
INSERT INTO journal_steprun (step, office, last_failure_at, expected_by, failures, failure)
VALUES (%s, %s, %s, %s, 1, %s)
ON CONFLICT (step, office) DO UPDATE SET
  last_failure_at = excluded.last_failure_at, failure = excluded.failure,
  failures = journal_steprun.failures + 1
"""


def note_success(
    *, step: str, offices: Sequence[int | None], expected_by: datetime, now: datetime
) -> None:
    """Record that the step succeeded in these offices; None is the whole installation."""
    with connection.cursor() as cursor:
        cursor.execute(GOOD, [step, now, expected_by, list(offices)])


def note_failure(
    *, step: str, office: int | None, failure: str, expected_by: datetime, now: datetime
) -> None:
    """Record that the step failed in this office; an existing `expected_by` stays."""
    with connection.cursor() as cursor:
        cursor.execute(BAD, [step, office, now, expected_by, failure[:200]])

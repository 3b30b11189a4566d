"""The worker's periodic steps: one table, one runner that isolates each office.

A step is registered once in `STEPS`. It runs for every office, or once for the installation. A
failure in one office is logged and recorded in its `StepRun`, and the others go on. No step relies
on another having run before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from prepazka.accounts import sealing, sessions
from prepazka.core import calendar
from prepazka.core.error_texts import kind_and_place
from prepazka.jobs import calendar_jobs, housekeeping, owed_work, queue, rounds
from prepazka.journal import step_runs
from prepazka.journal.models import StepRun
from prepazka.meetings import inventory, signals
from prepazka.messaging.replies import forget_replies
from prepazka.offices.models import Office
from prepazka.queueing import history, turn_alerts

LOCK_STEP = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK_STEP = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"

log = logging.getLogger(__name__)


class Every(Enum):
    """How often a step runs."""

    MINUTE = "* * * * *"
    FIVE_MINUTES = "*/5 * * * *"
    DAY = "day"  # checked each minute, see `_is_due`

    @property
    def cron(self) -> str:
        """When the queue checks whether the step is due."""
        return Every.MINUTE.value if self is Every.DAY else str(self.value)


# Daily work is due at 3:17 by the office's clock, when every office is closed.
NIGHT_MIN = 3 * 60 + 17
# A failed step is tried again, but daily work takes too long to repeat it each minute.
DAILY_RETRY = timedelta(hours=1)
# After so long without a good run health reports the step as late.
LATE_AFTER = {
    Every.MINUTE: timedelta(minutes=5),
    Every.FIVE_MINUTES: timedelta(minutes=20),
    Every.DAY: timedelta(hours=30),
}
REMIND_EVERY = 60  # consecutive failures between two tracebacks of the same failure


@dataclass(frozen=True)
class Step:
    """`run(now=…)`, or `run(office=…, now=…)` with an office's id where it is `of_office`."""

    name: str
    run: Callable[..., Any]
    every: Every = Every.MINUTE
    of_office: bool = True
    erases: bool = False  # personal data: also run after a backup was restored


def _of_installation(name: str, run: Callable[..., Any], **options: Any) -> Step:
    return Step(name, run, of_office=False, **options)


def _daily(name: str, run: Callable[..., Any], **options: Any) -> Step:
    return Step(name, run, every=Every.DAY, **options)


def print_lost_minutes(**_: Any) -> None:
    """Make the PDFs of minutes that the storage has lost again."""
    from prepazka.jobs import document_jobs  # noqa: PLC0415  # loads typst; not where meetings are off

    document_jobs.print_lost()


STEPS = {
    step.name: step
    for step in (
        _of_installation("rescue", lambda **_: queue.requeue_stalled_jobs()),
        _of_installation("defer_lost", owed_work.defer_lost),
        Step("expire_claims", rounds.expire_claims),
        Step("watch_crowd", rounds.watch_crowd),
        Step("mark_no_shows", rounds.mark_no_shows_of),
        Step("close_yesterday", rounds.close_tickets),
        Step("end_missed", rounds.end_missed_of),
        Step("close_forgotten", rounds.close_counters),
        *([Step("settle_meetings", rounds.settle_meetings)] if settings.MEETINGS else []),
        Step("offer_places", rounds.offer_places),
        Step("follow_offers", rounds.follow_offers),
        Step("remind", rounds.send_reminders),
        Step("judge_waits", rounds.judge_waits),
        Step("stop_tickets", rounds.stop_tickets),
        Step("warn_of_incidents", rounds.warn_of_incidents),
        Step("tell_near", rounds.alert_near_turns),
        Step("keep_history", rounds.keep_history),
        _of_installation("forget_signals", lambda **_: signals.purge_signals()),
        _of_installation("read_calendars", calendar_jobs.defer_due, every=Every.FIVE_MINUTES),
        _daily("erase_requested", rounds.erase_requested, erases=True),
        _daily("erase", rounds.erase_overdue, erases=True),
        _daily("erase_papers", rounds.erase_files),  # needs the worker's folder of files
        _daily("compare_papers", inventory.inspect_office),
        _daily("compare_papers_of_nobody", inventory.inspect_unknown_offices, of_office=False),
        *(
            [_daily("print_lost_minutes", print_lost_minutes, of_office=False)]
            if settings.MEETINGS
            else []
        ),
        _daily(
            "forget_alerts",
            lambda **_: turn_alerts.erase_contacts_of_ended(),
            of_office=False,
            erases=True,
        ),
        _daily("forget_replies", forget_replies, of_office=False, erases=True),
        _daily("seal_secrets", lambda **_: sealing.seal_all_secrets(), of_office=False),
        _daily("forget_attempts", housekeeping.forget_attempts, of_office=False),
        _daily("forget_looks", housekeeping.forget_looks, of_office=False),
        _daily("clear_sessions", lambda **_: clear_sessions(), of_office=False),
        _daily("measure", rounds.measure_estimates),
        _daily("learn", rounds.learn_from_weeks),
        _daily("forget_quarters", history.delete_old_quarters, of_office=False),
        _daily("forget_failed_jobs", queue.delete_old_failures, of_office=False),
        _of_installation("forget_old_steps", lambda **_: forget_unknown()),
    )
}


def run_if_due(step: Step, *, now: datetime, even_if_done: bool = False) -> int:
    """Run the step where it is due, isolating each office; returns in how many it failed.

    `even_if_done` runs daily work also where it ran since last night. Does nothing while another
    worker runs the same step. Raises only where the database is away.
    """
    with _only_one(step.name) as is_ours:
        if not is_ours:
            return 0
        before = {row.office: row for row in StepRun.objects.filter(step=step.name)}
        good: list[int | None] = []
        failed = 0
        for office, timezone in _offices() if step.of_office else [(None, settings.TIME_ZONE)]:
            earlier = before.get(office)
            try:
                zone = ZoneInfo(timezone) if step.of_office else settings.DEFAULT_ZONE
                if step.every is Every.DAY and not (even_if_done or _is_due(earlier, zone, now)):
                    continue
                step.run(**({"office": office} if step.of_office else {}), now=now)
            except Exception as error:
                if not connection.is_usable():
                    raise
                failed += 1
                _note_failure(step, office, error, earlier, now)
            else:
                good.append(office)
                if step.every is Every.DAY:
                    _note_good(step, [office], now)
        if step.every is not Every.DAY:
            _note_good(step, good, now)
    return failed


def run_erasing_steps(*, now: datetime) -> int:
    """Run the steps that erase personal data where they are due; returns how many failures."""
    return sum(run_if_due(step, now=now) for step in STEPS.values() if step.erases)


def clear_sessions() -> None:
    """Delete sessions that have ended, and our records of them."""
    call_command("clearsessions")
    sessions.delete_ended_sessions()


def forget_unknown() -> None:
    """Delete the runs of steps that this version no longer has."""
    StepRun.objects.exclude(step__in=STEPS).delete()


def _offices() -> Iterable[tuple[int, str]]:
    return list(Office.objects.order_by("pk").values_list("pk", "timezone"))


def _is_due(earlier: StepRun | None, zone: ZoneInfo, now: datetime) -> bool:
    """Whether daily work has not succeeded since last 3:17, and has not failed within the hour."""
    if earlier is None:
        return True
    today = calendar.day_of(now, zone)
    night = calendar.local_instant(today, NIGHT_MIN, zone)
    if night > now:
        night = calendar.local_instant(today - timedelta(days=1), NIGHT_MIN, zone)
    good = earlier.last_good_at
    if good and night <= good <= now:  # a demo's clock may have been set back
        return False
    failed = earlier.last_failure_at
    return not (earlier.failures and failed and failed <= now < failed + DAILY_RETRY)


@contextmanager
def _only_one(name: str) -> Iterator[bool]:
    """Whether no other worker runs the step; the lock ends at the latest with the connection."""
    key = f"step:{name}"
    with connection.cursor() as cursor:
        cursor.execute(LOCK_STEP, [key])
        (is_ours,) = cursor.fetchone()
    try:
        yield bool(is_ours)
    finally:
        if is_ours and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(UNLOCK_STEP, [key])


def _note_good(step: Step, offices: list[int | None], now: datetime) -> None:
    expected_by = now + LATE_AFTER[step.every]
    step_runs.note_success(step=step.name, offices=offices, expected_by=expected_by, now=now)


def _note_failure(
    step: Step, office: int | None, error: Exception, earlier: StepRun | None, now: datetime
) -> None:
    failure = kind_and_place(error)
    failures = (earlier.failures if earlier else 0) + 1
    is_new = earlier is None or not earlier.failures or earlier.failure != failure
    if is_new or failures % REMIND_EVERY == 0:
        log.error(
            "The step %s failed%s: %s (%s in a row)",
            *(step.name, f" for office {office}" if office else "", failure, failures),
            exc_info=error,
        )
    step_runs.note_failure(
        step=step.name,
        office=office,
        failure=failure,
        expected_by=now + LATE_AFTER[step.every],
        now=now,
    )

"""What the program asks of the job queue beyond "defer this": the only place that knows its tables.

What is owed is decided on our own rows (`owed`); here is only whether a job for it lives.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from procrastinate import exceptions
from procrastinate.jobs import Status
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT, JobManager

log = logging.getLogger(__name__)

# A worker says every ten seconds that it lives.
SILENT = "30 seconds"
# No job takes so long; one whose end a living worker could not write down stays "doing".
LONGEST = "1 hour"
KEPT = "30 days"

STALLED = """
SELECT job.id FROM procrastinate_jobs job
LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
WHERE job.status = 'doing' AND (
  worker.id IS NULL
  OR worker.last_heartbeat < now() - %(silent)s::interval
  OR NOT EXISTS (
    SELECT FROM procrastinate_events event WHERE event.job_id = job.id
    AND event.type = 'started' AND event.at > now() - %(longest)s::interval))
ORDER BY job.id
"""
# Skips what another worker rescues or finishes at this moment.
LOCKED = "SELECT FROM procrastinate_jobs WHERE id = %s AND status = 'doing' FOR UPDATE SKIP LOCKED"
LIVE = """
SELECT queueing_lock FROM procrastinate_jobs
WHERE status IN ('todo', 'doing') AND starts_with(queueing_lock, %s)
"""
OVER = """
DELETE FROM procrastinate_jobs job WHERE status IN ('failed', 'cancelled', 'aborted')
AND NOT EXISTS (
  SELECT FROM procrastinate_events event WHERE event.job_id = job.id
  AND event.at > now() - %s::interval)
"""


def live(prefix: str) -> set[str]:
    """The queueing locks with this prefix whose job waits or runs."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE, [prefix])
        return {lock for (lock,) in cursor}


def rescue() -> int:
    """Let the jobs whose worker died wait again; returns how many were stalled.

    Each job is a transaction of its own. Where a twin waits already, only one of them may wait
    by its queueing lock, so the stalled one goes. Raises what a job failed with, after all others.
    """
    with connection.cursor() as cursor:
        cursor.execute(STALLED, {"silent": SILENT, "longest": LONGEST})
        stalled = [pk for (pk,) in cursor]
    faults = []
    for pk in stalled:
        try:
            _rescue(pk)
        except Exception as error:  # noqa: BLE001  # raised below; the other jobs come first
            faults.append(error)
    if stalled:
        log.warning("%s jobs were left by a worker that died; they start again", len(stalled))
    if faults:
        raise ExceptionGroup("stalled jobs could not be started again", faults)
    return len(stalled)


@transaction.atomic
def _rescue(job: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOCKED, [job])
        if cursor.fetchone() is None:
            return
        try:
            with transaction.atomic():
                cursor.execute(
                    "SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [job]
                )
        except IntegrityError:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job])


def delete_old_failures(*, now: datetime) -> int:
    """Delete the jobs that failed a month ago or earlier, by the database's clock; how many."""
    with connection.cursor() as cursor:
        cursor.execute(OVER, [KEPT])
        return int(cursor.rowcount)


class Manager(JobManager):
    """The library's manager, whose retry does not fail where a twin of the job waits.

    Otherwise the failed job would stay "doing" as long as its worker lives, and by its lock hold
    up the twin as well.
    """

    async def retry_job_by_id_async(self, job_id: int, *args: Any, **kwargs: Any) -> None:
        """Let the job wait again, or delete it in favour of its twin."""
        try:
            await super().retry_job_by_id_async(job_id, *args, **kwargs)
        except exceptions.UniqueViolation as error:
            if error.constraint_name != QUEUEING_LOCK_CONSTRAINT:
                raise
            await self.finish_job_by_id_async(job_id, Status.FAILED, delete_job=True)

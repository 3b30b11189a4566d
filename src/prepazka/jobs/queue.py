"""Queries on the job queue's own tables: live jobs, rescue of stalled ones, old failures.

Which work is owed is decided by our own rows (`owed_work`), not here.
"""

# ruff: noqa: S608  # made of constants

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from procrastinate import exceptions
from procrastinate.jobs import Status
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT, JobManager

from prepazka.journal.statements import quoted

log = logging.getLogger(__name__)

# A worker's heartbeat comes every ten seconds.
SILENT = "30 seconds"
# No job takes so long; a job whose end a live worker could not record stays "doing".
LONGEST = "1 hour"
KEPT = "30 days"

DOING = quoted(Status.DOING.value)
OVER_STATES = quoted(*(s.value for s in (Status.FAILED, Status.CANCELLED, Status.ABORTED)))
STALLED = f"""
SELECT job.id FROM procrastinate_jobs job
LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
WHERE job.status = {DOING} AND (
  worker.id IS NULL
  OR worker.last_heartbeat < now() - %(silent)s::interval
  OR NOT EXISTS (
    SELECT FROM procrastinate_events event WHERE event.job_id = job.id
    AND event.type = 'started' AND event.at > now() - %(longest)s::interval))
ORDER BY job.id
"""
# Skips jobs that another worker rescues or finishes at this moment.
LOCKED = f"""
SELECT FROM procrastinate_jobs WHERE id = %s AND status = {DOING} FOR UPDATE SKIP LOCKED
"""
RETRY = "SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)"
DELETE = "DELETE FROM procrastinate_jobs WHERE id = %s"
LIVE = f"""
SELECT queueing_lock FROM procrastinate_jobs
WHERE status IN ({quoted(Status.TODO.value, Status.DOING.value)})
AND starts_with(queueing_lock, %s)
"""
OVER = f"""
DELETE FROM procrastinate_jobs job WHERE status IN ({OVER_STATES})
AND NOT EXISTS (
  SELECT FROM procrastinate_events event WHERE event.job_id = job.id
  AND event.at > now() - %s::interval)
"""


def live_locks(prefix: str) -> set[str]:
    """The queueing locks with this prefix whose job waits or runs."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE, [prefix])
        return {lock for (lock,) in cursor}


def requeue_stalled_jobs() -> int:
    """Queue the jobs whose worker died again; returns how many were stalled.

    Each job is a transaction of its own. Where a job with the same queueing lock waits already, the
    stalled one is deleted. Raises an ExceptionGroup of failures after all jobs.
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
                cursor.execute(RETRY, [job])
        except IntegrityError:
            cursor.execute(DELETE, [job])


def delete_old_failures(*, now: datetime) -> int:
    """Delete jobs that failed a month ago or earlier by the database's clock; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(OVER, [KEPT])
        return int(cursor.rowcount)


class Manager(JobManager):
    """The library's manager with a retry that allows for a waiting job of the same queueing lock.

    Otherwise the failed job would stay "doing" while its worker lives, and its lock would block
    the waiting one as well.
    """

    async def retry_job_by_id_async(self, job_id: int, *args: Any, **kwargs: Any) -> None:
        """Queue the job again, or delete it if another with its queueing lock waits."""
        try:
            await super().retry_job_by_id_async(job_id, *args, **kwargs)
        except exceptions.UniqueViolation as error:
            if error.constraint_name != QUEUEING_LOCK_CONSTRAINT:
                raise
            await self.finish_job_by_id_async(job_id, Status.FAILED, delete_job=True)

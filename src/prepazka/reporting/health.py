"""The health of the installation, for a monitoring program."""

# ruff: noqa: S608  # made of constants

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from prepazka.journal.statements import quoted
from prepazka.journal.versions import pending_migrations, program_version
from prepazka.meetings.models import DocumentState
from prepazka.messaging.message_types import ADDRESS_REFUSED, HOUR_FULL, QUIET_HOURS
from prepazka.messaging.models import MessageState
from prepazka.offices.clock import machine_s

WORKER_SILENT = timedelta(seconds=60)  # its heartbeat comes every ten seconds
MAIL_LATE = OWED_LATE = timedelta(minutes=15)
OWED_GIVEN_UP = timedelta(days=3)  # as `jobs.owed_work` has it
GIVEN_UP_TRIES = 600  # as `messaging.message_delivery` has it
DISK_LOW_MB = 500
CLOCKS_APART_S = 10.0
MOST_NAMED = 50  # failing steps in an answer
RECENT = 20_000  # newest messages among which failed ones are counted
SERVER_FOLDER = Path("/var/lib/postgresql")  # of Debian
LOCAL = ("", "localhost", "127.0.0.1", "::1")

# By the clock of the database, which also writes the heartbeats.
WORKER = """
SELECT coalesce(max(last_heartbeat) > now() - make_interval(secs => %s), false),
  extract(epoch FROM clock_timestamp())::float8
FROM procrastinate_workers
"""
# The oldest late message. Left out are those that wait for the morning, those that their server
# refuses for now, and those that failed while others of their channel were sent.
MAIL = f"""
SELECT min(created_at) FROM messaging_message
WHERE state = {quoted(MessageState.QUEUED)} AND error <> ALL(%(waits)s)
AND (attempts = 0 OR channel NOT IN (
  SELECT channel FROM (
    SELECT channel, sent_at FROM messaging_message ORDER BY id DESC LIMIT %(recent)s) AS newest
  WHERE sent_at > %(since)s))
"""
OWED = "SELECT min(at) FROM journal_pendingfollowup WHERE at > %(given_up)s"
OWED_WITH_PAPERS = f"""
SELECT min(at) FROM (
  {OWED}
  UNION ALL SELECT min(created_at) FROM meetings_document
    WHERE state = {quoted(DocumentState.CHECKING)}
  UNION ALL SELECT min(closed_at) FROM meetings_minutes WHERE closed_at IS NOT NULL AND key = ''
) AS owed (at)
"""
FAILED = f"""
SELECT (SELECT count(*) FROM journal_pendingfollowup WHERE at <= %(given_up)s) + (
  SELECT count(*) FROM (
    SELECT state, attempts FROM messaging_message ORDER BY id DESC LIMIT %(recent)s) AS newest
  WHERE state = {quoted(MessageState.FAILED)} AND attempts >= %(tries)s)
"""
STEPS = """
SELECT run.step, office.slug, run.last_good_at, run.expected_by < %(now)s, run.failures
FROM journal_steprun run LEFT JOIN offices_office office ON office.id = run.office
WHERE (run.office IS NULL OR office.id IS NOT NULL)
AND (run.failures > 0 OR run.expected_by < %(now)s)
ORDER BY run.expected_by, run.step, run.office LIMIT %(most)s
"""
GOOD_RUNS = """
SELECT step, min(last_good_at) FROM journal_steprun
WHERE office IS NULL OR office IN (SELECT id FROM offices_office) GROUP BY step ORDER BY step
"""
ERASED = """
SELECT office.slug, run.last_good_at FROM journal_steprun run
JOIN offices_office office ON office.id = run.office WHERE run.step = 'erase' ORDER BY office.slug
"""
# For information only: they raise no alarm, because the office sees them itself.
DEVICE_FAULTS = """
SELECT office.slug, device.code, device.fault, device.fault_at FROM offices_device device
JOIN offices_office office ON office.id = device.office_id
WHERE device.fault <> '' AND NOT device.retired
ORDER BY device.fault_at, office.slug, device.code LIMIT %(most)s
"""
# Recorded by `web.limits`: the setting of proxies hides visitors' addresses, so that no network can
# be limited.
HIDDEN = (
    "SELECT EXISTS (SELECT 1 FROM web_count WHERE scope = 'hidden' AND starts_at > %(day_ago)s)"
)


class Cursor(Protocol):
    """A database cursor, of Django or of a driver."""

    def execute(self, query: Any, params: Any = ..., /) -> Any:
        """Run a statement."""

    def fetchone(self) -> Any:
        """The next row."""

    def fetchall(self) -> Any:
        """All rows."""


@dataclass(frozen=True)
class FailingStep:
    """A periodic step that failed last or is late, in an office or (None) the installation."""

    step: str
    office: str | None
    last_good_at: datetime | None
    late: bool
    failures: int


@dataclass(frozen=True)
class Health:
    """The state of the installation in the database; durations are ages of the oldest open work."""

    worker: bool
    oldest_mail: timedelta
    oldest_owed: timedelta = timedelta()
    failed_work: int = 0
    steps: tuple[FailingStep, ...] = ()
    good_runs: dict[str, datetime | None] = field(default_factory=dict)
    erased: dict[str, datetime | None] = field(default_factory=dict)
    device_faults: tuple[tuple[str, str, str, datetime | None], ...] = ()
    pending_migrations: int = 0
    clock_difference_s: float = 0.0
    visitors_hidden: bool = False

    @property
    def good(self) -> bool:
        """Whether no alarm is needed."""
        return (
            self.worker
            and self.oldest_mail <= MAIL_LATE
            and self.oldest_owed <= OWED_LATE
            and not any(step.late for step in self.steps)
            and not self.pending_migrations
            and abs(self.clock_difference_s) <= CLOCKS_APART_S
        )


def health_of_database(cursor: Cursor, *, now: datetime) -> Health:
    """The health read from the database, in a handful of short statements."""
    began = machine_s()
    cursor.execute(WORKER, [WORKER_SILENT.total_seconds()])
    worker, database_s = cursor.fetchone()
    difference = (began + machine_s()) / 2 - database_s
    parameters = {
        "waits": [QUIET_HOURS, ADDRESS_REFUSED, HOUR_FULL],
        "since": now - MAIL_LATE,
        "given_up": now - OWED_GIVEN_UP,
        "tries": GIVEN_UP_TRIES,
        "recent": RECENT,
        "now": now,
        "most": MOST_NAMED,
        "day_ago": now - timedelta(days=1),
    }
    cursor.execute(MAIL, parameters)
    (mail,) = cursor.fetchone()
    if settings.MEETINGS:
        cursor.execute(OWED_WITH_PAPERS, parameters)
    else:
        cursor.execute(OWED, parameters)
    (owed,) = cursor.fetchone()
    cursor.execute(FAILED, parameters)
    (failed,) = cursor.fetchone()
    cursor.execute(STEPS, parameters)
    steps = tuple(FailingStep(*row) for row in cursor.fetchall())
    cursor.execute(GOOD_RUNS)
    good_runs = dict(cursor.fetchall())
    cursor.execute(ERASED)
    erased = dict(cursor.fetchall())
    cursor.execute(DEVICE_FAULTS, parameters)
    device_faults = tuple((slug, code, fault, at) for slug, code, fault, at in cursor.fetchall())
    cursor.execute(HIDDEN, parameters)
    (hidden,) = cursor.fetchone()
    return Health(
        worker=bool(worker),
        oldest_mail=_age(mail, now),
        oldest_owed=_age(owed, now),
        failed_work=int(failed),
        steps=steps,
        good_runs=good_runs,
        erased=erased,
        device_faults=device_faults,
        pending_migrations=pending_migrations(cursor),
        clock_difference_s=round(difference, 1),
        visitors_hidden=bool(hidden),
    )


def _age(oldest: datetime | None, now: datetime) -> timedelta:
    return max(now - oldest, timedelta()) if oldest else timedelta()


def health_answer(health_now: Health | None) -> tuple[int, dict[str, Any]]:
    """The HTTP status, 200 or 503, and the JSON of the answer; None: no database."""
    disk = dict(_free_mb())
    own = {"version": program_version(), "disk_free_mb": disk}
    if health_now is None:
        return 503, {"database": False, "worker": None, "oldest_mail_s": None, **own}
    good = health_now.good and all(free >= DISK_LOW_MB for free in disk.values())
    return 200 if good else 503, {
        "database": True,
        "worker": health_now.worker,
        "oldest_mail_s": int(health_now.oldest_mail.total_seconds()),
        "oldest_owed_s": int(health_now.oldest_owed.total_seconds()),
        "failed_work": health_now.failed_work,
        "failing_steps": [
            {
                "step": step.step,
                "office": step.office,
                "last_good_at": _iso(step.last_good_at),
                "late": step.late,
                "failures": step.failures,
            }
            for step in health_now.steps
        ],
        "last_good_runs": {step: _iso(at) for step, at in health_now.good_runs.items()},
        "last_erased_at": {office: _iso(at) for office, at in health_now.erased.items()},
        "device_faults": [
            {"office": office, "device": device, "fault": fault, "since": _iso(at)}
            for office, device, fault, at in health_now.device_faults
        ],
        "pending_migrations": health_now.pending_migrations,
        "clock_difference_s": health_now.clock_difference_s,
        "visitors_hidden": health_now.visitors_hidden,
        **own,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _free_mb() -> Iterator[tuple[str, int]]:
    """Free megabytes of the files' disk, and of the database's where it is on this machine."""
    if not settings.S3_BUCKET:
        yield "files", _free_at(Path(settings.FILES))
    host = str(settings.DATABASES["default"]["HOST"])
    if (Path(host) / "PG_VERSION").exists():  # the embedded server's socket lies in its folder
        yield "database", _free_at(Path(host))
    elif SERVER_FOLDER.exists() and (host in LOCAL or host.startswith("/")):
        yield "database", _free_at(SERVER_FOLDER)


def _free_at(folder: Path) -> int:
    existing = next(
        candidate for candidate in (folder, *folder.absolute().parents) if candidate.exists()
    )
    return shutil.disk_usage(existing).free // 1_000_000

"""Whether the storage that is set is the one that the rows of this database mean.

The database has an id and the storage bears it in a file at its root (`storage.MARKER`), written
at first use. A folder that is not mounted, or another one, so is told from ours before anything is
erased by what it does not have.
"""

from __future__ import annotations

import logging
from datetime import datetime

from prepazka.meetings import storage
from prepazka.meetings.models import Document, FileStorage, Minutes

log = logging.getLogger(__name__)
Problem = FileStorage.Problem
LOOKED_FOR = 20  # files by which a storage without a mark is known as ours
IN_WORDS = {
    Problem.UNMARKED: "bears no id: perhaps its folder is not mounted, or another one is set",
    Problem.FOREIGN: "bears the id of another database: perhaps another folder or bucket is set",
    Problem.UNREACHABLE: "cannot be reached",
}


class StorageNotOurs(Exception):  # reads as what it says
    """The storage of files is not the one that the rows of this database mean, or is away."""


def note_first_use(*, now: datetime) -> None:
    """Let the storage bear the id of this database, if it never has. For whoever writes a file."""
    if not FileStorage.objects.filter(marked_at__isnull=False).exists():
        check(now=now)


def is_used() -> bool:
    """Whether this database has ever had files; without any there is nothing to compare."""
    return (
        FileStorage.objects.exists()
        or Document.objects.exists()
        or Minutes.objects.exclude(key="").exists()
    )


def must_be_ours(*, now: datetime) -> None:
    """Compare the ids, and note and log what is wrong. Raises StorageNotOurs."""
    problem = check(now=now)
    if problem:
        raise StorageNotOurs(IN_WORDS[problem])


def check(*, now: datetime) -> Problem | None:
    """Compare the ids, and note and log what is wrong; what it is, or None."""
    # The id is in the database before the storage bears it: cut short, it is written again.
    row, _ = FileStorage.objects.get_or_create(only=True)
    try:
        problem = _compare(row, now)
    except storage.StorageUnreachable as error:
        log.warning("storage of files: %s", error)
        problem = Problem.UNREACHABLE
    if problem and row.problem != problem:  # said once; each step that it stops says so anew
        log.error(
            "the storage of files %s. Nothing is erased in it and its rows are kept until it bears"
            " the id %s in its file %s.",
            IN_WORDS[problem],
            row.identity,
            storage.MARKER,
        )
    row.problem_since = (row.problem_since or now) if problem else None
    row.problem, row.checked_at = problem or "", now
    row.save(update_fields=["problem", "problem_since", "checked_at", "marked_at"])
    return problem


def _compare(row: FileStorage, now: datetime) -> Problem | None:
    borne = storage.marker()
    if not borne and row.marked_at is None and _plausible():
        storage.put_marker(str(row.identity))
        borne = str(row.identity)
    if borne == str(row.identity):
        row.marked_at = row.marked_at or now
        return None
    return Problem.FOREIGN if borne else Problem.UNMARKED


def _plausible() -> bool:
    """Whether a storage without an id may be ours: it has some file of the newest rows, if any."""
    kept = Document.objects.exclude(state=Document.State.REFUSED).order_by("-created_at")
    printed = Minutes.objects.exclude(key="").order_by("-pk")
    keys = [
        *kept.values_list("key", flat=True)[:LOOKED_FOR],
        *printed.values_list("key", flat=True)[:LOOKED_FOR],
    ]
    try:
        return not keys or any(storage.has(key, storage.FILE) for key in keys)
    except Exception as error:  # each kind of storage has errors of its own
        raise storage.StorageUnreachable(str(error)) from error

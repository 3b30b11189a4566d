"""Check that the configured storage belongs to this database.

The database has an id, which is written to a file at the storage's root (`storage.MARKER`) at first
use. This detects an unmounted or wrong folder before rows are erased because their files seem to be
missing.
"""

from __future__ import annotations

import logging
from datetime import datetime

from prepazka.meetings import storage
from prepazka.meetings.models import Document, DocumentState, FileStorage, Minutes

log = logging.getLogger(__name__)
Problem = FileStorage.Problem
LOOKED_FOR = 20  # newest files that are looked for in a storage without a marker
IN_WORDS = {
    Problem.UNMARKED: "bears no id: perhaps its folder is not mounted, or another one is set",
    Problem.FOREIGN: "bears the id of another database: perhaps another folder or bucket is set",
    Problem.UNREACHABLE: "cannot be reached",
}


class StorageNotOurs(Exception):  # reads as what it says
    """The storage belongs to another database, or cannot be reached."""


def note_first_use(*, now: datetime) -> None:
    """Write this database's id to the storage before its first file, unless it has been written."""
    if not FileStorage.objects.filter(marked_at__isnull=False).exists():
        check_identity(now=now)


def is_used() -> bool:
    """Whether this database has ever had files."""
    return (
        FileStorage.objects.exists()
        or Document.objects.exists()
        or Minutes.objects.exclude(key="").exists()
    )


def check_storage_is_ours(*, now: datetime) -> None:
    """Compare the ids; stores and logs a problem. Raises StorageNotOurs."""
    problem = check_identity(now=now)
    if problem:
        raise StorageNotOurs(IN_WORDS[problem])


def check_identity(*, now: datetime) -> Problem | None:
    """Compare the ids; stores and logs a problem and returns it, None if there is none."""
    # The id is stored in the database first, so an interrupted run writes the marker again.
    row, _ = FileStorage.objects.get_or_create(only=True)
    try:
        problem = _compare(row, now)
    except storage.StorageUnreachable as error:
        log.warning("storage of files: %s", error)
        problem = Problem.UNREACHABLE
    if problem and row.problem != problem:  # log a problem once; each stopped step logs again
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
    marker = storage.read_marker()
    if not marker and row.marked_at is None and _may_be_ours():
        storage.put_marker(str(row.identity))
        marker = str(row.identity)
    if marker == str(row.identity):
        row.marked_at = row.marked_at or now
        return None
    return Problem.FOREIGN if marker else Problem.UNMARKED


def _may_be_ours() -> bool:
    """Whether a storage without a marker may be ours: it has a file of the newest rows, if any."""
    documents = Document.objects.exclude(state=DocumentState.REFUSED).order_by("-created_at")
    printed = Minutes.objects.exclude(key="").order_by("-pk")
    keys = [
        *documents.values_list("key", flat=True)[:LOOKED_FOR],
        *printed.values_list("key", flat=True)[:LOOKED_FOR],
    ]
    try:
        return not keys or any(storage.has_file(key, storage.FILE) for key in keys)
    except Exception as error:  # each kind of storage has errors of its own
        raise storage.StorageUnreachable(str(error)) from error

"""Nightly comparison of the storage of files with the rows of documents and minutes.

Files without a row are personal data that nobody sees any more: they are counted, and removed a
week after they were first seen without one, so that a database that was restored by mistake can
be replaced before. Rows without a file are marked; the page of the meeting says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from prepazka.meetings import minutes, storage, storage_identity
from prepazka.meetings.models import Document, FileStorage, Minutes, StrayFolder
from prepazka.offices.models import Office

log = logging.getLogger(__name__)
GRACE = timedelta(days=1)  # files and rows younger than that may be under way
STRAY_KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Inventory:
    """What the comparison of one office gave, in folders and rows."""

    stray: int = 0  # folders of files without a row, that are kept for now
    removed: int = 0  # of them those that were removed now
    missing: int = 0  # rows without their file


@dataclass(frozen=True)
class Findings:
    """What the head of an office should know of its files."""

    problem: str  # of FileStorage.Problem, or empty
    problem_since: datetime | None
    stray: int
    first_removed_at: datetime | None
    missing: list[datetime]  # the beginnings of the meetings that lack a file
    unprinted: list[datetime]  # and of those whose minutes could not be printed for an hour

    def __bool__(self) -> bool:
        return bool(self.problem or self.stray or self.missing or self.unprinted)


def inspect_office(*, office: int, now: datetime) -> Inventory:
    """Compare the files of one office with its rows, if the storage is ours. Raises StorageNotOurs."""
    if not storage_identity.is_used():
        return Inventory()
    storage_identity.must_be_ours(now=now)
    return inspect(office=office, now=now)


def inspect_unknown_offices(*, now: datetime) -> None:
    """The same for offices of which the storage has files and the database no row."""
    if not storage_identity.is_used():
        return
    storage_identity.must_be_ours(now=now)
    for office in sorted(storage.offices().difference(Office.objects.values_list("pk", flat=True))):
        inspect(office=office, now=now)


def inspect(*, office: int, now: datetime) -> Inventory:
    """Compare the files of one office with its rows, remove what was stray for a week.

    The storage must be ours (`storage_identity`).
    """
    folders = storage.folders_of(office)
    # After the files: a row that comes meanwhile is younger than the grace, a file that goes
    # meanwhile went with its row.
    known = _keys(office)
    stray = {key for key, names in folders.items() if key not in known and names}
    stray = {key for key in stray if _is_old(key, folders[key], now)}
    removed = _note_stray(office, stray, now)
    missing = _note_missing(office, folders, now)
    made = Inventory(len(stray) - removed, removed, missing)
    if made != Inventory():
        log.warning(
            "files of meetings, office %s: %s folders without a row kept, %s removed;"
            " %s rows without their file",
            office,
            made.stray,
            made.removed,
            made.missing,
        )
    return made


def findings(office: int, *, now: datetime) -> Findings:
    """What the last comparison of the office's files gave, and minutes that are not printed."""
    row = FileStorage.objects.first()
    stray = StrayFolder.objects.filter(office=office).order_by("first_seen_at")
    first = stray.values_list("first_seen_at", flat=True).first()
    lost = [
        *_lost(Document.objects.filter(office=office)),
        *_lost(Minutes.objects.filter(office=office)),
    ]
    return Findings(
        problem=row.problem if row else "",
        problem_since=row.problem_since if row else None,
        stray=stray.count(),
        first_removed_at=first + STRAY_KEPT if first else None,
        missing=sorted(lost),
        unprinted=minutes.unprinted(office, now=now),
    )


def _lost(rows: QuerySet[Document] | QuerySet[Minutes]) -> QuerySet[Any, datetime]:
    return rows.exclude(missing_since=None).values_list("meeting__booking__starts_at", flat=True)


def _keys(office: int) -> set[str]:
    """The keys of the office's rows; of a refused document no file is kept."""
    documents = Document.objects.filter(office=office).exclude(state=Document.State.REFUSED)
    printed = Minutes.objects.filter(office=office).exclude(key="")
    return {*documents.values_list("key", flat=True), *printed.values_list("key", flat=True)}


def _is_old(key: str, names: list[str], now: datetime) -> bool:
    written = storage.written_at(key, names)
    return written is not None and now - written > GRACE


def _note_stray(office: int, stray: set[str], now: datetime) -> int:
    """Note what is stray, remove what was for a week; how many were removed."""
    noted = StrayFolder.objects.filter(office=office)
    noted.exclude(key__in=stray).delete()  # its row is back, or it is gone
    due = list(noted.filter(first_seen_at__lte=now - STRAY_KEPT).values_list("key", flat=True))
    for key in due:
        storage.drop(key)
        noted.filter(key=key).delete()
    StrayFolder.objects.bulk_create(
        [
            StrayFolder(office=office, key=key, first_seen_at=now)
            for key in sorted(stray.difference(due))
        ],
        ignore_conflicts=True,  # noted before
    )
    return len(due)


def _note_missing(office: int, folders: dict[str, list[str]], now: datetime) -> int:
    """Mark the rows whose file is not there, and no others; how many they are."""
    there = [key for key, names in folders.items() if storage.FILE in names]
    documents = Document.objects.filter(office=office, created_at__lte=now - GRACE)
    documents = documents.exclude(state=Document.State.REFUSED)
    printed = Minutes.objects.filter(office=office, closed_at__lte=now - GRACE).exclude(key="")
    missing = 0
    for rows in (documents, printed):
        rows.filter(key__in=there).exclude(missing_since=None).update(missing_since=None)
        lost = rows.exclude(key__in=there)
        lost.filter(missing_since=None).update(missing_since=now)
        missing += lost.count()
    return missing

"""Nightly comparison of the storage of files with the rows of documents and minutes.

Files without a row are personal data that nobody sees: they are counted, and removed after a week,
which leaves time to replace a database restored by mistake. Rows without a file are marked, and the
page of the meeting shows it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from prepazka.meetings import minutes, storage, storage_identity
from prepazka.meetings.models import Document, DocumentState, FileStorage, Minutes, StrayFolder
from prepazka.offices.models import Office

log = logging.getLogger(__name__)
GRACE = timedelta(days=1)  # younger files and rows may be still in the making
STRAY_KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Inventory:
    """The outcome of comparing one office, in folders and rows."""

    stray: int = 0  # folders without a row that are kept for now
    removed: int = 0  # folders without a row that were removed now
    missing: int = 0  # rows without their file


@dataclass(frozen=True)
class Findings:
    """Problems with an office's files, for its head; false if there are none."""

    problem: str  # of FileStorage.Problem, or empty
    problem_since: datetime | None
    stray: int
    first_removed_at: datetime | None
    missing: list[datetime]  # the beginnings of the meetings that lack a file
    unprinted: list[datetime]  # and of those whose minutes could not be printed for an hour

    def __bool__(self) -> bool:
        return bool(self.problem or self.stray or self.missing or self.unprinted)


def inspect_office(*, office: int, now: datetime) -> Inventory:
    """Compare the files of one office with its rows. Raises StorageNotOurs."""
    if not storage_identity.is_used():
        return Inventory()
    storage_identity.check_storage_is_ours(now=now)
    return inspect_files(office=office, now=now)


def inspect_unknown_offices(*, now: datetime) -> None:
    """Compare the files of offices that have no row in the database. Raises StorageNotOurs."""
    if not storage_identity.is_used():
        return
    storage_identity.check_storage_is_ours(now=now)
    for office in sorted(
        storage.offices_with_files().difference(Office.objects.values_list("pk", flat=True))
    ):
        inspect_files(office=office, now=now)


def inspect_files(*, office: int, now: datetime) -> Inventory:
    """Compare the files of one office with its rows; removes folders that were stray for a week.

    The caller has checked that the storage is ours (`storage_identity`).
    """
    folders = storage.folders_of(office)
    # Rows are read after the files: a row created in between is younger than the grace, and a file
    # deleted in between was deleted with its row.
    known_keys = _stored_keys(office)
    stray = {key for key, names in folders.items() if key not in known_keys and names}
    stray = {key for key in stray if _is_old(key, folders[key], now)}
    removed = _note_stray(office, stray, now)
    missing = _note_missing(office, folders, now)
    inventory = Inventory(len(stray) - removed, removed, missing)
    if inventory != Inventory():
        log.warning(
            "files of meetings, office %s: %s folders without a row kept, %s removed;"
            " %s rows without their file",
            office,
            inventory.stray,
            inventory.removed,
            inventory.missing,
        )
    return inventory


def last_findings(office: int, *, now: datetime) -> Findings:
    """The outcome of the last comparison of the office's files, and unprinted minutes."""
    row = FileStorage.objects.first()
    stray = StrayFolder.objects.filter(office=office).order_by("first_seen_at")
    first_seen = stray.values_list("first_seen_at", flat=True).first()
    lost = [
        *_meetings_lacking_file(Document.objects.filter(office=office)),
        *_meetings_lacking_file(Minutes.objects.filter(office=office)),
    ]
    return Findings(
        problem=row.problem if row else "",
        problem_since=row.problem_since if row else None,
        stray=stray.count(),
        first_removed_at=first_seen + STRAY_KEPT if first_seen else None,
        missing=sorted(lost),
        unprinted=minutes.starts_without_pdf(office, now=now),
    )


def _meetings_lacking_file(rows: QuerySet[Document] | QuerySet[Minutes]) -> QuerySet[Any, datetime]:
    return rows.exclude(missing_since=None).values_list("meeting__booking__starts_at", flat=True)


def _stored_keys(office: int) -> set[str]:
    """The storage keys of the office's rows, without refused documents, which have no file."""
    documents = Document.objects.filter(office=office).exclude(state=DocumentState.REFUSED)
    printed = Minutes.objects.filter(office=office).exclude(key="")
    return {*documents.values_list("key", flat=True), *printed.values_list("key", flat=True)}


def _is_old(key: str, names: list[str], now: datetime) -> bool:
    written_at = storage.written_at(key, names)
    return written_at is not None and now - written_at > GRACE


def _note_stray(office: int, stray: set[str], now: datetime) -> int:
    """Record stray folders and remove those that were stray for a week; returns how many."""
    noted = StrayFolder.objects.filter(office=office)
    noted.exclude(key__in=stray).delete()  # the row is back, or the folder is gone
    due = list(noted.filter(first_seen_at__lte=now - STRAY_KEPT).values_list("key", flat=True))
    for key in due:
        storage.drop_folder(key)
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
    """Mark the rows whose file is missing and unmark the others; returns how many are missing."""
    present_keys = [key for key, names in folders.items() if storage.FILE in names]
    documents = Document.objects.filter(office=office, created_at__lte=now - GRACE)
    documents = documents.exclude(state=DocumentState.REFUSED)
    printed = Minutes.objects.filter(office=office, closed_at__lte=now - GRACE).exclude(key="")
    missing = 0
    for rows in (documents, printed):
        rows.filter(key__in=present_keys).exclude(missing_since=None).update(missing_since=None)
        lost = rows.exclude(key__in=present_keys)
        lost.filter(missing_since=None).update(missing_since=now)
        missing += lost.count()
    return missing

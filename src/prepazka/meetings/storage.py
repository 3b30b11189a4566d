"""Storage of meetings' files, in a private folder or an S3 bucket, never under a web root.

Keys are `office/meeting/document`, made of ids, so that a meeting is erased as one folder.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

FILE = "file"
MINUTES = "minutes"
MARKER = "prepazka-storage"  # the file at the root with the storage's identity


class StorageUnreachable(Exception):  # reads as what it says
    """The storage of files did not answer, or may not be read or written."""


def papers() -> Storage:
    """The storage of this installation."""
    return storages["papers"]


def meeting_folder(office: int, meeting: UUID) -> str:
    """The key of a meeting's folder."""
    return f"{office}/{meeting.hex}"


def page_file_name(number: int) -> str:
    """The file name of one page's picture in a document's folder."""
    return f"{number}.webp"


def text_file_name(number: int) -> str:
    """The file name of one page's text in a document's folder."""
    return f"{number}.txt"


def put_file(key: str, name: str, content: File[Any] | bytes) -> None:
    """Store a file, replacing one of the same name."""
    _save(f"{key}/{name}", ContentFile(content) if isinstance(content, bytes) else content)


def _save(path: str, file: File[Any]) -> None:
    backend = papers()
    saved_name = backend.save(path, file)
    if isinstance(backend, FileSystemStorage):
        # Without fsync a power cut could lose the file although its row says that we have it.
        with Path(backend.path(saved_name)).open("rb+") as on_disk:
            os.fsync(on_disk.fileno())


def open_file(key: str, name: str) -> File[Any]:
    """The file, open. Raises FileNotFoundError."""
    return papers().open(f"{key}/{name}")


def drop_folder(key: str) -> None:
    """Delete a folder with its files, if it exists."""
    if not key:
        return
    backend = papers()
    try:
        folders, files = backend.listdir(key)
    except FileNotFoundError:
        return
    for name in folders:
        drop_folder(f"{key}/{name}")
    for name in files:
        backend.delete(f"{key}/{name}")
    backend.delete(key)  # the empty folder itself; S3 has none


def drop_file(key: str, name: str) -> None:
    """Delete one file, if it exists."""
    papers().delete(f"{key}/{name}")


def names_in(key: str) -> list[str]:
    """The names of the files in a folder; empty if there is none. Raises StorageUnreachable."""
    try:
        return _list_folder(key)[1]
    except Exception as error:  # each kind of storage has errors of its own
        raise StorageUnreachable(str(error)) from error


def read_marker() -> str:
    """The id in the storage's marker file; empty if there is none. Raises StorageUnreachable."""
    try:
        with papers().open(MARKER) as marker_file:
            return bytes(marker_file.read(100)).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return ""
    except Exception as error:  # each kind of storage has errors of its own
        raise StorageUnreachable(str(error)) from error


def put_marker(identity: str) -> None:
    """Write the id to the storage's marker file. Raises StorageUnreachable."""
    try:
        _save(MARKER, ContentFile(identity.encode()))
    except Exception as error:  # each kind of storage has errors of its own
        raise StorageUnreachable(str(error)) from error


def has_file(key: str, name: str) -> bool:
    """Whether the file exists."""
    return papers().exists(f"{key}/{name}")


def offices_with_files() -> set[int]:
    """The ids of offices that have files in the storage."""
    return {int(name) for name in _folders_in("") if name.isascii() and name.isdigit()}


def folders_of(office: int) -> dict[str, list[str]]:
    """The keys of the office's documents and minutes, each with the names of its files."""
    files_by_key: dict[str, list[str]] = {}
    for meeting in _folders_in(str(office)):
        for name in _folders_in(f"{office}/{meeting}"):
            key = f"{office}/{meeting}/{name}"
            files_by_key[key] = _list_folder(key)[1]
    return files_by_key


def written_at(key: str, names: list[str]) -> datetime | None:
    """When the newest of the files was written; None if they no longer exist."""
    try:
        return max(papers().get_modified_time(f"{key}/{name}") for name in names)
    except (FileNotFoundError, ValueError):
        return None


def _folders_in(path: str) -> list[str]:
    return _list_folder(path)[0]


def _list_folder(path: str) -> tuple[list[str], list[str]]:
    """Folders and files in a path, sorted; empty if it does not exist."""
    try:
        folders, files = papers().listdir(path)
    except FileNotFoundError:
        return [], []
    return sorted(folders), sorted(files)

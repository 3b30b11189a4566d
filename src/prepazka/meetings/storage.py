"""Where files of meetings lie: a folder of ours or a storage that speaks S3, never a web root.

Keys are `office/meeting/document`, all by ids, so that a meeting is erased as one folder.
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
MARKER = "prepazka-storage"  # says whose storage it is; at its root


class StorageUnreachable(Exception):  # reads as what it says
    """The storage of files did not answer, or may not be read or written."""


def papers() -> Storage:
    """The storage of this installation."""
    return storages["papers"]


def folder(office: int, meeting: UUID) -> str:
    """Where everything of a meeting lies."""
    return f"{office}/{meeting.hex}"


def page(number: int) -> str:
    """The picture of one page, in the folder of a document."""
    return f"{number}.webp"


def text(number: int) -> str:
    """The words of one page."""
    return f"{number}.txt"


def put(key: str, name: str, content: File[Any] | bytes) -> None:
    """Keep a file; what was there under the same name is replaced."""
    _save(f"{key}/{name}", ContentFile(content) if isinstance(content, bytes) else content)


def _save(path: str, file: File[Any]) -> None:
    kept = papers()
    written = kept.save(path, file)
    if isinstance(kept, FileSystemStorage):
        # A row that says we have the file must not outlive a power cut that the file does not.
        with Path(kept.path(written)).open("rb+") as on_disk:
            os.fsync(on_disk.fileno())


def get(key: str, name: str) -> File[Any]:
    """The file, open. Raises FileNotFoundError."""
    return papers().open(f"{key}/{name}")


def drop(key: str) -> None:
    """Remove a folder and all in it; what is gone already is no fault."""
    if not key:
        return
    kept = papers()
    try:
        folders, files = kept.listdir(key)
    except FileNotFoundError:
        return
    for name in folders:
        drop(f"{key}/{name}")
    for name in files:
        kept.delete(f"{key}/{name}")
    kept.delete(key)  # the empty folder itself, where there are folders


def drop_file(key: str, name: str) -> None:
    """Remove one file; what is gone already is no fault."""
    papers().delete(f"{key}/{name}")


def names_in(key: str) -> list[str]:
    """The names of the files in a folder; none where there is no folder. Raises StorageUnreachable."""
    try:
        return _listed(key)[1]
    except Exception as error:  # each kind of storage has errors of its own
        raise StorageUnreachable(str(error)) from error


def marker() -> str:
    """The id that the storage bears; empty if it has none. Raises StorageUnreachable."""
    try:
        with papers().open(MARKER) as kept:
            return bytes(kept.read(100)).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return ""
    except Exception as error:  # each kind of storage has errors of its own
        raise StorageUnreachable(str(error)) from error


def put_marker(identity: str) -> None:
    """Let the storage bear this id. Raises StorageUnreachable."""
    try:
        _save(MARKER, ContentFile(identity.encode()))
    except Exception as error:  # each kind of storage has errors of its own
        raise StorageUnreachable(str(error)) from error


def has(key: str, name: str) -> bool:
    """Whether the file is there."""
    return papers().exists(f"{key}/{name}")


def offices() -> set[int]:
    """The offices of which the storage has anything, by their ids."""
    return {int(name) for name in _folders_in("") if name.isascii() and name.isdigit()}


def folders_of(office: int) -> dict[str, list[str]]:
    """The keys of the office's documents and minutes, each with the names of its files."""
    found: dict[str, list[str]] = {}
    for meeting in _folders_in(str(office)):
        for name in _folders_in(f"{office}/{meeting}"):
            key = f"{office}/{meeting}/{name}"
            found[key] = _listed(key)[1]
    return found


def written_at(key: str, names: list[str]) -> datetime | None:
    """When the newest of the files was written; None if they are gone meanwhile."""
    try:
        return max(papers().get_modified_time(f"{key}/{name}") for name in names)
    except (FileNotFoundError, ValueError):
        return None


def _folders_in(path: str) -> list[str]:
    return _listed(path)[0]


def _listed(path: str) -> tuple[list[str], list[str]]:
    """Folders and files; what is gone meanwhile has none."""
    try:
        folders, files = papers().listdir(path)
    except FileNotFoundError:
        return [], []
    return sorted(folders), sorted(files)

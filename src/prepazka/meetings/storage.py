"""Where files of meetings lie: a folder of ours or a storage that speaks S3, never a web root.

Keys are `office/meeting/document`, all by ids, so that a meeting is erased as one folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

FILE = "file"
MINUTES = "minutes"


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
    file = ContentFile(content) if isinstance(content, bytes) else content
    kept = papers()
    written = kept.save(f"{key}/{name}", file)
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

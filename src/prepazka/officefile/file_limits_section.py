"""Reading and writing of the limits of files uploaded to meetings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import yaml
from django.conf import settings

from prepazka.core.file_rules import MEGABYTE, MOST_DOCUMENTS, FileRules
from prepazka.officefile import value_readers
from prepazka.officefile.nodes import Section, Wrong, scalar

UNITS = {"MB": 1, "GB": 1024}
KEYS: Mapping[str, str] = {
    "largest_mb": "largest file",
    "meeting_mb": "files of a meeting",
    "office_mb": "all files",
    "number": "number of files",
}


def read_files(section: Section) -> FileRules:
    """The office's limits, each at most the installation's own."""
    limits = FileRules(
        largest_mb=section.take(KEYS["largest_mb"], _size(settings.FILE_LARGEST), None),
        meeting_mb=section.take(KEYS["meeting_mb"], _size(settings.FILES_OF_OFFICE), None),
        office_mb=section.take(KEYS["office_mb"], _size(settings.FILES_OF_OFFICE), None),
        number=section.take(KEYS["number"], value_readers.number(1, MOST_DOCUMENTS), None),
    )
    _check_order(section, limits)
    return limits


def write_files(files: FileRules) -> dict[str, Any]:
    """The limits as `read_files` reads them, without those left to the installation."""
    return {
        KEYS[name]: str(value) if name == "number" else f"{value} MB"
        for name, value in files.data().items()
    }


def _size(largest_bytes: int) -> Callable[[yaml.Node], int]:
    """A reader of a size in MB, at most that many bytes."""
    megabytes = largest_bytes // MEGABYTE
    expected = f"a size from 1 MB to {megabytes} MB, the most of this installation, such as 10 MB"

    def read(node: yaml.Node) -> int:
        match = re.fullmatch(r"(\d{1,7})\s*(MB|GB)", scalar(node, expected))
        size_mb = int(match[1]) * UNITS[match[2]] if match else 0
        if not 1 <= size_mb <= megabytes:
            raise Wrong(expected)
        return size_mb

    return read


def _check_order(section: Section, files: FileRules) -> None:
    """Add a problem where a limit is larger than the limit of what contains it."""
    names = ("largest_mb", "meeting_mb", "office_mb")
    limits = [(name, limit) for name in names if (limit := getattr(files, name)) is not None]
    for (low, small), (high, large) in pairwise(limits):
        if small > large:
            section.wrong(
                section.values[KEYS[high]], f'at least as much as "{KEYS[low]}", {small} MB'
            )

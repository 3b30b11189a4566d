"""Limits of the files that people bring to meetings, read from the office's file and written to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import yaml
from django.conf import settings

from prepazka.core.file_rules import MEGABYTE, MOST_DOCUMENTS, FileRules
from prepazka.officefile import values
from prepazka.officefile.nodes import Section, Wrong, scalar

UNITS = {"MB": 1, "GB": 1024}
KEYS: Mapping[str, str] = {
    "largest_mb": "largest file",
    "meeting_mb": "files of a meeting",
    "office_mb": "all files",
    "number": "number of files",
}


def read_files(section: Section) -> FileRules:
    """The limits of the office, each at most that of the installation on which it is checked."""
    found = FileRules(
        largest_mb=section.take(KEYS["largest_mb"], _size(settings.FILE_LARGEST), None),
        meeting_mb=section.take(KEYS["meeting_mb"], _size(settings.FILES_OF_OFFICE), None),
        office_mb=section.take(KEYS["office_mb"], _size(settings.FILES_OF_OFFICE), None),
        number=section.take(KEYS["number"], values.number(1, MOST_DOCUMENTS), None),
    )
    _in_order(section, found)
    return found


def write_files(files: FileRules) -> dict[str, Any]:
    """The limits as `read_files` reads them; what the installation decides is left out."""
    return {
        KEYS[name]: str(value) if name == "number" else f"{value} MB"
        for name, value in files.data().items()
    }


def _size(most: int) -> Callable[[yaml.Node], int]:
    """A size in MB up to so many bytes."""
    megabytes = most // MEGABYTE
    expected = f"a size from 1 MB to {megabytes} MB, the most of this installation, such as 10 MB"

    def read(node: yaml.Node) -> int:
        said = re.fullmatch(r"(\d{1,7})\s*(MB|GB)", scalar(node, expected))
        found = int(said[1]) * UNITS[said[2]] if said else 0
        if not 1 <= found <= megabytes:
            raise Wrong(expected)
        return found

    return read


def _in_order(section: Section, files: FileRules) -> None:
    """A smaller limit above a larger one would only confuse those who bring a file."""
    names = ("largest_mb", "meeting_mb", "office_mb")
    said = [(name, value) for name in names if (value := getattr(files, name)) is not None]
    for (low, small), (high, large) in pairwise(said):
        if small > large:
            section.wrong(
                section.values[KEYS[high]], f'at least as much as "{KEYS[low]}", {small} MB'
            )

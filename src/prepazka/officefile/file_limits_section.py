"""Declarations of the limits of files uploaded to meetings."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import Any

import yaml
from django.conf import settings

from prepazka.core.file_rules import MEGABYTE, MOST_DOCUMENTS, FileRules
from prepazka.officefile import value_readers
from prepazka.officefile.declarations import (
    Field,
    FileContext,
    Kind,
    plain,
    read_fields,
    rule,
    write_fields,
)
from prepazka.officefile.nodes import Section, Wrong, scalar
from prepazka.officefile.phrases import phrase as _

UNITS = {"MB": 1, "GB": 1024}


def _size(setting: str) -> Kind[int]:
    """A size in MB, at most what the setting of the installation says in bytes."""

    def read(node: yaml.Node) -> int:
        # Read here: modules of commands are imported before the settings.
        megabytes = getattr(settings, setting) // MEGABYTE
        expected = _(
            "a size from 1 MB to %(most)s MB, the most of this installation, such as 10 MB",
            most=megabytes,
        )
        match = re.fullmatch(r"(\d{1,7})\s*(MB|GB)", scalar(node, expected))
        size_mb = int(match[1]) * UNITS[match[2]] if match else 0
        if not 1 <= size_mb <= megabytes:
            raise Wrong(expected)
        return size_mb

    return plain("size", read, lambda size_mb: f"{size_mb} MB", lowest=1, setting=setting)


_rule = partial(rule, FileRules())
LIMITS: tuple[Field[Any], ...] = (
    _rule(
        "largest_mb",
        Field("largest file", _size("FILE_LARGEST")),
        _("Largest document"),
        _("The largest document that may be uploaded to a meeting."),
    ),
    _rule(
        "meeting_mb",
        Field("files of a meeting", _size("FILES_OF_OFFICE")),
        _("Documents of a meeting"),
        _("All documents of one meeting together."),
    ),
    _rule(
        "office_mb",
        Field("all files", _size("FILES_OF_OFFICE")),
        _("All documents"),
        _("All documents of all meetings together."),
    ),
    _rule(
        "number",
        Field("number of files", value_readers.number(1, MOST_DOCUMENTS)),
        _("Number of documents"),
        _("How many documents one meeting may have."),
    ),
)


def read_files(section: Section, context: FileContext) -> FileRules:
    """The office's limits, each at most the installation's own."""
    values = read_fields(section, LIMITS, context)
    # A limit must not be larger than that of what contains it.
    limits = [
        (declaration.key, values[declaration.attributes[0]])
        for declaration in LIMITS
        if declaration.kind.name == "size" and values[declaration.attributes[0]] is not None
    ]
    for (low, small), (high, large) in pairwise(limits):
        if small > large:
            section.wrong(
                section.values[high],
                _('at least as much as "%(key)s", %(size)s MB', key=low, size=small),
            )
    return FileRules(**values)


def write_files(files: FileRules, context: FileContext) -> dict[str, Any]:
    """The limits as `read_files` reads them, without those left to the installation."""
    return write_fields(files, LIMITS, context)

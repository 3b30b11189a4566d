"""An office's limits for documents of meetings; the installation's own limits apply as well."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MEGABYTE = 1024 * 1024  # bytes
MOST_DOCUMENTS = 30  # of one meeting; an office may set a lower limit


@dataclass(frozen=True, slots=True)
class FileRules:
    """The limits of an office in MB and in pieces; None: as much as the installation allows."""

    largest_mb: int | None = None
    meeting_mb: int | None = None  # all files of one meeting
    office_mb: int | None = None  # all files of all meetings
    number: int | None = None  # files of one meeting

    def data(self) -> dict[str, Any]:
        """The limits as stored in JSON; empty where there are none."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}

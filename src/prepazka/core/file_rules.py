"""How much people may bring to the meetings of an office; the installation has limits above these."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MEGABYTE = 1024 * 1024  # bytes
MOST_DOCUMENTS = 30  # of one meeting, whatever an office wants


@dataclass(frozen=True, slots=True)
class FileRules:
    """The limits of an office in MB and in pieces; None: as much as the installation allows."""

    largest_mb: int | None = None
    meeting_mb: int | None = None  # all files of one meeting
    office_mb: int | None = None  # all files of all meetings
    number: int | None = None  # files of one meeting

    def data(self) -> dict[str, Any]:
        """The limits as JSON keeps them; nothing, where there are none."""
        return {name: value for name, value in asdict(self).items() if value is not None}

"""The figures of a run: printed as they come, kept in a file at the end."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    work: str
    measured: str
    limit: str
    bar: str
    reached: bool | None


@dataclass
class Report:
    """All figures of the run."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, work: str, measured: str, limit: str, bar: str, *, reached: bool | None) -> None:
        """Add a figure and print it."""
        figure = Figure(work, measured, limit, bar, reached)
        self.figures.append(figure)
        sign = {True: "reached", False: "NOT REACHED", None: "–"}[reached]
        print(
            f"* {work}\n    measured  {measured}\n    limit     {limit}\n    bar       {bar}: {sign}",
            flush=True,
        )

    def write(self, folder: Path) -> Path:
        """Write the table as Markdown and as JSON; returns the Markdown file."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        about = f"{platform.machine()}, Python {platform.python_version()}"
        rows = [
            f"| {f.work} | {f.measured} | {f.limit} | {f.bar} | "
            f"{ {True: 'yes', False: '**no**', None: '–'}[f.reached] } |"
            for f in self.figures
        ]
        text = "\n".join(
            [
                f"# Bench {name} ({about})",
                "",
                "| work | measured | limit in the same run | bar | reached |",
                "|---|---|---|---|---|",
                *rows,
                "",
            ]
        )
        (folder / f"{name}.json").write_text(
            json.dumps([asdict(f) for f in self.figures], ensure_ascii=False, indent=1), "utf-8"
        )
        path = folder / f"{name}.md"
        path.write_text(text, "utf-8")
        return path

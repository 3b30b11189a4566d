"""What the attacks showed, as lines of the terminal and as a section of docs/security.md."""

from __future__ import annotations

from pathlib import Path

from attack.campaigns import Result

BEGINS, ENDS = "<!-- attacks: made by `make attack ARGS=--write` -->", "<!-- attacks end -->"


def line(result: Result) -> str:
    """One result for the terminal."""
    held = "held" if result.good else "FAILED"
    if result.is_control and result.good:
        held = "shown, as it must without the limit"
    parts = [f"{result.name}: {held} ({result.took:.0f} s)", *result.figures]
    parts += [f"{'shows' if result.is_control else 'WRONG'}: {wrong}" for wrong in result.wrong]
    return "\n    ".join(parts)


def write(results: list[Result], path: Path, minutes: float) -> None:
    """Put the table between its marks; what stands around it stays."""
    rows = [
        (
            f"{sum(not one.is_control for one in results)} attacks and"
            f" {sum(one.is_control for one in results)} controls with a limit taken away,"
            f" in {minutes:.0f} minutes on two cores."
        ),
        "",
        "| attack | what came of it | |",
        "|---|---|---|",
    ]
    for one in results:
        shown = "; ".join([*one.figures, *(f"**{wrong}**" for wrong in one.wrong)])
        verdict = ("shown" if one.good else "NOT SHOWN") if one.is_control else "held"
        rows.append(f"| {one.attack} | {shown} | {verdict if one.good else verdict.upper()} |")
    text = path.read_text("utf-8")
    before, rest = text.split(BEGINS)
    after = rest.split(ENDS)[1]
    path.write_text("\n".join([before + BEGINS, "", *rows, "", ENDS + after]), "utf-8")

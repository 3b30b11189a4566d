"""Small charts as SVG that is read aloud by its title and followed by a table of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

WIDTH, ROW, LABEL = 480, 26, 20
COLOURS = ("var(--a)", "var(--b)", "var(--c)", "var(--line)")
DASHES = ("", "8 4", "2 4", "12 4 2 4")


@dataclass(frozen=True)
class Bar:
    """A value of a group, by whom, and how it is written."""

    group: str
    who: str
    value: float
    shown: str


@dataclass(frozen=True)
class Whisker:
    """A change with half the width of its interval."""

    label: str
    change: float
    half: float
    shown: str


def _svg(height: float, title: str, parts: Sequence[str], width: int = WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height:.0f}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{''.join(parts)}</svg>"
    )


def bars(found: Sequence[Bar], title: str, *, most: float | None = None) -> str:
    """Groups of horizontal bars, each with its name and number beside it."""
    most = most or max((b.value for b in found if b.value == b.value), default=0.0) or 1.0
    parts, y = [], 4.0
    for group, row in groupby(found, key=lambda b: b.group):
        parts.append(f'<text x="0" y="{y + 15:.0f}" font-weight="600">{group}</text>')
        y += LABEL + 2
        for n, one in enumerate(row):
            known = one.value == one.value  # not NaN
            length = min(one.value / most, 1) * (WIDTH - 300) if known else 0
            parts.append(
                f'<rect x="0" y="{y:.0f}" width="{max(length, 1):.1f}" height="18"'
                f' fill="{COLOURS[n % len(COLOURS)]}"/>'
                f'<text x="{length + 8:.1f}" y="{y + 14:.0f}">{one.shown} – {one.who}</text>'
            )
            y += ROW
        y += 6
    return _svg(y, title, parts)


def lines(found: Sequence[tuple[str, Sequence[tuple[float, float]]]], title: str) -> str:
    """Lines of per cents over minutes, told apart by colour and dashes."""
    left, top, height = 44, 10, 240
    most = max((x for _, points in found for x, _ in points), default=1) or 1

    def at(x: float, y: float) -> str:
        across = left + x / most * (WIDTH - left - 16)
        return f"{across:.1f},{top + height - y / 100 * height:.1f}"

    parts = []
    for y in (0, 25, 50, 75, 100):
        start, end = at(0, y), at(most, y)
        (x1, y1), (x2, y2) = start.split(","), end.split(",")
        parts.append(
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="var(--line)" stroke-width=".5"/>'
            f'<text x="{left - 6}" y="{float(y1) + 5:.0f}" text-anchor="end">{y}</text>'
        )
    for x in range(0, int(most) + 1, 15 if most > 45 else 5):  # noqa: PLR2004  # marks must fit
        across = at(x, 0).split(",")[0]
        parts.append(f'<text x="{across}" y="{top + height + 20}" text-anchor="middle">{x}</text>')
    for n, (who, points) in enumerate(found):
        colour, dash = COLOURS[n % len(COLOURS)], DASHES[n % len(DASHES)]
        path = " ".join(at(x, y) for x, y in points)
        y = top + height + 44 + n * 22
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="3"'
            f' stroke-dasharray="{dash}"/>'
            f'<line x1="{left}" y1="{y - 5}" x2="{left + 48}" y2="{y - 5}" stroke="{colour}"'
            f' stroke-width="3" stroke-dasharray="{dash}"/>'
            f'<text x="{left + 58}" y="{y}">{who}</text>'
        )
    return _svg(top + height + 36 + 22 * len(found), title, parts)


def whiskers(found: Sequence[Whisker], title: str) -> str:
    """Changes as dots with their intervals, on both sides of nought."""
    widest = max((abs(w.change) + w.half for w in found), default=1) or 1
    middle, scale = WIDTH / 2, (WIDTH / 2 - 70) / widest
    parts, y = [], 4.0
    for one in found:
        x, half = middle + one.change * scale, one.half * scale
        parts.append(
            f'<text x="0" y="{y + 15:.0f}" font-weight="600">{one.label}</text>'
            f'<line x1="{x - half:.1f}" y1="{y + 34:.0f}" x2="{x + half:.1f}" y2="{y + 34:.0f}"'
            ' stroke="var(--a)" stroke-width="4"/>'
            f'<circle cx="{x:.1f}" cy="{y + 34:.0f}" r="6" fill="var(--a)"/>'
            f'<text x="{x + half + 12:.1f}" y="{y + 39:.0f}">{one.shown}</text>'
        )
        y += 56
    axis = (
        f'<line x1="{middle}" y1="22" x2="{middle}" y2="{y:.0f}" stroke="var(--line)"/>'
        f'<text x="{middle}" y="{y + 16:.0f}" text-anchor="middle">0</text>'
    )
    return _svg(y + 24, title, [axis, *parts])

"""Small SVG charts with a title for screen readers; the page adds a table of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

WIDTH, ROW, LABEL = 480, 26, 20
COLOURS = ("var(--a)", "var(--b)", "var(--c)", "var(--line)")
DASHES = ("", "8 4", "2 4", "12 4 2 4")


@dataclass(frozen=True)
class Bar:
    """A bar of a group: its name, value, and the value as text."""

    group: str
    who: str
    value: float
    shown: str


@dataclass(frozen=True)
class Whisker:
    """A change with half the width of its interval, and the change as text."""

    label: str
    change: float
    half: float
    shown: str


def _svg(height: float, title: str, shapes: Sequence[str], width: int = WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height:.0f}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{''.join(shapes)}</svg>"
    )


def bar_chart(chart_bars: Sequence[Bar], title: str, *, maximum: float | None = None) -> str:
    """A chart of groups of horizontal bars, each with its name and number beside it."""
    maximum = (
        maximum or max((b.value for b in chart_bars if b.value == b.value), default=0.0) or 1.0
    )
    shapes, y = [], 4.0
    for group, row in groupby(chart_bars, key=lambda b: b.group):
        shapes.append(f'<text x="0" y="{y + 15:.0f}" font-weight="600">{group}</text>')
        y += LABEL + 2
        for n, bar in enumerate(row):
            is_number = bar.value == bar.value  # not NaN
            length = min(bar.value / maximum, 1) * (WIDTH - 300) if is_number else 0
            shapes.append(
                f'<rect x="0" y="{y:.0f}" width="{max(length, 1):.1f}" height="18"'
                f' fill="{COLOURS[n % len(COLOURS)]}"/>'
                f'<text x="{length + 8:.1f}" y="{y + 14:.0f}">{bar.shown} – {bar.who}</text>'
            )
            y += ROW
        y += 6
    return _svg(y, title, shapes)


def line_chart(series: Sequence[tuple[str, Sequence[tuple[float, float]]]], title: str) -> str:
    """A chart of per cents over minutes; lines differ in colour and dashes."""
    axis_x, axis_y, height = 44, 10, 240
    longest = max((x for _, points in series for x, _ in points), default=1) or 1

    def at(x: float, y: float) -> str:
        across = axis_x + x / longest * (WIDTH - axis_x - 16)
        return f"{across:.1f},{axis_y + height - y / 100 * height:.1f}"

    shapes = []
    for y in (0, 25, 50, 75, 100):
        start, end = at(0, y), at(longest, y)
        (x1, y1), (x2, y2) = start.split(","), end.split(",")
        shapes.append(
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="var(--line)" stroke-width=".5"/>'
            f'<text x="{axis_x - 6}" y="{float(y1) + 5:.0f}" text-anchor="end">{y}</text>'
        )
    for x in range(0, int(longest) + 1, 15 if longest > 45 else 5):  # noqa: PLR2004  # marks must fit
        across = at(x, 0).split(",")[0]
        shapes.append(
            f'<text x="{across}" y="{axis_y + height + 20}" text-anchor="middle">{x}</text>'
        )
    for n, (name, points) in enumerate(series):
        colour, dash = COLOURS[n % len(COLOURS)], DASHES[n % len(DASHES)]
        path = " ".join(at(x, y) for x, y in points)
        y = axis_y + height + 44 + n * 22
        shapes.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="3"'
            f' stroke-dasharray="{dash}"/>'
            f'<line x1="{axis_x}" y1="{y - 5}" x2="{axis_x + 48}" y2="{y - 5}" stroke="{colour}"'
            f' stroke-width="3" stroke-dasharray="{dash}"/>'
            f'<text x="{axis_x + 58}" y="{y}">{name}</text>'
        )
    return _svg(axis_y + height + 36 + 22 * len(series), title, shapes)


def interval_chart(changes: Sequence[Whisker], title: str) -> str:
    """A chart of changes as dots with their intervals, on both sides of zero."""
    widest = max((abs(w.change) + w.half for w in changes), default=1) or 1
    middle, scale = WIDTH / 2, (WIDTH / 2 - 70) / widest
    shapes, y = [], 4.0
    for whisker in changes:
        x, half = middle + whisker.change * scale, whisker.half * scale
        shapes.append(
            f'<text x="0" y="{y + 15:.0f}" font-weight="600">{whisker.label}</text>'
            f'<line x1="{x - half:.1f}" y1="{y + 34:.0f}" x2="{x + half:.1f}" y2="{y + 34:.0f}"'
            ' stroke="var(--a)" stroke-width="4"/>'
            f'<circle cx="{x:.1f}" cy="{y + 34:.0f}" r="6" fill="var(--a)"/>'
            f'<text x="{x + half + 12:.1f}" y="{y + 39:.0f}">{whisker.shown}</text>'
        )
        y += 56
    axis = (
        f'<line x1="{middle}" y1="22" x2="{middle}" y2="{y:.0f}" stroke="var(--line)"/>'
        f'<text x="{middle}" y="{y + 16:.0f}" text-anchor="middle">0</text>'
    )
    return _svg(y + 24, title, [axis, *shapes])

"""The results of a simulation as one self-contained HTML page of charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite, sqrt

import numpy as np

from prepazka.core.whatif import Difference, Simulated, compare_figures, t_quantile
from prepazka.studies import charts
from prepazka.studies.charts import Bar, Whisker
from prepazka.studies.results_words import FIGURES, SHARES, WORDS

Scenario = tuple[str, Simulated]
WAITS = ("walk_in_mean", "walk_in_p80", "booked_mean")
PARTS = ("walk_in_over_60", "booked_within_15", "use")
REST = ("overtime", "unserved", "clients")
STYLE = """
:root{color-scheme:light dark;--ink:#1c1c1c;--paper:#fff;--line:#8a8a8a;--a:#1d4ed8;--b:#b45309;--c:#047857;--soft:#f3f4f6}
@media(prefers-color-scheme:dark){:root{--ink:#f1f1f1;--paper:#161616;--line:#8f8f8f;--a:#8ab4ff;--b:#fbbf60;--c:#5fd3a6;--soft:#242424}}
*{box-sizing:border-box}body{margin:0 auto;padding:1rem;max-width:62rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.25rem;margin-top:2.5rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
caption{text-align:left;font-weight:600;padding:.25rem 0}th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:right;vertical-align:top}
th:first-child,td:first-child{text-align:left}thead th{background:var(--soft)}td{font-variant-numeric:tabular-nums;white-space:nowrap}
svg{display:block;width:100%;min-width:22rem;max-width:34rem;height:auto;margin:.5rem 0}svg text{fill:var(--ink);font:16px system-ui,sans-serif}
.sure{font-weight:600}figure{margin:0;overflow-x:auto}a:focus,.wide:focus{outline:3px solid var(--a)}
"""


def render_results(office: str, scenarios: Sequence[Scenario], language: str) -> str:
    """The HTML page; the first scenario is the present office, with which others are compared."""
    words = {key: translations[language] for key, translations in WORDS.items()}
    base = scenarios[0][1]
    title = f"{words['title']}: {escape(office)}"
    sections = [
        f"<h1>{title}</h1>",
        f"<p>{words['lead'].format(days=len(base.days))}</p>",
        _section(scenarios, WAITS, "waits", language, minutes=True),
        _long_waits_section(scenarios, language),
        _section(scenarios, PARTS, "shares", language, minutes=False),
        _table(words["rest"], scenarios, REST, language),
        *(_differences(name, base, after, language) for name, after in scenarios[1:]),
        f"<p>{words['note']}</p>",
    ]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(sections)
        + "\n</main></body></html>\n"
    )


def _section(
    scenarios: Sequence[Scenario], names: Sequence[str], key: str, language: str, *, minutes: bool
) -> str:
    words = {name: translations[language] for name, translations in WORDS.items()}
    bars = [
        Bar(
            FIGURES[name][language],
            escape(scenario),
            _scaled(name, days),
            _shown(name, days, language),
        )
        for name in names
        for scenario, days in scenarios
    ]
    chart = charts.bar_chart(bars, words[f"{key}_chart"], maximum=None if minutes else 100)
    return (
        f"<h2>{words[key]}</h2>\n{_figure(chart)}{_table(words[key], scenarios, names, language)}"
    )


def _figure(chart: str) -> str:
    return f"<figure>{chart}</figure>\n"


def _scaled(name: str, days: Simulated) -> float:
    return days.mean(name) * (100 if name in SHARES else 1)


def _half_interval(name: str, days: Simulated) -> float:
    values = days.values(name)
    values = values[np.isfinite(values)]
    if len(values) < 2:  # noqa: PLR2004  # no spread of a single day
        return float("nan")
    half = t_quantile(0.975, len(values) - 1) * float(values.std(ddof=1)) / sqrt(len(values))
    return half * (100 if name in SHARES else 1)


def format_figure(figure: float, language: str, digits: int = 1) -> str:
    """The figure as the language writes it; "–" for what is not finite."""
    if not isfinite(figure):
        return "–"
    text = f"{figure:.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return text.replace(".", ",") if language == "cs" else text


def _unit(name: str) -> str:
    if name in SHARES:
        return "\N{NO-BREAK SPACE}%"
    return "" if name in ("clients", "unserved") else "\N{NO-BREAK SPACE}min"


def _shown(name: str, days: Simulated, language: str) -> str:
    return format_figure(_scaled(name, days), language) + _unit(name)


def _table(caption: str, scenarios: Sequence[Scenario], names: Sequence[str], language: str) -> str:
    head = "".join(f'<th scope="col">{escape(scenario)}</th>' for scenario, _ in scenarios)
    rows = []
    for name in names:
        cells = "".join(
            f"<td>{_shown(name, days, language)} ± {format_figure(_half_interval(name, days), language)}</td>"
            for _, days in scenarios
        )
        rows.append(f'<tr><th scope="row">{FIGURES[name][language]}</th>{cells}</tr>')
    return _scrolling_table(caption, f"<td></td>{head}", rows)


def _scrolling_table(caption: str, head: str, rows: Sequence[str]) -> str:
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


MARKS = (5, 10, 15, 20, 30, 45, 60, 90, 120)  # minutes


def _long_waits_section(scenarios: Sequence[Scenario], language: str) -> str:
    """The section about the share of walk-ins who wait longer than so many minutes."""
    words = {key: translations[language] for key, translations in WORDS.items()}
    shares = {
        scenario: [
            float(np.mean(days.walk_ins > m) * 100) if len(days.walk_ins) else 0.0 for m in MARKS
        ]
        for scenario, days in scenarios
    }
    lines = [
        (escape(scenario), list(zip(MARKS, scenario_shares, strict=True)))
        for scenario, scenario_shares in shares.items()
    ]
    chart = charts.line_chart(
        [(scenario, [(0, 100), *points]) for scenario, points in lines], words["over_chart"]
    )
    head = "<td></td>" + "".join(f'<th scope="col">{m}\N{NO-BREAK SPACE}min</th>' for m in MARKS)
    rows = [
        f'<tr><th scope="row">{escape(scenario)}</th>'
        + "".join(
            f"<td>{format_figure(x, language)}\N{NO-BREAK SPACE}%</td>" for x in scenario_shares
        )
        + "</tr>"
        for scenario, scenario_shares in shares.items()
    ]
    return (
        f"<h2>{words['over']}</h2>\n{_figure(chart)}{_scrolling_table(words['over'], head, rows)}"
    )


def _differences(scenario: str, base: Simulated, after: Simulated, language: str) -> str:
    words = {key: translations[language] for key, translations in WORDS.items()}
    differences = [_percent(d) for d in compare_figures(base, after) if d.name in FIGURES]
    if not differences:
        return f"<h2>{words['change']}: {escape(scenario)}</h2><p>{words['few']}</p>"
    drawn = [
        Whisker(FIGURES[d.name][language], d.change, d.half, format_figure(d.change, language))
        for d in differences
        if d.name in WAITS
    ]
    chart = charts.interval_chart(drawn, words["change_chart"].format(what=escape(scenario)))
    rows = [
        f'<tr><th scope="row">{FIGURES[d.name][language]}</th>'
        f"<td>{format_figure(d.before, language)}{_unit(d.name)}</td>"
        f"<td>{format_figure(d.after, language)}{_unit(d.name)}</td>"
        f"<td{' class=sure' if d.sure else ''}>{format_figure(d.change, language)} ± "
        f"{format_figure(d.half, language)}</td>"
        f"<td>{words[_how_sure(d)]}</td></tr>"
        for d in differences
    ]
    heads = ("now", "then", "difference", "sure_head")
    head = "<td></td>" + "".join(f'<th scope="col">{words[key]}</th>' for key in heads)
    caption = f"{words['change']}: {escape(scenario)}"
    return f"<h2>{caption}</h2>\n{_figure(chart)}{_scrolling_table(caption, head, rows)}"


def _how_sure(d: Difference) -> str:
    if d.sure:
        return "sure"
    return "chance" if d.half else "same"


def _percent(d: Difference) -> Difference:
    times = 100 if d.name in SHARES else 1
    return Difference(d.name, d.before * times, d.after * times, d.change * times, d.half * times)

"""The results of a simulation as one page that needs nothing else: charts, tables beside them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite, sqrt

import numpy as np

from prepazka.core.whatif import Difference, Simulated, compare, t_quantile
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


def page(office: str, scenarios: Sequence[Scenario], language: str) -> str:
    """The page; the first scenario is the office as it is, the others are compared with it."""
    words = {key: said[language] for key, said in WORDS.items()}
    base = scenarios[0][1]
    title = f"{words['title']}: {escape(office)}"
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{words['lead'].format(days=len(base.days))}</p>",
        _section(scenarios, WAITS, "waits", language, minutes=True),
        _over(scenarios, language),
        _section(scenarios, PARTS, "shares", language, minutes=False),
        _table(words["rest"], scenarios, REST, language),
        *(_differences(name, base, after, language) for name, after in scenarios[1:]),
        f"<p>{words['note']}</p>",
    ]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _section(
    scenarios: Sequence[Scenario], names: Sequence[str], key: str, language: str, *, minutes: bool
) -> str:
    words = {name: said[language] for name, said in WORDS.items()}
    bars = [
        Bar(FIGURES[name][language], escape(who), _scaled(name, one), _shown(name, one, language))
        for name in names
        for who, one in scenarios
    ]
    chart = charts.bars(bars, words[f"{key}_chart"], most=None if minutes else 100)
    return (
        f"<h2>{words[key]}</h2>\n{_figure(chart)}{_table(words[key], scenarios, names, language)}"
    )


def _figure(chart: str) -> str:
    return f"<figure>{chart}</figure>\n"


def _scaled(name: str, one: Simulated) -> float:
    return one.mean(name) * (100 if name in SHARES else 1)


def _half(name: str, one: Simulated) -> float:
    values = one.values(name)
    values = values[np.isfinite(values)]
    if len(values) < 2:  # noqa: PLR2004  # no spread of a single day
        return float("nan")
    half = t_quantile(0.975, len(values) - 1) * float(values.std(ddof=1)) / sqrt(len(values))
    return half * (100 if name in SHARES else 1)


def number(value: float, language: str, digits: int = 1) -> str:
    """A number as the language writes it."""
    if not isfinite(value):
        return "–"
    said = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return said.replace(".", ",") if language == "cs" else said


def _unit(name: str) -> str:
    if name in SHARES:
        return "\N{NO-BREAK SPACE}%"
    return "" if name in ("clients", "unserved") else "\N{NO-BREAK SPACE}min"


def _shown(name: str, one: Simulated, language: str) -> str:
    return number(_scaled(name, one), language) + _unit(name)


def _table(caption: str, scenarios: Sequence[Scenario], names: Sequence[str], language: str) -> str:
    head = "".join(f'<th scope="col">{escape(who)}</th>' for who, _ in scenarios)
    rows = []
    for name in names:
        cells = "".join(
            f"<td>{_shown(name, one, language)} ± {number(_half(name, one), language)}</td>"
            for _, one in scenarios
        )
        rows.append(f'<tr><th scope="row">{FIGURES[name][language]}</th>{cells}</tr>')
    return _wide(caption, f"<td></td>{head}", rows)


def _wide(caption: str, head: str, rows: Sequence[str]) -> str:
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


MARKS = (5, 10, 15, 20, 30, 45, 60, 90, 120)  # minutes


def _over(scenarios: Sequence[Scenario], language: str) -> str:
    """Which part of the walk-ins waits longer than so many minutes."""
    words = {key: said[language] for key, said in WORDS.items()}
    shares = {
        who: [float(np.mean(one.walk_ins > m) * 100) if len(one.walk_ins) else 0.0 for m in MARKS]
        for who, one in scenarios
    }
    lines = [(escape(who), list(zip(MARKS, found, strict=True))) for who, found in shares.items()]
    chart = charts.lines([(who, [(0, 100), *points]) for who, points in lines], words["over_chart"])
    head = "<td></td>" + "".join(f'<th scope="col">{m}\N{NO-BREAK SPACE}min</th>' for m in MARKS)
    rows = [
        f'<tr><th scope="row">{escape(who)}</th>'
        + "".join(f"<td>{number(x, language)}\N{NO-BREAK SPACE}%</td>" for x in found)
        + "</tr>"
        for who, found in shares.items()
    ]
    return f"<h2>{words['over']}</h2>\n{_figure(chart)}{_wide(words['over'], head, rows)}"


def _differences(who: str, base: Simulated, after: Simulated, language: str) -> str:
    words = {key: said[language] for key, said in WORDS.items()}
    found = [_percent(d) for d in compare(base, after) if d.name in FIGURES]
    if not found:
        return f"<h2>{words['change']}: {escape(who)}</h2><p>{words['few']}</p>"
    drawn = [
        Whisker(FIGURES[d.name][language], d.change, d.half, number(d.change, language))
        for d in found
        if d.name in WAITS
    ]
    chart = charts.whiskers(drawn, words["change_chart"].format(what=escape(who)))
    rows = [
        f'<tr><th scope="row">{FIGURES[d.name][language]}</th>'
        f"<td>{number(d.before, language)}{_unit(d.name)}</td>"
        f"<td>{number(d.after, language)}{_unit(d.name)}</td>"
        f"<td{' class=sure' if d.sure else ''}>{number(d.change, language)} ± "
        f"{number(d.half, language)}</td>"
        f"<td>{words[_how_sure(d)]}</td></tr>"
        for d in found
    ]
    heads = ("now", "then", "difference", "sure_head")
    head = "<td></td>" + "".join(f'<th scope="col">{words[key]}</th>' for key in heads)
    caption = f"{words['change']}: {escape(who)}"
    return f"<h2>{caption}</h2>\n{_figure(chart)}{_wide(caption, head, rows)}"


def _how_sure(d: Difference) -> str:
    if d.sure:
        return "sure"
    return "chance" if d.half else "same"


def _percent(d: Difference) -> Difference:
    times = 100 if d.name in SHARES else 1
    return Difference(d.name, d.before * times, d.after * times, d.change * times, d.half * times)

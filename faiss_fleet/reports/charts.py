# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Charts of a run as SVG without script or style of its own: they show with JavaScript off, in print, light and dark.

Each comes with its figures as a table, for who cannot see it. The page's style sheet gives the series their colours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from xml.etree import ElementTree

import pygal
from markupsafe import Markup

from ..records.build import STATES
from ..store.history import RunTotals
from .summary import Summary
from .text import number, one_line, shorten

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SVG = "http://www.w3.org/2000/svg"
FEW = 4  # hosts
VERSIONS, BACKENDS, RUNS = 12, 8, 30  # lines that a chart has room for
WIDTH, LETTER = 460, 8  # of a drawing, and of a letter in it on a narrow screen, in its own units
MILLISECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000)
Figure = float | int | None


@dataclass(frozen=True)
class Chart:
    """A drawing and the figures in it, a line per label with one figure per series."""

    key: str
    title: str
    drawing: Markup
    series: tuple[str, ...]
    lines: list[tuple[str, list[str]]]
    note: str = ""


def charts(summary: Summary, earlier: Sequence[RunTotals] = ()) -> list[Chart]:
    """Those that there are figures for. earlier: totals of the runs before this one, oldest first."""
    made = (_versions(summary), _qps(summary), _latency(summary), _trend(summary, earlier))
    return [chart for chart in made if chart]


def _versions(summary: Summary) -> Chart | None:
    """Hosts by C library, oldest glibc first, and how they ended."""
    counts: dict[str, Counter[str]] = {}
    for cells in summary.counted():
        if cells["libc"]:
            counts.setdefault(str(cells["libc"]), Counter())[str(cells["state"])] += 1
    kept = sorted(sorted(counts, key=lambda name: -counts[name].total())[:VERSIONS], key=_by_number)
    series = {state: [counts[name][state] for name in kept] for state in STATES}
    rest = len(counts) - len(kept)
    note = f"{rest:,} rarer versions are left out." if rest else ""
    return _chart("glibc", "Hosts by C library", pygal.HorizontalStackedBar, kept, series, note)


def _qps(summary: Summary) -> Chart | None:
    """The median of what hosts measured, by backend; the JavaScript store beside it wherever it was measured."""
    found = {provider.name: provider.qps for provider in summary.providers if provider.qps}
    javascript = [float(cells["js_qps"]) for cells in summary.counted() if isinstance(cells["js_qps"], (int, float))]
    if javascript:
        found["js"] = median(javascript)
    kept = sorted(found, key=lambda name: found[name] or 0)[-BACKENDS:]
    return _chart(
        "qps",
        "Queries a second by backend",
        pygal.HorizontalBar,
        kept,
        {"queries/s": [round(found[name] or 0, 1) for name in kept]},
        "Median over hosts, flat index, one query a call.",
    )


def _latency(summary: Summary) -> Chart | None:
    """How many hosts answer within which time, natively and by the fallback."""
    counts = {name: [0] * (len(MILLISECONDS) + 1) for name in ("native", "fallback")}
    for cells in summary.counted():
        for name, key in (("native", "p95_ms" if cells["state"] == "native" else ""), ("fallback", "js_p95_ms")):
            value = cells.get(key)
            if isinstance(value, (int, float)):
                counts[name][sum(value > limit for limit in MILLISECONDS)] += 1
    labels = [f"≤ {number(limit, 1)}" for limit in MILLISECONDS] + [f"> {number(MILLISECONDS[-1], 1)}"]
    used = [place for place in range(len(labels)) if any(counts[name][place] for name in counts)]
    if not used:
        return None
    span = range(used[0], used[-1] + 1)
    series = {name: [values[place] for place in span] for name, values in counts.items()}
    note = "Hosts by p95 of one query, in milliseconds; the fallback is the JavaScript store on the same hosts."
    return _chart("latency", "Native against fallback latency", pygal.Bar, [labels[p] for p in span], series, note)


def _trend(summary: Summary, earlier: Sequence[RunTotals]) -> Chart | None:
    """Hosts by state over runs of the same kind: predictions are not mixed with what was tried."""
    check = bool(summary.run["check_mode"])
    past = [run for run in earlier if run.id < summary.run["id"] and run.check_mode == check][-(RUNS - 1) :]
    if not past or not summary.hosts:
        return None
    # By name, as the store has the earlier ones.
    states = dict(Counter(str(cells["state"]) for cells in summary.rows))
    now = RunTotals(summary.run["id"], summary.run["started"], check, states)
    runs = [*past, now]
    labels = _moments([run.started for run in runs])
    series = {state: [run.states.get(state, 0) for run in runs] for state in STATES}
    return _chart(
        "trend",
        "Trend over runs",
        pygal.StackedBar,
        labels,
        series,
        "Runs of the same inventory, of the hosts of this run; the last one is this run.",
    )


def _moments(started: Sequence[str]) -> list[str]:
    """As short as tells them apart: '21 Nov', with the year where there are several, the time where a day has two."""
    several = len({each[:4] for each in started}) > 1
    days = [f"{int(each[8:10])} {MONTHS[int(each[5:7]) - 1]}{f' {each[:4]}' if several else ''}" for each in started]
    return (
        days
        if len(set(days)) == len(days)
        else [f"{day} {each[11:16]}" for day, each in zip(days, started, strict=True)]
    )


def _chart(
    key: str, title: str, kind: type[pygal.Graph], labels: list[str], series: Mapping[str, Sequence[Figure]], note: str
) -> Chart | None:
    series = {name: values for name, values in series.items() if any(values)}
    if not labels or not series:
        return None
    shown = [shorten(one_line(label), 24) for label in labels]
    sideways = issubclass(kind, pygal.HorizontalBar | pygal.HorizontalStackedBar)
    chart = kind(
        js=[],
        css=[],
        width=WIDTH,
        height=max(96 + 20 * len(labels), 150) if sideways else 240,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        show_legend=len(series) > 1,
        x_label_rotation=0 if sideways or sum(len(label) + 1 for label in shown) * LETTER < WIDTH - 50 else 35,
        truncate_legend=-1,
        truncate_label=-1,
        margin=6,
        max_scale=4 if sideways else 6,
        # It leaves the room that these sizes take: those of a narrow screen, where the drawing is at its smallest.
        style=pygal.style.Style(label_font_size=14, major_label_font_size=14, legend_font_size=14),
        value_formatter=lambda value: f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}",
    )
    chart.x_labels = shown
    if top := _few_hosts(series, issubclass(kind, pygal.StackedBar | pygal.HorizontalStackedBar)):
        chart.y_labels = range(top + 1)
    for name, values in series.items():
        chart.add(name, values)
    spoken = "; ".join(
        f"{label}: {', '.join(f'{_text(values[place])} {name}' for name, values in series.items() if values[place])}"
        for place, label in enumerate(shown)
    )
    drawing = Markup(_bare(chart.render_tree(), list(series), f"{title}. {spoken}"))
    lines = [(label, [_text(values[place]) for values in series.values()]) for place, label in enumerate(shown)]
    return Chart(key, title, drawing, tuple(series), lines, note)


def _few_hosts(series: Mapping[str, Sequence[Figure]], stacked: bool) -> int:
    """The longest bar of counts that are so few that a scale would have parts of a host; 0 where they are not."""
    values = [[value or 0 for value in column] for column in zip(*series.values(), strict=True)]
    if not all(isinstance(value, int) for column in values for value in column):
        return 0
    top = max(sum(column) if stacked else max(column) for column in values)
    return int(top) if top <= FEW else 0


def _bare(tree: ElementTree.Element, series: list[str], label: str) -> str:
    """The drawing alone: what would run, style or name itself is taken out, and equal figures give equal text."""
    for parent in list(tree.iter()):
        for child in list(parent):
            name = child.tag.removeprefix(f"{{{SVG}}}") if isinstance(child.tag, str) else ""
            if name in ("", "defs", "title", "desc", "script", "style"):
                parent.remove(child)
    for element in tree.iter():
        element.attrib.pop("style", None)
        element.attrib.pop("id", None)
        words = element.get("class", "").split()
        for place, name in enumerate(series):
            if f"color-{place}" in words:
                element.set("class", " ".join([*words, f"hue-{name.partition('/')[0]}"]))
    tree.set("role", "img")
    tree.set("aria-label", label)
    return ElementTree.tostring(tree, encoding="unicode")


def _text(value: Figure) -> str:
    return "" if value is None else f"{value:,}"


def _by_number(name: str) -> tuple[str, list[int]]:
    family, _, version = name.partition(" ")
    return family, [int(part) for part in _digits(version)]


def _digits(version: str) -> Iterator[str]:
    return (part for part in version.split(".") if part.isdecimal())

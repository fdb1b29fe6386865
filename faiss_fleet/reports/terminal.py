# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table shown when a run ends: as wide as the terminal, reasons whole, nothing of a host's text obeyed."""

from __future__ import annotations

import textwrap
from itertools import zip_longest

from ..records.columns import Cell
from ..store.diff import age
from .summary import Summary
from .text import brief, number, one_line, shorten, unquoted, visible, width, wrapped

HOSTS = 60
CAUSES = 8
_LEAST = 24  # columns of 'because' below which the optional columns go
_LONGEST = 1_000  # characters of a reason
_TITLES = ("HOST", "STATE", "FAISS", "BY", "P50/P95 MS", "LIBC", "BECAUSE")


def lines(summary: Summary, columns: int, limit: int = HOSTS) -> list[tuple[str, str | None]]:
    """(line, state or None) pairs: header, hosts (those in need first where not all fit), what to do, totals."""
    shown = summary.rows if summary.hosts <= limit else summary.by_need()[:limit]
    table = [list(_TITLES), *([brief(cell) for cell in _cells(cells, summary)] for cells in shown)]
    filled = [any(line[place] for line in table[1:]) for place in range(len(_TITLES))]
    needed = [max(width(line[place]) for line in table) if filled[place] else 0 for place in range(len(_TITLES))]
    widths = _fit(needed, columns)
    printed: list[tuple[str, str | None]] = []
    stacked = widths[-1] < min(needed[-1], _LEAST)
    for place, line in enumerate(table):
        state = str(shown[place - 1]["state"]) if place else None
        text = _stacked(line, columns) if stacked else _row(line, widths)
        printed += [(each, state) for each in text]
    if summary.hosts > len(shown):
        printed.append((shorten(f"... {summary.hosts - len(shown):,} more hosts are in the reports.", columns), None))
    totals = [(line, None) for line in textwrap.wrap(summary.totals(), max(columns, 20))]
    if summary.damaged:
        told = "Some lines of this run's records were damaged and are left out. The file as it was:"
        totals += [(line, None) for line in (*wrapped(told, columns), f"  {visible(summary.damaged)}")]
    return [*printed, *_remedies(summary, columns), ("", None), *totals]


def _row(line: list[str], widths: list[int]) -> list[str]:
    """One host: a line of cells, below which its name and the reason go on. Neither is cut."""
    names = wrapped(shorten(line[0], _LONGEST), widths[0]) or [""]
    because = wrapped(shorten(line[-1], _LONGEST), widths[-1]) or [""]
    cells = [(shorten(cell, space), space) for cell, space in zip(line[1:-1], widths[1:-1], strict=True) if space]
    blank = [("", space) for _cell, space in cells]
    printed = []
    for place, (name, reason) in enumerate(zip_longest(names, because, fillvalue="")):
        shown = [(name, widths[0]), *(blank if place else cells)]
        printed.append("".join(cell + " " * (space + 2 - width(cell)) for cell, space in shown) + reason)
    return [each.rstrip() for each in printed]


def _stacked(line: list[str], columns: int) -> list[str]:
    """One host where a table is too wide: its cells, then the reason, each as long as it is."""
    head = wrapped("  ".join(filter(None, line[:4])), columns, "  ")
    return [*head, *(f"  {more}" for more in wrapped(shorten(line[-1], _LONGEST), columns - 2))]


def _remedies(summary: Summary, columns: int) -> list[tuple[str, str | None]]:
    """What to do, by cause: a host's line has no room for it."""
    printed: list[tuple[str, str | None]] = []
    for cause in [cause for cause in summary.causes if cause.remedy][:CAUSES]:
        count = f"{len(cause.hosts):,} host{'' if len(cause.hosts) == 1 else 's'}"
        # The summary has a remedy once for all hosts of a cause; here it is a command that can be copied.
        text = shorten(f"{one_line(cause.name)} ({count}): {cause.advice}", 600)
        printed += [(line, None) for line in wrapped(text, max(columns, 20), "  ")]
    return [("", None), *printed] if printed else []


def _cells(cells: dict[str, Cell], summary: Summary) -> list[str]:
    plain = [str(cells[key] or "") for key in ("host", "state", "faiss", "provider")]
    if cells["provider"] == "js" and cells["js_kernel"]:
        plain[3] += f" ({cells['js_kernel']})"
    if summary.is_predicted(cells):
        plain[1] += "?"
    return [*plain, _speed(cells), str(cells["libc"] or ""), unquoted(_because(cells, summary))]


def _because(cells: dict[str, Cell], summary: Summary) -> str:
    """First the cause; of a host that was not reached, what it was."""
    because, known = str(cells["because"] or ""), summary.good.get(str(cells["host"]))
    if cells["waived"]:
        because += f" (waived {cells['waiver']})"
    if known is None or cells["state"] != "unreachable":
        return f"{cells['cause']}: {because}" if cells["cause"] and cells["state"] == "fallback" else because
    return f"was {age(known, str(cells['finished']))}; {because}"


def _speed(cells: dict[str, Cell]) -> str:
    p50, p95 = cells["p50_ms"], cells["p95_ms"]
    if isinstance(p50, (int, float)) and isinstance(p95, (int, float)):
        return f"{number(p50)}/{number(p95)}"
    return ""


def _fit(widths: list[int], columns: int) -> list[int]:
    """Widths that share the terminal; 0 takes a column out. Host and state stay longest."""
    widths = [min(widths[0], max(columns * 2 // 5, 8)), *widths[1:]]
    left = 0
    for optional in (None, 5, 4, 2, 3):
        if optional is not None:
            widths[optional] = 0
        left = columns - sum(space + 2 for space in widths[:-1] if space)
        if left >= min(widths[-1], _LEAST):
            break
    widths[-1] = max(min(widths[-1], left), 0)
    return widths

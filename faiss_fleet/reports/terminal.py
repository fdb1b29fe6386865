# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table shown when a run ends: as wide as the terminal, one line a host, nothing of a host's text obeyed."""

from __future__ import annotations

from .columns import Cell
from .summary import Summary
from .text import number, one_line, shorten, width

HOSTS = 60
_LEAST = 12  # columns of 'because' below which the optional columns go


def _speed(cells: dict[str, Cell]) -> str:
    p50, p95 = cells["p50_ms"], cells["p95_ms"]
    both = isinstance(p50, (int, float)) and isinstance(p95, (int, float))
    return f"{number(p50)}/{number(p95)}" if both else ""  # type: ignore[arg-type]


def lines(summary: Summary, columns: int, limit: int = HOSTS) -> list[tuple[str, str | None]]:
    """(line, state or None) pairs: header, hosts (those in need first where not all fit), totals."""
    shown = summary.rows if summary.hosts <= limit else summary.by_need()[:limit]
    table = [("HOST", "STATE", "FAISS", "BY", "P50/P95 MS", "LIBC", "BECAUSE")]
    for cells in shown:
        plain = [str(cells[key] or "") for key in ("host", "state", "faiss", "provider")]
        plain += [_speed(cells), str(cells["libc"] or ""), str(cells["because"] or "")]
        table.append(tuple(map(one_line, plain)))  # type: ignore[arg-type]
    widths = _fit([max(width(line[place]) for line in table) for place in range(7)], columns)
    printed: list[tuple[str, str | None]] = []
    for number_, line in enumerate(table):
        cut = [shorten(cell, space) + " " * (space - width(cell)) for cell, space in zip(line, widths, strict=True) if space]
        printed.append(("  ".join(cut).rstrip(), line[1] if number_ else None))
    if summary.hosts > len(shown):
        printed.append((shorten(f"... {summary.hosts - len(shown):,} more hosts are in the reports.", columns), None))
    return [*printed, ("", None), (summary.totals(), None)]


def _fit(widths: list[int], columns: int) -> list[int]:
    """Widths that share the terminal; 0 takes a column out. Host and state are kept longest."""
    widths = [min(widths[0], max(columns // 3, 8)), *widths[1:]]
    for optional in (None, 5, 4, 3, 2):
        if optional is not None:
            widths[optional] = 0
        left = columns - sum(space + 2 for space in widths[:-1] if space)
        if left >= _LEAST:
            widths[-1] = min(widths[-1], left)
            return widths
    widths[-1] = max(left, 0)
    return widths

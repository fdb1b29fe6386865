# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Prints runs, hosts and differences. Whatever a host said goes through ``one_line`` or ``visible`` first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..plan.record_answers import of_record
from ..records import waivers
from ..records.build import STATES
from ..records.schema import Record
from ..reports import terminal
from ..reports.summary import Summary
from ..reports.text import brief, number, one_line, readable, unquoted, visible, wrapped
from ..run_id import timestamp
from ..store.diff import Change, Diff, Line, age, elapsed, words
from ..store.queries import GOOD, HostLine, StoredRun
from .live import STYLES

WIDE = 160
LEAST = 40  # columns that a sentence needs beside other columns
NEED = ("failed", "unreachable", "fallback", "native")
KINDS = {"Lost native": "red", "New causes": "yellow", "Newly native": "green", "Unreachable": "magenta"}


def console() -> Console:
    """For standard output. Where that is no terminal, lines are wide enough for a table."""
    known = Console(highlight=False)
    return known if known.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=WIDE)


def _text(value: object, style: str = "") -> Text:
    return Text("" if value is None else unquoted(one_line(str(value))), style)


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def rows(out: Console, titles: Sequence[str], lines: Sequence[Sequence[Text]]) -> None:
    """A table whose last column is a sentence. Where there is no room for it, it stands below its row, wrapped.

    Where the other columns have no room either, each cell but the first follows its title.
    """
    widths = [max(len(title), *(line[place].cell_len for line in lines)) for place, title in enumerate(titles[:-1])]
    left = out.width - sum(width + 2 for width in widths)
    if left >= min(LEAST, max(line[-1].cell_len for line in lines)):
        table = _table(*titles[:-1])
        for column in table.columns:
            column.no_wrap = True
        table.add_column(titles[-1], overflow="fold")
        for line in lines:
            table.add_row(*line)
        out.print(table)
        return
    if left < 0:
        _stacked(out, titles, lines)
        return
    out.print(
        Text("  ".join(title.ljust(width) for title, width in zip(titles, widths, strict=False)).rstrip(), "bold")
    )
    for line in lines:
        head = Text()
        for cell, width in zip(line, widths, strict=False):
            head.append_text(cell).append(" " * (width + 2 - cell.cell_len))
        head.rstrip()
        out.print(head)
        for more in wrapped(line[-1].plain, out.width - 4):
            out.print(Text("    " + more))


def _stacked(out: Console, titles: Sequence[str], lines: Sequence[Sequence[Text]]) -> None:
    for line in lines:
        out.print(Text("\n").join(Text(part) for part in wrapped(line[0].plain, out.width, "  ")))
        named = zip(titles[1:-1], line[1:-1], strict=True)
        # A title stays with its value: the blanks within are no place to break.
        cells = "  ".join(f"{title}: {cell.plain}".replace(" ", "\0") for title, cell in named if cell.plain)
        for more in (*wrapped(cells, out.width - 2), *wrapped(line[-1].plain, out.width - 2)):
            out.print(Text("  " + more.replace("\0", " ")))


def sentence(out: Console, text: str, style: str = "") -> None:
    """Text as wide as the terminal, broken between words."""
    for line in wrapped(text, out.width):
        out.print(Text(line, style))


def summary(found: Summary, out: Console | None = None) -> None:
    """The table of a run, as the callback shows it."""
    out = out or console()
    for line, state in terminal.lines(found, out.width):
        out.print(Text(line, STYLES.get(state or "", "")), soft_wrap=True)


def unreachable(good: Mapping[str, Line], found: Summary) -> None:
    """The age of the last good result of each host that was not reached."""
    hosts = [cells for cells in found.rows if cells["state"] == "unreachable"]
    if not hosts:
        return
    out, table = console(), _table("Unreachable", "Last good result")
    for cells in hosts[:20]:
        name = str(cells["host"])
        table.add_row(_text(name), _text(age(good.get(name), str(cells["finished"]))))
    out.print()
    out.print(table)
    if len(hosts) > 20:
        out.print(f"... {len(hosts) - 20:,} more were not reached.")


def files(paths: Iterable[Path], out: Console | None = None) -> None:
    """Where the reports are."""
    out = out or console()
    out.print()
    for path in paths:
        out.print(Text(f"  {path}"), soft_wrap=True)


def runs(found: Sequence[StoredRun], store: str) -> None:
    """A line a run."""
    out = console()
    if not found:
        out.print(Text(f"{store} holds no run yet. Audit first: faiss-fleet run -i inventory/local"), soft_wrap=True)
        return
    titles = ("Run", "Hosts", *(state.capitalize() for state in STATES), "Took", "Of")
    lines = []
    for run in found:
        took = elapsed(run.started, run.finished) if run.finished else "?"
        kind = ", ".join(run.inventory) + (" (check mode: predicted)" if run.check_mode else "")
        counts = [
            Text(f"{run.states.get(state, 0):,}", STYLES[state] if run.states.get(state) else "dim") for state in STATES
        ]
        lines.append([Text(run.id), Text(f"{run.hosts:,}"), *counts, Text(took), _text(kind)])
    rows(out, titles, lines)


def hosts(found: Sequence[HostLine], limit: int, waived: Mapping[str, str]) -> None:
    """A line a host, those in need first where not all fit. waived: the waiver of each host that has one, by name."""
    out = console()
    if not found:
        out.print("No host of the run matches.")
        return
    shown = list(found)
    if len(shown) > limit:
        shown = sorted(shown, key=lambda line: NEED.index(line.state))[:limit]
    lines = [
        [
            _text(line.host),
            Text(_state(line), STYLES[line.state]),
            _text(line.strategy),
            _text(line.faiss),
            _text(line.glibc),
            Text(unquoted(brief(line.because + (f" (waived {waived[line.host]})" if line.host in waived else "")))),
        ]
        for line in shown
    ]
    rows(out, ("Host", "State", "By", "FAISS", "glibc", "Because"), lines)
    if len(found) > len(shown):
        out.print(f"... {len(found) - len(shown):,} more; --rows {len(found)} shows all.")


def _state(line: HostLine) -> str:
    return f"predicted {line.state}" if line.predicted and line.state in GOOD else line.state


def host(history: Sequence[HostLine], record: Record | None, answers: bool = False) -> None:
    """A host's present state, what blocks it, answers to what people ask then (always with answers), its history."""
    out, latest = console(), history[0]
    out.print(Text.assemble((one_line(latest.host), "bold"), "  ", (one_line(words(latest)), STYLES[latest.state])))
    sentence(out, readable(unquoted(one_line(latest.because))))
    good = next((line for line in history[1:] if line.state in GOOD and not line.predicted), None)
    if latest.state == "unreachable":
        sentence(out, _text(f"Last good result: {age(good, timestamp())}").plain)
    if record is not None:
        _obstacles(out, record)
        if answers or latest.state != "native":
            _answers(out, record)
    lines = [
        [
            Text(line.run),
            Text(_state(line), STYLES[line.state]),
            _text(line.strategy),
            _text(line.faiss),
            _text(line.glibc),
            Text(number(line.p95_ms)),
            Text(unquoted(brief(line.because))),
        ]
        for line in history
    ]
    out.print()
    rows(out, ("Run", "State", "By", "FAISS", "glibc", "p95 ms", "Because"), lines)


def _obstacles(out: Console, record: Record) -> None:
    holds, lapsed = waivers.of_record(record)
    if holds is not None:
        sentence(out, _text(f"Waived {waivers.text(holds)}").plain)
    elif lapsed is not None:
        sentence(out, _text(waivers.EXPIRED.format(waivers.text(lapsed))).plain)
    if record["remedy"]:
        sentence(out, _text(f"Do: {record['remedy']}").plain)
    blocked = [candidate for candidate in record["plan"] if candidate["reasons"]][:8]
    if blocked:
        lines = []
        for candidate in blocked:
            reason = candidate["reasons"][0]
            where = reason.get("file") or reason.get("library") or ""
            lines.append([_text(candidate["id"]), _text(reason["need"]), _text(reason["have"]), _text(where)])
        out.print()
        rows(out, ("Candidate", "Needs", "Has", "In"), lines)
    for attempt in record["attempts"]:
        if attempt["ok"] is False:
            out.print()
            for line in f"{one_line(attempt['candidate'])} failed: {visible(attempt['message'] or '')}".splitlines():
                sentence(out, line, "red")


def _answers(out: Console, record: Record) -> None:
    for answer in of_record(record):
        facts = "; ".join(readable(text).rstrip(".") for text in answer["evidence"])
        out.print()
        sentence(out, _text(answer["question"]).plain, "bold")
        sentence(out, _text(answer["answer"]).plain)
        sentence(out, _text(f"Facts: {facts}").plain, "dim")


def diff(found: Diff, limit: int, worse: bool = False) -> None:
    """Every kind of change with its hosts. worse: these are the kinds that are worse alone."""
    out = console()
    nothing = "nothing got worse." if worse else "nothing changed."
    unchanged = nothing if found.empty else f"{found.unchanged:,} hosts unchanged."
    out.print(Text(f"From {found.before} to {found.after}: {unchanged}"))
    for title, changes in found.kinds():
        if changes:
            out.print()
            out.print(Text(f"{title}: {len(changes):,}", f"bold {KINDS.get(title, '')}".strip()))
            _changes(out, changes[:limit])
            if len(changes) > limit:
                out.print(f"... {len(changes) - limit:,} more; --rows {len(changes)} shows all.")
    for run, hosts in ((found.before, found.only_before), (found.after, found.only_after)):
        if hosts:
            names = ", ".join(map(one_line, hosts[:5])) + (" and others" if len(hosts) > 5 else "")
            out.print()
            sentence(out, f"Not compared, as only {run} was for them: {len(hosts):,} ({names})")


def _changes(out: Console, changes: Sequence[Change]) -> None:
    lines = [
        [_text(change.host), _text(change.before), _text(change.after), Text(unquoted(brief(change.because or "")))]
        for change in changes
    ]
    rows(out, ("Host", "Before", "Now", "Because"), lines)

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Prints runs, hosts and differences. Whatever a host said goes through ``one_line`` or ``visible`` first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..plan.answers import of_record
from ..records.build import STATES
from ..records.schema import Record
from ..reports import terminal
from ..reports.summary import Summary
from ..reports.text import number, one_line, unquoted, visible
from ..run_id import timestamp
from ..store.diff import Change, Diff, Line, age, elapsed, words
from ..store.queries import GOOD, HostLine, StoredRun
from .live import STYLES

WIDE = 160
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
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Run", no_wrap=True)
    for title in ("Hosts", *(state.capitalize() for state in STATES)):
        table.add_column(title, justify="right")
    table.add_column("Took", justify="right")
    table.add_column("Of")
    for run in found:
        took = elapsed(run.started, run.finished) if run.finished else "?"
        kind = ", ".join(run.inventory) + (" (check mode: predicted)" if run.check_mode else "")
        counts = [
            Text(f"{run.states.get(state, 0):,}", STYLES[state] if run.states.get(state) else "dim") for state in STATES
        ]
        table.add_row(Text(run.id), f"{run.hosts:,}", *counts, took, _text(kind))
    out.print(table)


def host(history: Sequence[HostLine], record: Record | None, answers: bool = False) -> None:
    """A host's present state, what blocks it, answers to what people ask then (always with answers), its history."""
    out, latest = console(), history[0]
    out.print(Text.assemble((one_line(latest.host), "bold"), "  ", (one_line(words(latest)), STYLES[latest.state])))
    out.print(_text(latest.because), soft_wrap=True)
    good = next((line for line in history[1:] if line.state in GOOD and not line.predicted), None)
    if latest.state == "unreachable":
        out.print(Text("Last good result: ").append(_text(age(good, timestamp()))), soft_wrap=True)
    if record is not None:
        _obstacles(out, record)
        if answers or latest.state != "native":
            _answers(out, record)
    table = _table("Run", "State", "By", "FAISS", "glibc", "p95 ms", "Because")
    for line in history:
        cells: list[Text | str] = [
            _text(line.strategy),
            _text(line.faiss),
            _text(line.glibc),
            number(line.p95_ms),
            _text(line.because),
        ]
        state = f"predicted {line.state}" if line.predicted and line.state in GOOD else line.state
        table.add_row(Text(line.run), Text(state, STYLES[line.state]), *cells)
    out.print()
    out.print(table)


def _obstacles(out: Console, record: Record) -> None:
    if record["remedy"]:
        out.print(Text("Do: " + unquoted(visible(record["remedy"]))), soft_wrap=True)
    blocked = [candidate for candidate in record["plan"] if candidate["reasons"]][:8]
    if blocked:
        table = _table("Candidate", "Needs", "Has", "In")
        for candidate in blocked:
            reason = candidate["reasons"][0]
            where = reason.get("file") or reason.get("library") or ""
            table.add_row(_text(candidate["id"]), _text(reason["need"]), _text(reason["have"]), _text(where))
        out.print()
        out.print(table)
    for attempt in record["attempts"]:
        if attempt["ok"] is False:
            out.print()
            out.print(
                Text(f"{one_line(attempt['candidate'])} failed: {visible(attempt['message'] or '')}", "red"),
                soft_wrap=True,
            )


def _answers(out: Console, record: Record) -> None:
    for answer in of_record(record):
        out.print()
        out.print(_text(answer["question"], "bold"), soft_wrap=True)
        out.print(_text(answer["answer"]), soft_wrap=True)
        out.print(_text("Facts: " + "; ".join(text.rstrip(".") for text in answer["evidence"]), "dim"), soft_wrap=True)


def diff(found: Diff, rows: int) -> None:
    """Every kind of change with its hosts."""
    out = console()
    out.print(f"From {found.before} to {found.after}: ", end="")
    out.print("nothing changed." if found.empty else f"{found.unchanged:,} hosts unchanged.")
    for title, changes in found.kinds():
        if changes:
            out.print()
            out.print(Text(f"{title}: {len(changes):,}", f"bold {KINDS.get(title, '')}".strip()))
            out.print(_changes(changes[:rows]))
            if len(changes) > rows:
                out.print(f"... {len(changes) - rows:,} more; --rows {len(changes)} shows all.")
    for run, hosts in ((found.before, found.only_before), (found.after, found.only_after)):
        if hosts:
            names = ", ".join(map(one_line, hosts[:5])) + (" and others" if len(hosts) > 5 else "")
            out.print()
            out.print(Text(f"Not compared, as only {run} was for them: {len(hosts):,} ({names})"), soft_wrap=True)


def _changes(changes: Sequence[Change]) -> Table:
    table = _table("Host", "Before", "Now", "Because")
    for change in changes:
        table.add_row(_text(change.host), _text(change.before), _text(change.after), _text(change.because))
    return table

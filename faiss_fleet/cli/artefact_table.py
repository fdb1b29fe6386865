# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Prints which hosts can load an artefact: as a table, as JSON, as CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, BinaryIO

from rich.text import Text

from ..plan import blockers
from ..plan.artefact_check import VERDICTS, Checker, HostAnswer
from ..reports import csv
from ..reports.text import brief, one_line, unquoted
from . import show as tables

STYLES = {"yes": "green", "no": "red", "unknown": "magenta"}
ORDER = {"no": 0, "unknown": 1, "yes": 2}
CSV = (
    "host", "verdict", "says", "build", "libc", "loads", "blocker", "cause", "need", "have", "file", "library",
)  # fmt: skip


def document(checker: Checker, answers: Sequence[HostAnswer], run: str) -> dict[str, Any]:
    """Everything, as plain data."""
    artefact = checker.artefact
    return {
        "schema": 1,
        "run": run,
        "artefact": {
            "name": artefact.name,
            "kind": artefact.kind,
            "builds": [build.label for build in artefact.builds],
            "source": artefact.source,
            "gaps": list(artefact.gaps),
        },
        "totals": {verdict: checker.totals[verdict] for verdict in VERDICTS},
        "hosts": [answer.as_dict() for answer in answers],
    }


def write_csv(answers: Sequence[HostAnswer], file: BinaryIO) -> None:
    """One row a host, in UTF-8 whatever the terminal has, as exported files are."""
    file.write(csv.lines([list(CSV)]).encode())
    for answer in answers:
        row = answer.as_dict()
        file.write(csv.lines([[csv.cell(row[key]) for key in CSV]]).encode())


def show(checker: Checker, answers: Sequence[HostAnswer], run: str, rows: int) -> None:
    """A table of hosts, those that cannot load it first, and how many there are of each."""
    out, artefact = tables.console(), checker.artefact
    shown = sorted(answers, key=lambda answer: ORDER[answer.verdict])[:rows]
    lines = [
        [
            Text(one_line(answer.host)),
            Text(answer.verdict, STYLES[answer.verdict]),
            Text(one_line(answer.libc or "")),
            Text(unquoted(brief(answer.says)) or f"loads {answer.build}"),
        ]
        for answer in shown
    ]
    tables.rows(out, ("Host", "Loads", "C library", "Because"), lines)
    if len(answers) > len(shown):
        out.print(f"... {len(answers) - len(shown):,} more; --rows {len(answers)} shows all.")
    out.print()
    if artefact.source:
        out.print(Text(f"What {artefact.name} needs: {artefact.source}"))
    for gap in artefact.gaps:
        out.print(Text(one_line(gap)))
    ways = Counter(answer.blocker for answer in answers if answer.blocker)
    if ways:
        named = ", ".join(f"{blockers.BY_ID[name].title} on {count:,}" for name, count in ways.most_common())
        out.print(Text(f"In the way: {named}."))
    totals = checker.totals
    out.print(
        Text(
            f"{one_line(artefact.name)} ({artefact.kind}) on {len(answers):,} hosts of {run}: {totals['yes']:,} can "
            f"load it, {totals['no']:,} cannot, {totals['unknown']:,} unknown."
        )
    )

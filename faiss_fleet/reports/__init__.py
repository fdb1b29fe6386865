# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Writes a run's reports out of its records. Every report is a view of records.jsonl and can be made again from it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ..runs import RECORDS, point_latest, read_records, read_run, settle, write_atomically
from . import csv, html, markdown
from .summary import Summary

CSV, MARKDOWN, HTML = "summary.csv", "summary.md", "index.html"
FILES = (HTML, MARKDOWN, CSV, RECORDS)


def render(folder: Path, *, latest: bool = False) -> tuple[Summary, list[Path]]:
    """Settles the records of a run and writes every report. Returns the summary and the files that are now others.

    The same records give the same bytes. With latest, ``latest`` leads to this run from now on.
    """
    settle(folder)
    run = asdict(read_run(folder)[0])
    summary = Summary(run, read_records(folder))
    reports = (
        (CSV, csv.render(summary)),
        (MARKDOWN, markdown.render(summary)),
        (HTML, html.render(summary, read_records(folder))),
    )
    changed = [folder / name for name, chunks in reports if write_atomically(folder / name, chunks)]
    if latest:
        point_latest(folder)
    return summary, changed

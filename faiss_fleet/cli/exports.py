# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The formats of ``faiss-fleet export``. A new one is a new row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import BinaryIO

from ..record_schema import Record
from ..reports.summary import Summary


@dataclass(frozen=True)
class Format:
    """One format. Its renderer is imported when it is asked for."""

    text: str
    module: str
    function: str = "render"
    takes: tuple[str, ...] = ("summary", "records")

    def write(self, summary: Callable[[], Summary], records: Callable[[], Iterable[Record]], file: BinaryIO) -> None:
        """Writes the run to the file, by pieces."""
        function = getattr(import_module(f"faiss_fleet.reports.{self.module}"), self.function)
        ways: dict[str, Callable[[], object]] = {"summary": summary, "records": records, "file": lambda: file}
        given = [ways[name]() for name in self.takes]
        pieces: Iterator[str] = iter(function(*given) or ())
        for piece in pieces:
            file.write(piece.encode("utf-8", "replace"))


FORMATS = {
    "json": Format("one document, with a schema (reports/run.schema.json)", "json_document"),
    "jsonl": Format("one record a line", "json_document", "lines", ("records",)),
    "csv": Format("one row a host, for a spreadsheet", "csv", takes=("summary",)),
    "parquet": Format("one row a host, one column a check, for analysis", "parquet", "write", ("records", "file")),
    "junit": Format("JUnit XML, one case a host, for CI", "junit", takes=("summary",)),
    "sarif": Format("SARIF 2.1.0, for code scanning", "sarif", takes=("summary",)),
    "prometheus": Format("metrics for node_exporter's textfile collector", "prometheus", takes=("summary",)),
    "markdown": Format("a summary for a ticket", "markdown", takes=("summary",)),
}

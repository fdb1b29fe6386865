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
    takes_records: bool = True

    def write(self, summary: Callable[[], Summary], records: Callable[[], Iterable[Record]], file: BinaryIO) -> None:
        """Writes the run to the file, by pieces."""
        function = getattr(import_module(f"faiss_fleet.reports.{self.module}"), self.function)
        if self.module == "parquet":
            function(records(), file)
            return
        pieces: Iterator[str] = function(summary(), records()) if self.takes_records else function(summary())
        for piece in pieces:
            file.write(piece.encode("utf-8", "replace"))


FORMATS = {
    "json": Format("one document, with a schema (reports/run.schema.json)", "json_document"),
    "jsonl": Format("one record a line", "json_document", "lines"),
    "csv": Format("one row a host, for a spreadsheet", "csv", takes_records=False),
    "parquet": Format("one row a host, one column a check, for analysis", "parquet", "write"),
    "junit": Format("JUnit XML, one case a host, for CI", "junit"),
    "sarif": Format("SARIF 2.1.0, for code scanning", "sarif"),
    "prometheus": Format("metrics for node_exporter's textfile collector", "prometheus"),
    "markdown": Format("a summary for a ticket", "markdown", takes_records=False),
}

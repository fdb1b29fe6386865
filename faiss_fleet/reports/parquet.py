# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Parquet, for analysis: one row a host, the columns of every report, then one column a check."""

from __future__ import annotations

from itertools import islice
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from ..records.columns import KEYS
from .summary import Summary

BATCH = 2_000  # hosts in memory at a time
NUMBERS = {
    **dict.fromkeys(("recall", "qps", "p50_ms", "p95_ms", "js_qps", "js_p95_ms"), pa.float64()),
    **dict.fromkeys(("free_mb", "attempts"), pa.int64()),
    **dict.fromkeys(("setting_changed", "predicted"), pa.bool_()),
}
SCHEMA = pa.schema(
    [(key, NUMBERS.get(key, pa.string())) for key in KEYS],
    metadata={"faiss_fleet_schema": "1"},
)


def write(summary: Summary, file: BinaryIO) -> None:
    """Writes the file a batch at a time. Text is as the host gave it: no reader of Parquet obeys it."""
    rows = (
        {**cells, "state": summary.shown_state(cells), "predicted": summary.is_predicted(cells)}
        for cells in summary.rows
    )
    with parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        while batch := list(islice(rows, BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=SCHEMA))

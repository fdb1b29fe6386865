# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Parquet, for analysis: one row a host, the columns of every report, then one column a check."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from ..record_schema import Record
from .checks import CHECKS, cells
from .columns import COLUMNS, row

BATCH = 2_000  # hosts in memory at a time
NUMBERS = {
    **dict.fromkeys(("recall", "qps", "p50_ms", "p95_ms", "js_qps", "js_p95_ms"), pa.float64()),
    **dict.fromkeys(("free_mb", "attempts"), pa.int64()),
    **dict.fromkeys(("setting_changed", "predicted"), pa.bool_()),
}
SCHEMA = pa.schema(
    [
        *((column.key, NUMBERS.get(column.key, pa.string())) for column in COLUMNS),
        *((f"check_{check}", pa.string()) for check in CHECKS),
    ],
    metadata={"faiss_fleet_schema": "1"},
)


def write(records: Iterable[Record], file: BinaryIO) -> None:
    """Writes the file a batch at a time. Text is as the host gave it: no reader of Parquet obeys it."""
    incoming = iter(records)
    with parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        while batch := list(islice(incoming, BATCH)):
            rows = [
                {**row(record), **{f"check_{key}": value for key, value in cells(record).items()}} for record in batch
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One row a host, with typed columns."""

from __future__ import annotations

import io
from dataclasses import asdict

from pyarrow import parquet as reader

from faiss_fleet.records import checks
from faiss_fleet.reports import parquet
from faiss_fleet.reports.summary import Summary
from tests.sample_records import RUN
from tests.unit.faiss_fleet.reports.exported import fleet


def test_parquet_has_a_row_a_host_and_a_column_a_check() -> None:
    hosts = fleet(hostile=True)
    file = io.BytesIO()
    parquet.write(Summary(asdict(RUN), hosts), file)
    table = reader.read_table(io.BytesIO(file.getvalue()))
    assert table.column("host").to_pylist() == [host["host"]["name"] for host in hosts]
    assert set(checks.KEYS) < set(table.column_names)
    assert set(table.column("check_glibc").to_pylist()) == {"pass", "blocked", "unknown"}
    assert table.schema.field("p95_ms").type == "double"
    empty = io.BytesIO()
    parquet.write(Summary(asdict(RUN)), empty)
    assert reader.read_table(io.BytesIO(empty.getvalue())).num_rows == 0

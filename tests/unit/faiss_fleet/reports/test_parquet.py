# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One row a host, with typed columns."""

from __future__ import annotations

import io
from dataclasses import asdict

import pandas
import pyarrow
import pyarrow.compute
from pyarrow import parquet as reader

from faiss_fleet.records import checks
from faiss_fleet.reports import parquet
from faiss_fleet.reports.summary import Summary
from tests.sample_records import RUN
from tests.unit.faiss_fleet.reports.exported import fleet


def test_parquet_has_a_typed_row_a_host_with_nested_columns() -> None:
    hosts = fleet(hostile=True)
    file = io.BytesIO()
    parquet.write(Summary(asdict(RUN), hosts), parquet.Nested.of(hosts), file)
    table = reader.read_table(io.BytesIO(file.getvalue()))
    assert table.column("host").to_pylist() == [host["host"]["name"] for host in hosts]
    assert set(checks.KEYS) < set(table.column_names)
    assert set(table.column("check_glibc").to_pylist()) == {"pass", "blocked", "unknown"}
    assert table.schema.field("p95_ms").type == "double"
    assert str(table.schema.field("finished").type) == "timestamp[ms, tz=UTC]"
    assert table.column("groups").to_pylist() == [host["host"]["groups"] for host in hosts]
    for column, key in (("plan", "plan"), ("tried", "attempts"), ("verification", "verification")):
        for row, host in zip(table.column(column).to_pylist(), hosts, strict=True):
            assert len(row) == len(host[key])
            for one, there in zip(row, host[key], strict=True):
                assert {name: there[name] for name in one if name in there and name not in ("reasons", "indexes")} == {
                    name: value for name, value in one.items() if name in there and name not in ("reasons", "indexes")
                }
    candidates = pyarrow.compute.list_flatten(table.column("plan")).combine_chunks()
    reasons = pyarrow.compute.list_flatten(candidates.field("reasons"))
    assert "GLIBC_2.27" in reasons.field("need").to_pylist()
    frame = pandas.read_parquet(io.BytesIO(file.getvalue()))
    assert str(frame.finished.dtype) == "datetime64[ms, UTC]" and frame.plan[0][0]["reasons"][0]["symbols"][0] == "powf"
    empty = io.BytesIO()
    parquet.write(Summary(asdict(RUN)), parquet.Nested(), empty)
    assert reader.read_table(io.BytesIO(empty.getvalue())).num_rows == 0

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Parquet, for analysis: one row a host, typed; its groups, plan, attempts and search tests are nested columns."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import parquet

from ..records.columns import KEYS
from ..records.schema import Record
from .summary import Summary

BATCH = 2_000  # hosts in memory at a time
MOMENT = pa.timestamp("ms", tz="UTC")
TEXTS = pa.list_(pa.string())


def _list_of(**fields: Any) -> Any:
    return pa.list_(pa.struct(list(fields.items())))


REASONS = _list_of(
    check=pa.string(), cause=pa.string(), need=pa.string(), have=pa.string(), file=pa.string(), library=pa.string(),
    symbols=TEXTS, text=pa.string(),
)  # fmt: skip
INDEXES = _list_of(
    index=pa.string(), recall_at_k=pa.float64(), qps=pa.float64(), p50_ms=pa.float64(), p95_ms=pa.float64()
)
# Columns that are lists of structures: as in the record, by the same names.
NESTED = {
    "plan": _list_of(
        id=pa.string(), strategy=pa.string(), name=pa.string(), version=pa.string(), verdict=pa.string(),
        reasons=REASONS, remedy=pa.string(),
    ),
    "tried": _list_of(
        candidate=pa.string(), strategy=pa.string(), ok=pa.bool_(), cause=pa.string(), message=pa.string(),
        remedy=pa.string(), seconds=pa.float64(),
    ),
    "verification": _list_of(
        candidate=pa.string(), ok=pa.bool_(), cause=pa.string(), faiss_version=pa.string(), isa_loaded=pa.string(),
        seconds=pa.float64(), indexes=INDEXES,
    ),
}  # fmt: skip
TYPES = {
    **dict.fromkeys(("recall", "qps", "p50_ms", "p95_ms", "js_qps", "js_p95_ms"), pa.float64()),
    **dict.fromkeys(("free_mb", "attempts"), pa.int64()),
    **dict.fromkeys(("setting_changed", "predicted", "waived"), pa.bool_()),
    **dict.fromkeys(("groups", "pythons"), TEXTS),
    "finished": MOMENT,
}
FLAT = pa.schema([(key, TYPES.get(key, pa.string())) for key in KEYS])
SCHEMA = pa.schema([*FLAT, *NESTED.items()], metadata={"faiss_fleet_schema": "2"})


class Nested:
    """The nested columns of a run, collected while its records are read for all formats, a batch at a time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Any, Any, Any]] = []
        self._done: list[list[Any]] = []

    @classmethod
    def of(cls, records: Iterable[Record]) -> Nested:
        """The columns of these records."""
        nested = cls()
        for record in records:
            nested.add(record)
        return nested

    def add(self, record: Record) -> None:
        """Counts one host in."""
        self._waiting.append((record["plan"], record["attempts"], record["verification"]))
        if len(self._waiting) == BATCH:
            self._convert()

    def batches(self) -> list[list[Any]]:
        """The columns, in the order of NESTED, of each batch of hosts."""
        self._convert()
        return self._done

    def _convert(self) -> None:
        if self._waiting:
            plans, attempts, tests = zip(*self._waiting, strict=True)
            self._done.append(
                [
                    _shared(plans, NESTED["plan"], _candidate),
                    _shared(attempts, NESTED["tried"], dict),
                    pa.array(tests, type=NESTED["verification"]),
                ]
            )
            self._waiting = []


def write(summary: Summary, nested: Nested, file: BinaryIO) -> None:
    """Writes the file a batch at a time. Text is as the host gave it: no reader of Parquet obeys it."""
    rows = zip(summary.rows, summary.groups, strict=True)
    with parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for columns in nested.batches():
            batch = list(islice(rows, len(columns[0])))
            flat = pa.Table.from_pylist([_flat(summary, cells, groups) for cells, groups in batch], schema=FLAT)
            writer.write_table(pa.Table.from_arrays([*flat.columns, *columns], schema=SCHEMA))


def _flat(summary: Summary, cells: Mapping[str, Any], groups: Sequence[str]) -> dict[str, Any]:
    return {
        **cells,
        "groups": list(groups),
        "pythons": str(cells["pythons"] or "").split(),
        "finished": datetime.fromisoformat(str(cells["finished"]).replace("Z", "+00:00")),
        "state": summary.shown_state(cells),
        "predicted": summary.is_predicted(cells),
    }


def _candidate(candidate: Mapping[str, Any]) -> dict[str, Any]:
    artefact = candidate.get("artefact") or {}
    named = {key: None if artefact.get(key) is None else str(artefact[key]) for key in ("name", "version")}
    return {**candidate, **named}


def _shared(values: Sequence[Any], kind: Any, each: Any) -> Any:
    """The column of lists. Hosts of one class have the same plan: a list that occurs again is converted once."""
    places: dict[bytes, int] = {}
    distinct: list[Any] = []
    order = []
    for value in values:
        key = marshal.dumps(value, 2)  # of this version equal values give equal bytes
        if key not in places:
            places[key] = len(distinct)
            distinct.append([each(one) for one in value])
        order.append(places[key])
    return pa.array(distinct, type=kind).take(pa.array(order, type=pa.int64()))

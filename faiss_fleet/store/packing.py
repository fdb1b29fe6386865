# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host record as the store keeps it: deflated JSON, and the cells that are looked for often."""

from __future__ import annotations

import json
import zlib
from typing import Any

from ..errors import FleetError
from ..records.columns import BY_KEY, Cell, Measured
from ..records.schema import Record

# Column of the table: column of the reports. One place says what each means.
CELLS = {
    "finished": "finished",
    "state": "state",
    "cause": "cause",
    "because": "because",
    "backend": "backend",
    "strategy": "provider",
    "faiss": "faiss",
    "glibc": "glibc",
    "arch": "arch",
    "p50_ms": "p50_ms",
    "p95_ms": "p95_ms",
    "qps": "qps",
    "js_p95_ms": "js_p95_ms",
}


def pack(record: Record) -> bytes:
    """Small and quick: level 1 leaves under a third of the text, higher levels cost more time than they save room."""
    return zlib.compress(json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii"), 1)


def unpack(packed: bytes) -> Record:
    """The record again, equal to what went in. FleetError for what is none any more."""
    try:
        record: Record = json.loads(_text(packed))
    except (ValueError, RecursionError) as error:
        raise _damaged(error) from error
    return record


def _text(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except (zlib.error, TypeError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> FleetError:
    remedy = "Move the store away: the records under reports/ are taken into a new one."
    return FleetError(f"A record in the store is damaged: {error}. {remedy}", "corrupt_artefact", remedy)


def waiver_of(packed: bytes) -> str | None:
    """The waiver that holds for a packed record, as reports have it. One that names no waiver is not parsed."""
    text = _text(packed)
    if b'"waivers":[{' not in text:
        return None
    waiver = BY_KEY["waiver"].value(Measured(json.loads(text)))
    return None if waiver is None else str(waiver)


def columns_of(record: Record) -> dict[str, Cell]:
    """The cells of a host's line, by column name."""
    measured = Measured(record)
    cells = {name: BY_KEY[key].value(measured) for name, key in CELLS.items()}
    return {name: plain(value) if isinstance(value, str) else _number(value) for name, value in cells.items()}


def _number(value: Cell) -> Cell:
    """As a column holds it. Raises OverflowError for an integer that none does."""
    return float(value) if isinstance(value, int) else value


def plain(text: str) -> str:
    """Text that any database takes: PostgreSQL's holds no NUL, and none holds half of a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def line_of(record: Record) -> dict[str, Any]:
    """The whole line of a host."""
    return {
        "run": record["run"]["id"],
        "host": plain(record["host"]["name"]),
        **columns_of(record),
        "record": pack(record),
    }

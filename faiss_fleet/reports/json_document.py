# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A whole run as one JSON document, for programs; its schema is reports/run.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from ..record_schema import Record
from .summary import Summary


def render(summary: Summary, records: Iterable[Record]) -> Iterator[str]:
    """{"schema": 1, "run", "states", "hosts": [records]}, one record a line. ASCII: nothing in it steers a terminal."""
    yield f'{{"schema": 1,\n"run": {_text(summary.run)},\n"states": {_text(dict(summary.states))},\n"hosts": ['
    separator = "\n"
    for record in records:
        yield separator + _text(record)
        separator = ",\n"
    yield "\n]}\n"


def lines(records: Iterable[Record]) -> Iterator[str]:
    """JSON Lines: one record a line."""
    for record in records:
        yield _text(record) + "\n"


def _text(value: object) -> str:
    # Of the control characters, DEL is the one that ensure_ascii leaves as it is.
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("\x7f", "\\u007f")

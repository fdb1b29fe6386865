# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A whole run as one JSON document, for programs; its schema is reports/run.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .summary import Summary


def render(summary: Summary, records: Iterable[str]) -> Iterator[str]:
    """{"schema": 1, "run", "states", "hosts": [records]}, one record a line. records: each as JSON.

    ASCII: nothing in it steers a terminal.
    """
    yield f'{{"schema": 1,\n"run": {text(summary.run)},\n"states": {text(dict(summary.states))},\n"hosts": ['
    separator = "\n"
    for record in records:
        yield separator + _harmless(record)
        separator = ",\n"
    yield "\n]}\n"


def lines(records: Iterable[str]) -> Iterator[str]:
    """JSON Lines: one record a line."""
    for record in records:
        yield _harmless(record) + "\n"


def text(value: object) -> str:
    """JSON on one line, ASCII alone."""
    # Of the control characters, DEL is the one that ensure_ascii leaves as it is.
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("\x7f", "\\u007f")


def _harmless(record: str) -> str:
    """What a run wrote is so already, and is not taken apart for nothing; what a person edited may not be."""
    return record if record.isascii() and record.isprintable() else text(json.loads(record))

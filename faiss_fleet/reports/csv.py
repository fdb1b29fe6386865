# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""summary.csv: one row a host, for a spreadsheet. What a host said never becomes a formula there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from ..records.columns import KEYS, Cell
from .summary import Summary
from .text import one_line

# What spreadsheets take for the start of a formula, full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BATCH = 1_000  # rows that are put into one piece
_LONGEST = 32_000  # a spreadsheet's cell ends at 32,767 characters


def render(summary: Summary) -> Iterator[str]:
    """The table by lines, header first; headers are the columns' keys."""
    yield _lines([list(KEYS)])
    rows = iter(summary.rows)
    while batch := list(islice(rows, BATCH)):
        yield _lines([[_cell(cells[key]) for key in KEYS] for cells in batch])


def _cell(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    text = one_line(value)[:_LONGEST]  # first, as no kind of blank may be left to hide a formula
    return f"'{text}" if text.startswith(_FORMULA) else text  # a leading apostrophe marks text


def _lines(rows: list[list[Cell]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""summary.csv: one row a host, for a spreadsheet or pandas. Nothing a host said becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from urllib.parse import quote

from ..records.columns import KEYS, Cell
from .summary import Summary
from .text import one_line

# What spreadsheets take for the start of a formula, full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
SEPARATOR = ";"  # between the groups of a host
BATCH = 1_000  # rows that are put into one piece
_LONGEST = 32_000  # a spreadsheet's cell ends at 32,767 characters


def render(summary: Summary) -> Iterator[str]:
    """The table by lines, header first; headers are the columns' keys."""
    yield lines([list(KEYS)])
    rows = zip(summary.rows, summary.groups, strict=True)
    while batch := list(islice(rows, BATCH)):
        yield lines([_row(summary, cells, groups) for cells, groups in batch])


def _row(summary: Summary, cells: dict[str, Cell], groups: tuple[str, ...]) -> list[Cell]:
    own: dict[str, Cell] = {
        # A name with the separator in it would be split in two.
        "groups": SEPARATOR.join(name.replace(SEPARATOR, quote(SEPARATOR)) for name in groups),
        "state": summary.shown_state(cells),
        "predicted": summary.is_predicted(cells),
        # With its name, it is text to every reader: 2.30 alone is the number 2.3 to a spreadsheet and to pandas.
        "glibc": f"glibc {cells['glibc']}" if cells["glibc"] else None,
    }
    return [cell(own.get(key, cells[key])) for key in KEYS]


def cell(value: Cell) -> Cell:
    """The value as it stands in the file: nothing a host said is a formula, and no line break is left in it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else value


@lru_cache(maxsize=4_000)  # hosts of one class have most of their texts in common
def _text(value: str) -> str:
    text = one_line(value)[:_LONGEST]  # first, as no kind of blank may be left to hide a formula
    # A leading apostrophe marks text for a spreadsheet; only what it would take for a formula gets one.
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(rows: list[list[Cell]]) -> str:
    """Rows as text."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the row of the table that a line of a log shows: alone, with a line next to it, or passed on by a wrapper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from . import lines as causes_lines
from . import rows as causes_rows
from .rows import in_order

Lines = Sequence[causes_lines.Line]

CONTEXT = 6  # lines before a line that may decide what it means
INNER = 5  # lines after a wrapper's line in which it passes the error on


def called_for(words: Iterable[str]) -> list[causes_rows.Called]:
    index = causes_rows.index()
    seen = index.seen
    called: list[causes_rows.Called] = []
    for word in words:
        rows = seen.get(word)
        if rows is None:
            rows = index.of(word)
        if rows:
            called += rows
    return called


def row_of(lines: Lines, index: int, called: list[causes_rows.Called]) -> int | None:
    """The first row that fits the line, or the line with the one after or before it, as terminals wrap them."""
    line, here = lines[index][2:]
    alone = [number for number, whole, _tokens, first in called if first in line and whole <= here]
    row = _first_that_fits(alone, line, lines, index)
    if row is not None:
        return None if harmless(line) else row
    around = here.union(lines[index - 1][3] if index else (), lines[index + 1][3] if index + 1 < len(lines) else ())
    near = [(number, tokens) for number, _whole, tokens, _first in called if tokens <= around and not tokens <= here]
    return _row_of_two(lines, index, near) if near else None


def _row_of_two(lines: Lines, index: int, near: Sequence[tuple[int, frozenset[str]]]) -> int | None:
    """As row_of, for the line with the one after or before it; near: (number, tokens) of rows that may fit."""
    here = lines[index][3]
    for first in (index, index - 1):
        if first < 0 or first + 1 >= len(lines):
            continue
        other = 2 * first + 1 - index
        there = lines[other][3]
        wrapped = [number for number, tokens in near if tokens <= here | there and not tokens <= there]
        if not wrapped or _fits_alone(lines, other):
            continue
        text = causes_lines.without_prefix(lines[first][2]) + " " + causes_lines.without_prefix(lines[first + 1][2])
        row = _first_that_fits(wrapped, text, lines, index)
        if row is not None:
            return None if harmless(text) else row
    return None


def _fits_alone(lines: Lines, index: int) -> bool:
    line, words = lines[index][2:]
    numbers = [number for number, whole, _tokens, first in called_for(words) if first in line and whole <= words]
    return _first_that_fits(numbers, line, lines, index) is not None


def _first_that_fits(numbers: Iterable[int], text: str, lines: Lines, index: int) -> int | None:
    """The first row of those that fits a text at that place; numbers of rows in any order."""
    rows = causes_rows.index().rows
    for number in sorted(set(numbers)):
        if rows[number].fits(text, _before(lines, index)):
            return number
    return None


def _before(lines: Lines, index: int) -> Callable[[], str]:
    return lambda: "\n".join(line[2] for line in lines[max(0, index - CONTEXT) : index])


def harmless(line: str) -> bool:
    behind = causes_lines.without_prefix(line)
    logged = causes_lines.of_npm(behind)
    # Most of them are not there at all, which is seen soonest by their first part.
    for text in (line,) if logged == behind else (line, logged):
        if any(parts[0] in text and in_order(parts, text) for parts in causes_rows.HARMLESS):
            return True
    return causes_rows.HARMLESS_LINES.found(line) or (behind != line and causes_rows.HARMLESS_LINES.found(behind))


def inner_error(lines: Lines, index: int) -> tuple[causes_lines.Line, bool] | None:
    """(the line, whether a row knows it) of the error that a wrapper's line passes on; None where none follows."""
    for other in range(index + 1, min(len(lines), index + 1 + INNER)):
        line, words = causes_lines.without_prefix(lines[other][2]), lines[other][3]
        if not line.startswith(("error: ", "caused by: ", "reason: ")):
            continue
        number = _first_that_fits([called[0] for called in called_for(words)], lines[other][2], lines, other)
        if number is None or not causes_rows.index().rows[number].wraps:
            return lines[other], number is not None
    return None

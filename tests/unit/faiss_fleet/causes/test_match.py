# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which row a line of a log shows, with its neighbours and behind a wrapper."""

from __future__ import annotations

from faiss_fleet.causes import lines, match
from faiss_fleet.causes.rows import index as rows_index


def _cause(*log: str, index: int = 0) -> str | None:
    read = list(lines.of("\n".join(log)))
    row = match.row_of(read, index, match.called_for(read[index][3]))
    return None if row is None else rows_index().rows[row].cause


def test_a_line_that_fits_alone() -> None:
    assert _cause("tar: x: No space left on device") == "disk_full"
    assert _cause("all is well") is None


def test_a_line_that_a_terminal_wrapped_is_read_with_the_next() -> None:
    assert _cause("ERROR: temporary failure in name", "resolution") == "network"
    assert _cause("ERROR: temporary failure in name", "", "resolution") is None


def test_lines_of_a_test_that_passed_show_nothing() -> None:
    assert _cause("ok 12 - says no space left on device") is None
    assert match.harmless("deprecation: python 2.7 reached the end of its life")


def test_the_error_that_a_wrapper_passes_on() -> None:
    read = list(lines.of("error: the build failed\n  Caused by: No space left on device"))
    inner = match.inner_error(read, 0)
    assert inner is not None and inner[0][0] == 2 and inner[1]
    unknown = match.inner_error(list(lines.of("error: the build failed\n  Caused by: a thing")), 0)
    assert unknown is not None and not unknown[1]
    assert match.inner_error(list(lines.of("error: the build failed\nnext")), 0) is None

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Text of hosts, made short and visible."""

from __future__ import annotations

import pytest

from faiss_fleet.reports.text import brief, number, readable, shorten, visible
from tests.unit.faiss_fleet import hostile


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param(
            hostile.SYMBOLS,
            "needs GLIBCXX_3.4.21 (for std::logic_error::logic_error(std::logic_error … and 11 more)",
            id="list",
        ),
        pytest.param("(for _ZNSt3fooEv), this", "(for std::foo()), this", id="one"),
        pytest.param("(for powf, expf)", "(for powf, expf)", id="C functions are readable"),
        pytest.param("_Z" + "x" * 90, "_Z" + "x" * 45 + "…", id="long"),
    ],
)
def test_brief_names_one_symbol_and_counts_the_rest(text: str, expected: str) -> None:
    assert brief(text) == expected


def test_readable_writes_out_every_symbol() -> None:
    said = readable("needs _ZNSt3fooEv, _ZNSt3barEv and x_ZNSt3fooEv")
    assert said == "needs std::foo(), std::bar() and x_ZNSt3fooEv"


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("a\u202eb", "a<U+202E>b", id="direction"),
        pytest.param("\x1b[0m", "<U+001B>[0m", id="escape"),
        pytest.param("a\r\nb\rc\td", "a\nb\nc\td", id="lines and tabs"),
        pytest.param("\u4e2d\u00e9", "\u4e2d\u00e9", id="other scripts"),
    ],
)
def test_visible_spells_out_what_is_not_seen(text: str, expected: str) -> None:
    assert visible(text) == expected


@pytest.mark.parametrize(
    "text, columns, expected",
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("\u4e2d\u6587\u5b57", 4, "\u4e2d…"), ("a", 0, "")],
)
def test_shorten_counts_columns_not_characters(text: str, columns: int, expected: str) -> None:
    assert shorten(text, columns) == expected


@pytest.mark.parametrize(
    "value, expected", [(None, ""), (0, "0"), (0.0421, "0.042"), (1.5, "1.50"), (394.3, "394"), (12345.6, "12,346")]
)
def test_number_has_three_significant_digits(value: float | None, expected: str) -> None:
    assert number(value) == expected

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from faiss_fleet.demangle import MAX_NAME, demangle


@pytest.mark.parametrize(
    "symbol, expected",
    [
        ("_ZSt24__throw_out_of_range_fmtPKcz", "std::__throw_out_of_range_fmt(char const*, ...)"),
        ("powf", "powf"),
        ("_Z", "_Z"),
        ("_Znot a name", "_Znot a name"),
        ("_Z\0", "_Z\0"),
        ("_Zé", "_Zé"),
        ("_Z" + "P" * 100000, "_Z" + "P" * 100000),
        ("_ZN" + "1aN" * (MAX_NAME // 4), "_ZN" + "1aN" * (MAX_NAME // 4)),
    ],
)
def test_a_name_is_shown_as_people_read_it_or_as_it_is(symbol: str, expected: str) -> None:
    assert demangle(symbol) == expected

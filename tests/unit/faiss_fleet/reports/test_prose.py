# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lists and numbers in sentences."""

from __future__ import annotations

from collections import Counter

from faiss_fleet.reports import prose


def test_what_all_have_and_has_no_room_is_counted() -> None:
    counter = Counter(dict.fromkeys("abcdef", 1))
    assert prose.shares(counter, of=1) == "a, b, c, d and 2 others"

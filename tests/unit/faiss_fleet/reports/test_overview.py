# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The first screen of the page: its answer, and its figures."""

from __future__ import annotations

import pytest

from faiss_fleet.reports import overview
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile


@pytest.mark.parametrize(
    "states, check, expected",
    [
        ([], False, "This run had no hosts"),
        (["native"], False, "The host runs FAISS natively"),
        (["native"], True, "The host would run FAISS natively"),
        (["native"] * 2, False, "All 2 hosts run FAISS natively"),
        (["native", "failed"], True, "1 of 2 hosts would run FAISS natively"),
    ],
)
def test_the_headline_is_the_answer(states: list[str], check: bool, expected: str) -> None:
    record = next(records(1))
    made = [{**record, "state": state} for state in states]
    summary = hostile.summary(*made)
    summary.run["check_mode"] = check
    assert overview.headline(summary) == expected


def test_the_bar_has_a_part_for_each_state_that_a_host_is_in() -> None:
    record = next(records(1))
    summary = hostile.summary(*({**record, "state": state} for state in ("native", "native", "native", "failed")))
    assert list(overview.bar(summary)) == [
        {"state": "native", "x": 0.0, "width": 75.0},
        {"state": "failed", "x": 75.0, "width": 25.0},
    ]


def test_a_share_below_one_percent_is_not_shown_as_none() -> None:
    record = next(records(1))
    summary = hostile.summary(*({**record, "state": "failed" if place == 0 else "native"} for place in range(300)))
    assert overview.tile(summary, "failed")["share"] == "<1%"
    assert overview.tile(summary, "unreachable")["share"] == "0%"

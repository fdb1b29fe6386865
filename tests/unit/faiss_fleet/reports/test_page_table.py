# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The cells of the page's table, as its script reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faiss_fleet.reports import page_table
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile


def column(made: Sequence[dict[str, Any]], key: str) -> dict[str, Any]:
    columns = page_table.table(hostile.summary(*made), {}, None)["columns"]
    found: dict[str, Any] = next(each for each in columns if each["key"] == key)
    return found


def test_groups_are_told_one_by_one_whatever_is_in_their_names() -> None:
    wild = ["eu west", "a,b", '"quoted"', "<b>", "turned\u202e", ""]
    made = [hostile.host("one"), hostile.host("two"), hostile.host("three")]
    made[0]["host"]["groups"], made[1]["host"]["groups"], made[2]["host"]["groups"] = wild, ["eu west"], []
    groups = column(made, "groups")
    names = [[groups["names"][each] for each in groups["members"][place]] for place in groups["places"]]
    assert names == [["eu west", "a,b", '"quoted"', "<b>", "turned<U+202E>", ""], ["eu west"], []]


def test_figures_are_numbers_and_what_is_missing_is_none() -> None:
    made = list(records(40))
    figures = column(made, "p95_ms")["numbers"]
    assert None in figures and all(isinstance(each, float | int) for each in figures if each is not None)


def test_a_text_that_many_hosts_have_is_held_once() -> None:
    made = [hostile.host(name, because="same") for name in ("a", "b", "c")]
    found = column(made, "because")
    assert (found["texts"], found["places"]) == (["same"], [0, 0, 0])
    assert column(made, "host")["texts"] == ["a", "b", "c"]

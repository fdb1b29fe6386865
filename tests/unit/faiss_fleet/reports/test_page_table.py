# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The cells of the page's table, as its script reads them."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from faiss_fleet.reports import page_table
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile


def column(made: Sequence[dict[str, Any]], key: str) -> dict[str, Any]:
    columns = page_table.table(hostile.summary(*made), {}, None)["columns"]
    found: dict[str, Any] = next(each for each in columns if each["key"] == key)
    return found


def places(found: dict[str, Any]) -> list[int]:
    """By host the place among a column's texts, as the page's script reads it."""
    packed = found["places"]
    if packed is None:
        return list(range(len(found["texts"])))
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    return [letters.index(each) for each in packed] if isinstance(packed, str) else list(packed)


def test_groups_are_told_one_by_one_whatever_is_in_their_names() -> None:
    wild = ["eu west", "a,b", '"quoted"', "<b>", "turned\u202e", ""]
    made = [hostile.host("one"), hostile.host("two"), hostile.host("three")]
    made[0]["host"]["groups"], made[1]["host"]["groups"], made[2]["host"]["groups"] = wild, ["eu west"], []
    groups = column(made, "groups")
    names = [[groups["names"][each] for each in groups["members"][place]] for place in places(groups)]
    assert names == [["eu west", "a,b", '"quoted"', "<b>", "turned<U+202E>", ""], ["eu west"], []]


def test_figures_are_numbers_and_what_is_missing_is_none() -> None:
    made = list(records(40))
    figures = column(made, "p95_ms")["numbers"]
    assert all(len(str(each).replace(".", "").lstrip("0")) <= 4 for each in figures if each is not None)
    assert None in figures and all(isinstance(each, float | int) for each in figures if each is not None)


def test_a_text_that_many_hosts_have_is_held_once() -> None:
    made = [hostile.host(name, because="same") for name in ("a", "b", "c")]
    found = column(made, "because")
    assert (found["texts"], found["places"], places(found)) == (["same"], "AAA", [0, 0, 0])
    hosts = column(made, "host")
    assert (hosts["texts"], hosts["places"]) == (["a", "b", "c"], None)


def test_places_are_letters_as_long_as_letters_are_enough() -> None:
    for different in (64, 65):
        made = [hostile.host(f"h{number}", because=f"b{number % different}") for number in range(2 * different)]
        found = column(made, "because")
        assert isinstance(found["places"], str) == (different == 64)
        assert places(found) == [*range(different), *range(different)]

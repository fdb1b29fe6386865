# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How hosts are divided into slices."""

from __future__ import annotations

import pytest

from faiss_fleet.cli.slices.split import split

HOSTS = {f"h{number}": ["web"] if number % 2 else ["db"] for number in range(7)}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_every_host_is_in_one_slice_and_none_is_empty(count: int) -> None:
    found = split(HOSTS, {}, count)
    assert sorted(name for part in found for name in part) == sorted(HOSTS)
    sizes = [len(part) for part in found]
    assert len(found) == min(count, 7) and min(sizes) >= 1 and max(sizes) - min(sizes) <= 1


def test_hosts_of_one_class_share_a_slice() -> None:
    classes = {"h0": "old", "h3": "old", "h6": "old"} | dict.fromkeys(("h1", "h2", "h4", "h5"), "new")
    assert {frozenset(part) for part in split(HOSTS, classes, 2)} == {
        frozenset({"h1", "h2", "h4", "h5"}),
        frozenset({"h0", "h3", "h6"}),
    }


def test_hosts_that_no_run_has_seen_are_divided_by_group() -> None:
    assert split(HOSTS, {}, 2) == [["h0", "h2", "h4", "h6"], ["h1", "h3", "h5"]]


def test_no_host_makes_no_slice() -> None:
    assert split({}, {}, 4) == []

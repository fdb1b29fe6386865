# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A limit that is set too low fails on every host: that is the inventory's fault, and takes FAISS from no host."""

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.fleet import search_limits


def failed(cause: str, **more: Any) -> dict[str, Any]:
    return {"candidate": "a", "ok": False, "cause": cause, "message": "It failed.", "remedy": "Mend the host.", **more}


def recall(value: float) -> list[dict[str, Any]]:
    return [{"index": "flat", "recall_at_k": 1.0}, {"index": "hnsw", "recall_at_k": value}]


@pytest.mark.parametrize(
    "cause, options, words",
    [
        pytest.param("timeout", {"timeout": 2}, "Raise `timeout`", id="a short time"),
        pytest.param("loader_failed", {"timeout": 2}, "Raise `timeout`", id="a short time for the loader"),
        pytest.param(
            "timeout", {"timeout": 120, "workload": {"n": 1000000}}, "may take 800 s", id="a workload for hours"
        ),
        pytest.param("out_of_memory", {"memory_limit_mb": 128}, "Raise `memory_limit_mb`", id="little memory"),
        pytest.param("segfault", {"memory_limit_mb": 128}, "Raise `memory_limit_mb`", id="a BLAS without memory"),
        pytest.param(
            "out_of_memory", {"workload": {"n": 1000000}}, "the limit is 2048 MB", id="a workload beyond the default"
        ),
    ],
)
def test_what_the_limits_explain_is_a_fault_of_the_inventory(cause: str, options: Any, words: str) -> None:
    found = search_limits.blamed(failed(cause), options)
    assert found["fault"] == "inventory" and words in found["message"]
    assert "faiss_install__search_test" in found["remedy"] and found["message"].startswith("It failed. ")


@pytest.mark.parametrize(
    "cause, options",
    [
        ("timeout", {}),
        ("loader_failed", {}),
        ("timeout", {"timeout": 20}),
        ("out_of_memory", {}),
        ("out_of_memory", {"memory_limit_mb": 0}),
        ("segfault", {"memory_limit_mb": 1024}),
        ("cpu_isa", {"memory_limit_mb": 1, "timeout": 1}),
    ],
)
def test_what_they_do_not_explain_is_the_hosts(cause: str, options: Any) -> None:
    assert search_limits.blamed(failed(cause), options) == failed(cause)


def test_a_recall_that_is_good_and_not_good_enough_for_the_inventory_is_its_own_matter() -> None:
    options = {"min_recall": {"hnsw": 0.999}}
    assert search_limits.blamed(failed("low_recall", indexes=recall(0.99)), options)["fault"] == "inventory"
    assert "fault" not in search_limits.blamed(failed("low_recall", indexes=recall(0.4)), options)
    many = {"workload": {"k": 500}}
    assert search_limits.blamed(failed("low_recall", indexes=recall(0.4)), many)["fault"] == "inventory"


def test_what_passed_and_what_has_a_fault_already_stay_as_they_are() -> None:
    passed = {"ok": True, "cause": None}
    assert search_limits.blamed(passed, {"timeout": 1}) == passed
    refused = failed("timeout", fault="controller")
    assert search_limits.blamed(refused, {"timeout": 1}) == refused


def test_an_option_that_is_left_out_is_asked_for_like_its_default() -> None:
    given = {"memory_limit_mb": 2048, "min_recall": {"ivf": 0.9, "hnsw": None}}
    assert search_limits.asked({}) == search_limits.asked(given)
    assert search_limits.asked({"min_recall": {"ivf": 0.95}}) != search_limits.asked({})

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.plan import recommend
from faiss_fleet.plan.recommend import Need


def test_of(p95: float, ok: bool = True, kind: str = "js", **workload: Any) -> dict[str, Any]:
    size = {"n": 10000, "d": 384, "k": 10, **workload}
    indexes = [{"index": "flat", "p95_ms": p95}, {"index": "hnsw", "p95_ms": 0.01}]
    return {"candidate": kind, "ok": ok, "runtime": {"kind": kind}, "workload": size, "indexes": indexes}


test_of.__test__ = False  # type: ignore[attr-defined]


def test_time_grows_with_vectors_and_dimensions() -> None:
    found = recommend.recommend(Need(50, 20000, 768), test_of(4.0))
    assert found is not None
    assert found["expected_p95_ms"] == 16.0 and found["javascript_is_enough"] is True
    assert found["largest_corpus_for_javascript"] == 62500
    assert found["text"].startswith("JavaScript is enough here: 16.0 ms")


def test_it_says_by_which_kernel_javascript_was_measured() -> None:
    found = recommend.recommend(Need(50, 20000, 768), {**test_of(4.0), "kernel": "wasm-simd"})
    assert found is not None and found["kernel"] == "wasm-simd"
    assert found["text"].startswith("JavaScript (kernel wasm-simd) is enough here: 16.0 ms")


def test_too_slow_says_up_to_where_it_is_not() -> None:
    found = recommend.recommend(Need(10, 1_000_000, 384), test_of(4.0), test_of(0.5, kind="python"))
    assert found is not None and not found["javascript_is_enough"]
    assert found["largest_corpus_for_javascript"] == 25000
    assert found["native_is_faster_by"] == 8.0
    assert "up to 25000 vectors" in found["text"] and "8 times as fast" in found["text"]


@pytest.mark.parametrize(
    "fallback",
    [
        pytest.param(None, id="not measured"),
        pytest.param(test_of(4.0, ok=False), id="failed"),
        pytest.param(test_of(0.0), id="no time"),
        pytest.param(test_of(float("nan")), id="not a number"),
        pytest.param({"candidate": "js", "ok": True, "indexes": []}, id="no workload"),
    ],
)
def test_nothing_is_recommended_without_a_measurement(fallback: dict[str, Any] | None) -> None:
    assert recommend.recommend(Need(50, 1000, 384), fallback) is None


def test_numpy_is_judged_beside_javascript_and_without_it() -> None:
    native, numpy = test_of(0.5, kind="python"), test_of(1.0, kind="numpy")
    both = recommend.recommend(Need(10, 50_000, 384), test_of(4.0), native, numpy)
    assert both is not None and both["javascript_is_enough"] is False
    wanted = {"enough": True, "expected_p95_ms": 5.0, "largest_corpus": 100000, "native_is_faster_by": 2.0}
    assert both["numpy"] == wanted
    assert "JavaScript is too slow here" in both["text"] and "numpy is enough here: 5.0 ms" in both["text"]
    alone = recommend.recommend(Need(10, 50_000, 384), None, native, numpy)
    assert alone is not None and alone["numpy"] == wanted and "javascript_is_enough" not in alone
    assert alone["text"].startswith("numpy is enough here")
    failed = recommend.recommend(Need(10, 50_000, 384), test_of(4.0), native, test_of(1.0, ok=False, kind="numpy"))
    assert failed is not None and "numpy" not in failed


def test_times_of_another_workload_are_not_compared() -> None:
    found = recommend.recommend(Need(50, 1000, 384), test_of(4.0), test_of(0.5, kind="python", n=20000))
    assert found is not None and found["native_is_faster_by"] is None


def test_the_fallback_is_found_by_its_runtime() -> None:
    wanted = test_of(4.0)
    assert recommend.fallback_test([test_of(1.0, kind="python"), {"candidate": "x", "runtime": None}, wanted]) is wanted
    numpy = test_of(2.0, kind="numpy")
    assert recommend.fallback_test([wanted, numpy], "numpy") is numpy
    assert recommend.fallback_test([]) is None

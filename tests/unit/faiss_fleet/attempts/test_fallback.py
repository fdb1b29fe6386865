# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.attempts import fallback, measured
from faiss_fleet.strategies.base import Options
from faiss_fleet.target.search import run as search_test

FACTS: dict[str, Any] = {"nodes": [{"path": "/usr/bin/node", "version": "16.20.2", "napi": 8, "error": None}]}


def to_measure(*asked: Any) -> list[dict[str, Any]]:
    return fallback.of_host(*asked).to_measure


ID = "js:JSVectorStorage:/usr/bin/node"


def test_a_host_with_a_node_measures_it() -> None:
    runtime = {"kind": "js", "argv": ["/usr/bin/node"], "env": {}, "prefix": None}
    assert to_measure(FACTS, Options()) == [{"id": ID, "runtime": runtime}]


def test_it_is_not_measured_twice_nor_without_a_node_nor_against_the_option() -> None:
    assert to_measure(FACTS, Options(), [{"candidate": ID}]) == []
    assert to_measure({"nodes": []}, Options()) == []
    assert to_measure({**FACTS, **PYTHONS}, Options(extra={fallback.OPTION: False})) == []


PYTHONS: dict[str, Any] = {
    "pythons": [
        {"path": "/usr/bin/python2.7", "version": "2.7.18", "numpy": "1.16.6", "error": None},
        {"path": "/usr/bin/python3.8", "version": "3.8.20", "numpy": None, "error": None},
        {"path": "/broken", "version": None, "numpy": "1.19.5", "error": "it does not start"},
        {"path": "/usr/bin/python3.6", "version": "3.6.8", "numpy": "1.19.5", "error": None},
    ]
}


def test_numpy_is_measured_in_a_python_of_the_host_that_the_loader_runs_on() -> None:
    (found,) = to_measure({"nodes": [], **PYTHONS}, Options())
    runtime = {"kind": "numpy", "argv": ["/usr/bin/python3.6"], "env": {}, "prefix": None}
    assert found == {"id": "numpy:NumpyVectorStorage:/usr/bin/python3.6", "runtime": runtime}


def test_where_faiss_passed_its_own_numpy_is_what_it_is_compared_with() -> None:
    winner = {"kind": "python", "argv": ["/opt/p/bin/python"], "env": {"PYTHONPATH": "/opt/p"}, "prefix": "/opt/p"}
    failed = {"candidate": "a", "ok": False, "runtime": {**winner, "argv": ["/a"]}, "python_version": "3.13.0"}
    passed = {"candidate": "b", "ok": True, "runtime": winner, "python_version": "3.13.0"}
    (found,) = to_measure({"nodes": [], **PYTHONS}, Options(), [failed, passed])
    assert found["runtime"] == {**winner, "kind": "numpy"}
    old = {**passed, "python_version": "2.7.18"}
    (found,) = to_measure({"nodes": [], **PYTHONS}, Options(), [old])
    assert found["runtime"]["argv"] == ["/usr/bin/python3.6"]
    node = {"candidate": "c", "ok": True, "runtime": {**winner, "kind": "node"}, "python_version": None}
    assert to_measure({"nodes": [], "pythons": []}, Options(), [node, failed]) == []


KEPT = {
    "candidate": ID,
    "backend": "js",
    "runtime": {"kind": "js", "argv": ["/usr/bin/node"], "env": {}, "prefix": None},
    "node_version": "16.20.2",
    "kernel": "wasm-simd",
    "workload": dict(search_test.WORKLOAD),
    "index": "flat",
    "recall_at_k": 1.0,
    "qps": 300.0,
    "p50_ms": 3.0,
    "p95_ms": 4.0,
    "at": "2026-11-20T00:00:00Z",
    "run": "earlier",
}
BRIEF = {"candidate": "wheel:a", "ok": True, "figures": False}


def configured(*kept: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**FACTS, "setting": {"backend": "faiss", "verified": {"at": "x", "fallbacks": list(kept)}}, **more}


def test_figures_that_the_configuration_keeps_are_taken_over_with_their_date() -> None:
    found = fallback.of_host(configured(KEPT), Options(), [BRIEF])
    (test,) = found.earlier
    assert (test["candidate"], test["measured_at"], test["backend"], test["ok"]) == (ID, KEPT["at"], "js", True)
    assert test["indexes"][0]["p95_ms"] == 4.0 and test["kernel"] == "wasm-simd" and found.to_measure == []
    # And on every later run: what is kept again is what was kept.
    assert measured.kept_fallbacks([BRIEF, test], "earlier", "2026-11-28T00:00:00Z") == [KEPT]


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({**KEPT, "workload": {**search_test.WORKLOAD, "n": 5}}, id="another workload"),
        pytest.param({**KEPT, "runtime": {**KEPT["runtime"], "argv": ["/opt/node"]}}, id="another Node"),
        pytest.param({**KEPT, "p95_ms": None}, id="a figure is missing"),
        pytest.param({**KEPT, "at": None}, id="its date is missing"),
        pytest.param("nonsense", id="not even an entry"),
    ],
)
def test_figures_that_do_not_hold_are_measured_where_something_is_measured(kept: Any) -> None:
    assert [one["id"] for one in to_measure(configured(kept), Options(), [])] == [ID]
    assert fallback.of_host(configured(kept), Options(), [BRIEF]).earlier == []


@pytest.mark.parametrize(
    ("facts", "options", "tests", "reason"),
    [
        pytest.param({"nodes": []}, {}, [], "runs on Node 16", id="no Node"),
        pytest.param(FACTS, {fallback.OPTION: False}, [], "measure_fallback is false", id="not asked for"),
        pytest.param(configured(), {}, [BRIEF], "keeps no figures", id="nothing was measured"),
    ],
)
def test_a_fallback_without_figures_has_its_own_reason(facts: Any, options: Any, tests: Any, reason: str) -> None:
    found = fallback.of_host(facts, Options(extra=options), tests)
    says = {one["what"]: one["reason"] for one in found.unmeasured}
    assert reason in says["JSVectorStorage"] and found.to_measure == []
    assert "no Python 3.6" in says["numpy"]


def test_what_was_to_be_measured_and_was_not_has_its_reason() -> None:
    wanted = to_measure(FACTS, Options())
    assert fallback.not_measured(wanted, [{"candidate": ID}], False) == []
    assert "check mode" in fallback.not_measured(wanted, [], True)[0]["reason"]
    assert "no Python" in fallback.not_measured(wanted, [], False)[0]["reason"]

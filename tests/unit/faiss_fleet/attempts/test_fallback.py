# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

from faiss_fleet.attempts import fallback
from faiss_fleet.strategies.base import Options

FACTS: dict[str, Any] = {"nodes": [{"path": "/usr/bin/node", "version": "16.20.2", "napi": 8, "error": None}]}
ID = "js:JSVectorStorage:/usr/bin/node"


def test_a_host_with_a_node_measures_it() -> None:
    runtime = {"kind": "js", "argv": ["/usr/bin/node"], "env": {}, "prefix": None}
    assert fallback.to_measure(FACTS, Options()) == [{"id": ID, "runtime": runtime}]


def test_it_is_not_measured_twice_nor_without_a_node_nor_against_the_option() -> None:
    assert fallback.to_measure(FACTS, Options(), [{"candidate": ID}]) == []
    assert fallback.to_measure({"nodes": []}, Options()) == []
    assert fallback.to_measure({**FACTS, **PYTHONS}, Options(extra={fallback.OPTION: False})) == []


PYTHONS: dict[str, Any] = {
    "pythons": [
        {"path": "/usr/bin/python2.7", "version": "2.7.18", "numpy": "1.16.6", "error": None},
        {"path": "/usr/bin/python3.8", "version": "3.8.20", "numpy": None, "error": None},
        {"path": "/broken", "version": None, "numpy": "1.19.5", "error": "it does not start"},
        {"path": "/usr/bin/python3.6", "version": "3.6.8", "numpy": "1.19.5", "error": None},
    ]
}


def test_numpy_is_measured_in_a_python_of_the_host_that_the_loader_runs_on() -> None:
    (found,) = fallback.to_measure({"nodes": [], **PYTHONS}, Options())
    runtime = {"kind": "numpy", "argv": ["/usr/bin/python3.6"], "env": {}, "prefix": None}
    assert found == {"id": "numpy:NumpyVectorStorage:/usr/bin/python3.6", "runtime": runtime}


def test_where_faiss_passed_its_own_numpy_is_what_it_is_compared_with() -> None:
    winner = {"kind": "python", "argv": ["/opt/p/bin/python"], "env": {"PYTHONPATH": "/opt/p"}, "prefix": "/opt/p"}
    failed = {"candidate": "a", "ok": False, "runtime": {**winner, "argv": ["/a"]}, "python_version": "3.13.0"}
    passed = {"candidate": "b", "ok": True, "runtime": winner, "python_version": "3.13.0"}
    (found,) = fallback.to_measure({"nodes": [], **PYTHONS}, Options(), [failed, passed])
    assert found["runtime"] == {**winner, "kind": "numpy"}
    old = {**passed, "python_version": "2.7.18"}
    (found,) = fallback.to_measure({"nodes": [], **PYTHONS}, Options(), [old])
    assert found["runtime"]["argv"] == ["/usr/bin/python3.6"]
    node = {"candidate": "c", "ok": True, "runtime": {**winner, "kind": "node"}, "python_version": None}
    assert fallback.to_measure({"nodes": [], "pythons": []}, Options(), [node, failed]) == []

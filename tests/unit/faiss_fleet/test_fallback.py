# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

from faiss_fleet import fallback
from faiss_fleet.strategies.base import Options

FACTS: dict[str, Any] = {"nodes": [{"path": "/usr/bin/node", "version": "16.20.2", "napi": 8, "error": None}]}
ID = "js:JSVectorStorage:/usr/bin/node"


def test_a_host_with_a_node_measures_it() -> None:
    runtime = {"kind": "js", "argv": ["/usr/bin/node"], "env": {}, "prefix": None}
    assert fallback.to_measure(FACTS, Options()) == [{"id": ID, "runtime": runtime}]


def test_it_is_not_measured_twice_nor_without_a_node_nor_against_the_option() -> None:
    assert fallback.to_measure(FACTS, Options(), [ID]) == []
    assert fallback.to_measure({"nodes": []}, Options()) == []
    assert fallback.to_measure(FACTS, Options(extra={fallback.OPTION: False})) == []

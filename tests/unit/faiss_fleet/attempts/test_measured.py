# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.attempts import measured
from faiss_fleet.strategies.base import Options, Runtime

RUNTIME = Runtime(kind="python", argv=["/usr/bin/python3"], env={}, prefix="/opt/ff/wheel/abc")
WORKLOAD = {"n": 10000, "d": 384, "k": 10, "queries": 100, "threads": 1, "seed": 1}
VERIFIED = {
    "at": "2026-11-01T00:00:00Z",
    "index": "flat",
    "workload": WORKLOAD,
    "recall_at_k": 1.0,
    "qps": 1700.0,
    "p50_ms": 0.5,
    "p95_ms": 0.6,
}


def facts(**changes: Any) -> dict[str, Any]:
    return {"setting": {"candidate": "wheel:1", "runtime": dict(RUNTIME), "verified": VERIFIED, **changes}}


def test_what_is_set_and_was_measured_is_not_measured_again() -> None:
    found = measured.earlier("wheel:1", RUNTIME, facts(), Options())
    assert found == VERIFIED
    filled = measured.as_verification(found)
    assert filled["measured_at"] == "2026-11-01T00:00:00Z"
    assert filled["indexes"] == [{"index": "flat", "recall_at_k": 1.0, "qps": 1700.0, "p50_ms": 0.5, "p95_ms": 0.6}]


@pytest.mark.parametrize(
    ("given", "extra"),
    [
        pytest.param({"setting": None}, {}, id="nothing is set"),
        pytest.param({}, {}, id="facts of a shell probe"),
        pytest.param(facts(candidate="wheel:2"), {}, id="another candidate"),
        pytest.param(facts(runtime={**RUNTIME, "prefix": "/opt/ff/wheel/def"}), {}, id="another prefix"),
        pytest.param(facts(verified=None), {}, id="never measured"),
        pytest.param(facts(verified={**VERIFIED, "p95_ms": None}), {}, id="half measured"),
        pytest.param(facts(), {"faiss_install__workload": {"n": 50000}}, id="another workload"),
        pytest.param(facts(verified={**VERIFIED, "workload": {**WORKLOAD, "n": 5}}), {}, id="back to the default"),
        pytest.param(facts(), {"faiss_install__measure": "always"}, id="asked for"),
        pytest.param(facts(), {"faiss_install__workload": {"soak": 1000}}, id="a soak"),
    ],
)
def test_everything_else_is_measured_now(given: dict[str, Any], extra: dict[str, Any]) -> None:
    assert measured.earlier("wheel:1", RUNTIME, given, Options(extra=extra)) is None

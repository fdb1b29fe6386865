# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host without a usable Python: nothing is possible there that brings none of its own."""

from __future__ import annotations

from faiss_fleet.plan import planner
from faiss_fleet.strategies import names
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.host_python import python_on_host
from tests.unit.faiss_fleet.strategies.wheel.hosts import CENTOS7, facts

NODE = {"path": "/usr/bin/node", "realpath": "/usr/bin/node", "version": "16.20.2", "napi": 8, "error": None}
TOOLS = {
    "gcc": {"path": "/usr/bin/gcc", "version": "9.3.1", "error": None},
    "cmake": {"path": "/usr/bin/cmake3", "version": "3.17.5", "error": None},
    "devtoolsets": [],
    "blas": "/usr/lib64/libopenblas.so",
}
ENGINE = {"name": "podman", "path": "/usr/bin/podman", "version": "4.3.1", "answers": True, "error": None}


def test_what_the_facts_rule_out_is_blocked_in_the_plan() -> None:
    host = {**facts(CENTOS7), "method": "raw", "nodes": [NODE], "toolchains": TOOLS, "engines": [ENGINE], "condas": []}
    host.update(faiss=[], kernel="3.10.0-1160.el7.x86_64")
    plan = planner.plan(host, Options(offline=True), names())
    assert {"node", "js", "container", "conda"} <= {candidate["strategy"] for candidate in plan}
    for candidate in plan:
        if candidate["verdict"] == "possible":
            runtime = candidate.get("runtime")
            assert runtime and runtime["argv"][0].startswith("{prefix}/"), candidate["id"]
        elif candidate["strategy"] in ("node", "js"):
            assert "python_missing" in {reason["cause"] for reason in candidate["reasons"]}


def test_a_host_that_runs_modules_has_one() -> None:
    assert python_on_host({"method": "module", "pythons": []}) == []
    (reason,) = python_on_host({"method": "raw", "pythons": [{"path": "/usr/bin/python", "version": "2.6.6"}]})
    assert reason["have"] == "2.6.6 (/usr/bin/python)"

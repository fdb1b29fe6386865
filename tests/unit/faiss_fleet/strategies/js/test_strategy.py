# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet import options, strategies
from faiss_fleet.plan import decide
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.js.strategy import STRATEGY
from tests import needs, search_verdict

WORKLOAD = {"n": 400, "d": 10, "k": 3, "queries": 5, "threads": 1, "seed": 1, "indexes": ["flat", "ivf", "hnsw"]}


def node(version: str | None, path: str = "/usr/bin/node", error: str | None = None) -> dict[str, Any]:
    return {"path": path, "version": version, "napi": None, "modules": None, "npm": None, "error": error}


def test_it_is_possible_wherever_a_node_runs() -> None:
    facts = {"nodes": [node("14.1.0", "/old"), node("16.20.2"), node("20.1.0", "/new")]}
    (found,) = STRATEGY.plan(facts, Options())
    assert (found["verdict"], found["reasons"]) == ("possible", [])
    assert found["runtime"] == {"kind": "js", "argv": ["/new"], "env": {}, "prefix": None}
    assert STRATEGY.resolve(found, facts, Options()) is None


@pytest.mark.parametrize(
    "nodes, cause, text",
    [
        pytest.param([], "command_missing", "the host has none", id="no Node"),
        pytest.param([node("14.1.0")], "node_too_old", "the host has 14.1.0 (/usr/bin/node)", id="old Node"),
    ],
)
def test_without_one_it_is_blocked_with_the_reason(nodes: list[Any], cause: str, text: str) -> None:
    (found,) = STRATEGY.plan({"nodes": nodes}, Options())
    assert found["verdict"] == "blocked" and found["runtime"] is None and found["remedy"]
    assert found["reasons"][0]["cause"] == cause and text in found["reasons"][0]["text"]


def test_it_is_the_last_strategy() -> None:
    assert strategies.names()[-1] == "js"
    assert options.check_strategies(["existing", "js"]) == ["existing", "js"]


def test_when_it_wins_the_setting_has_no_runtime() -> None:
    plan = STRATEGY.plan({"nodes": [node("16.20.2")]}, Options())
    tests = [{"candidate": plan[0]["id"], "ok": True, "runtime": plan[0]["runtime"], "indexes": []}]
    decision = decide.decide(plan, [], tests, "first")
    setting = decide.setting_for(decision, [], tests)
    assert (setting["backend"], setting["provider"], setting["runtime"]) == ("js", "js", None)


@pytest.mark.parametrize(("forbidden", "kernel"), [("", "wasm-simd"), ("js", "js")])
def test_the_search_test_measures_it_and_says_by_which_kernel(forbidden: str, kernel: str) -> None:
    argv, env = [needs.command("node", "Install Node 16 or newer.")], {"FAISS_FLEET_KERNEL": forbidden}
    runtime = {"kind": "js", "argv": argv, "env": env, "prefix": None}
    result = search_verdict.run("js", runtime, WORKLOAD, 60, 512)
    assert result["ok"], result
    assert (result["backend"], result["faiss_version"], result["stage"]) == ("js", None, "done")
    assert result["kernel"] == kernel
    (flat,) = result["indexes"]
    assert (flat["index"], flat["recall_at_k"], flat["save_load"]) == ("flat", 1.0, True)
    assert 0 < flat["p50_ms"] <= flat["p95_ms"]


def test_a_node_that_is_not_there_is_a_result() -> None:
    runtime = {"kind": "js", "argv": ["/nowhere/node"], "env": {}, "prefix": None}
    result = search_verdict.run("js", runtime, WORKLOAD, 60, 512)
    assert (result["ok"], result["cause"]) == (False, "command_missing")

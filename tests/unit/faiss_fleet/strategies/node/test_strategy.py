# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet import strategies
from faiss_fleet.strategies.node import inputs
from faiss_fleet.strategies.node.strategy import STRATEGY
from tests.unit.faiss_fleet.strategies.node.hosts import NODE16, causes, facts, planned

NODE18_BROKEN = {
    "path": "/opt/node18/bin/node",
    "version": None,
    "napi": None,
    "error": "It ended with 1 and said: /opt/node18/bin/node: /lib64/libm.so.6: version `GLIBC_2.27' not found "
    "(required by /opt/node18/bin/node)",
}


def test_it_is_registered() -> None:
    assert STRATEGY in strategies.all_strategies()


def test_centos7_with_node_16_gets_both_builds_the_faster_first() -> None:
    found = planned(facts(NODE16))
    assert list(found) == ["x86-64-v3", "x86-64-v2", "prebuilt", "host-build"]
    assert [candidate["verdict"] for candidate in found.values()] == ["possible", "possible", "blocked", "blocked"]
    best = found["x86-64-v3"]
    assert best["id"] == "node:faiss-node-0.5.1:x86-64-v3:/usr/local/bin/node"
    assert best["runtime"] == {
        "kind": "node",
        "argv": ["/usr/local/bin/node"],
        "env": {"NODE_PATH": "{prefix}/node_modules"},
        "prefix": None,
    }


@pytest.mark.parametrize(
    "changes, kind, cause, words",
    [
        pytest.param({"cpu": {"isa_level": "x86-64-v2"}}, "x86-64-v3", "cpu_isa", "x86-64-v3", id="CPU without AVX2"),
        pytest.param({"cpu": {"isa_level": "x86-64-v1"}}, "x86-64-v2", "cpu_isa", "x86-64-v2", id="very old CPU"),
        pytest.param(
            {"libc": {"family": "glibc", "version": "2.12"}}, "x86-64-v2", "glibc_too_old", "2.12", id="glibc 2.12"
        ),
        pytest.param({"libc": {"family": "musl", "version": "1.2"}}, "x86-64-v2", "musl", "musl", id="musl"),
        pytest.param({"arch": "aarch64"}, "x86-64-v2", "arch_mismatch", "aarch64", id="another processor"),
        pytest.param({"nodes": []}, "x86-64-v2", "command_missing", "no Node", id="no Node"),
        pytest.param(
            {"nodes": [{**NODE16, "version": "14.21.3"}]}, "x86-64-v2", "node_too_old", "14.21.3", id="Node 14"
        ),
        pytest.param(
            {"nodes": [NODE18_BROKEN]}, "x86-64-v2", "glibc_too_old", "GLIBC_2.27' not found", id="Node 18 on CentOS"
        ),
        pytest.param(
            {"filesystems": [{"purpose": "prefix", "path": "/opt", "noexec": True, "read_only": False}]},
            "x86-64-v2",
            "noexec_mount",
            "noexec",
            id="noexec",
        ),
    ],
)
def test_what_stands_in_the_way_is_named(changes: dict[str, Any], kind: str, cause: str, words: str) -> None:
    candidate = planned(facts(NODE16, **changes) if "nodes" not in changes else facts(**{**changes}))[kind]
    assert candidate["verdict"] == "blocked"
    assert causes(candidate)[0] == cause
    assert words in candidate["reasons"][0]["text"]
    assert candidate["remedy"]


def test_a_host_without_a_usable_node_is_told_which_one_to_install() -> None:
    for nodes in ([], [NODE18_BROKEN]):
        candidates = list(planned(facts(*nodes)).values())
        assert ":x86-64-v2:" in candidates[0]["id"] and "Node 16" in candidates[0]["remedy"]


def test_a_cpu_that_could_not_be_read_is_not_guessed() -> None:
    found = planned(facts(NODE16, cpu={"isa_level": None}))
    assert found["x86-64-v2"]["verdict"] == "possible"
    assert "not known" in found["x86-64-v2"]["note"]


def test_the_newest_node_that_works_is_taken_and_the_inventory_may_name_another() -> None:
    nodes = [NODE16, {**NODE16, "path": "/opt/node20/bin/node", "version": "20.11.0"}, NODE18_BROKEN]
    given = facts(*nodes)
    assert planned(given)["x86-64-v3"]["artefact"]["node"] == "20.11.0"
    assert planned(given, node="/usr/local/bin/node")["x86-64-v3"]["artefact"]["node"] == "16.20.2"
    missing = planned(given, node="/nowhere/node")["x86-64-v2"]
    assert causes(missing) == ["command_missing"] and "/nowhere/node" in missing["reasons"][0]["text"]


def test_another_faiss_of_the_inventory_is_named_in_the_plan() -> None:
    source = {"git": "https://git.example/faiss.git", "commit": "a" * 40, "version": "1.7.4"}
    found = planned(facts(NODE16), faiss_source=source)
    assert "FAISS 1.7.4" in found["x86-64-v3"]["note"]
    assert inputs.source_of(source).sha256 == "a" * 40

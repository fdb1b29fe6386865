# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which hosts can build the addon themselves, and what they lack."""

from __future__ import annotations

from tests.unit.faiss_fleet.strategies.node.hosts import DEVTOOLSET, NODE16, causes, facts, planned


def test_a_build_on_the_host_shows_what_it_needs_beside_what_there_is() -> None:
    candidate = planned(facts(NODE16))["host-build"]
    needed = {reason["need"]: (reason["check"], reason["have"], reason["cause"]) for reason in candidate["reasons"]}
    assert needed["CMake 3.17"] == ("build_tools", "2.8.12.2 (/usr/bin/cmake)", "cmake_too_old")
    assert needed["a C++17 compiler gcc 7"] == ("build_tools", "4.8.5 (/usr/bin/gcc)", "compiler_too_old")
    assert "BLAS: need OpenBLAS or another, have unknown (not looked for)" in candidate["note"]
    assert "OpenMP: need libgomp, have /lib64/libgomp.so.1 (met)" in candidate["note"]


def test_a_devtoolset_is_a_compiler_for_the_host_build() -> None:
    tools = {
        "gcc": {"path": "/usr/bin/gcc", "version": "4.8.5", "error": None},
        "cmake": {"path": "/usr/bin/cmake3", "version": "3.17.5", "error": None},
        "devtoolsets": [DEVTOOLSET],
        "blas": "/usr/lib64/libopenblas.so",
    }
    given = facts(NODE16, toolchains=tools)
    found = planned(given)
    assert "have 9.3.1 (/opt/rh/devtoolset-9/root/usr/bin/gcc, devtoolset-9) (met)" in found["host-build"]["note"]
    assert causes(found["host-build"]) == []
    # The controller's come first: they cost the host nothing.
    assert list(found) == ["x86-64-v3", "x86-64-v2", "host-build", "prebuilt"]
    assert next(iter(planned(given, node_build="host"))) == "host-build"
    assert "x86-64-v3" not in planned(given, node_build="host")
    refused = planned(given, node_build="controller")["host-build"]
    assert (refused["verdict"], causes(refused)) == ("blocked", ["prediction"])


def test_a_compiler_without_cxx_or_a_host_without_a_blas_does_not_build() -> None:
    tools = {
        "gcc": {"path": "/usr/bin/gcc", "version": "12.2.0", "cxx": None},
        "cmake": {"path": "/usr/bin/cmake", "version": "3.25.1"},
        "devtoolsets": [],
        "blas": None,
    }
    candidate = planned(facts(NODE16, toolchains=tools))["host-build"]
    assert causes(candidate) == ["build_tool_missing", "blas_missing"]
    assert candidate["reasons"][0]["have"] == "12.2.0 (/usr/bin/gcc) without g++"
    # A devtoolset that has it is taken, older or not.
    candidate = planned(facts(NODE16, toolchains={**tools, "devtoolsets": [DEVTOOLSET]}))["host-build"]
    assert causes(candidate) == ["blas_missing"]

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import strategies
from faiss_fleet.artefacts import cache
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import host_source, inputs, prebuilt
from faiss_fleet.strategies.node.strategy import STRATEGY

NODE16 = {"path": "/usr/local/bin/node", "version": "16.20.2", "napi": 8, "npm": "8.19.4"}
NODE18_BROKEN = {
    "path": "/opt/node18/bin/node",
    "version": None,
    "napi": None,
    "error": "It ended with 1 and said: /opt/node18/bin/node: /lib64/libm.so.6: version `GLIBC_2.27' not found "
    "(required by /opt/node18/bin/node)",
}

DEVTOOLSET = {
    "name": "devtoolset-9",
    "path": "/opt/rh/devtoolset-9/root/usr/bin/gcc",
    "cxx": "/opt/rh/devtoolset-9/root/usr/bin/g++",
    "version": "9.3.1",
}


def facts(*nodes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A CentOS 7 host with AVX2."""
    return {
        "arch": "x86_64",
        "libc": {"family": "glibc", "version": "2.17"},
        "libstdcxx": {"path": "/lib64/libstdc++.so.6", "versions": {"GLIBCXX": "3.4.19"}, "error": None},
        "libgomp": {"path": "/lib64/libgomp.so.1", "versions": {"GOMP": "4.0"}, "error": None},
        "libgcc": {"path": "/lib64/libgcc_s.so.1", "versions": {"GCC": "4.8.0"}, "error": None},
        "cpu": {"isa_level": "x86-64-v3", "flags": []},
        "nodes": list(nodes),
        "toolchains": {
            "gcc": {"path": "/usr/bin/gcc", "version": "4.8.5", "error": None},
            "cmake": {"path": "/usr/bin/cmake", "version": "2.8.12.2", "error": None},
            "devtoolsets": [],
        },
        "filesystems": [
            {"purpose": "prefix", "path": "/opt", "free_bytes": 10**9, "noexec": False, "read_only": False}
        ],
        "prefixes": [],
        **changes,
    }


def planned(given: dict[str, Any], **extra: Any) -> dict[str, Any]:
    """Candidates by their kind, in the plan's order."""
    found = STRATEGY.plan(given, Options(extra={f"faiss_install__{name}": value for name, value in extra.items()}))
    return {candidate["id"].split(":")[2]: candidate for candidate in found}


def causes(candidate: Any) -> list[str]:
    return [reason["cause"] for reason in candidate["reasons"]]


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


def test_a_prebuilt_that_nobody_read_is_not_trusted() -> None:
    reason = planned(facts(NODE16))["prebuilt"]["reasons"][0]
    assert reason["cause"] == "prebuild_missing"
    assert "not known" in reason["text"]


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
    with pytest.raises(FleetError, match="faiss_install__node_build is 'somewhere'"):
        planned(given, node_build="somewhere")


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


def sources(tmp_path: Path, monkeypatch: Any, given: dict[str, Any], **extra: Any) -> Any:
    """The archive for a build on a host, made of inputs that hold one line each."""

    def unpacked(archive: Path, folder: Path, name: str) -> Path:
        for path in ("package.json", "LICENSE", "README.md", "lib/index.js", "CMakeLists.txt"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(name)
        return folder

    monkeypatch.setattr(inputs, "fetch_all", lambda items, *_: {key: Path(item.file) for key, item in items.items()})
    monkeypatch.setattr(host_source.unpacking, "tar", unpacked)
    monkeypatch.setattr(host_source.build, "patch", lambda package: None)
    values = {f"faiss_install__{name}": value for name, value in extra.items()}
    options = Options(cache=tmp_path / "cache", extra={"faiss_install__node_build": "host", **values})
    (candidate,) = (one for one in STRATEGY.plan(given, options) if ":host-build:" in one["id"])
    return STRATEGY.resolve(candidate, given, options)


def test_the_archive_for_a_host_holds_sources_and_all_of_the_prefix_but_the_addon(
    tmp_path: Path, monkeypatch: Any
) -> None:
    tools = {**facts()["toolchains"], "devtoolsets": [DEVTOOLSET], "blas": "/usr/lib64/libopenblas.so"}
    found = sources(tmp_path, monkeypatch, facts(NODE16, toolchains=tools), addon_timeout=900)
    with tarfile.open(found.archive) as tar:
        names = tar.getnames()
    assert {"source/CMakeLists.txt", "source/compat.h", "source/faiss/CMakeLists.txt"} <= set(names)
    assert "prefix/node_modules/faiss-node/faiss-fleet.json" in names
    assert not [name for name in names if name.endswith(".node")]
    assert found.build.module == "faiss_node_build"
    assert found.build.arguments["compiler"] == "/opt/rh/devtoolset-9/root/usr/bin/g++"
    assert "-mavx2" in found.build.arguments["flags"] and found.build.arguments["timeout"] == 900


def test_another_compiler_or_cpu_makes_another_prefix(tmp_path: Path, monkeypatch: Any) -> None:
    one = sources(tmp_path, monkeypatch, facts(NODE16))
    tools = {**facts()["toolchains"], "devtoolsets": [DEVTOOLSET]}
    others = [
        sources(tmp_path, monkeypatch, facts(NODE16)),
        sources(tmp_path, monkeypatch, facts(NODE16, toolchains=tools)),
        sources(tmp_path, monkeypatch, facts(NODE16, cpu={"isa_level": "x86-64-v2"})),
        sources(tmp_path, monkeypatch, facts(NODE16, cpu={"isa_level": None})),
    ]
    assert one.digest == others[0].digest
    assert len({one.digest, *(other.digest for other in others)}) == 4


def archive_of(tmp_path: Path, *files: tuple[str, bytes]) -> dict[str, str]:
    tree = tmp_path / "prebuilt"
    for name, data in files:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    path = tmp_path / "faiss-node-v0.5.1-napi-v6-linux-x64.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, ".")
    return {"file": str(path), "sha256": cache.sha256(path)}


def test_a_prebuilt_of_the_inventory_is_read_before_it_is_trusted(tmp_path: Path, monkeypatch: Any) -> None:
    wanted = {"file": "faiss-node.node", "library": "libm.so.6", "symbol_version": "GLIBC_2.27", "symbols": ["powf"]}
    given = prebuilt.Prebuilt(tmp_path / "x.tar.gz", "0" * 64, (wanted,), (), 10)
    monkeypatch.setattr(prebuilt, "from_options", lambda options: given)
    refused = planned(facts(NODE16))["prebuilt"]
    assert causes(refused) == ["glibc_too_old"] and refused["reasons"][0]["symbols"] == ["powf"]
    newer = planned(facts(NODE16, libc={"family": "glibc", "version": "2.36"}))
    assert next(iter(newer)) == "prebuilt" and newer["prebuilt"]["verdict"] == "possible"


def test_a_prebuilt_without_the_addon_or_with_another_sum_is_refused(tmp_path: Path) -> None:
    named = archive_of(tmp_path, ("build/Release/other.txt", b"no"))
    options = Options(cache=tmp_path / "cache", extra={"faiss_install__faiss_node_prebuilt": named})
    with pytest.raises(FleetError, match=r"holds no build/Release/faiss-node\.node") as absent:
        STRATEGY.plan(facts(NODE16), options)
    assert absent.value.cause == "corrupt_artefact"
    options.extra["faiss_install__faiss_node_prebuilt"] = {**named, "sha256": "0" * 64}
    with pytest.raises(FleetError, match="has sha256") as other:
        STRATEGY.plan(facts(NODE16), options)
    assert other.value.cause == "hash_mismatch"


def test_another_faiss_of_the_inventory_is_named_in_the_plan() -> None:
    source = {"git": "https://git.example/faiss.git", "commit": "a" * 40, "version": "1.7.4"}
    found = planned(facts(NODE16), faiss_source=source)
    assert "FAISS 1.7.4" in found["x86-64-v3"]["note"]
    assert inputs.source_of(source).sha256 == "a" * 40

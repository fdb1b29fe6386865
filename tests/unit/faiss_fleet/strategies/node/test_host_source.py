# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The archive from which a host builds the addon."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import host_source, inputs
from faiss_fleet.strategies.node.strategy import STRATEGY
from tests.unit.faiss_fleet.strategies.node.hosts import DEVTOOLSET, NODE16, facts


def sources(tmp_path: Path, monkeypatch: Any, given: dict[str, Any], **extra: Any) -> Any:
    """The archive for a build on a host, made of inputs that hold one line each."""

    def unpacked(archive: Path, directory: Path, name: str) -> Path:
        for path in ("package.json", "LICENSE", "README.md", "lib/index.js", "CMakeLists.txt"):
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(name)
        return directory

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

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The build of faiss-node without a compiler: inputs, patches, unpacking, the runner, and what is kept between runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.artefacts import packing
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import build, inputs
from tests.prefix_archives import manifest_of
from tests.unit.faiss_fleet.strategies.node.builds import V2, V3, options


def test_a_controller_without_the_compiler_is_told_so() -> None:
    with pytest.raises(FleetError, match="aarch64") as found:
        build.check_controller("aarch64")
    assert found.value.cause == "arch_mismatch"


def test_a_build_that_was_made_is_not_made_again(tmp_path: Path, monkeypatch: Any) -> None:
    given, made = options(tmp_path), []

    def built(variant: Any, found: Any, files: Any, lock: Any, chosen: Options, *_: Any) -> Any:
        tree = tmp_path / "tree"
        tree.mkdir(exist_ok=True)
        (tree / "file").write_text(variant.level)
        made.append(variant.level)
        return packing.pack(tree, lock, build.STRATEGY, chosen.cache / "archives")

    monkeypatch.setattr(build, "_built", built)
    monkeypatch.setattr(inputs, "fetch_all", lambda *_: {})
    said: list[str] = []
    one, lock = build.artefact(V3, given, said.append)
    again, _ = build.artefact(V3, given, said.append)
    build.artefact(V2, given, said.append)
    assert one == again and made == ["x86-64-v3", "x86-64-v2"]
    assert manifest_of(one.archive)["lock"] == lock
    assert any("built in" in line for line in said)


def test_a_failed_build_keeps_its_log_and_no_archive(tmp_path: Path, monkeypatch: Any) -> None:
    given = options(tmp_path)

    def refuse(*_: Any) -> Any:
        raise FleetError("the compiler said no", cause="build_failed")

    monkeypatch.setattr(inputs, "fetch_all", refuse)
    with pytest.raises(FleetError, match="the compiler said no"):
        build.artefact(V3, given, lambda text: None)
    (log,) = (given.cache / "addon" / "logs").iterdir()
    assert "the compiler said no" in log.read_text()
    assert not list((given.cache / "archives").glob("*.tar.gz"))


def test_a_build_that_would_not_run_is_a_fault_of_the_controller() -> None:
    with pytest.raises(FleetError, match="It is not shipped") as found:
        build.check(Path(sys.executable).resolve())
    assert found.value.fault == "controller"

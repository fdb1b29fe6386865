# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An addon that the inventory names is read before it is trusted."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.artefacts import cache
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import prebuilt
from faiss_fleet.strategies.node.strategy import STRATEGY
from tests.unit.faiss_fleet.strategies.node.hosts import NODE16, causes, facts, planned


def test_a_prebuilt_that_nobody_read_is_not_trusted() -> None:
    reason = planned(facts(NODE16))["prebuilt"]["reasons"][0]
    assert reason["cause"] == "prebuild_missing"
    assert "not known" in reason["text"]


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


def test_a_prebuilt_with_a_broken_file_is_refused_in_words(tmp_path: Path) -> None:
    named = archive_of(tmp_path, ("build/Release/faiss-node.node", b"\x7fELF" + bytes(60)))
    options = Options(cache=tmp_path / "cache", extra={"faiss_install__faiss_node_prebuilt": named})
    with pytest.raises(FleetError, match="cannot be used as a prebuilt faiss-node") as found:
        STRATEGY.plan(facts(NODE16), options)
    assert (found.value.cause, found.value.fault) == ("corrupt_artefact", "controller")

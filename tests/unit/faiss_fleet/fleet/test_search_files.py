# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.fleet import search_files
from faiss_fleet.target.search import shipped


@pytest.mark.parametrize("kind", ["python", "container", "node", "js", "numpy"])
def test_each_kind_gets_its_programs_and_the_loader_as_they_are(kind: str) -> None:
    files = shipped.unpack(search_files.packed([{"kind": kind}], figures=True, loader=True))
    language = "node" if kind in ("node", "js") else "python"
    assert {name.split("/")[0] for name in files} == {"programs", language}
    place = "node/lib" if language == "node" else "python/faiss_fleet_loader"
    directory = search_files.LOADERS / place
    shown = [path for path in directory.iterdir() if path.is_file()]
    assert shown and all(files[f"{place}/{path.name}"] == path.read_bytes() for path in shown)


def test_a_new_file_of_a_loader_travels_without_being_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node" / "lib" / "kernel").mkdir(parents=True)
    (tmp_path / "node" / "index.js").write_text("")
    (tmp_path / "node" / "lib" / "kernel" / "exact.wasm").write_bytes(b"\0asm")
    monkeypatch.setattr(search_files, "LOADERS", tmp_path)
    search_files._loader.cache_clear()
    try:
        assert "node/lib/kernel/exact.wasm" in search_files.needed("js", figures=False, loader=False)
    finally:
        search_files._loader.cache_clear()


def test_the_same_files_are_the_same_bytes_and_a_brief_test_of_a_python_needs_none() -> None:
    once = search_files.packed([{"kind": "node"}], True, True)
    search_files._packed.cache_clear()
    assert search_files.packed([{"kind": "node"}], True, True) == once
    assert search_files.packed([{"kind": "python"}, {"kind": "container"}], False, True) is None
    assert not any("through" in name for name in search_files.needed("node", figures=False, loader=False))

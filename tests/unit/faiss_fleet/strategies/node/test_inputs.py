# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Every input of a build is pinned and checked, wherever it came from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.artefacts import cache
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import inputs, recipe, unpacking
from faiss_fleet.strategies.node.runner import Runner
from tests.unit.faiss_fleet.strategies.node.builds import options


def test_every_input_is_locked_and_none_names_a_host() -> None:
    for key, row in json.loads(inputs.TABLE.read_text(encoding="utf-8")).items():
        assert inputs.SHA256.match(row["sha256"]), key
        assert row["version"] and row["file"] and row["holds"]
        assert "://" not in str(row)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("https://x/faiss.tar.gz", id="not a table"),
        pytest.param({"version": "1.7.3"}, id="nothing named"),
        pytest.param({"file": "/a", "url": "https://b", "sha256": "0" * 64, "version": "1.7.3"}, id="two named"),
        pytest.param({"file": "/a", "version": "1.7.3"}, id="no sum"),
        pytest.param({"file": "/a", "sha256": "abc", "version": "1.7.3"}, id="short sum"),
        pytest.param({"file": "/a", "sha256": "0" * 64}, id="no version"),
        pytest.param({"git": "https://x", "commit": "v1.7.4", "version": "1.7.4"}, id="a tag"),
        pytest.param({"git": "--upload-pack=x", "commit": "a" * 40, "version": "1.7.4"}, id="an option"),
        pytest.param({"url": "file:///etc/passwd", "sha256": "0" * 64, "version": "1.7.4"}, id="no web address"),
    ],
)
def test_a_source_that_is_not_pinned_is_refused(source: Any) -> None:
    with pytest.raises(FleetError) as found:
        inputs.source_of(source)
    assert found.value.cause == "faiss_source_missing" and found.value.remedy


def mirror(tmp_path: Path, table: dict[str, inputs.Input]) -> tuple[Path, dict[str, inputs.Input]]:
    """A directory with a file for each input, and the table that locks those."""
    directory = tmp_path / "mirror"
    directory.mkdir()
    locked = {}
    for key, item in table.items():
        (directory / item.file).write_bytes(key.encode())
        locked[key] = replace(item, sha256=cache.sha256(directory / item.file))
    return directory, locked


def test_a_mirror_folder_is_all_that_is_asked(tmp_path: Path, runner: Runner) -> None:
    directory, locked = mirror(tmp_path, inputs.load(Options()))
    found = inputs.fetch_all(locked, options(tmp_path, addon_inputs=str(directory)), runner)
    assert {key: path.read_text() for key, path in found.items()} == {key: key for key in locked}
    assert not (tmp_path / "cache").exists()


def test_a_mirror_names_all_that_it_lacks_and_refuses_what_differs(tmp_path: Path, runner: Runner) -> None:
    directory, locked = mirror(tmp_path, inputs.load(Options()))
    given = options(tmp_path, addon_inputs=str(directory))
    (directory / locked["zig"].file).write_bytes(b"another")
    with pytest.raises(FleetError, match=r"ziglang 0\.17\.1 is locked as") as differs:
        inputs.fetch_all(locked, given, runner)
    assert differs.value.cause == "hash_mismatch"
    (directory / locked["zig"].file).unlink()
    (directory / locked["openblas"].file).unlink()
    with pytest.raises(FleetError, match="lacks 2 of 8 files") as absent:
        inputs.fetch_all(locked, given, runner)
    assert locked["zig"].sha256 in str(absent.value) and locked["openblas"].file in str(absent.value)


def test_offline_needs_the_cache(tmp_path: Path, runner: Runner) -> None:
    directory, locked = mirror(tmp_path, {"zig": inputs.load(Options())["zig"]})
    item, given = locked["zig"], replace(options(tmp_path), offline=True)
    with pytest.raises(FleetError, match="faiss_install__offline is set") as found:
        inputs.fetch_all(locked, given, runner)
    assert found.value.cause == "unreachable"
    kept = given.cache / "addon" / "inputs" / item.sha256[:16] / item.file
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes((directory / item.file).read_bytes())
    assert inputs.fetch_all(locked, given, runner) == {"zig": kept}


def test_what_a_client_brings_is_checked_before_it_is_kept(tmp_path: Path, runner: Runner, monkeypatch: Any) -> None:
    item = inputs.load(Options())["bindings"]
    monkeypatch.setattr(
        inputs.clients, "npm", lambda name, version, place, work, apt, run: (work / item.file).write_bytes(b"evil")
    )
    with pytest.raises(FleetError, match="is locked as") as found:
        inputs.fetch_all({"bindings": item}, options(tmp_path), runner)
    assert found.value.cause == "hash_mismatch"
    assert not list((tmp_path / "cache").rglob(item.file))


def test_a_git_source_is_the_commit_that_was_named(tmp_path: Path, runner: Runner) -> None:
    origin = tmp_path / "origin"
    (origin / "faiss").mkdir(parents=True)
    (origin / "faiss" / "CMakeLists.txt").write_text("set(FAISS_SRC\n  a.cpp\n)")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        runner.run(["git", *arguments], cwd=origin)
    commit = runner.run(["git", "rev-parse", "HEAD"], cwd=origin).strip()
    item = inputs.source_of({"git": f"file://{origin}", "commit": commit, "version": "1.7.3"})
    path = inputs.fetch_all({"faiss": item}, options(tmp_path), runner)["faiss"]
    tree = unpacking.tar(path, tmp_path / "tree", path.name)
    assert recipe.sources((tree / "faiss" / "CMakeLists.txt").read_text()) == ["a.cpp"]
    absent = inputs.source_of({"git": f"file://{origin}", "commit": "a" * 40, "version": "1.7.3"})
    with pytest.raises(FleetError, match="git ended with status"):
        inputs.fetch_all({"faiss": absent}, options(tmp_path), runner)

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Packages are checked wherever they came from, and what was built names no place of the controller."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.conda import host_class, options, prefix, solver
from tests.unit.faiss_fleet.strategies.conda.packages import facts

DATA = b"a package"


def package(directory: Path, name: str = "python", remote: bool = False, data: bytes = DATA) -> dict[str, Any]:
    """A locked package that lies in a channel's directory, or in one that is fetched from."""
    file = f"{name}-1-0.conda"
    (directory / "channel").mkdir(exist_ok=True)
    (directory / "channel" / file).write_bytes(data)
    url = f"https://h/ch/linux-64/{file}" if remote else f"file://{directory}/channel/{file}"
    sha256 = hashlib.sha256(DATA).hexdigest()
    return {"name": name, "version": "1", "file": file, "url": url, "sha256": sha256}


@pytest.fixture
def fetched(tmp_path: Path) -> Any:
    """A function that fetches packages into a cache of the test."""
    wanted = options.from_variables({options.CHANNELS: ["https://me:pw@h/ch"]})
    numbers = iter(range(9))

    def fetch(*packages: dict[str, Any], offline: bool = False) -> list[Path]:
        place = tmp_path / f"place{next(numbers)}"
        place.mkdir()
        return prefix.fetch(packages, wanted, Options(cache=tmp_path / "cache", offline=offline), place)

    return fetch


def answering(monkeypatch: pytest.MonkeyPatch, **answer: Any) -> list[dict[str, Any]]:
    """What the solver's process is asked, which answers that and writes what it is to fetch."""
    asked: list[dict[str, Any]] = []

    def call(operation: str, **arguments: Any) -> dict[str, Any]:
        asked.append({"operation": operation, **arguments})
        for file in arguments.get("files") or []:
            if isinstance(file, dict):
                Path(file["path"]).write_bytes(DATA)
        return {"ok": True, **answer}

    monkeypatch.setattr(solver, "call", call)
    return asked


def test_a_package_is_copied_once_and_kept(tmp_path: Path, fetched: Any) -> None:
    (first,) = fetched(package(tmp_path))
    assert first.read_bytes() == DATA
    assert fetched({**package(tmp_path), "url": "file:///gone/python-1-0.conda"}) == [first]


def test_a_damaged_package_of_the_cache_is_fetched_again(tmp_path: Path, fetched: Any) -> None:
    (kept,) = fetched(package(tmp_path))
    kept.write_bytes(b"damaged")
    assert fetched(package(tmp_path)) == [kept] and kept.read_bytes() == DATA


def test_a_package_that_is_not_the_one_that_was_locked_is_not_kept(tmp_path: Path, fetched: Any) -> None:
    with pytest.raises(FleetError, match="the lock has") as failure:
        fetched(package(tmp_path, data=b"another"))
    assert failure.value.cause == "hash_mismatch" and failure.value.remedy
    assert not list((tmp_path / "cache").rglob("*.conda"))


def test_a_package_that_is_gone_from_its_channel_is_named(tmp_path: Path, fetched: Any) -> None:
    with pytest.raises(FleetError, match=r"/gone/x\.conda cannot be read"):
        fetched({**package(tmp_path), "url": "file:///gone/x.conda"})


def test_a_remote_package_is_fetched_with_the_secret_of_its_channel(
    tmp_path: Path, fetched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch)
    (path,) = fetched(package(tmp_path, remote=True))
    assert path.read_bytes() == DATA
    assert asked[0]["files"][0]["url"] == "https://me:pw@h/ch/linux-64/python-1-0.conda"


def test_offline_fetches_nothing(tmp_path: Path, fetched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch)
    with pytest.raises(FleetError, match="faiss_install__offline is set") as failure:
        fetched(package(tmp_path, remote=True), offline=True)
    assert failure.value.cause == "unreachable" and asked == []


def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: dict[str, str]) -> Any:
    found = package(tmp_path)
    lock = {"layout": 1, "platform": "linux-64", "prefix": "/opt/ff", "packages": [found]}

    def call(_operation: str, **arguments: Any) -> dict[str, Any]:
        meta = Path(arguments["target"]) / prefix.META
        meta.mkdir(parents=True)
        record = {"fn": found["file"], "url": "file:///controller", "files": ["b", "a"], "link": "/controller",
                  "paths_data": {"paths": [{"_path": "b"}, {"_path": "a"}]}}  # fmt: skip
        (meta / "python-1-0.json").write_text(json.dumps(record))
        (meta.parent / "CACHEDIR.TAG").touch()
        return {"ok": True, "installed": installed}

    monkeypatch.setattr(solver, "call", call)
    wanted, host = options.from_variables({}), host_class.of_facts(facts())
    place = tmp_path / "place"
    place.mkdir()
    prefix.build(lock, host, wanted, Options(cache=tmp_path / "cache"), place)
    return place / "tree"


def test_what_was_built_names_no_place_of_the_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = build(tmp_path, monkeypatch, {"python": "1"})
    record = json.loads((tree / prefix.META / "python-1-0.json").read_text())
    assert "link" not in record and record["files"] == ["a", "b"] and record["url"].startswith("file://")
    assert [entry["_path"] for entry in record["paths_data"]["paths"]] == ["a", "b"]
    assert (tree / prefix.META / "history").read_text() == "" and not (tree / "CACHEDIR.TAG").exists()


def test_an_installer_that_made_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FleetError, match="not what the lock calls them") as failure:
        build(tmp_path, monkeypatch, {"python": "2"})
    assert failure.value.cause == "corrupt_artefact"

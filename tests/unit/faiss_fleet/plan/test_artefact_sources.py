# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an artefact needs is found by its name, and a name that cannot be meant is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.plan import artefact_sources as sources
from faiss_fleet.strategies.base import Options
from tests.unit.module_utils.elf.elf_builder import Builder


def test_every_floor_names_its_source() -> None:
    assert set(sources.floors()) == {16, 18, 20, 22, 24, 25, 26, 27}
    for major, row in sources.floors().items():
        assert row["source"].startswith(("measured: ", "announced, not measured: https://"))
        assert sources.of_floor(f"node {major}") is not None
    with pytest.raises(FleetError, match="What Node 4 needs is not in the table, which has 16, 18"):
        sources.find("node 4")


@pytest.mark.parametrize(
    "text, name, wanted",
    [
        ("node27", "Node 27", "GLIBC_2.34"),
        ("Node v27.1.0", "Node 27", "GLIBC_2.34"),
        ("glibc-2.34", "glibc 2.34", "GLIBC_2.34"),
        ("GLIBC_2.34", "glibc 2.34", "GLIBC_2.34"),
        ("GLIBCXX_3.4.29", "GLIBCXX_3.4.29", "GLIBCXX_3.4.29"),
        ("CXXABI_1.3.9", "CXXABI_1.3.9", "CXXABI_1.3.9"),
        ("GOMP_4.5", "GOMP_4.5", "GOMP_4.5"),
        ("musl 1.2.5", "musllinux_1_2", "MUSL_1.2"),
    ],
)
def test_a_floor_is_found_as_people_and_error_messages_write_it(text: str, name: str, wanted: str) -> None:
    found = sources.find(text)
    assert found.name == name
    assert wanted in [need["symbol_version"] for build in found.builds for need in build.needs]


@pytest.mark.parametrize("text", ["numpy 2.5", "numpy@2.5", "numpy  v2.5"])
def test_a_release_may_be_written_as_people_say_it(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sources.index, "find", lambda wanted, *_rest: asked.append(str(wanted)) or ([], []))
    sources.check(text)
    with pytest.raises(FleetError, match=r"No wheel for Linux fulfils numpy==2\.5"):
        sources.find(text, options=Options(cache=tmp_path))
    assert asked == ["numpy==2.5"]


def test_a_directory_that_cannot_be_listed_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.so").write_bytes(Builder().build())
    known = os.scandir

    def scandir(path: str) -> Any:
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return known(path)

    assert sources.find(str(tmp_path)).builds
    monkeypatch.setattr("os.scandir", scandir)
    with pytest.raises(FleetError, match="closed cannot be read: Permission denied"):
        sources.find(str(tmp_path))


@pytest.mark.parametrize(
    "text, words",
    [
        ("nod 27", "Did you mean node?"),
        ("", "neither a path nor a floor nor a requirement"),
        ("numpy 2..5", "neither a path nor a floor nor a requirement"),
        ("numpy==", "neither a path nor a floor nor a requirement"),
        ("thing @ file:///x", "it names an address"),
        ("/no/such/file.so", "does not exist"),
        ("./nosuch.whl", "nosuch.whl does not exist"),
        ("node", "'node' names no version. Write \"node 27\""),
        ("glibc", "names no version"),
        ("manylinux_2_x", "names no version"),
        ("numpy", "may not ask"),
    ],
)
def test_what_a_person_can_fix_is_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=words.replace("?", r"\?")):
        sources.find(text, options=Options(cache=tmp_path, offline=True))

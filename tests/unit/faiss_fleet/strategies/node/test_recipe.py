# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a build is made of, and the lock that names it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from faiss_fleet.artefacts import packing
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import inputs, recipe
from tests.unit.faiss_fleet.strategies.node.builds import V2, V3


def test_the_lock_names_everything_that_the_result_depends_on() -> None:
    found = inputs.load(Options())
    one = recipe.lock(V3, found)
    assert {package["name"] for package in one["packages"]} == {item.name for item in found.values()}
    assert any("leaked" in patch["why"] for patch in one["patches"])
    assert packing.digest_of(one) == packing.digest_of(recipe.lock(V3, inputs.load(Options())))
    others = [
        recipe.lock(V2, found),
        recipe.lock(V3, {**found, "zig": replace(found["zig"], sha256="0" * 64)}),
        recipe.lock(V3, {**found, "faiss": replace(found["faiss"], version="1.8.0")}),
    ]
    assert len({packing.digest_of(lock) for lock in [one, *others]}) == 4


def test_sources_of_faiss_are_listed_once_and_in_order() -> None:
    cmake = "set(FAISS_SRC\n  A.cpp\n  impl/io.cpp\n  impl/io.cpp\n)\nif(NOT WIN32) invlists/OnDiskInvertedLists.cpp\n"
    assert recipe.sources(cmake) == ["A.cpp", "impl/io.cpp", "invlists/OnDiskInvertedLists.cpp"]
    with pytest.raises(FleetError, match="names no files"):
        recipe.sources("project(other)")


@pytest.mark.parametrize("release, flag", [("1.7.3", "-std=c++11"), ("1.7.4", "-std=c++11"), ("1.10.0", "-std=c++17")])
def test_the_language_follows_the_release(release: str, flag: str) -> None:
    assert recipe.standard(release) == flag


def test_a_patch_fits_exactly_once_or_not_at_all() -> None:
    patch = recipe.PATCHES[0]
    assert patch.apply(f"a\n{patch.old}b") == f"a\n{patch.new}b"
    for text in ("nothing", patch.old * 2):
        with pytest.raises(FleetError, match="looks other than the patch expects"):
            patch.apply(text)

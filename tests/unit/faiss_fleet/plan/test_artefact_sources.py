# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an artefact needs is found by its name, and a name that cannot be meant is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.plan import artefact_sources as sources
from faiss_fleet.strategies.base import Options


def test_every_floor_names_its_source() -> None:
    assert set(sources.floors()) == {16, 18, 20, 22, 24, 25, 26, 27}
    for major, row in sources.floors().items():
        assert row["source"].startswith(("measured: ", "announced, not measured: https://"))
        assert sources.of_floor(f"node {major}") is not None
    with pytest.raises(FleetError, match="What Node 4 needs is not in the table, which has 16, 18"):
        sources.find("node 4")


@pytest.mark.parametrize(
    "text, words",
    [
        ("nod 27", "Did you mean node?"),
        ("", "neither a path nor a floor nor a requirement"),
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

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What attempts are told of an artefact and of a build on the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from faiss_fleet.artefacts.artefact import Artefact, HostBuild, Step
from faiss_fleet.model import Runtime

RUNTIME = Runtime(kind="python", argv=["{prefix}/bin/python3"], env={}, prefix=None)


@pytest.mark.parametrize("seconds, limit", [(0, 1800), (59.2, 60), (10_000, 1800)])
def test_a_build_on_the_host_has_no_more_time_than_the_attempt(seconds: float, limit: int) -> None:
    build = HostBuild("faiss_node_build", {"timeout": 1800, "jobs": 2}, Path("/logs"))
    assert build.within(seconds) == {"timeout": limit, "jobs": 2}
    assert build.arguments["timeout"] == 1800


def test_what_goes_to_a_host_is_counted_with_what_the_prefix_needs_beside_it(tmp_path: Path) -> None:
    archive, image = tmp_path / "a", tmp_path / "b"
    archive.write_bytes(b"x" * 10)
    image.write_bytes(b"x" * 7)
    plain = Artefact(archive, "0" * 64, "d", 1, RUNTIME, {})
    assert plain.bytes_to_ship == 10
    assert Artefact(archive, "0" * 64, "d", 1, RUNTIME, {}, Step("m", {}, image)).bytes_to_ship == 17
    assert Artefact(archive, "0" * 64, "d", 1, RUNTIME, {}, Step("m", {})).bytes_to_ship == 10

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Candidates in words."""

from __future__ import annotations

from faiss_fleet.plan import titles


def test_builds_of_one_release_have_titles_of_their_own() -> None:
    builds = [
        {"strategy": "node", "artefact": {"name": "faiss-node", "version": "0.5.1", "variant": variant}}
        for variant in ("x86-64-v2", "x86-64-v3", "prebuilt", "host-build")
    ]
    assert len({titles.title(build) for build in builds}) == len(builds)
    assert titles.title(builds[0]) == "faiss-node 0.5.1 x86-64-v2 (node)"

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several sources share."""

from __future__ import annotations

from pathlib import Path

import pytest

from faiss_fleet import strategies
from faiss_fleet.strategies.base import Artefact
from tests.unit.faiss_fleet.attempts.paper import RUNTIME, Own


@pytest.fixture
def archive(tmp_path: Path) -> Artefact:
    path = tmp_path / "prefix.tar.gz"
    path.write_bytes(b"packed")
    return Artefact(path, "0" * 64, "abc", 6, RUNTIME, {"packages": []})


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    monkeypatch.setattr(strategies, "all_strategies", lambda: (Own(archive.archive),))

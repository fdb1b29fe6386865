# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several sources share."""

from __future__ import annotations

from pathlib import Path

import pytest

from faiss_fleet.strategies.node.runner import Runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "logs" / "build.log", 20)

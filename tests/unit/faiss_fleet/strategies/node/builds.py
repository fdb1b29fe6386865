# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What tests of builds share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import recipe

V3, V2 = recipe.VARIANTS


def options(tmp_path: Path, **extra: Any) -> Options:
    return Options(cache=tmp_path / "cache", extra={f"faiss_install__{name}": value for name, value in extra.items()})

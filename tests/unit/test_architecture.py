# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The page on architecture names files that are there, and there are packages for most of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
PLACES = (ROOT, ROOT / "faiss_fleet", ROOT / "module_utils" / "faiss_fleet", ROOT / "faiss_fleet" / "causes")


def test_every_file_that_it_names_is_there() -> None:
    pattern = r"(?<![\w<*])((?:[\w.]+/)*[\w-]+(?:\.[\w-]+)*\.(?:py|sh|jsonl|json|yml))(?![\w*])"
    named = set(re.findall(pattern, PAGE.read_text(encoding="utf-8")))
    named -= {"records.jsonl", "backend.json"}  # files of a run and of a host
    assert len(named) > 30
    missing = sorted(name for name in named if not any((place / name).exists() for place in PLACES))
    # Names alone stand for a file of each role or strategy.
    assert [name for name in missing if "/" in name and name.split("/")[0] not in ("meta", "defaults")] == []


def test_few_files_lie_outside_of_the_packages() -> None:
    for top in (ROOT / "faiss_fleet", ROOT / "module_utils" / "faiss_fleet"):
        assert len([path for path in top.glob("*.py") if path.name != "__init__.py"]) <= 8, top

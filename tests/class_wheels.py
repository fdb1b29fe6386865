# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The wheels that a CentOS 7 with Python 3.13 gets, in a directory for an index, downloaded once and locked."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from faiss_fleet.strategies.wheel import catalogue
from images.standins import cache
from tests.matrix import pool

FAISS, NUMPY = "1.9.0.post1", "2.2.6"


def directory() -> Path:
    """A directory of the cache with exactly these wheels."""
    rows = json.loads(Path(pool.__file__).with_name("packages.json").read_text(encoding="utf-8"))
    wanted = {row["file"]: row["sha256"] for row in (rows["3.13"], rows["packaging"])}
    wanted |= {
        each.file: each.sha256
        for each in catalogue.table()
        if each.file.startswith(f"faiss_cpu-{FAISS}-cp313-cp313-") and "_x86_64" in each.file
    }
    path = cache.directory("matrix", "class-wheels")
    with cache.lock("class-wheels"):
        for file, sha256 in wanted.items():
            if not (path / file).exists():
                with tempfile.TemporaryDirectory(dir=cache.directory("work")) as work:
                    pool.downloaded(file, sha256, Path(work)).rename(path / file)
    return path

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The controller's cache as an earlier run of a test left it, for tests that look at hosts.

To resolve and pack takes most of a first audit. Tests that examine that begin with an empty cache. What is kept is
named by the code that made it, and a test gets a copy, which it may damage.

    kept_cache.bring("batch", directory / "cache")      # before the first audit
    kept_cache.keep("batch", directory / "cache")       # after it
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from images.standins import cache

ROOT = Path(__file__).resolve().parents[1]
# What resolves, packs and names what is packed.
MAKERS = (
    *("faiss_fleet/artefacts", "faiss_fleet/strategies", "faiss_fleet/model.py"),
    *("module_utils/faiss_fleet/prefix", "module_utils/faiss_fleet/elf", "requirements/controller.txt"),
)
KEPT = 4  # of each name: a machine may have several checkouts


def _place(name: str) -> Path:
    digest = hashlib.sha256()
    for maker in MAKERS:
        path = ROOT / maker
        files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
        for file in files:
            if "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return cache.directory("kept-caches", name) / digest.hexdigest()[:16]


def bring(name: str, directory: Path) -> None:
    """Copies what is kept under this name into ``directory``, where nothing is yet; nothing is kept at first."""
    place = _place(name)
    with cache.lock(f"kept-cache-{name}"):
        if place.exists():
            os.utime(place)
            shutil.copytree(place, directory, symlinks=True, dirs_exist_ok=True)


def keep(name: str, directory: Path) -> None:
    """Keeps a copy of this cache, unless one is kept already."""
    place = _place(name)
    with cache.lock(f"kept-cache-{name}"):
        if place.exists():
            return
        with tempfile.TemporaryDirectory(dir=cache.directory("work")) as work:
            copy = Path(work) / "copy"
            shutil.copytree(directory, copy, symlinks=True)
            copy.rename(place)
        os.utime(place)
        for old in sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old)

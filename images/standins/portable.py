# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Packs a relocatable CPython 3.13 for hosts whose only Python is 2.7."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

from . import cache, centos7
from .inputs import load
from .shell import say


def archive() -> tuple[Path, str]:
    """Path and sha256 of a .tar.gz with python/bin/python3. The same inputs give the same bytes on one machine."""
    sources = [cache.IMAGES / "standins" / name for name in ("portable.py", "centos7.py")]
    digest = cache.digest_of([load()["python313"].sha256], sources)
    path = cache.directory("built") / f"portable-python-{digest}.tar.gz"
    recorded = path.with_name(path.name + ".sha256")
    with cache.lock("portable-python"):
        if not recorded.exists():
            say("portable Python: pack")
            with cache.scratch() as work:
                centos7.lay_python313(work / "tree", work)
                centos7.compile_library(work / "tree", "3.13", "lib/python3.13")
                partial = path.with_suffix(".partial")
                _pack(work / "tree", partial)
                partial.rename(path)
            recorded.write_text(cache.sha256(path) + "\n", encoding="utf-8")
    return path, recorded.read_text(encoding="utf-8").strip()


def _pack(tree: Path, target: Path) -> None:
    def normal(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = centos7.EPOCH
        return member

    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        tar.add(tree, "python", filter=normal)

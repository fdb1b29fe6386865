# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""CPythons of many versions that run on glibc 2.17 and newer, wherever they are put: for trying wheels on them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from . import cache
from .inputs import fetch, load
from .shell import run, say

# Version: input. 3.6 and 3.8 want their lib/, which holds libpython alone, in ld.so.conf; the others want /proc.
INPUTS = {
    "3.6": "python36",
    "3.8": "python38",
    "3.9": "python39",
    "3.10": "python310",
    "3.11": "python311",
    "3.12": "python312",
    "3.13": "python313",
}
LEFT_OUT = ("site-packages", "test", "idlelib", "turtledemo", "config-*", "lib2to3", "__pycache__")


def directory(version: str) -> Path:
    """A directory of the cache with bin/python``version``, laid when it is not there."""
    key = INPUTS[version]
    digest = cache.digest_of([load()[key].sha256], [Path(__file__).resolve()])
    path = cache.directory("matrix", "pythons") / f"{version}-{digest}"
    with cache.lock(f"python-{version}"):
        if not path.exists():
            archive = fetch(key)
            say(f"  unpack CPython {version}")
            with cache.scratch() as work:
                _unpack(archive, version, work)
                (work / "tree").rename(path)
            for old in path.parent.glob(f"{version}-*"):
                if old != path:
                    shutil.rmtree(old)
    return path


def _unpack(archive: Path, version: str, work: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        (member,) = [
            name
            for name in opened.namelist()
            if name.endswith((".static-gnu.x86_64.tar.xz", ".centos7.6.x86_64.tar.xz"))
        ]
        opened.extract(member, work)
    whole, tree = work / "whole", work / "tree"
    for made in (whole, tree / "bin", tree / "lib"):
        made.mkdir(parents=True)
    run(["tar", "-xJf", work / member, "-C", whole, *(f"--exclude={name}" for name in LEFT_OUT)])
    (whole / f"bin/python{version}").rename(tree / f"bin/python{version}")
    (whole / f"lib/python{version}").rename(tree / f"lib/python{version}")
    for library in (whole / "lib").glob("libpython3*.so*"):
        library.rename(tree / "lib" / library.name)

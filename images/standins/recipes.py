# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The stand-ins there are: a new one is a new row."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cache, centos7, debian, inputs, python27

USERLAND = ("toolchain", "bash", "busybox", "zlib")
PYTHON27 = ("python27-source",)


@dataclass(frozen=True)
class Recipe:
    """``lay(root, work)`` fills an empty ``root``; ``work`` is a directory of its own that is thrown away."""

    name: str
    says: str
    lay: Callable[[Path, Path], None]
    inputs: tuple[str, ...]
    sources: tuple[str, ...]
    # Files keep the owners that ``lay`` gave them; otherwise everything belongs to root.
    owners: bool = False

    def digest(self) -> str:
        """Changes when an input, the recipe's code or one of its files does."""
        table = inputs.load()
        files = [cache.IMAGES / "standins" / name for name in self.sources]
        if "centos7.py" in self.sources:
            files += [path for path in (cache.IMAGES / "files/centos7").rglob("*") if path.is_file()]
        return cache.digest_of([self.name, *(table[key].sha256 for key in self.inputs)], files)


def _py38(root: Path, work: Path) -> None:
    centos7.lay_userland(root, work)
    centos7.add_python38(root, work)
    centos7.add_node(root, work)
    centos7.finish(root)


def _py313(root: Path, work: Path) -> None:
    centos7.lay_userland(root, work)
    centos7.add_python313(root, work)
    centos7.add_node(root, work)
    centos7.finish(root)


def _stock(root: Path, work: Path) -> None:
    toolchain = centos7.lay_userland(root, work)
    python27.add_python27(root, work, toolchain)
    centos7.add_node(root, work)
    centos7.finish(root)


def _nopython(root: Path, work: Path) -> None:
    centos7.lay_userland(root, work)
    centos7.finish(root)


def _debian(name: str, says: str) -> Recipe:
    return Recipe(name, says, functools.partial(debian.lay, name), (), ("debian.py",), owners=True)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "centos7-py38",
            "glibc 2.17, Python 3.8, Node 16",
            _py38,
            (*USERLAND, "python38", "node16"),
            ("centos7.py",),
        ),
        Recipe(
            "centos7-py313",
            "glibc 2.17, Python 3.13, Node 16",
            _py313,
            (*USERLAND, "python313", "node16"),
            ("centos7.py",),
        ),
        Recipe(
            "centos7-stock",
            "glibc 2.17, Python 2.7 only, Node 16",
            _stock,
            (*USERLAND, *PYTHON27, "node16"),
            ("centos7.py", "python27.py"),
        ),
        Recipe("centos7-nopython", "glibc 2.17, no Python", _nopython, USERLAND, ("centos7.py",)),
        _debian("debian12", "glibc 2.36, Python 3.11"),
        _debian("debian11", "glibc 2.31, Python 3.9"),
        _debian("debian13", "glibc 2.41, Python 3.13"),
    )
}

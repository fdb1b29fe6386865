# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Makes a stand-in's root file system once, keeps it as a tar, and lays it into directories."""

from __future__ import annotations

import os
import stat
import tarfile
import time
from pathlib import Path

from . import cache
from .centos7 import EPOCH
from .errors import StandInError
from .recipes import Recipe
from .shell import run, say

# What a chroot needs of /dev: name -> (mode, major, minor).
DEVICES = {
    "null": (0o666, 1, 3),
    "zero": (0o666, 1, 5),
    "full": (0o666, 1, 7),
    "random": (0o666, 1, 8),
    "urandom": (0o666, 1, 9),
    "tty": (0o666, 5, 0),
}


def archive(recipe: Recipe) -> Path:
    """The tar of a stand-in, built when there is none for this digest."""
    path = cache.directory("built") / f"{recipe.name}-{recipe.digest()}.tar"
    if path.exists():
        return path
    with cache.lock(f"build-{recipe.name}"), cache.scratch() as work:
        if path.exists():
            return path
        say(f"{recipe.name}: build ({recipe.says})")
        started = time.monotonic()
        root = work / "root"
        root.mkdir(mode=0o755)
        parts = work / "parts"
        parts.mkdir()
        recipe.lay(root, parts)
        partial = path.with_suffix(".partial")
        _pack(root, partial, recipe)
        partial.rename(path)
        say(f"{recipe.name}: built in {time.monotonic() - started:.0f} s, {path.stat().st_size >> 20} MiB")
    for old in path.parent.glob(f"{recipe.name}-????????????.tar"):
        if old != path:
            old.unlink()
    return path


def _pack(root: Path, target: Path, recipe: Recipe) -> None:
    def normal(member: tarfile.TarInfo) -> tarfile.TarInfo:
        if not recipe.owners:
            owner = 1000 if member.name.startswith("./home/app") else 0
            member.uid = member.gid = owner
        member.uname = member.gname = ""
        # The tar of one recipe is the same each time.
        member.mtime = min(int(member.mtime), EPOCH)
        return member

    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(root, ".", filter=normal)


def lay(recipe: Recipe, directory: Path) -> None:
    """Unpacks a stand-in into an empty directory, with device nodes, ready for chroot."""
    if os.geteuid():
        raise StandInError("Root file systems hold files of several users and device nodes. Start it as root.")
    if directory.exists() and any(directory.iterdir()):
        raise StandInError(f"{directory} is not empty. Name a new directory, or empty this one.")
    directory.mkdir(parents=True, exist_ok=True)
    # 0755 whatever the umask: sshd's ChrootDirectory refuses more, and other users need as much.
    run(["tar", "-xf", archive(recipe), "-C", directory, "--numeric-owner", "-p", "--xattrs"])
    directory.chmod(0o755)
    for name, (mode, major, minor) in DEVICES.items():
        node = directory / "dev" / name
        if not node.exists():
            os.mknod(node, stat.S_IFCHR | mode, os.makedev(major, minor))
            node.chmod(mode)

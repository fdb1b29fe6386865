# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lays a Debian of any release: hosts that run current FAISS wheels, with C libraries of different ages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .errors import StandInError
from .inputs import keyring, mirror
from .shell import run

# What the stand-in is called, and Debian's name for the release.
RELEASES = {"debian11": "bullseye", "debian12": "bookworm", "debian13": "trixie"}
PACKAGES = "python3,libstdc++6,libgomp1"
NOT_KEPT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


def lay(name: str, root: Path, work: Path) -> None:
    """debootstrap checks Debian's signatures and each package's hash; /var/lib/dpkg/status tells what came."""
    if os.geteuid():
        raise StandInError(f"debootstrap makes other users' files. Start images/build {name} as root.")
    argv = ["debootstrap", "--arch=amd64", "--variant=minbase", f"--include={PACKAGES}", f"--keyring={keyring()}"]
    run([*argv, RELEASES[name], root, mirror()], log=work / "debootstrap.log")
    for folder in NOT_KEPT:
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    for node in (root / "dev").iterdir():
        shutil.rmtree(node) if node.is_dir() and not node.is_symlink() else node.unlink()
    (root / "etc/hostname").write_text(f"{name}\n", encoding="utf-8")

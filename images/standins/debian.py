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


def bootstrap(release: str, packages: str, root: Path, work: Path) -> None:
    """A minimal Debian of this release with these packages (names with commas). A third of debootstrap's CPU time."""
    argv = ["mmdebstrap", "--mode=root", "--architectures=amd64", "--variant=minbase", f"--include={packages}"]
    run([*argv, f"--keyring={keyring()}", release, root, mirror()], log=work / "mmdebstrap.log")


def lay(name: str, root: Path, work: Path) -> None:
    """mmdebstrap checks Debian's signatures and each package's hash; /var/lib/dpkg/status says what was installed."""
    if os.geteuid():
        raise StandInError(f"mmdebstrap writes files of other users. Start images/build {name} as root.")
    bootstrap(RELEASES[name], PACKAGES, root, work)
    for directory in NOT_KEPT:
        shutil.rmtree(root / directory, ignore_errors=True)
        (root / directory).mkdir(parents=True)
    for node in (root / "dev").iterdir():
        shutil.rmtree(node) if node.is_dir() and not node.is_symlink() else node.unlink()
    (root / "etc/hostname").write_text(f"{name}\n", encoding="utf-8")

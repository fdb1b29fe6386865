# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lays a Debian 12: a host that runs current FAISS wheels, beside the old ones."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .errors import StandInError
from .inputs import keyring, mirror
from .shell import run

PACKAGES = "python3,libstdc++6,libgomp1"


def lay_debian12(root: Path, work: Path) -> None:
    """debootstrap checks Debian's signatures and each package's hash; /var/lib/dpkg/status tells what came."""
    if os.geteuid():
        raise StandInError("debootstrap makes other users' files. Start images/build debian12 as root.")
    argv = ["debootstrap", "--arch=amd64", "--variant=minbase", f"--include={PACKAGES}", f"--keyring={keyring()}"]
    run([*argv, "bookworm", root, mirror()], log=work / "debootstrap.log")
    for name in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir(parents=True)
    for node in (root / "dev").iterdir():
        shutil.rmtree(node) if node.is_dir() and not node.is_symlink() else node.unlink()
    (root / "etc/hostname").write_text("debian12\n", encoding="utf-8")

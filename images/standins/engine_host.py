# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A Debian 12 with a podman of its own: a host for the strategy container. It runs as a privileged container.

Its podman is configured the way a host's is, in /etc/containers: a container has no overlay file system to give away
and, on a machine like CI's, no right to raise limits.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .debian import bootstrap
from .errors import StandInError
from .recipes import Recipe

# uidmap is what podman without root maps other users with.
PACKAGES = "python3,podman,runc,conmon,netavark,uidmap"
CONTAINERS = """\
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
netns = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = """\
[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
"""


def lay(root: Path, work: Path) -> None:
    """mmdebstrap checks Debian's signatures and each package's hash."""
    if os.geteuid():
        raise StandInError("mmdebstrap writes files of other users. Run the tests as root.")
    bootstrap("bookworm", PACKAGES, root, work)
    for directory in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / directory, ignore_errors=True)
        (root / directory).mkdir(parents=True)
    for node in (root / "dev").iterdir():
        shutil.rmtree(node) if node.is_dir() and not node.is_symlink() else node.unlink()
    (root / "etc/hostname").write_text("debian12-podman\n", encoding="utf-8")
    (root / "etc/containers/containers.conf").write_text(CONTAINERS, encoding="utf-8")
    (root / "etc/containers/storage.conf").write_text(STORAGE, encoding="utf-8")


RECIPE = Recipe("debian12-podman", "glibc 2.36, podman", lay, (), ("engine_host.py",), owners=True)

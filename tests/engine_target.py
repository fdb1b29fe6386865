# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host with container engines of its own, which is a privileged container, and what is looked at on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from images.standins import engine
from images.standins.engine_host import RECIPE
from tests import needs
from tests.container_audit import ROOT

# Files of the host but for what its kernel, its engines and its temporary directories hold.
TREE = (
    "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp"
    " -o -path /var/lib/containers -o -path '/home/*/.local/share/containers' -o -path '*/.ansible'"
    " -o -name __pycache__ \\) -prune -o -print"
)


class Host:
    """sh runs commands as root, or as ``user``; its podman is that user's."""

    def __init__(self, container: str, user: str = "root") -> None:
        self.container, self.user = container, user

    def sh(self, command: str, user: str = "root") -> str:
        return engine.podman("exec", "--user", user, self.container, "/bin/sh", "-c", command)

    def own(self, command: str) -> str:
        return self.sh(command, self.user)

    def state(self) -> dict[str, set[str]]:
        return {
            "files": set(self.sh(TREE).splitlines()),
            "images": set(self.own("podman images --all --no-trunc").splitlines()),
            "containers": set(self.own("podman ps -aq").split()),
        }

    def connection(self) -> dict[str, Any]:
        """How Ansible reaches it."""
        return {
            "ansible_connection": "containers.podman.podman",
            "ansible_host": self.container,
            "ansible_podman_executable": str(ROOT / "images/podman"),
            "ansible_user": self.user,
        }


@contextlib.contextmanager
def started(*flags: str | Path) -> Iterator[str]:
    """The container's id; it is gone afterwards."""
    needs.command("podman")
    needs.root()
    container = engine.podman("run", "--detach", "--rm", "--privileged", *flags, engine.image(RECIPE)).strip()
    try:
        yield container
    finally:
        engine.podman("rm", "--force", "--time=0", container)

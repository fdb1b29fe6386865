# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hands stand-ins to podman, with the project's containers.conf and nothing under /etc/containers."""

from __future__ import annotations

import os
import time
from pathlib import Path

from . import cache, rootfs
from .errors import StandInError
from .recipes import Recipe
from .shell import run, say

LABEL = "faiss-fleet.digest"


def podman(*arguments: str | Path, remedy: str = "") -> str:
    """Standard output of a podman command. A CONTAINERS_CONF that is set already is kept."""
    env = {"CONTAINERS_CONF": os.environ.get("CONTAINERS_CONF") or str(cache.IMAGES / "containers.conf")}
    return run(["podman", *arguments], env=env, remedy=remedy)


def reference(name: str) -> str:
    return f"localhost/faiss-fleet/{name}:latest"


def image(recipe: Recipe) -> str:
    """The image's reference; imported when podman has none of this digest."""
    name, digest = reference(recipe.name), recipe.digest()
    if _imported(name) == digest:
        return name
    path = rootfs.archive(recipe)
    with cache.lock(f"import-{recipe.name}"):
        if _imported(name) == digest:
            return name
        started = time.monotonic()
        changes = [
            f"LABEL {LABEL}={digest}",
            "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            'CMD ["/bin/sh", "-c", "trap exit TERM; while :; do sleep 3600 & wait; done"]',
        ]
        flags = [part for change in changes for part in ("--change", change)]
        podman("import", "--quiet", *flags, path, name)
        # Earlier builds that no container uses; the label keeps this off images of others.
        podman("image", "prune", "--force", "--filter", f"label={LABEL}")
        say(f"{recipe.name}: imported as {name} in {time.monotonic() - started:.0f} s")
    return name


def _imported(name: str) -> str | None:
    """The digest an image was built from; None when podman has no such image."""
    try:
        found = podman("image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', name)
    except StandInError as exc:
        if "image not known" in str(exc) or "no such image" in str(exc).lower():
            return None
        raise
    return found.strip()

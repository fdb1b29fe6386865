# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A Debian 12 stand-in with what a build of faiss-node needs: g++, cmake, OpenBLAS and Node 16. Made once."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from images.standins import cache, engine
from images.standins.inputs import fetch, mirror
from images.standins.recipes import RECIPES

PACKAGES = "g++ cmake make libopenblas-dev"
INSTALL = f"""
set -e
echo 'deb {{mirror}} bookworm main' > /etc/apt/sources.list
apt-get --quiet update
DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes install --no-install-recommends {PACKAGES}
apt-get clean
"""


def image() -> str:
    """Name of the image for podman, made on the stand-in's own image when there is none yet."""
    base = engine.image(RECIPES["debian12"])
    made_of = subprocess.run([_podman(), "image", "inspect", "--format={{.Id}}", base], capture_output=True, text=True)
    name = f"localhost/faiss-fleet/debian12-build:{cache.digest_of([INSTALL, made_of.stdout.strip()], [])}"
    with cache.lock("build-debian12-build"):
        if subprocess.run([_podman(), "image", "exists", name]).returncode == 0:
            return name
        # The names of mirrors are looked up as on this machine; the hosts of the tests have no network at all.
        container = engine.podman("run", "--detach", "--rm", "--network=host", base).strip()
        try:
            engine.podman("exec", container, "sh", "-c", INSTALL.format(mirror=mirror()))
            with tempfile.TemporaryDirectory() as place:
                node = Path(place, "node")
                with tarfile.open(fetch("node16")) as members:
                    found = members.extractfile("package/bin/node")
                    assert found
                    with found, node.open("wb") as out:
                        shutil.copyfileobj(found, out)
                node.chmod(0o755)
                engine.podman("cp", str(node), f"{container}:/usr/local/bin/node")
            engine.podman("commit", "--quiet", container, name)
        finally:
            engine.podman("rm", "--force", "--time=0", container)
    return name


def _podman() -> str:
    return str(Path(__file__).resolve().parents[1] / "images" / "podman")

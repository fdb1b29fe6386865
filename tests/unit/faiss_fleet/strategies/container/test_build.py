# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An image built here has the packages and nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.container import build as container_build
from faiss_fleet.strategies.container import lock as container_lock
from faiss_fleet.strategies.container import wrapper as container_wrapper
from faiss_fleet.strategies.container.archive import Image
from tests.unit.faiss_fleet.strategies.container.images import PODMAN


def test_a_built_image_has_the_packages_and_nothing_of_the_bases_python_settings(tmp_path, made):
    about = made.about
    about["config"] = {
        "Env": ["PATH=/x", "PYTHONHOME=/y"],
        "Entrypoint": ["/init"],
        "User": "1000",
        "Volumes": {"/data": {}},
    }
    base = Image(json.dumps(about).encode(), made.layers)
    with tarfile.open(tmp_path / "prefix.tar.gz", "w:gz") as tar:
        for name in ("manifest.json", "site-packages/faiss/__init__.py"):
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"1"))
    wheels = container_lock.Artefact(
        tmp_path / "prefix.tar.gz", "", "", 0, container_lock.runtime(container_wrapper.engine_of(PODMAN)), {}
    )
    ids = set()
    for number in range(2):
        directory = tmp_path / str(number)
        directory.mkdir()
        built = container_build.build(base, {"arch": "x86_64"}, wheels, directory)
        ids.add(built.id)
    assert len(ids) == 1
    assert built.about["config"] == {"Env": ["PATH=/x", "PYTHONPATH=/opt/faiss-fleet/site-packages"], "Labels": {}}
    with tarfile.open(built.layers[-1]) as tar:
        assert tar.getnames() == ["opt", "opt/faiss-fleet", "opt/faiss-fleet/site-packages/faiss/__init__.py"]
    assert (
        built.about["rootfs"]["diff_ids"][-1] == "sha256:" + hashlib.sha256(built.layers[-1].read_bytes()).hexdigest()
    )


def test_a_damaged_prefix_of_wheels_is_removed_and_told(tmp_path, made):
    path = tmp_path / "prefix.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("site-packages/x")
        member.size = 4000
        tar.addfile(member, io.BytesIO(bytes(range(250)) * 16))
    data = path.read_bytes()
    path.write_bytes(data[:60] + bytes(byte ^ 0xFF for byte in data[60:90]) + data[90:])
    wheels = container_lock.Artefact(path, "", "", 0, container_lock.runtime(container_wrapper.engine_of(PODMAN)), {})
    with pytest.raises(FleetError, match="was damaged") as found:
        container_build.build(made, {"arch": "x86_64"}, wheels, tmp_path)
    assert (found.value.fault, path.exists()) == ("controller", False)

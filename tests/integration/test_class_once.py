# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts of one class that are audited at the same time: one solve, one download of each wheel, one pack."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import class_wheels, needs
from tests.bench.bench_fleet import ROOT, hosts_changed
from tests.package_index import Index
from tests.ssh_farm import Farm

pytestmark = pytest.mark.slow

HOSTS = ("one", "two", "three", "four")
IN_MOVED_TO = 0x80
IN_NONBLOCK = 0x800


class Arrivals:
    """Names of the files that were moved into a directory since it was made, as the kernel tells them."""

    def __init__(self, directory: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(IN_NONBLOCK)
        if libc.inotify_add_watch(self._descriptor, os.fsencode(directory), IN_MOVED_TO) < 0:
            raise OSError(ctypes.get_errno(), f"inotify cannot watch {directory}")

    def names(self) -> list[str]:
        data, found = os.read(self._descriptor, 1 << 20), []
        while data:
            (length,) = struct.unpack_from("I", data, 12)
            found.append(data[16 : 16 + length].rstrip(b"\0").decode())
            data = data[16 + length :]
        os.close(self._descriptor)
        return found


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    needs.root()
    needs.command("sshd")
    with Farm(dict.fromkeys(HOSTS, "centos7-py313")) as farm:
        yield farm


def test_hosts_of_a_class_share_one_solve_one_download_and_one_pack(farm: Farm, tmp_path: Path) -> None:
    archives = tmp_path / "cache/archives"
    archives.mkdir(parents=True)
    arrivals = Arrivals(archives)
    options = {"faiss_install__cache": str(tmp_path / "cache"), "faiss_install__strategies": ["wheel"]}
    variables = {name: options for name in HOSTS}
    inventory = farm.write_inventory(tmp_path / "hosts.json", variables)
    argv = ["ansible-playbook", "audit.yml", "-i", str(inventory), "--forks", str(len(HOSTS))]
    with Index(class_wheels.directory(), tmp_path / "asked", farm.prefix) as index:
        env = {**os.environ, **index.environment, "FAISS_FLEET_REPORTS": str(tmp_path / "reports")}
        done = farm.run(argv, cwd=ROOT, env=env)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        assert sorted(hosts_changed(done.stdout)) == sorted(HOSTS)
        # Only a solve asks for numpy; faiss-cpu's page is also where newer releases are looked for.
        assert index.listings()["numpy"] == 1
        assert index.downloads() == {path.name: 1 for path in class_wheels.directory().iterdir()}
    packed = [name for name in arrivals.names() if name.endswith(".tar.gz")]
    assert len(packed) == 1
    digest = packed[0].removeprefix("wheel-").removesuffix(".tar.gz")
    for name in HOSTS:
        assert farm.path(name, f"/opt/faiss-fleet/wheel/{digest}/site-packages/faiss/__init__.py").is_file()

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host's own conda creates the environment: a real conda (4.3.16) and packages from a channel, on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import conda_channel, real_conda
from tests.conda_channel import Package

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
WORKLOAD = {"n": 2000, "d": 64, "queries": 50, "k": 5}


class Host:
    """This machine with a home of its own, in which a user has a conda."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.base = self.home / "miniconda3"
        real_conda.base(self.base)
        (self.home / ".conda").mkdir()
        (self.home / ".conda" / "environments.txt").write_text(f"{self.base}\n")
        (self.home / ".condarc").write_text("channels: [mine]\n")
        (directory / "opt").mkdir()
        (directory / "etc").mkdir()
        self.before = self.tree()

    def tree(self) -> dict[str, str]:
        """All that the user has in the home; what Ansible itself keeps there is none of it."""
        files = [path for path in self.home.rglob("*") if ".ansible" not in path.parts]
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none" for path in files
        }

    def prefixes(self) -> list[Path]:
        """What is there beside the note of who made the directory: half-made ones too."""
        return sorted((self.directory / "opt").glob("faiss-fleet/conda/[!.]*"))

    def playbook(self, book: str, *arguments: str, status: int = 0, **changes: Any) -> str:
        """What the playbook printed, when it ended with this exit status."""
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "faiss_install__prefix": str(self.directory / "opt" / "faiss-fleet"),
            "vector_backend__path": str(self.directory / "etc" / "backend.json"),
            "vector_backend__user": "root",  # the directories of pytest are closed to others
            "faiss_install__strategies": ["conda"],
            "faiss_install__measure_fallback": False,
            "faiss_install__cache": str(self.directory / "cache"),
            "faiss_install__search_test": {"workload": WORKLOAD},
            **changes,
        }
        inventory = self.directory / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"here": variables}}}))
        environment = {**os.environ, "FAISS_FLEET_REPORTS": str(self.directory / "reports"), "HOME": str(self.home)}
        argv = [sys.executable, "-m", "ansible", "playbook", book, "-i", str(inventory), *arguments]
        done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def audit(self, how: str, channel: str, *arguments: str, status: int = 0, **changes: Any) -> dict[str, Any]:
        variables = {"faiss_install__conda_on_host": how, "faiss_install__conda_channels": [channel], **changes}
        self.playbook("audit.yml", *arguments, status=status, **variables)
        record: dict[str, Any] = json.loads((self.directory / "reports" / "latest" / "records.jsonl").read_text())
        return record


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def tiny(directory: Path, packed: str) -> str:
    """A channel that solves, of packages with nothing in them that runs."""
    python = Package("python", "3.13.2", content={"bin/python": b"#!/bin/sh\nexit 3\n"}, packed=packed)
    numpy = Package("numpy", "2.2.6", ("python",), {"lib/numpy": b"numpy"}, packed=packed)
    return conda_channel.make(directory, python, numpy, Package("faiss-cpu", "1.9.0", ("numpy",), packed=packed))


@pytest.mark.parametrize("how", ["offline", "online"])
def test_the_hosts_conda_creates_what_the_search_test_passes(host: Host, how: str) -> None:
    channel = f"file://{conda_channel.real('tar.bz2')}"
    record = host.audit(how, channel)
    assert f"by its conda 4.3.16 ({host.base}/bin/conda), {how}." in record["attempts"][0]["note"]
    assert record["state"] == "native", record["attempts"][0]["message"]
    (attempt,) = record["attempts"]
    assert attempt["changed"] and attempt["artefact"]["version"] == "1.9.0.post1"
    prefix = Path(record["verification"][0]["runtime"]["prefix"])
    assert host.prefixes() == [prefix]
    assert subprocess.check_output([prefix / "bin" / "which-prefix"], text=True).strip() == str(prefix)
    manifest = json.loads((prefix / "manifest.json").read_text())
    assert manifest["created"] == {"by": f"{host.base}/bin/conda", "kind": "conda", "mode": how}
    assert host.tree() == host.before

    again = host.audit(how, channel)
    assert [attempt["changed"] for attempt in again["attempts"]] == [False]
    assert again["setting"]["changed"] is False

    host.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
    assert host.prefixes() == []
    assert host.tree() == host.before


@pytest.mark.parametrize("how", ["offline", "online"])
def test_a_swapped_package_is_refused_and_leaves_nothing(host: Host, how: str) -> None:
    channel = tiny(host.directory / "channel", "tar.bz2")
    (package,) = (host.directory / "channel").glob("linux-64/numpy-*")
    other = Package("numpy", "2.2.6", ("python",), {"lib/numpy": b"swapped"}, packed="tar.bz2")
    package.write_bytes(conda_channel.archive(other))
    # Whoever fetched it: that says nothing of the host.
    record = host.audit(how, channel, status=2)
    assert record["state"] == "failed"
    (attempt,) = record["attempts"]
    assert (attempt["ok"], attempt["cause"]) == (False, "hash_mismatch"), attempt
    assert "numpy-2.2.6-0.tar.bz2" in attempt["message"]
    assert host.prefixes() == []
    assert host.tree() == host.before


def test_packages_that_this_conda_cannot_read_are_refused_before_anything_is_sent(host: Host) -> None:
    (attempt,) = host.audit("offline", tiny(host.directory / "channel", "conda"))["attempts"]
    assert (attempt["ok"], attempt["cause"]) == (False, "command_missing"), attempt
    assert "is conda 4.3.16, which reads .tar.bz2 packages only" in attempt["message"]
    assert host.prefixes() == []


def test_what_the_hosts_conda_says_of_a_channel_that_is_away_is_the_cause(host: Host) -> None:
    lines = [f"http://127.0.0.1:9/linux-64/{name}-1-0.tar.bz2#{'ab' * 32}" for name in ("faiss-cpu", "python")]
    lock = host.directory / "lock.txt"
    lock.write_text("@EXPLICIT\n" + "\n".join(lines) + "\n")
    (attempt,) = host.audit("online", "conda-forge", status=2, faiss_install__conda_lock=str(lock))["attempts"]
    assert (attempt["ok"], attempt["cause"]) in [(False, "conda_network"), (False, "network")], attempt
    assert host.prefixes() == []

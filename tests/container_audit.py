# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs the playbooks on hosts with the strategy container, and looks at what they leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faiss_fleet.artefacts import cache
from images.standins import rootfs
from images.standins.recipes import RECIPES
from tests import needs

ROOT = Path(__file__).resolve().parents[1]
PERL = ("*/perl*", "*/libperl.so*")
WORKLOAD = {"n": 2000, "d": 64, "queries": 50, "k": 5}


def base(directory: Path) -> dict[str, str]:
    """The stand-in for Debian 12 as what FAISS is added to: a tar of a root file system, of the test's own.

    Without Perl, a third of it, which is packed, shipped and unpacked with the rest and which nothing here runs.
    """
    path = directory / "debian12.tar"
    shutil.copy2(rootfs.archive(RECIPES["debian12"]), path)
    subprocess.run(["tar", "--delete", "--wildcards", f"--file={path}", *PERL], check=True)
    return {"file": str(path), "sha256": cache.sha256(path)}


class Audit:
    """hosts: {name: variables}; variables for all. Each run's records come back by host."""

    def __init__(
        self, directory: Path, hosts: dict[str, dict[str, Any]], environment: dict[str, str], **variables: Any
    ) -> None:
        self.directory, self.hosts = directory, hosts
        self.environment = {**environment, "FAISS_FLEET_REPORTS": str(directory / "reports"), "ANSIBLE_NOCOLOR": "1"}
        given = {
            "strategies": ["container"],
            "measure_fallback": False,
            "cache": str(directory / "cache"),
            "search_test": {"workload": WORKLOAD},
            **variables,
        }
        everything = {f"faiss_install__{name}": value for name, value in given.items()}
        (directory / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": everything}}))

    def playbook(self, book: str, *arguments: str, status: int = 0) -> str:
        argv = [sys.executable, "-m", "ansible", "playbook", book, "-i", str(self.directory / "hosts.json"), *arguments]
        done = subprocess.run(
            argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=1200, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments: str, status: int = 0, **extra: Any) -> dict[str, Any]:
        """Records by host; extra are variables of the role for this run, without their prefix. status: how it ends."""
        reports = self.directory / "reports"
        before = set(reports.glob("*/records.jsonl"))
        if extra:
            arguments = (*arguments, "-e", json.dumps({f"faiss_install__{name}": v for name, v in extra.items()}))
        said = self.playbook("audit.yml", *arguments, status=status)
        found = [
            json.loads(line)
            for path in set(reports.glob("*/records.jsonl")) - before
            for line in path.read_text().splitlines()
        ]
        records = {record["host"]["name"]: record for record in found}
        assert set(records) == set(self.hosts), said
        return records


def local(directory: Path) -> dict[str, Any]:
    """This machine as a host whose prefix and setting are in ``directory``."""
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "faiss_install__prefix": str(directory / "opt" / "faiss-fleet"),
        "vector_backend__path": str(directory / "etc" / "faiss-fleet" / "backend.json"),
        "vector_backend__user": "root",  # the directories of pytest are closed to others
    }


@contextlib.contextmanager
def podman() -> Iterator[dict[str, str]]:
    """The environment in which podman has a store of the test's own: what others leave in theirs does not count."""
    needs.root()
    needs.command("podman")
    # podman puts sockets beneath, whose paths may have 107 characters.
    place = Path(tempfile.mkdtemp(prefix="ff-podman-"))
    storage = place / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "overlay"\nrunroot = "{place}/run"\ngraphroot = "{place}/images"\n')
    conf = os.environ.get("CONTAINERS_CONF") or str(ROOT / "images" / "containers.conf")
    try:
        yield {**os.environ, "CONTAINERS_CONF": conf, "CONTAINERS_STORAGE_CONF": str(storage)}
    finally:
        _remove_store(place)


def _remove_store(place: Path) -> None:
    """Containers that have just ended are cleaned up by a podman of their own, which may still write there."""
    deadline = time.monotonic() + 20
    while True:
        subprocess.run(["umount", "-q", "-l", place / "images" / "overlay"], check=False, capture_output=True)
        try:
            shutil.rmtree(place)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def tree(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))

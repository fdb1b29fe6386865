# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""audit.yml with conda alone, from a channel of real packages, on hosts with glibc 2.17 and 2.36."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from images.standins import engine
from images.standins.recipes import RECIPES
from tests import conda_channel, kept_cache, needs

ROOT = Path(__file__).resolve().parents[2]
# `make test` has the old host alone: its tests marked slow need both.
ALL_HOSTS = ("centos7-stock", "debian12")
HOSTS = ALL_HOSTS[:1] if os.environ.get("FAISS_FLEET_TESTS") == "fast" else ALL_HOSTS
WORKLOAD = {"n": 2000, "d": 64, "queries": 50, "k": 5}


@pytest.fixture(scope="module")
def containers() -> Iterator[dict[str, str]]:
    needs.command("podman")
    started: dict[str, str] = {}
    try:
        for name in HOSTS:
            started[name] = engine.podman("run", "--detach", "--rm", engine.image(RECIPES[name])).strip()
        yield started
    finally:
        for container in started.values():
            engine.podman("rm", "--force", "--time=0", container)


class Audit:
    def __init__(self, directory: Path, containers: dict[str, str]) -> None:
        self.directory = directory
        hosts = {
            name: {
                "ansible_connection": "containers.podman.podman",
                "ansible_host": container,
                "ansible_podman_executable": str(ROOT / "images/podman"),
            }
            for name, container in containers.items()
        }
        variables = {
            "faiss_install__strategies": ["conda"],
            "faiss_install__measure_fallback": False,
            "faiss_install__conda_channels": [f"file://{conda_channel.real()}"],
            "faiss_install__cache": str(directory / "cache"),
            "faiss_install__search_test": {"workload": WORKLOAD},
        }
        (directory / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))

    @property
    def reports(self) -> Path:
        return self.directory / "reports"

    def playbook(self, book: str, *arguments: str) -> str:
        """What the playbook printed."""
        environment = {**os.environ, "FAISS_FLEET_REPORTS": str(self.reports), "ANSIBLE_NOCOLOR": "1"}
        argv = [sys.executable, "-m", "ansible", "playbook", book, "-i", str(self.directory / "hosts.json")]
        done = subprocess.run(
            [*argv, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments: str) -> dict[str, Any]:
        """Records by host of one run of the audit."""
        before = set(self.reports.glob("*/records.jsonl"))
        said = self.playbook("audit.yml", *arguments)
        new = set(self.reports.glob("*/records.jsonl")) - before
        found = [json.loads(line) for path in new for line in path.read_text().splitlines()]
        records = {record["host"]["name"]: record for record in found}
        assert set(records) == set(HOSTS), said
        return records


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory, containers: dict[str, str]) -> Audit:
    return Audit(tmp_path_factory.mktemp("conda"), containers)


@pytest.fixture(scope="module")
def records(audit: Audit) -> dict[str, Any]:
    # Solving and packing have tests of their own; a run of all tests does both here, for both hosts.
    if HOSTS != ALL_HOSTS:
        kept_cache.bring("conda", audit.directory / "cache")
    found = audit.run()
    if HOSTS != ALL_HOSTS:
        kept_cache.keep("conda", audit.directory / "cache")
    return found


@pytest.mark.parametrize(
    "host, faiss",
    [("centos7-stock", "1.9.0.post1"), pytest.param("debian12", "1.15.1", marks=pytest.mark.slow)],
)
def test_faiss_is_native_with_the_environments_own_python(records: dict[str, Any], host: str, faiss: str) -> None:
    record = records[host]
    assert record["state"] == "native", record["because"]
    assert record["decision"]["provider"] == "conda"
    (attempt,) = record["attempts"]
    assert attempt["ok"] and attempt["changed"]
    assert (attempt["artefact"]["version"], attempt["artefact"]["python"]) == (faiss, "3.13.2")
    assert len(attempt["artefact"]["packages"]) == 4
    (verification,) = record["verification"]
    assert verification["ok"]
    assert verification["python_version"].startswith("3.13.")
    assert verification["runtime"]["argv"] == [f"/opt/faiss-fleet/conda/{attempt['artefact']['digest']}/bin/python"]
    assert record["setting"]["after"]["provider"] == "conda"


def test_the_environment_knows_where_it_is(records: dict[str, Any], containers: dict[str, str]) -> None:
    prefix = records["centos7-stock"]["verification"][0]["runtime"]["prefix"]
    assert engine.podman("exec", containers["centos7-stock"], f"{prefix}/bin/which-prefix").strip() == prefix


@pytest.mark.slow
def test_each_class_of_hosts_has_an_archive(records: dict[str, Any], audit: Audit) -> None:
    digests = {record["attempts"][0]["artefact"]["digest"] for record in records.values()}
    assert len(digests) == 2
    assert len(list((audit.directory / "cache" / "archives").glob("conda-*.tar.gz"))) == 2


def test_a_second_run_changes_nothing(records: dict[str, Any], audit: Audit) -> None:
    again = audit.run()
    for name, record in again.items():
        assert record["state"] == "native", record["because"]
        assert [attempt["changed"] for attempt in record["attempts"]] == [False], name
        assert record["setting"]["changed"] is False


@pytest.mark.slow
def test_what_fits_no_host_is_refused_host_by_host(records: dict[str, Any], audit: Audit) -> None:
    wanted = json.dumps({"faiss_install__conda_packages": ["faiss-cpu >=1.10", "python", "numpy"]})
    again = audit.run("-e", wanted)
    assert again["debian12"]["state"] == "native"
    attempt, held = again["centos7-stock"]["attempts"]
    assert attempt["ok"] is False
    assert attempt["cause"] == "conda_glibc"
    assert "faiss-cpu 1.15.1 wants __glibc >=2.28,<3.0.a0, and the host has __glibc 2.17" in attempt["message"]
    assert "newest that would have fitted is faiss-cpu 1.9.0.post1" in attempt["message"]
    # What it got before is still there, passes, and stays.
    assert held["ok"] and again["centos7-stock"]["state"] == "native"
    assert "is what was set" in again["centos7-stock"]["because"]
    assert again["centos7-stock"]["setting"]["changed"] is False


def test_rollback_leaves_no_environment(records: dict[str, Any], audit: Audit, containers: dict[str, str]) -> None:
    audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
    for name, container in containers.items():
        left = engine.podman("exec", container, "find", "/opt", "-name", "python3.13")
        assert left.strip() == "", name

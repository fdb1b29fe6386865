# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Stand-ins that run in containers, audited as any host is, for the tests of the strategy node."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from faiss_fleet.strategies.node import recipe
from faiss_fleet.target.facts import cpu
from images.standins import engine
from images.standins.recipes import RECIPES
from tests import needs as machine

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "reports" / "host-record.schema.json").read_text(encoding="utf-8"))
PODMAN = ROOT / "images" / "podman"
COUNT = itertools.count()


def builds_here() -> list[recipe.Variant]:
    """The builds of the addon that this machine's processor can run, the best first."""
    level = cpu.describe(Path("/proc/cpuinfo").read_text(encoding="utf-8"), "x86_64")["isa_level"]
    return [variant for variant in recipe.VARIANTS if level and variant.level <= level]


class StandIn:
    """A stand-in in a container, and the audit of it."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name, self.directory, self.runs = name, directory, 0
        self.inventory = directory / "hosts.yml"
        host = {
            "ansible_connection": "containers.podman.podman",
            "ansible_host": name,
            "ansible_podman_executable": str(PODMAN),
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": {directory.name: host}}}))

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        found = subprocess.run([PODMAN, "exec", self.name, *command], capture_output=True, text=True, timeout=600)
        assert not check or found.returncode == 0, found.stdout + found.stderr
        return found

    def put(self, source: Path, target: str) -> None:
        subprocess.run([PODMAN, "cp", str(source), f"{self.name}:{target}"], check=True, capture_output=True)

    def module(self, name: str, *flags: str, **arguments: Any) -> dict[str, Any]:
        """The result of a module, called by itself; cause and msg are in it where it failed."""
        command = [sys.executable, "-m", "ansible", "adhoc", "all", "-i", str(self.inventory), "-o"]
        command += ["-m", name, "-a", json.dumps(arguments), *flags]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
        line = next((line for line in done.stdout.splitlines() if "=> {" in line), None)
        assert line, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(line[line.index("=> ") + 3 :])
        return found

    def search_test(self, **arguments: Any) -> dict[str, Any]:
        """The first result of the search test."""
        found: dict[str, Any] = self.module("faiss_search_test", **arguments)["results"][0]
        return found

    def audit(self, *more: str, **variables: Any) -> tuple[dict[str, Any], str]:
        """The host's record and what the terminal said."""
        self.runs += 1
        reports = self.directory / f"reports{self.runs}"
        given = {
            "faiss_install__strategies": ["node"],
            "faiss_install__measure_fallback": False,
            "faiss_install__search_test": {"workload": {"n": 2000}},
            **variables,
        }
        values = {name: value for name, value in given.items() if value is not None}  # None: the role's default
        command = [sys.executable, "-m", "ansible", "playbook", "audit.yml", "-i", str(self.inventory)]
        command += ["-e", json.dumps(values), *more]
        environment = {**os.environ, "FAISS_FLEET_REPORTS": str(reports), "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=2400)
        kept = {path.resolve() for path in reports.glob("*/records.jsonl")}  # latest/ is a link
        assert len(kept) == 1, done.stdout + done.stderr
        (record,) = [json.loads(line) for line in kept.pop().read_text(encoding="utf-8").splitlines()]
        jsonschema.validate(record, SCHEMA)
        return record, done.stdout


@contextlib.contextmanager
def started(stand_in: str, directory: Path, *flags: str) -> Iterator[StandIn]:
    """A container of that stand-in, or of an image by its whole name, gone afterwards."""
    machine.command("podman")
    machine.root()
    image = stand_in if "/" in stand_in else engine.image(RECIPES[stand_in])
    name = f"ff-node-{stand_in.rpartition('/')[2].replace(':', '-')}-{os.getpid()}-{next(COUNT)}"
    subprocess.run(
        [PODMAN, "run", "--detach", "--rm", *flags, f"--name={name}", image], check=True, capture_output=True
    )
    try:
        yield StandIn(name, directory)
    finally:
        subprocess.run([PODMAN, "rm", "--force", "--time=0", name], check=True, capture_output=True)

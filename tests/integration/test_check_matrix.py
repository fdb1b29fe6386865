# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts x strategies, with and without Python, Node and network: `--check` predicts what the real run then does.

Each cell is a host of its own by SSH, all in one run of the audit in check mode and one without.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import strategies
from images.standins import cache, portable
from tests import conda_channel, needs
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
WORKLOAD = {"n": 1000, "d": 16, "k": 3, "queries": 10, "loader": False}
# (Python, platform, what the wheelhouse has for it)
WHEELS = (
    ("3.13", "manylinux2014_x86_64", ("faiss-cpu==1.9.0.post1", "numpy==2.2.6", "packaging==25.0")),
    ("3.11", "manylinux2014_x86_64", ("faiss-cpu==1.9.0.post1", "numpy==2.2.6", "packaging==25.0")),
    ("3.8", "manylinux2014_x86_64", ("faiss-cpu==1.8.0.post1", "numpy==1.24.4", "packaging==25.0")),
)
PYTHONS = ("usr/bin/python*", "usr/local/bin/python*", "usr/libexec/platform-python*")
NODES = ("usr/bin/node*", "usr/local/bin/node*")
# What is hidden of a host, by the name of the variant.
HIDDEN = {"whole": (), "no-python": PYTHONS, "no-node": NODES, "neither": PYTHONS + NODES}
RECIPES = {
    "centos7-py313": tuple(HIDDEN),
    "centos7-py38": tuple(HIDDEN),
    "centos7-stock": ("whole", "no-node"),
    "centos7-nopython": ("whole",),
    "debian12": ("whole", "no-python"),
}
# The ways of a cell, and whether the controller reaches what it needs for them.
WAYS = ("existing", "wheel", "portable", "conda", "container", "node", "js", "offline")
SAMPLE = (
    ("centos7-py313", "whole", "wheel"),
    ("centos7-py38", "no-python", "wheel"),
    ("centos7-py38", "whole", "offline"),
    ("centos7-py38", "no-node", "js"),
)


@dataclass(frozen=True)
class Cell:
    """One host: a stand-in, what it lacks, and the one way that is asked for."""

    recipe: str
    variant: str
    way: str

    @property
    def name(self) -> str:
        return f"{self.recipe}.{self.variant}.{self.way}"


def variables(cell: Cell, wheelhouse: Path, empty: Path) -> dict[str, Any]:
    """The inventory's variables of a cell."""
    found: dict[str, Any] = {
        "faiss_install__strategies": [{"portable": "wheel", "offline": "wheel"}.get(cell.way, cell.way)],
        "faiss_install__measure_fallback": False,
        "faiss_install__search_test": {"workload": WORKLOAD},
        # A hundred hosts on a few processors: each is slow, and that is not what is tested.
        "glibc_facts__timeout": 30,
    }
    if cell.way == "offline":
        # Its cache is empty, and no index answers.
        return {**found, "faiss_install__cache": str(empty / cell.name)}
    found["faiss_install__wheelhouse"] = str(wheelhouse)
    if cell.way == "conda":
        found["faiss_install__conda_channels"] = [f"file://{conda_channel.real()}"]
    if cell.way == "container":
        found["faiss_install__container_image"] = f"registry.example/faiss@sha256:{'0' * 64}"
    if cell.way == "portable":
        path, sha256 = portable.archive()
        found["faiss_install__portable_python"] = {"file": str(path), "sha256": sha256}
    return found


def wheelhouse() -> Path:
    """The wheels of all cells, downloaded once."""
    directory = cache.directory("matrix", "check-wheels")
    with cache.lock("check-wheels"):
        for python, platform, wanted in WHEELS:
            done = directory / f".{python}"
            if done.exists():
                continue
            argv = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(directory)]
            argv += ["--no-deps", f"--python-version={python}", f"--platform={platform}", *wanted]
            said = subprocess.run(argv, capture_output=True, text=True, timeout=300)
            assert said.returncode == 0, said.stdout + said.stderr
            done.touch()
    return directory


@dataclass
class Outcome:
    """What check mode predicted and what the real run did, by cell."""

    predicted: dict[Cell, dict[str, Any]]
    real: dict[Cell, dict[str, Any]]
    unchanged: bool


def hide(farm: Farm, cell: Cell) -> None:
    root = farm.path(cell.name, "/")
    for pattern in HIDDEN[cell.variant]:
        for path in root.glob(pattern):
            path.unlink()


def run(cells: Iterable[Cell], directory: Path) -> Outcome:
    needs.root()
    needs.command("sshd")
    cells = list(cells)
    with Farm({cell.name: cell.recipe for cell in cells}) as farm:
        for cell in cells:
            hide(farm, cell)
        given = {cell.name: variables(cell, wheelhouse(), directory / "empty") for cell in cells}
        inventory = farm.write_inventory(directory / "hosts.json", given)

        def records(name: str, *arguments: str) -> dict[Cell, dict[str, Any]]:
            reports = directory / name
            environment = {
                **os.environ,
                "FAISS_FLEET_REPORTS": str(reports),
                "ANSIBLE_NOCOLOR": "1",
                "PIP_CONFIG_FILE": os.devnull,  # it may name a further index, which answers
                "PIP_EXTRA_INDEX_URL": "",
                "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
                "PIP_RETRIES": "0",
            }
            argv = ["ansible-playbook", "audit.yml", "-i", str(inventory), *arguments]
            done = farm.run(argv, cwd=ROOT, env=environment, timeout=3000)
            lines = (reports / "latest" / "records.jsonl").read_text(encoding="utf-8").splitlines()
            found = {record["host"]["name"]: record for record in map(json.loads, lines)}
            assert set(found) == {cell.name for cell in cells}, done.stdout[-4000:] + done.stderr
            return {cell: found[cell.name] for cell in cells}

        predicted = records("check", "--check")
        unchanged = not any(
            farm.path(cell.name, path).exists() for cell in cells for path in ("opt/faiss-fleet", "etc/faiss-fleet")
        )
        return Outcome(predicted, records("real"), unchanged)


def possible(record: Mapping[str, Any]) -> bool:
    """Whether the plan has a native candidate that it calls possible."""
    return any(one["verdict"] == "possible" and strategies.is_native(one["strategy"]) for one in record["plan"])


def verdict(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a run says of a host: state, cause, and the candidate that it gets."""
    return record["state"], record["cause"], (record["decision"] or {}).get("candidate")


def disagreements(found: Outcome) -> list[str]:
    return [
        f"{cell.name}: check says {verdict(found.predicted[cell])}, the run {verdict(found.real[cell])}: "
        f"{found.real[cell]['because']}"
        for cell in found.real
        if verdict(found.predicted[cell]) != verdict(found.real[cell])
    ]


def judged(found: Outcome) -> None:
    """The promises of the matrix."""
    assert found.unchanged, "check mode changed a host"
    assert disagreements(found) == []
    hopeful = [cell for cell, record in found.real.items() if possible(record) and cell.way != "offline"]
    broken = {cell.name: found.real[cell]["because"] for cell in hopeful if found.real[cell]["state"] != "native"}
    assert len(broken) <= len(hopeful) * 0.02, broken
    for cell, record in found.real.items():
        if cell.way == "offline" and possible(record):
            # The controller's fault says nothing of the host.
            assert (record["state"], record["setting"]) == ("failed", None), record["because"]
    for cell, record in found.predicted.items():
        decision = record["decision"] or {"predicted": True, "candidate": None}
        # The fallback takes no installation: check mode tests it.
        tested = [test["candidate"] for test in record["verification"] if test["ok"]]
        assert decision["predicted"] is (decision["candidate"] not in tested), cell.name
        for attempt in record["attempts"]:
            if "foreseen" in attempt:
                assert attempt["foreseen"]["ship_bytes"] or attempt["foreseen"]["download_bytes"], attempt


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    cells = [Cell(recipe, variant, way) for recipe, them in RECIPES.items() for variant in them for way in WAYS]
    yield run(cells, tmp_path_factory.mktemp("matrix"))


@pytest.mark.slow
def test_check_mode_predicts_every_cell_and_what_is_possible_becomes_native(every: Outcome) -> None:
    judged(every)


@pytest.mark.slow
def test_the_matrix_has_every_kind_of_outcome(every: Outcome) -> None:
    seen = {(cell.way, record["state"]) for cell, record in every.real.items()}
    native = {(way, "native") for way in ("wheel", "portable", "conda", "node")}
    assert seen >= {*native, ("wheel", "fallback"), ("node", "fallback"), ("container", "fallback"), ("js", "fallback"),
                    ("offline", "failed")}  # fmt: skip
    assert len(every.real) >= 100


@pytest.mark.sample
def test_check_mode_predicts_a_sample_of_the_matrix(tmp_path: Path) -> None:
    found = run([Cell(*one) for one in SAMPLE], tmp_path)
    judged(found)
    assert [record["state"] for record in found.real.values()] == ["native", "fallback", "failed", "fallback"]

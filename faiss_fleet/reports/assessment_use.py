# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a reader of an assessment does with it: sees the dependency chain again, and loads FAISS where there is any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .assessment_steps import Commands
from .findings import ClassFindings
from .prose import argument, code, fence, plain_name

ADDON = "node_modules/faiss-node/build/Release/faiss-node.node"
_NODE = """const { VectorStorage } = require('faiss-fleet');                  // loaders/node

const store = new VectorStorage({ metric: 'cosine', dimension: 384 });
store.on('fallback', ({ why }) => console.error('no native FAISS:', why));   // what it was, in words
await store.add(ids, vectors);
const hits = await store.search(query, 10);
console.log(store.backend);                                          // faiss-node, worker or the fallback"""
_PYTHON = """from faiss_fleet_loader import VectorStorage                       # loaders/python

with VectorStorage('cosine', on_event=lambda name, event: print(name, event['why'])) as store:
    store.add(ids, vectors)
    hits = store.search(query, 10)
    print(store.backend)                                             # faiss, worker, numpy or python"""


def reproduce(classes: Sequence[ClassFindings], commands: Commands, run: str) -> Iterator[str]:
    """The commands that show the chain again, for the release that it is about and for the binding of Node."""
    blocked = next(((found, each) for found in classes for each in found.chains if each.file), None)
    host = next((name for found in classes for name in found.hosts if plain_name(name)), "HOST")
    lines = []
    if blocked:
        found, each = blocked
        host = next((name for name in found.hosts if plain_name(name)), host)
        if each.strategy == "wheel":
            lines.append(f"faiss-fleet check {argument(f'{each.name}=={each.version}')} --run {run}")
    lines.append(f"faiss-fleet needs {ADDON} --host {host}")
    lines.append(f"ansible {host} -i {commands.inventory} -m ansible.builtin.command -a 'getconf GNU_LIBC_VERSION'")
    yield (
        f"Node has a chain of its own: `require('faiss-node')` loads {code(ADDON)}, and the loader asks the libraries "
        "of the host for the symbol versions that are named in it, as it does for a wheel. `npm install` looks at the "
        "family of the C library alone, so it passes where `require` fails. To see either chain again, with what the "
        "host has beside what is asked for (`needs` reads a copy of the application's file):\n\n"
    )
    yield from fence("\n".join(lines), "sh")


def loading(classes: Sequence[ClassFindings]) -> Iterator[str]:
    """How an application uses native FAISS where it is configured, and the fallback elsewhere, by the same code."""
    if not classes:
        return
    yield "## How to load it, native or not\n\n"
    yield (
        "The same code runs on every host: the loader reads what the audit configured there, uses native FAISS where "
        "it passed, and the fallback elsewhere or when FAISS fails at run time, and says which. It replaces "
        "`require('faiss-node')` within `try` and `catch`, which does not catch a crash.\n\n"
    )
    yield from fence(_NODE, "js", lines=20)
    yield from fence(_PYTHON, "python", lines=20)

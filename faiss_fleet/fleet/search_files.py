# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Packs the programs and loaders that a search test needs on a host, and nothing that it does not need."""

from __future__ import annotations

import base64
import functools
import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "module_utils" / "faiss_fleet" / "search" / "programs"
LOADERS = ROOT / "loaders"
SETTINGS = "node/lib/index-settings.js"  # of the loader for Node, how a file of faiss-node is tuned


def packed(runtimes: Iterable[Mapping[str, Any]], figures: bool, loader: bool) -> str | None:
    """The files for these runtimes as a base64 tar.gz, the same bytes for the same files; None when none is needed."""
    names: set[str] = set()
    for runtime in runtimes:
        names |= needed(runtime["kind"], figures, loader and figures)
    return _packed(frozenset(names)) if names else None


def needed(kind: str, figures: bool, loader: bool) -> set[str]:
    """Names of the files that the test of a runtime of this kind needs beside what the module brings along."""
    if kind in ("python", "container"):
        through = {"programs/through_loader.py", *_loader("python")} if loader else set()
        return {"programs/faiss_figures.py", *through} if figures else set()
    if kind == "numpy":
        return {"programs/faiss_figures.py", "programs/numpy_fallback.py", *_loader("python")}
    if kind == "js":
        return {"programs/node_test.js", "programs/js_fallback.js", *_loader("node")}
    if kind == "node":
        through = {"programs/through_loader.js", *_loader("node")} if loader else set()
        return {"programs/node_test.js", "programs/faiss_node.js", SETTINGS, *through}
    return set()


@functools.cache
def _loader(language: str) -> frozenset[str]:
    """Every file of a loader that an application gets."""
    if language == "python":
        found = [path for path in (LOADERS / "python" / "faiss_fleet_loader").rglob("*") if path.suffix != ".pyc"]
    else:
        node = LOADERS / "node"
        found = [node / "index.js", *(node / "lib").rglob("*"), *(node / "kernel").glob("*.wasm")]
    return frozenset(path.relative_to(LOADERS).as_posix() for path in found if path.is_file())


def content(name: str) -> bytes:
    """One of these files."""
    program = name.partition("programs/")[2]
    return (PROGRAMS / program if program else LOADERS / name).read_bytes()


@functools.cache
def _packed(names: frozenset[str]) -> str:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(names):
            data = content(name)
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return base64.b64encode(gzip.compress(out.getvalue(), 9, mtime=0)).decode("ascii")

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What ``npm install faiss-node`` would need to build itself on a host, each requirement beside what the host has. "
"Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..strategies.base import Facts, Reason
from ..target import glibc

CMAKE = (3, 17)
# The first gcc whose C++17 is whole; CentOS 7 brings 4.8, its devtoolset-7 and newer are under /opt/rh.
GCC = (7,)
BLAS = ("libopenblas.so", "libopenblas.a", "libopenblas.so.0", "libblas.so", "libmkl_rt.so")


@dataclass(frozen=True)
class Requirement:
    """have is None when the host has none, or when it was not looked for (met is then None too)."""

    name: str
    need: str
    have: str | None
    met: bool | None
    cause: str

    def line(self) -> str:
        verdict = {True: "met", False: "missing", None: "not looked for"}[self.met]
        have = self.have or ("unknown" if self.met is None else "none")
        return f"{self.name}: need {self.need}, have {have} ({verdict})"

    def reason(self) -> Reason:
        have = self.have or "none"
        text = f"a build of faiss-node on this host needs {self.name} {self.need}, and the host has {have}"
        return Reason(check=self.name, cause=self.cause, need=self.need, have=self.have, text=text)


def requirements(facts: Facts, source: str) -> list[Requirement]:
    """In the order in which the build would ask. ``source`` says which FAISS the inventory or the locked inputs "
    "name."""
    tools = facts["toolchains"]
    libgomp = facts["libgomp"]["path"]
    libraries = facts.get("libraries")
    blas = None if libraries is None else next((path for path in libraries if path.rsplit("/", 1)[-1] in BLAS), None)
    return [
        _npm(facts),
        _tool("CMake", "3.17", CMAKE, [tools["cmake"]] if tools["cmake"] else [], "cmake_too_old"),
        _tool("a C++17 compiler", "gcc 7", GCC, _compilers(tools), "compiler_too_old"),
        Requirement("BLAS", "OpenBLAS or another", blas, None if libraries is None else bool(blas), "blas_missing"),
        Requirement("OpenMP", "libgomp", libgomp, bool(libgomp), "openmp_missing"),
        Requirement("FAISS source", "an archive or commit that is pinned", source, True, "faiss_source_missing"),
    ]


def _npm(facts: Facts) -> Requirement:
    found = next((f"npm {node['npm']} ({node['path']})" for node in facts["nodes"] if node.get("npm")), None)
    return Requirement("npm", "any", found, bool(found), "command_missing")


def _compilers(tools: dict[str, Any]) -> list[dict[str, Any]]:
    """The system's own and every devtoolset's, newest first."""
    found = [each for each in [tools["gcc"], *tools["devtoolsets"]] if each and each.get("version")]
    return sorted(found, key=lambda each: _numbers(each["version"]), reverse=True)


def _tool(name: str, need: str, least: tuple[int, ...], found: list[dict[str, Any]], cause: str) -> Requirement:
    usable = [each for each in found if each.get("version")]
    if not usable:
        return Requirement(name, need, None, False, "build_tool_missing")
    best = usable[0]
    where = f"{best['version']} ({best['path']}{', ' + best['name'] if best.get('name') else ''})"
    return Requirement(name, need, where, _numbers(best["version"]) >= least, cause)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(glibc.parse_version(version))

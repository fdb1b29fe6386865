# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a build of faiss-node on a host needs, each requirement beside what the host has. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...target.elf import versions as glibc
from ..base import Facts, Reason

CMAKE = (3, 17)
# The first gcc whose C++17 is whole; CentOS 7 brings 4.8, its devtoolset-7 and newer are under /opt/rh.
GCC = (7,)


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
        return Reason(check="build_tools", cause=self.cause, need=f"{self.name} {self.need}", have=self.have, text=text)


def requirements(facts: Facts, headers: str, source: str) -> list[Requirement]:
    """In the order in which the build would ask. ``headers`` and ``source`` say what the controller ships."""
    tools = facts["toolchains"]
    libgomp = facts["libgomp"]["path"]
    blas = tools.get("blas")
    return [
        Requirement("Node-API headers", "node-api-headers", headers, True, "build_tool_missing"),
        _tool("CMake", "3.17", CMAKE, [tools["cmake"]] if tools["cmake"] else [], "cmake_too_old"),
        _tool("a C++17 compiler", "gcc 7", GCC, _compilers(tools), "compiler_too_old"),
        Requirement("BLAS", "OpenBLAS or another", blas, bool(blas) if "blas" in tools else None, "blas_missing"),
        Requirement("OpenMP", "libgomp", libgomp, bool(libgomp), "openmp_missing"),
        Requirement("FAISS source", "an archive or commit that is pinned", source, True, "faiss_source_missing"),
    ]


def compiler(facts: Facts) -> dict[str, Any] | None:
    """The newest C++ compiler of the host, its devtoolsets included: path, version, cxx; None when there is none."""
    return next(iter(_compilers(facts["toolchains"])), None)


def _compilers(tools: dict[str, Any]) -> list[dict[str, Any]]:
    """The system's own and every devtoolset's, newest first; those that came without C++ last."""
    found = [each for each in [tools["gcc"], *tools["devtoolsets"]] if each and each.get("version")]
    return sorted(found, key=lambda each: (_has_cxx(each), _numbers(each["version"])), reverse=True)


def _has_cxx(tool: dict[str, Any]) -> bool:
    """A probe without Python does not look; it then counts as there, and the build tells."""
    return "cxx" not in tool or bool(tool["cxx"])


def _tool(name: str, need: str, least: tuple[int, ...], found: list[dict[str, Any]], cause: str) -> Requirement:
    usable = [each for each in found if each.get("version")]
    if not usable:
        return Requirement(name, need, None, False, "build_tool_missing")
    best = usable[0]
    where = f"{best['version']} ({best['path']}{', ' + best['name'] if best.get('name') else ''})"
    if not _has_cxx(best):
        return Requirement(name, need, f"{where} without g++", False, "build_tool_missing")
    return Requirement(name, need, where, _numbers(best["version"]) >= least, cause)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(glibc.parse_version(version))

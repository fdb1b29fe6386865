# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts with Node for the tests of this strategy."""

from __future__ import annotations

from typing import Any

from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node.strategy import STRATEGY

NODE16 = {"path": "/usr/local/bin/node", "version": "16.20.2", "napi": 8, "npm": "8.19.4"}


DEVTOOLSET = {
    "name": "devtoolset-9",
    "path": "/opt/rh/devtoolset-9/root/usr/bin/gcc",
    "cxx": "/opt/rh/devtoolset-9/root/usr/bin/g++",
    "version": "9.3.1",
}


def facts(*nodes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A CentOS 7 host with AVX2."""
    return {
        "arch": "x86_64",
        "libc": {"family": "glibc", "version": "2.17"},
        "libstdcxx": {"path": "/lib64/libstdc++.so.6", "versions": {"GLIBCXX": "3.4.19"}, "error": None},
        "libgomp": {"path": "/lib64/libgomp.so.1", "versions": {"GOMP": "4.0"}, "error": None},
        "libgcc": {"path": "/lib64/libgcc_s.so.1", "versions": {"GCC": "4.8.0"}, "error": None},
        "cpu": {"isa_level": "x86-64-v3", "flags": []},
        "nodes": list(nodes),
        "toolchains": {
            "gcc": {"path": "/usr/bin/gcc", "version": "4.8.5", "error": None},
            "cmake": {"path": "/usr/bin/cmake", "version": "2.8.12.2", "error": None},
            "devtoolsets": [],
        },
        "filesystems": [
            {"purpose": "prefix", "path": "/opt", "free_bytes": 10**9, "noexec": False, "read_only": False}
        ],
        "prefixes": [],
        **changes,
    }


def planned(given: dict[str, Any], **extra: Any) -> dict[str, Any]:
    """Candidates by their kind, in the plan's order."""
    found = STRATEGY.plan(given, Options(extra={f"faiss_install__{name}": value for name, value in extra.items()}))
    return {candidate["id"].split(":")[2]: candidate for candidate in found}


def causes(candidate: Any) -> list[str]:
    return [reason["cause"] for reason in candidate["reasons"]]

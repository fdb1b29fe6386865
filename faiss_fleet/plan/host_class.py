# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which hosts are alike for FAISS: same processor, C and C++ library, Pythons, CPU level and container engine. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class HostClass(NamedTuple):
    """What two hosts must have in common for FAISS to run on both by the same way. None: it could not be read."""

    arch: str
    libc: str | None
    libc_version: str | None
    glibcxx: str | None
    pythons: tuple[str, ...]
    isa_level: str | None
    engines: tuple[str, ...]

    @property
    def c_library(self) -> str:
        """'glibc 2.17'."""
        return f"{self.libc or 'an unknown C library'} {self.libc_version or ''}".strip()


def of(facts: Mapping[str, Any]) -> HostClass:
    """The class of a host with these facts."""
    libc, stdcxx = facts["libc"], facts["libstdcxx"] or {}
    return HostClass(
        facts["arch"],
        libc["family"],
        libc["version"],
        (stdcxx.get("versions") or {}).get("GLIBCXX"),
        tuple(
            sorted(
                {str(python.get("tag") or python["version"]) for python in facts["pythons"] if python["version"]},
                key=_by_version,
            )
        ),
        facts["cpu"]["isa_level"],
        tuple(sorted({engine["name"] for engine in facts["engines"] if engine["answers"]})),
    )


def _by_version(tag: str) -> tuple[list[int], str]:
    """'cp39' before 'cp310', and '2.7.5' before both."""
    found = re.match(r"[a-z]+(\d)(\d+)", tag)
    return [int(number) for number in (found.groups() if found else re.findall(r"\d+", tag))], tag

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One column a check: what of a host stood in the way of the candidates for native FAISS."""

from __future__ import annotations

from ..record_schema import Record

CHECKS = (
    "glibc",
    "libstdcxx",
    "cxxabi",
    "libgomp",
    "libgcc",
    "arch",
    "cpu_isa",
    "python",
    "platform_tag",
    "free_space",
    "noexec",
    "engine",
)


def cells(record: Record) -> dict[str, str | None]:
    """By check: 'ok' where it blocked no candidate, 'needs X, has Y' of the first it blocked, None without a plan."""
    found: dict[str, str | None] = dict.fromkeys(CHECKS, "ok" if record["plan"] else None)
    for candidate in reversed(record["plan"]):
        for reason in reversed(candidate["reasons"]):
            if reason["check"] in found:
                found[reason["check"]] = f"needs {reason['need'] or '?'}, has {reason['have'] or 'none'}"
    return found

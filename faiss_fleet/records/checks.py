# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One column a check: what of a host stood in the way of the candidates for native FAISS."""

from __future__ import annotations

from .schema import Record

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
BLOCKED_BY = "blocked_by"
KEYS = (*(f"check_{check}" for check in CHECKS), BLOCKED_BY)
_KEYS = {check: f"check_{check}" for check in CHECKS}
_UNKNOWN: dict[str, str | None] = {**dict.fromkeys(KEYS, "unknown"), BLOCKED_BY: None}
_PASS: dict[str, str | None] = {**dict.fromkeys(KEYS, "pass"), BLOCKED_BY: None}


def cells(record: Record) -> dict[str, str | None]:
    """By column: 'pass' where the check blocked no candidate, 'blocked' where it did, 'unknown' without a plan.

    blocked_by has, for each check that did, what the first candidate needs and the host has.
    """
    plan = record["plan"]
    if not plan:
        return _UNKNOWN
    by: dict[str, str] = {}
    for candidate in plan:
        for reason in candidate["reasons"]:
            check = reason["check"]
            if check not in by:
                by[check] = f"{check}: needs {reason['need'] or '?'}, has {reason['have'] or 'none'}"
    if not by:
        return _PASS
    found = {_KEYS[check]: "blocked" for check in by if check in _KEYS}
    return {**_PASS, **found, BLOCKED_BY: "; ".join(by.values())}

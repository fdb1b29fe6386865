# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One column for each blocker of ``plan/blockers.py``: what of a host blocked the candidates for native FAISS."""

from __future__ import annotations

from collections.abc import Mapping

from ..plan import blockers
from .schema import Record

BLOCKED_BY = "blocked_by"
_KEYS = {blocker.id: f"check_{blocker.id}" for blocker in blockers.BLOCKERS}
KEYS = (*_KEYS.values(), BLOCKED_BY)
_UNKNOWN: dict[str, str | None] = {**dict.fromkeys(KEYS, "unknown"), BLOCKED_BY: None}
_PASS: dict[str, str | None] = {**dict.fromkeys(KEYS, "pass"), BLOCKED_BY: None}


def blocked(cells: Mapping[str, object]) -> frozenset[str]:
    """Return the ids of the blockers that a row of cells says blocked its host."""
    return frozenset(name for name, key in _KEYS.items() if cells[key] == "blocked")


def cells(record: Record) -> dict[str, str | None]:
    """By column: 'pass' where the blocker blocked nothing, 'blocked' where it did, 'unknown' without a plan.

    A native host passes all: what blocked other candidates is not in its way. blocked_by has, for each blocker that
    did, what the first candidate needs and the host has.
    """
    if not record["plan"]:
        return _UNKNOWN
    found = blockers.blocking(record)
    if not found:
        return _PASS
    texts = [f"{name}: needs {need or '?'}, has {have or 'none'}" for name, (need, have) in found.items()]
    cells = {_KEYS[name]: "blocked" for name in found if name in _KEYS}
    return {**_PASS, **cells, BLOCKED_BY: "; ".join(texts)}

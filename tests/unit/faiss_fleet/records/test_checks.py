# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Columns of checks are derived from the closed list of blockers, and none is missing."""

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.plan import blockers
from faiss_fleet.records import checks

PASSED = {"candidate": "wheel:1.9", "ok": True}


def candidate(name: str, check: str | None = None, need: str | None = "GLIBC_2.28") -> dict[str, Any]:
    reason = {"check": check, "cause": "unknown", "need": need, "have": "2.17", "text": "It is in the way."}
    artefact = {"name": "faiss-cpu", "version": "1"}
    strategy = name.partition(":")[0]
    return {"id": name, "strategy": strategy, "artefact": artefact, "reasons": [reason] if check else []}


def record(*plan: dict[str, Any], state: str = "fallback", tests: list[Any] | None = None) -> dict[str, Any]:
    return {"state": state, "plan": list(plan), "attempts": [], "verification": tests or []}


def test_a_check_says_pass_blocked_or_unknown_and_what_is_lacking() -> None:
    newest, older = candidate("wheel:1.15", "glibc"), candidate("wheel:1.10", "glibc", "GLIBC_2.27")
    found = checks.cells(record(newest, older))
    assert found["check_glibc"] == "blocked" and found["check_arch"] == "pass"
    assert found["blocked_by"] == "glibc: needs GLIBC_2.28, has 2.17"
    assert {checks.cells(record())[key] for key in checks.KEYS} == {"unknown", None}
    assert tuple(found) == tuple(checks.cells(record())) == checks.KEYS


@pytest.mark.parametrize("blocker", blockers.BLOCKERS, ids=lambda blocker: blocker.id)
def test_every_blocker_has_its_column(blocker: blockers.Blocker) -> None:
    found = checks.cells(record(candidate("wheel:1.15", blocker.id)))
    assert [key for key, value in found.items() if value == "blocked"] == [f"check_{blocker.id}"]


def test_a_native_host_passes_whatever_blocked_the_other_candidates() -> None:
    plan = (candidate("wheel:1.15", "glibc"), candidate("wheel:1.9"))
    found = checks.cells(record(*plan, state="native", tests=[PASSED]))
    assert "blocked" not in found.values() and found["blocked_by"] is None


def test_what_blocks_the_fallback_blocks_no_native_faiss() -> None:
    assert "blocked" not in checks.cells(record(candidate("js:x", "node"))).values()


def test_a_failed_search_test_is_a_check_that_did_not_pass() -> None:
    found = checks.cells(record(candidate("wheel:1.9"), tests=[{**PASSED, "ok": False, "cause": "segfault"}]))
    assert found["check_search_test"] == "blocked" and "segfault" in str(found["blocked_by"])

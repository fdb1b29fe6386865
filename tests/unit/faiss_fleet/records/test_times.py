# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.records.times import VERDICT, spent

TESTED = {"candidate": "js", "ok": True, "seconds": 2.0}
FAILED = {"candidate": "wheel", "ok": False, "seconds": 3.0}


def record(*attempts: dict[str, Any], tests: tuple[dict[str, Any], ...] = (TESTED,)) -> dict[str, Any]:
    return {"attempts": list(attempts), "verification": list(tests)}


@pytest.mark.parametrize(
    ("attempt", "check"),
    [
        pytest.param({"prefix": "/opt/x"}, "install", id="on the host"),
        pytest.param({}, "resolve", id="before it reached the host"),
        pytest.param({"prefix": "/opt/x", "fault": "controller"}, "controller", id="by the controller"),
        pytest.param({"fault": "inventory"}, "inventory", id="by the inventory"),
    ],
)
def test_a_failed_attempt_counts_for_the_check_that_it_blocked(attempt: dict[str, str], check: str) -> None:
    found = record({**FAILED, **attempt})
    assert spent(found, {check, "glibc"}) == {check: 3.0, VERDICT: 2.0}
    assert spent(found, {"glibc"}) == {VERDICT: 5.0}  # of a native host, say


def test_a_failed_search_test_counts_for_its_check_and_what_passed_for_the_verdict() -> None:
    installed = {"candidate": "wheel", "ok": True, "seconds": 4.0, "prefix": "/opt/x"}
    assert spent(record(installed, tests=(TESTED, FAILED)), {"search_test"}) == {VERDICT: 6.0, "search_test": 3.0}


def test_what_was_not_measured_has_no_time() -> None:
    assert spent(record(tests=()), {"glibc"}) == {}
    assert spent(record(tests=({**TESTED, "seconds": None}, {"candidate": "js", "ok": True})), set()) == {}

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One answer to "why not native", from one closed list."""

from __future__ import annotations

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.plan import blockers

from .test_decide import PLAN, UNNAMED, B, C, candidate, test_of

UNMADE = {
    "candidate": "conda:c", "ok": False, "cause": "conda_network", "message": "no answer", "remedy": "wait",
    "fault": "controller",
}  # fmt: skip
FAILED = {"candidate": "wheel:b", "ok": False, "cause": "disk_full", "message": "full", "remedy": "free some"}


@pytest.mark.parametrize(
    ("plan", "attempts", "verification", "cause"),
    [
        pytest.param(PLAN, [FAILED], [test_of("conda:c", False, cause="cpu_isa")], "cpu_isa", id="tested tells most"),
        pytest.param([candidate("wheel:n", ["glibc_too_old"]), B], [FAILED], [], "disk_full", id="then what was tried"),
        pytest.param(
            [candidate("existing:a", ["not_installed"]), candidate("wheel:n", ["glibc_too_old"])], [], [],
            "glibc_too_old", id="an obstacle tells more than an absence",
        ),
        pytest.param(
            [candidate("wheel:n", ["glibcxx_too_old", "glibc_too_old"]), candidate("wheel:o", ["wheel_tag"])], [], [],
            "wheel_tag", id="the one that lacks least is nearest",
        ),
        pytest.param(
            [candidate("wheel:n", ["python_version"]), C], [UNMADE], [], "conda_network",
            id="while the controller has a fault it is not known what the host can do",
        ),
        pytest.param(
            [candidate("wheel:n", ["glibcxx_too_old"]), C], [{**UNMADE, "cause": "unknown"}], [], "unknown",
            id="also where that fault has no name",
        ),
        pytest.param(
            [candidate("wheel:n", ["python_version"]), C], [{**UNMADE, "fault": "host", "cause": "conda_unsat"}], [],
            "python_version", id="nothing solved for the host says less than what blocks the first strategy",
        ),
        pytest.param(
            [candidate("wheel:n", ["glibcxx_too_old"]), candidate("conda:c", ["conda_glibc"])], [UNMADE], [],
            "glibcxx_too_old", id="a fault of the controller with what is blocked anyway tells nothing",
        ),
        pytest.param([B, C], [UNMADE, {**UNMADE, "candidate": "wheel:b", "cause": "network"}], [], "network",
                     id="of what was not made the first in the order"),
        pytest.param(
            [candidate("wheel:n", ["glibc_too_old"]), C],
            [{**UNMADE, "fault": "host", "cause": "too_large", "prefix": "/opt/x"}], [],
            "too_large", id="what came as far as the host tells more",
        ),
        pytest.param(
            [candidate("wheel:n", ["musl", "wheel_tag"]), UNNAMED], [], [], "musl",
            id="what nobody named is no obstacle of the host",
        ),
        pytest.param([UNNAMED], [], [], "image_missing", id="unless there is nothing else"),
        pytest.param([], [], [], None, id="no candidate at all"),
    ],
)  # fmt: skip
def test_the_answer_is_the_most_telling_one(plan, attempts, verification, cause):
    answer = blockers.why_not_native(plan, attempts, verification)
    assert (answer.cause if answer else None) == cause
    if answer:
        assert answer.blocker in blockers.BLOCKERS
        assert cause in (answer.says or "")
    # The fallback, whether it passes or not, has no say in it.
    js = candidate("js:plain")
    for ok in (True, False):
        assert blockers.why_not_native([*plan, js], attempts, [*verification, test_of("js:plain", ok)]) == answer


def test_where_native_faiss_passed_there_is_nothing_to_answer():
    assert blockers.why_not_native(PLAN, [], [test_of("wheel:b")]) is None
    kept = {"candidate": "wheel:old", "strategy": "wheel", "ok": True, "kept": {}}
    assert blockers.why_not_native(PLAN, [UNMADE, kept], [test_of("wheel:old")]) is None


def test_whose_fault_it_is_and_whether_it_prevented_the_answer():
    answer = blockers.why_not_native(PLAN, [UNMADE], [])
    assert answer and (answer.fault, answer.prevented, answer.blocker.id) == ("controller", True, "controller")
    answer = blockers.why_not_native([UNNAMED], [], [])
    assert answer and (answer.fault, answer.prevented) == ("inventory", False)
    answer = blockers.why_not_native(PLAN, [FAILED], [test_of("conda:c", False, cause="segfault")])
    assert answer and (answer.fault, answer.prevented, answer.blocker.id) == ("host", False, "search_test")


def test_a_check_outside_of_the_list_is_refused():
    assert blockers.check("glibc") == "glibc"
    with pytest.raises(FleetError, match=r"plan/blockers\.py"):
        blockers.check("moon_phase")


def record(state, plan, attempts=(), verification=()):
    return {"state": state, "plan": plan, "attempts": list(attempts), "verification": list(verification)}


def test_a_native_host_is_blocked_by_nothing_and_every_other_by_something():
    plan = [candidate("wheel:n", ["glibc_too_old"]), B]
    assert blockers.blocking(record("native", plan, verification=[test_of("wheel:b")])) == {}
    assert set(blockers.blocking(record("fallback", plan, [FAILED]))) == {"glibc", "resolve"}
    assert set(blockers.blocking(record("fallback", [B], [], [test_of("wheel:b", False)]))) == {"search_test"}
    assert blockers.blocking(record("fallback", [candidate("js:plain", ["node_too_old"])])) == {}

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faiss_fleet.errors import FleetError
from faiss_fleet.plan import decide

SCHEMA = json.loads((Path(__file__).parents[4] / "reports" / "host-record.schema.json").read_text(encoding="utf-8"))


def candidate(name, reasons=(), **more):
    return {
        "id": name,
        "strategy": name.partition(":")[0],
        "artefact": {"name": "faiss-cpu", "version": "1.9.0"},
        "verdict": "blocked" if reasons else "possible",
        "reasons": [
            {"check": "glibc", "cause": cause, "need": None, "have": None, "text": f"{cause} stands in the way."}
            for cause in reasons
        ],
        "remedy": "do this" if reasons else None,
        **more,
    }


def test_of(name, ok=True, p95=None, cause=None):
    runtime = {"kind": "python", "argv": ["/usr/bin/python3"], "env": {}, "prefix": None}
    return {
        "candidate": name,
        "ok": ok,
        "cause": cause,
        "message": None,
        "runtime": runtime,
        "faiss_version": "1.9.0",
        "numpy_version": "2.2.6",
        "python_version": "3.13.0",
        "workload": {"n": 1},
        "indexes": [{"index": "hnsw", "p95_ms": 0.001}, {"index": "flat", "p95_ms": p95, "qps": 7.0}],
    }


test_of.__test__ = False

A, B, C = candidate("existing:a"), candidate("wheel:b"), candidate("conda:c")
PLAN = [A, B, C]


def chosen(verification, policy="fastest", plan=PLAN, **options):
    return decide.decide(plan, [], verification, policy, **options)["candidate"]


def test_first_takes_the_first_of_the_order_that_passed():
    tests = [test_of("conda:c"), test_of("wheel:b"), test_of("existing:a", ok=False)]
    assert chosen(tests, "first") == "wheel:b"


def test_a_test_of_something_that_is_not_planned_wins_nothing():
    assert decide.decide([A], [], [test_of("wheel:b")], "first")["backend"] == "js"


@pytest.mark.parametrize(
    ("times", "before", "expected"),
    [
        pytest.param((1.0, 0.95, 2.0), None, "existing:a", id="within the noise the earlier wins"),
        pytest.param((1.0, 0.80, 2.0), None, "wheel:b", id="beyond it the faster wins"),
        pytest.param((1.0, 0.95, 2.0), "wheel:b", "wheel:b", id="what is set stays within the noise"),
        pytest.param((1.0, 1.05, 2.0), "wheel:b", "wheel:b", id="also when it is the slower one"),
        pytest.param((1.0, 1.50, 2.0), "wheel:b", "existing:a", id="what is set goes when it is much slower"),
        pytest.param((1.0, 1.50, 2.0), "gone:x", "existing:a", id="what is set and was not tested counts for nothing"),
        pytest.param((None, 3.0, None), None, "wheel:b", id="what was not measured comes last"),
        pytest.param((None, None, None), None, "existing:a", id="nothing measured: the order decides"),
        pytest.param((float("nan"), 3.0, float("inf")), None, "wheel:b", id="no number is no measurement"),
        pytest.param((1.0, 0.9, 0.81), None, "wheel:b", id="a chain of small gains does not hide a large one"),
    ],
)
def test_fastest_wants_a_margin_beyond_noise(times, before, expected):
    tests = [test_of(one["id"], p95=time) for one, time in zip(PLAN, times, strict=True)]
    assert chosen(tests, before={"candidate": before} if before else None) == expected


def test_fastest_can_find_the_fallback_faster():
    js = candidate("js:plain")
    tests = [test_of("existing:a", p95=9.0), test_of("js:plain", p95=1.0)]
    decision = decide.decide([A, js], [], tests, "fastest")
    assert (decision["backend"], decision["provider"]) == ("js", "js")
    assert decide.setting_for(decision, [], tests)["runtime"] is None


def test_fixed_accepts_only_what_is_named_and_says_so():
    decision = decide.decide(PLAN, [], [test_of("conda:c")], "fixed", ["wheel", "existing"])
    assert decision["backend"] == "js"
    assert decision["because"].startswith("None of the strategies named (wheel, existing) passed")


FAILED = {"candidate": "wheel:b", "ok": False, "cause": "disk_full", "message": "full", "remedy": "free some"}


def test_the_fallback_says_what_blocks_native_faiss():
    decision = decide.decide([candidate("wheel:n", ["glibc_too_old"])], [], [], "first")
    assert (decision["backend"], decision["provider"], decision["candidate"]) == ("js", "js", None)
    assert decision["cause"] == "glibc_too_old" and "glibc_too_old stands in the way" in decision["because"]
    assert decide.decide([], [], [], "first")["cause"] == "not_installed"


def test_a_fallback_that_passes_says_the_same_as_one_that_was_not_planned():
    plan = [candidate("wheel:n", ["glibc_too_old"]), UNNAMED]
    alone = decide.decide(plan, [], [], "first")
    beside = decide.decide([*plan, candidate("js:plain")], [], [test_of("js:plain")], "first")
    assert [one["cause"] for one in (alone, beside)] == ["glibc_too_old", "glibc_too_old"]
    assert alone["remedy"] == beside["remedy"]


def test_a_fallback_that_is_faster_than_native_faiss_is_a_choice_without_a_cause():
    js = candidate("js:plain")
    tests = [test_of("existing:a", p95=9.0), test_of("js:plain", p95=1.0)]
    assert "cause" not in decide.decide([A, js], [], tests, "fastest")


UNNAMED = {**candidate("container:x", ["image_missing"])}
UNNAMED["reasons"] = [{**UNNAMED["reasons"][0], "check": "inventory"}]


def test_what_a_host_printed_is_no_part_of_the_setting():
    noisy = {**FAILED, "message": "pid 4711 at 12:00:01"}
    decision = decide.decide(PLAN, [noisy], [], "first")
    assert decision["message"] == "pid 4711 at 12:00:01"
    assert "4711" not in json.dumps(decide.setting_for(decision, [], []))


FORESEEN = {"candidate": "wheel:b", "ok": None, "changed": True, "foreseen": {"ship_bytes": 1}}


def test_check_mode_predicts_what_would_be_tried_and_says_so():
    decision = decide.decide(PLAN, [FORESEEN], [test_of("existing:a", ok=False)], "first", check_mode=True)
    assert (decision["candidate"], decision["predicted"]) == ("wheel:b", True)
    assert decide.setting_for(decision, [FORESEEN], [])["verified"] is None


@pytest.mark.parametrize(
    ("tests", "before", "expected"),
    [
        pytest.param([], None, "wheel:b", id="all to be tried: the order"),
        pytest.param([test_of("existing:a")], None, "existing:a", id="one that is there, and one to be tried"),
        pytest.param([test_of("existing:a")], "wheel:b", "wheel:b", id="what is configured is taken to stay"),
    ],
)
def test_check_mode_does_not_know_which_is_fastest_and_says_so(tests, before, expected):
    foreseen = [FORESEEN, {**FORESEEN, "candidate": "conda:c"}]
    now = {"candidate": before} if before else None
    decision = decide.decide(PLAN, foreseen, tests, "fastest", before=now, check_mode=True)
    assert (decision["candidate"], decision["predicted"]) == (expected, True)
    assert "Not known which" in decision["because"] and decision["because"].count("1.9.0") == 2 + len(tests)


def test_check_mode_knows_the_fastest_of_one():
    tests = [test_of("existing:a"), test_of("wheel:b", ok=False)]
    decision = decide.decide(PLAN, [], tests, "fastest", check_mode=True)
    assert (decision["candidate"], decision["predicted"]) == ("existing:a", False)


def test_check_mode_predicts_nothing_of_what_the_plan_calls_blocked():
    plan = [candidate("wheel:b", ["glibc_too_old"]), C]
    both = [FORESEEN, {**FORESEEN, "candidate": "conda:c"}]
    assert decide.decide(plan, both, [], "first", check_mode=True)["candidate"] == "conda:c"
    assert decide.decide(plan, both[:1], [], "first", check_mode=True)["backend"] == "js"


def test_check_mode_predicts_a_fallback_as_such():
    decision = decide.decide([candidate("wheel:n", ["glibc_too_old"])], [], [], "first", check_mode=True)
    assert (decision["backend"], decision["predicted"]) == ("js", True)


def test_check_mode_believes_a_test_when_there_is_one():
    assert decide.decide(PLAN, [], [test_of("wheel:b")], "first", check_mode=True)["predicted"] is False
    assert decide.decide(PLAN, [], [test_of("wheel:b", ok=False)], "first", check_mode=True)["backend"] == "js"


def test_the_setting_says_how_to_start_it_and_how_it_was_tested():
    tests = [test_of("wheel:b", p95=0.5)]
    decision = decide.decide(PLAN, [], tests, "first")
    setting = decide.setting_for(decision, [], tests, run="r", at="2026-11-22T00:00:00Z")
    assert setting["runtime"] == tests[0]["runtime"]
    assert setting["versions"] == {"faiss": "1.9.0", "numpy": "2.2.6", "python": "3.13.0"}
    verified = setting["verified"]
    assert (verified["run"], verified["at"], verified["p95_ms"]) == ("r", "2026-11-22T00:00:00Z", 0.5)


def test_the_decision_fits_the_record():
    schema = {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/decision"}
    for tests in ([], [test_of("wheel:b")], [test_of("wheel:b", False, cause="segfault")]):
        jsonschema.validate(decide.decide(PLAN, [], tests, "first"), schema)


NAMES = ["existing:a", "wheel:b", "wheel:c", "conda:d", "js:e"]
TESTS = st.builds(
    test_of,
    st.sampled_from([*NAMES, "other:x"]),
    st.sampled_from([True, False, None, "yes", 1]),
    st.none() | st.floats(),
    st.sampled_from([None, "segfault", "glibc_too_old"]),
)
PLANS = st.lists(
    st.builds(candidate, st.sampled_from(NAMES), st.lists(st.sampled_from(["glibc_too_old", "not_installed"]))),
    unique_by=lambda one: one["id"],
)
ATTEMPTS = st.lists(
    st.builds(
        lambda name, ok, cause, more: {
            **{"candidate": name, "strategy": name.partition(":")[0], "artefact": A["artefact"], "ok": ok},
            **{"cause": cause, "message": "m", "remedy": None, **more},
        },
        st.sampled_from([*NAMES, "wheel:old"]),
        st.booleans(),
        st.sampled_from([None, "disk_full"]),
        st.sampled_from([{}, {}, {"kept": {}}, {"foreseen": {}}, {"fault": "controller"}]),
    )
)
POLICIES = st.sampled_from(["first", "fastest", "fixed"])
STRATEGIES = st.none() | st.lists(st.sampled_from(["existing", "wheel", "conda", "js"]))
BEFORE = st.none() | st.builds(lambda name: {"candidate": name}, st.sampled_from([*NAMES, None]))


@settings(deadline=None)  # a busy machine is no fault
@given(PLANS, ATTEMPTS, st.lists(TESTS, unique_by=lambda one: one["candidate"]), POLICIES, STRATEGIES, BEFORE,
       st.booleans(), st.floats(0, 0.99))  # fmt: skip
def test_never_decides_on_what_did_not_pass(plan, attempts, tests, policy, strategies, before, check_mode, margin):
    decision = decide.decide(plan, attempts, tests, policy, strategies, before, check_mode, margin)
    passed = {one["candidate"] for one in tests if one["ok"] is True}
    if decision["candidate"] is not None and not decision["predicted"]:
        assert decision["candidate"] in passed
    if decision["predicted"] and decision["candidate"] is None:
        assert check_mode
    if decision["backend"] == "faiss":
        assert decision["candidate"] is not None
        kept = {one["candidate"] for one in attempts if "kept" in one}
        assert strategies is None or decision["provider"] in strategies or decision["candidate"] in kept
    assert decide.setting_for(decision, attempts, tests)["verified"] is None or decision["candidate"] in passed


@settings(deadline=None)  # a busy machine is no fault
@given(PLANS, st.lists(TESTS, unique_by=lambda one: one["candidate"]), st.floats(0, 0.99))
def test_what_was_set_stays_when_nothing_changes(plan, tests, margin):
    first = decide.decide(plan, [], tests, "fastest", margin=margin)
    again = decide.decide(plan, [], tests, "fastest", before=first, margin=margin)
    assert again == first


def test_a_node_has_its_version_in_the_setting_and_no_other_runtime_has() -> None:
    tests = [{"candidate": A["id"], "ok": True, "runtime": {"kind": "node", "argv": ["/n"]}, "node_version": "16.20.2"}]
    decision = decide.decide([A], [], tests, "first")
    assert decide.setting_for(decision, [], tests)["versions"]["node"] == "16.20.2"
    tests[0]["runtime"] = {"kind": "python", "argv": ["/p"]}
    assert list(decide.setting_for(decision, [], tests)["versions"]) == ["faiss", "numpy", "python"]


@pytest.mark.parametrize("kind, written", [("python", True), ("container", True), ("node", False), (None, False)])
def test_a_socket_stands_in_the_setting_of_what_a_worker_can_be(kind: str | None, written: bool) -> None:
    before = {"backend": "faiss", "runtime": {"kind": kind} if kind else None}
    assert decide.with_socket(before, "/run/s") == ({**before, "socket": "/run/s"} if written else before)
    assert decide.with_socket(before, None) == before


def test_a_socket_that_cannot_be_is_refused() -> None:
    assert decide.socket_from_variable("") is None and decide.socket_from_variable(None) is None
    assert decide.socket_from_variable("/" + "a" * 106) == "/" + "a" * 106
    for path in ("run/s", "/" + "a" * 107, "/run/\ns", 5):
        with pytest.raises(FleetError, match="vector_backend__socket"):
            decide.socket_from_variable(path)

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host is done when the code of the roles finds nothing to do on it, and is left to them otherwise."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from faiss_fleet.fleet import one_call, stages
from faiss_fleet.fleet.answered_host import AnsweredHost, HandOver, brief
from faiss_fleet.fleet.host_options import ROLES, HostOptions, Resolver
from faiss_fleet.target.facts import gather

ROOT = Path(__file__).resolve().parents[4]
PYTHON = "/opt/app/bin/python3"
RUNTIME: Any = {"kind": "python", "argv": [PYTHON], "env": {}, "prefix": None}
CANDIDATE = f"existing:1.9.0:{PYTHON}"
WORKLOAD = {"n": 10000, "d": 384, "k": 10, "queries": 100, "threads": 1, "seed": 1}
FIGURES = {"recall_at_k": 1.0, "qps": 900.0, "p50_ms": 1.0, "p95_ms": 1.2}
VERIFIED = {"at": "2026-11-22T10:11:12Z", "run": "r", "workload": WORKLOAD, "index": "flat", **FIGURES}
EVIDENCE = {
    "outcome": {"exit_code": 0, "signal": None, "timed_out": False, "start_error": None, "log": "", "log_dropped": 0,
                "seconds": 1.5, "stuck": False},
    "said": {"stage": "done", "index": None, "failed": None, "garbage": "", "garbage_bytes": 0,
             "found": {"known_answer": True, "save_load": True, "indexes": [], "faiss_version": "1.9.0",
                       "numpy_version": "2.2.6", "python_version": "3.13.0"}},
    "oom_kills": None,
}  # fmt: skip


def options(**variables: Any) -> HostOptions:
    defaults: dict[str, Any] = {}
    for role in ROLES:
        defaults |= yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    given = {"faiss_install__strategies": ["existing"], "faiss_install__measure_fallback": False, **variables}
    paths = {"glibc_facts__prefix": "/opt/faiss-fleet", "glibc_facts__setting": "/etc/faiss-fleet/backend.json"}
    return Resolver({**defaults, **paths}, lambda value, _variables: value).of(given)


@pytest.fixture
def answer() -> dict[str, Any]:
    """Of a host that an audit has configured."""
    wanted = options()
    facts: dict[str, Any] = gather.empty()
    facts["pythons"] = [{"path": PYTHON, "realpath": PYTHON, "version": "3.13.0", "error": None}]
    facts["faiss"] = [{"python": PYTHON, "version": "1.9.0", "location": "/opt/app/lib", "numpy": "2.2.6"}]
    test = {"candidate": CANDIDATE, "runtime": RUNTIME, "workload": WORKLOAD, "figures": False, "evidence": EVIDENCE}
    verification = {"runtime": RUNTIME, **brief(wanted.install.search_test).judged([test])[0]}
    assert verification["ok"] is True, verification
    # What the audit before has written, by the same functions.
    host = AnsweredHost(test, wanted.install.search_test)
    facts["setting"] = {"backend": "faiss", "candidate": CANDIDATE, "runtime": RUNTIME, "provider": "existing",
                        "versions": {}, "policy": "first", "because": "", "verified": VERIFIED}  # fmt: skip
    found = stages.install(facts, wanted.install, host, dry_run=False)
    arguments = {**wanted.backend, **{name: found[name] for name in (*stages.FOUND, "policy", "strategies")}}
    setting = stages.Configuration.of(arguments, facts, False).module_args["setting"]
    facts["setting"] = {**{name: setting[name] for name in gather.OF_SETTING}, "verified": VERIFIED}
    before = {**setting, "verified": VERIFIED}
    path = "/etc/faiss-fleet/backend.json"
    configuration = {"path": path, "before": before, "after": before, "changed": False, "note": None}
    return {"facts": facts, "test": test, "configuration": configuration, "refused": None}


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_host_where_nothing_has_changed_is_done(answer: dict[str, Any], check_mode: bool) -> None:
    done = one_call.conclude(answer, options(), check_mode)
    assert done.facts == {"ansible_facts": {"glibc_facts": answer["facts"]}}
    (test,) = done.install["verification"]
    assert (test["candidate"], test["ok"], test["measured_at"]) == (CANDIDATE, True, VERIFIED["at"])
    assert done.backend["decision"]["candidate"] == CANDIDATE
    assert done.backend["setting"]["changed"] is False and done.backend["setting"]["backup"] is None


def change(answer: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        answer = answer[step]
    answer[last] = value


@pytest.mark.parametrize(
    "path, value, reason",
    [
        ("facts.setting", None, "nothing is configured yet"),
        ("configuration", None, "could not be read"),
        ("refused", "The directory is gone.", "The directory is gone."),
        ("configuration.changed", True, "has to be written"),
        ("configuration.before.socket", "/run/x", "another configuration has to be written"),
        ("test", None, "has to be tested"),
        ("test.runtime", {**RUNTIME, "argv": ["/other"]}, "has to be tested"),
        ("test.evidence.said.stage", "import", "did not pass"),
        ("facts.setting.verified", None, "has to measure"),
        ("facts.faiss", [], "another configuration|has to be tested|has to be"),
    ],
)
def test_any_other_host_is_left_to_the_roles(answer: dict[str, Any], path: str, value: Any, reason: str) -> None:
    other = copy.deepcopy(answer)
    change(other, path, value)
    if path == "facts.faiss":
        # What is configured is not in the plan any more: it is kept, as it passed, and that is said in other words.
        other["configuration"]["before"] = {**other["configuration"]["before"], "backend": "js"}
    with pytest.raises(HandOver, match=reason):
        one_call.conclude(other, options(), check_mode=False)


def test_another_policy_is_the_roles(answer: dict[str, Any]) -> None:
    with pytest.raises(HandOver, match="has to measure"):
        one_call.conclude(answer, options(faiss_install__policy="fastest"), check_mode=False)


def test_what_the_controller_would_have_to_make_is_not_made_here(
    answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    dry_runs: list[bool] = []

    def install(*_: Any, dry_run: bool, **__: Any) -> dict[str, Any]:
        dry_runs.append(dry_run)
        return {"attempts": [{"changed": True, "foreseen": {"seconds": 20.0}}]}

    monkeypatch.setattr(stages, "install", install)
    with pytest.raises(HandOver, match="has to be installed"):
        one_call.conclude(answer, options(), check_mode=False)
    assert dry_runs == [True]


def test_facts_alone_ask_for_nothing_else() -> None:
    asked = one_call.questions(options(), check_mode=False, facts_only=True)
    assert set(asked) == {"facts", "seconds", "check_mode"}


def test_the_test_that_is_asked_for_is_the_brief_one_within_the_time_of_the_call() -> None:
    given = {"workload": {"n": 2000, "d": 32}, "timeout": 500, "memory_limit_mb": 64}
    test = one_call.questions(options(faiss_install__search_test=given), False, False)["test"]
    assert (test["workload"]["n"], test["workload"]["figures"]) == (2000, False)
    assert (test["timeout"], test["memory_limit_mb"]) == (one_call.HOST_SECONDS, 64)


def test_facts_of_another_configuration_tell_nothing() -> None:
    with pytest.raises(HandOver, match="another configuration"):
        one_call.questions(options(vector_backend__path="/srv/app/backend.json"), False, False)


@pytest.mark.parametrize(
    "limits, outcome",
    [
        ({"timeout": 1}, {"timed_out": True, "exit_code": None, "signal": "SIGKILL"}),
        ({"memory_limit_mb": 64}, {"exit_code": None, "signal": "SIGSEGV"}),
    ],
)
def test_a_limit_of_the_search_test_that_is_too_low_decides_nothing(
    answer: dict[str, Any], limits: dict[str, int], outcome: dict[str, Any]
) -> None:
    wanted = options(faiss_install__search_test=limits)
    said = {**EVIDENCE["said"], "stage": "import", "found": {}}
    test = {**answer["test"], "evidence": {**EVIDENCE, "outcome": {**EVIDENCE["outcome"], **outcome}, "said": said}}

    class Host(AnsweredHost):
        def verify(self, candidate: str, runtime: Any, figures: bool) -> dict[str, Any]:
            return {"runtime": runtime, **brief(wanted.install.search_test).judged([test])[0]}

    found = stages.install(answer["facts"], wanted.install, Host(test, {}), dry_run=False)
    assert found.get("failed") and "by a fault of the inventory" in found["msg"], found.get("msg")
    assert f"{CANDIDATE} stays configured" in found["msg"]

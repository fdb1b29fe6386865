# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the decision makes of the module's call, and what is returned of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from tests.unit.faiss_fleet.plan.test_decide import A, B, test_of
from tests.unit.plugins.action_calls import Remote, run

DONE = {"changed": True, "path": "/etc/x.json", "before": None, "after": {"backend": "faiss"}, "backup_file": "/b"}
OWN = "/opt/ff/wheel/abc/python/bin/python3"
RAW = {"ansible_facts": {"glibc_facts": {"method": "raw"}}}


def configure(remote: Remote, task_vars: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"plan": [A, B], "attempts": [], "verification": [test_of(A["id"], p95=1.0)], "policy": "first"}
    return run("vector_backend", remote, {**given, **arguments}, task_vars)


def test_what_was_decided_is_written_by_one_call_and_returned() -> None:
    remote = Remote({**DONE, "lost": []})
    result = configure(remote, path="/etc/x.json", mode="", run="r")
    (call,) = remote.modules
    sent = call["module_args"]
    assert (call["module_name"], sent["path"], sent["setting"]["candidate"]) == (
        "vector_backend",
        "/etc/x.json",
        A["id"],
    )
    assert [(one["candidate"], one["p95_ms"]) for one in sent["passed"]] == [(A["id"], 1.0)]
    assert "mode" not in sent and sent["predicted"] is False
    assert result["decision"]["candidate"] == A["id"] and result["attempts"] == []
    assert result["setting"] == {"path": "/etc/x.json", "before": None, "after": DONE["after"], "changed": True,
                                 "backup": "/b"}  # fmt: skip


def test_nothing_that_failed_is_sent_as_passed() -> None:
    remote = Remote({**DONE, "lost": []})
    result = configure(remote, verification=[test_of(A["id"], ok=False, cause="cpu_isa")])
    assert remote.modules[0]["module_args"]["passed"] == []
    assert result["decision"]["backend"] == "js"


def test_arguments_that_are_missing_or_unknown_are_named() -> None:
    with pytest.raises(AnsibleActionFail, match="lacks: nothing; unknown: surprise"):
        configure(Remote(), surprise=1)
    with pytest.raises(AnsibleActionFail, match="lacks: plan, attempts, verification, policy; unknown: nothing"):
        run("vector_backend", Remote(), {})


@pytest.mark.parametrize("arguments", [{"margin_percent": -1}, {"socket": "relative.sock"}, {"corpus_size": "many"}])
def test_a_value_that_cannot_be_meant_is_refused_before_the_host_is_asked(arguments: dict[str, Any]) -> None:
    remote = Remote()
    result = configure(remote, **arguments)
    assert result["failed"] and result["msg"] and remote.modules == []


def test_without_a_python_nothing_is_written_and_the_fallback_is_what_the_host_has() -> None:
    remote = Remote()
    result = configure(remote, RAW, verification=[])
    assert remote.modules == [] and not result["changed"] and "No configuration was written" in result["msg"]
    assert result["setting"]["after"] is None and result["decision"]["backend"] == "js"


def test_the_python_that_faiss_came_with_writes_it_where_the_host_has_none() -> None:
    runtime = {"kind": "python", "argv": [OWN], "env": {}, "prefix": "/opt/ff/wheel/abc"}
    remote = Remote({**DONE, "lost": []})
    configure(remote, RAW, verification=[{**test_of(A["id"]), "runtime": runtime}])
    assert remote.interpreters() == [OWN]


@pytest.mark.parametrize("removed, ending", [(True, "/opt/ff/b is removed."), (False, "/opt/ff/b stays: in use.")])
def test_what_became_of_one_that_passed_and_is_not_set_stands_in_its_attempt(removed: bool, ending: str) -> None:
    lost = {"candidate": B["id"], "prefix": "/opt/ff/b", "removed": removed, "message": None if removed else "in use."}
    remote = Remote({**DONE, "lost": [lost]})
    tests = [test_of(A["id"], p95=1.0), test_of(B["id"], p95=2.0)]
    attempts = [{"candidate": B["id"], "strategy": "wheel", "ok": True, "message": None}]
    (attempt,) = configure(remote, policy="fastest", verification=tests, attempts=attempts)["attempts"]
    assert attempt["removed"] is removed
    assert attempt["message"] == f"It passed, and {A['id']} is set (p95 2 ms against 1 ms). {ending}"


def test_a_failure_of_the_module_keeps_the_decision() -> None:
    remote = Remote({"failed": True, "msg": "read-only", "cause": "read_only"})
    result = configure(remote)
    assert result["failed"] and result["cause"] == "read_only" and result["decision"]["candidate"] == A["id"]
    assert "setting" not in result

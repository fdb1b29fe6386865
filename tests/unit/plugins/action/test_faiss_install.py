# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is refused before the host is asked, and what is returned of a host about which nothing was learnt."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleActionFail

from faiss_fleet import strategies
from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import handed_over, stages
from tests.sample_records import records
from tests.unit.faiss_fleet.attempts.paper import PaperStrategy, candidate
from tests.unit.plugins.action_calls import Remote, run

FACTS = next(record["facts"] for record in records(13) if record["facts"] and record["facts"]["os"]["id"] == "debian")
CRASHED = {"failed": True, "rc": 139, "msg": "MODULE FAILURE", "module_stdout": "", "module_stderr": ""}
READ_ONLY = {"purpose": "setting", "path": "/etc/faiss-fleet", "mount": "/etc", "read_only": True}


class Existing(PaperStrategy):
    """One candidate, in the place of a strategy that the project has."""

    name = "existing"

    def plan(self, _facts: Any, _options: Any) -> list[Any]:
        return [{**candidate("a"), "strategy": "existing"}]


def install(remote: Remote, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"facts": FACTS, "strategies": ["existing"], "policy": "first", "search_test": {}, "options": {}}
    return run("faiss_install", remote, {**given, **arguments}, check_mode=check_mode)


def use(monkeypatch: pytest.MonkeyPatch, artefact: Any) -> None:
    monkeypatch.setattr(strategies, "all_strategies", lambda: (Existing(artefact),))


def test_without_facts_the_role_to_run_is_named() -> None:
    with pytest.raises(AnsibleActionFail, match="run the role glibc_facts"):
        install(Remote(), facts=None)


@pytest.mark.parametrize(
    "arguments, word",
    [
        pytest.param({"strategies": ["weel"]}, "wheel", id="a misspelt strategy"),
        pytest.param({"policy": "best"}, "fastest", id="a policy"),
        pytest.param({"search_test": {"workload": {"n": "many"}}}, "many", id="an option of the search test"),
        pytest.param({"options": {"attempt_timeout": -1}}, "faiss_install__attempt_timeout", id="a limit"),
        pytest.param({"facts": {**FACTS, "filesystems": [READ_ONLY]}}, "read-only", id="a closed directory"),
    ],
)
def test_what_cannot_be_is_refused_before_the_host_is_asked(arguments: dict[str, Any], word: str) -> None:
    remote = Remote()
    result = install(remote, **arguments)
    assert result["failed"] and word in result["msg"] and "Traceback" not in result["msg"]
    assert remote.modules == [] == remote.commands


def test_the_facts_of_the_host_are_used_where_no_others_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    remote = Remote(CRASHED)
    arguments = {"strategies": ["existing"], "policy": "first", "options": {}}
    variables = {"ansible_facts": {"glibc_facts": copy.deepcopy(FACTS)}}
    result = run("faiss_install", remote, arguments, variables, check_mode=True)
    assert [one["id"] for one in result["plan"]] == ["a"]


def test_a_crash_of_the_search_test_is_a_result_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    remote = Remote(CRASHED)
    result = install(remote, check_mode=True)
    (test,) = [one for one in result["verification"] if one["candidate"] == "a"]
    assert (test["ok"], test["cause"], result.get("failed"), result["changed"]) == (False, "segfault", None, False)
    assert (result["policy"], result["strategies"]) == ("first", ["existing"])
    assert [call["module_name"] for call in remote.modules] == ["faiss_search_test"]
    assert all(one["reason"] == "check mode measures nothing" for one in result["unmeasured"] if one["what"] == "js")


def test_a_fault_of_the_controller_is_no_verdict_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FleetError("The index does not answer.", "unreachable", "Start it."))
    result = install(Remote(*[CRASHED] * 3))
    assert result["failed"] and result["cause"] == "unreachable" and result["remedy"]
    assert "by a fault of this controller; its configuration was not changed" in result["msg"]
    configured = {**FACTS, "setting": {"candidate": "wheel:old", "runtime": None}}
    result = install(Remote(*[CRASHED] * 3), facts=configured)
    assert "wheel:old stays configured" in result["msg"]


def test_what_a_batch_has_tried_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    use(monkeypatch, None)
    given = {"strategies": ["existing"], "policy": "first", "search_test": {}, "options": {}}
    tried = {"failed": True, "msg": "The index does not answer.", "attempts": []}
    handed_over.keep_install(tmp_path, "h", stages.Wanted.of(given), tried)
    remote = Remote()
    found = run("faiss_install", remote, {**given, "facts": FACTS}, {"inventory_hostname": "h"})
    assert (found["failed"], found["msg"], remote.modules) == (True, "The index does not answer.", [])

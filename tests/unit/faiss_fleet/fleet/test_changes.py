# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a batch does on a host comes to the results of the roles, or says why the host is theirs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure

from faiss_fleet import strategies
from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import changes
from tests.unit.faiss_fleet.fleet.test_one_call import options
from tests.unit.plugins.action.test_faiss_install import CRASHED, FACTS, Existing

WRITTEN = {"changed": True, "path": "/etc/x", "before": None, "after": {}, "backup_file": None, "lost": []}


class Action:
    """Notes the modules that it is asked to run, and has an answer for each."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers, self.modules = list(answers), list[str]()
        self._connection = SimpleNamespace(transport="local")

    def _execute_module(self, module_name: str, **_more: Any) -> dict[str, Any]:
        self.modules.append(module_name)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def make(monkeypatch: pytest.MonkeyPatch, action: Action, artefact: Any = None) -> changes.Changed:
    monkeypatch.setattr(strategies, "all_strategies", lambda: (Existing(artefact),))
    return changes.make(action, {"inventory_hostname": "h"}, FACTS, options(), check_mode=False)


def test_a_host_where_nothing_passes_is_configured_for_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    action = Action(CRASHED, WRITTEN)
    made = make(monkeypatch, action)
    assert action.modules == ["faiss_search_test", "vector_backend"]
    assert made.backend is not None and made.backend["decision"]["backend"] == "js"
    assert (made.install["verification"][0]["cause"], made.backend["setting"]["changed"]) == ("segfault", True)


def test_a_fault_of_the_controller_leaves_the_host_to_the_roles_with_what_was_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action = Action()
    made = make(monkeypatch, action, FleetError("The index does not answer.", "unreachable", "Start it."))
    assert made.backend is None and made.install["failed"] and "index does not answer" in made.why
    assert action.modules == []


def test_a_configuration_that_cannot_be_written_leaves_it_to_them_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(monkeypatch, Action(CRASHED, {"failed": True, "msg": "/etc is read-only"}))
    assert made.backend is None and not made.install.get("failed") and made.why == "/etc is read-only"


def test_a_connection_that_is_lost_when_all_was_tried_loses_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(monkeypatch, Action(CRASHED, AnsibleConnectionFailure("gone")))
    assert made.backend is None and made.why == "gone" and made.install["verification"][0]["cause"] == "segfault"
    with pytest.raises(AnsibleConnectionFailure):
        make(monkeypatch, Action(AnsibleConnectionFailure("gone")))

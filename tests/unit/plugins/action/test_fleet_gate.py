# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which hosts close the gate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from faiss_fleet.reports import recorder
from tests.unit.plugins.action_calls import Remote, run

FALLBACK = {"_vector_backend__result": {"decision": {"backend": "js", "because": "No FAISS passed."}}}
NATIVE = {"_vector_backend__result": {"decision": {"backend": "faiss", "because": "wheel passed."}}}
VARIABLE = "fleet_report__fail_on_fallback"


class HostVars(dict[str, Any]):
    """As Ansible's: the variables of a host as they were written."""

    def raw_get(self, host: str) -> dict[str, Any]:
        found: dict[str, Any] = self[host]
        return found


def gate(fail: Any, **hosts: dict[str, Any]) -> dict[str, Any]:
    remote = Remote()
    names = list(hosts)
    task_vars = {"hostvars": HostVars(hosts), "inventory_hostname": names[0], "ansible_play_hosts_all": names}
    result = run("fleet_gate", remote, {"fail_on_fallback": fail}, task_vars)
    assert remote.modules == [] == remote.commands
    return result


def test_a_fallback_closes_it_and_is_named() -> None:
    result = gate(True, web1=NATIVE, web2=FALLBACK, web3={})
    assert result["failed"] and result["hosts"] == ["web2"] and "No FAISS passed." in result["msg"]


def test_a_host_of_a_batch_is_known_by_its_record_also_where_the_roles_skipped_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decided = SimpleNamespace(decided={"web2": {"backend": "js", "because": "No FAISS passed."}})
    monkeypatch.setattr(recorder, "current", lambda: decided)
    skipped = {"_vector_backend__result": {"changed": False, "skipped": True}}
    assert gate(True, web1=NATIVE, web2=skipped, web3={})["hosts"] == ["web2"]


def test_it_stays_open_where_nothing_fell_back_or_that_is_allowed() -> None:
    assert not gate(True, web1=NATIVE).get("failed")
    assert not gate(False, web1=NATIVE, web2=FALLBACK).get("failed")


def test_what_a_host_says_of_itself_comes_first() -> None:
    allowed, refused = {**FALLBACK, VARIABLE: False}, {**FALLBACK, VARIABLE: True}
    assert not gate(True, web1=NATIVE, web2=allowed).get("failed")
    assert gate(False, web1=NATIVE, web2=refused)["hosts"] == ["web2"]
    # The argument of the task was worked out of this host's own variable.
    assert gate(True, web1={**NATIVE, VARIABLE: True}, web2=FALLBACK).get("hosts") is None


@pytest.mark.parametrize("value", ["{{ not_defined_anywhere }}", "perhaps", None])
def test_what_cannot_be_read_holds_rather_than_opens(value: Any) -> None:
    assert gate(False, web1=NATIVE, web2={**FALLBACK, VARIABLE: value})["hosts"] == ["web2"]

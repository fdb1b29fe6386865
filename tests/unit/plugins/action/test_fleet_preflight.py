# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Variables of all hosts are judged in one call that touches none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError

from tests.unit.plugins.action_calls import Remote, run


class Variables(dict[str, Any]):
    """A host's variables, and as they are written."""

    @property
    def _vars(self) -> dict[str, Any]:
        return dict(self)


class Hosts(dict[str, Any]):
    """Variables by host, and as they are written."""

    raw_get = dict.__getitem__


def preflight(hostvars: Mapping[str, Any], **arguments: Any) -> dict[str, Any]:
    remote = Remote()
    known = {host: Variables(found) if isinstance(found, dict) else found for host, found in hostvars.items()}
    task_vars = {"hostvars": Hosts(known), "ansible_play_hosts_all": list(hostvars)}
    result = run("fleet_preflight", remote, {"files": False, **arguments}, task_vars)
    assert remote.modules == [] == remote.commands
    return result


def test_good_variables_pass_and_hosts_are_counted() -> None:
    result = preflight({"web1": {"faiss_install__policy": "first", "other": "{{ x }}"}, "web2": {}})
    assert not result.get("failed") and result["msg"].startswith("2 host(s)")


def test_hosts_are_listed_with_their_groups_where_that_is_asked_for() -> None:
    hostvars = {"web1": {"group_names": ["web"]}, "db": {"group_names": []}}
    assert preflight(hostvars, list_hosts=True)["hosts"] == {"web1": ["web"], "db": []}
    assert "hosts" not in preflight(hostvars)


def test_one_fault_is_told_once_with_the_hosts_that_have_it() -> None:
    wrong = {"faiss_install__polcy": "first"}
    result = preflight({"web1": wrong, "web2": wrong, "db": {}})
    assert result["failed"] and result["msg"].count("faiss_install__polcy") == 1
    assert "faiss_install__policy" in result["msg"] and "web1" in result["msg"] and "web2" in result["msg"]


class Templates(Mapping[str, Any]):
    """Variables of which one cannot be worked out."""

    _vars: Mapping[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        raise AnsibleError("'nothing' is undefined")

    def __iter__(self) -> Iterator[str]:
        return iter(["faiss_install__prefix"])

    def __len__(self) -> int:
        return 1


def test_an_expression_that_cannot_be_evaluated_is_a_fault() -> None:
    result = preflight({"web1": Templates()})
    assert result["failed"] and "'nothing' is undefined" in result["msg"] and "web1" in result["msg"]

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Variables of all hosts are judged in one call that touches none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.plugins.action_calls import Remote, run


class Hosts(dict[str, Any]):
    """Variables by host, and as they are written."""

    raw_get = dict.__getitem__


def preflight(hostvars: Mapping[str, Any], **arguments: Any) -> dict[str, Any]:
    remote = Remote()
    task_vars = {"hostvars": Hosts(hostvars), "ansible_play_hosts_all": list(hostvars)}
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


@pytest.mark.parametrize(
    "expression, word", [("{{ 'x' | no_such_filter }}", "no_such_filter"), ("{{ 1 / 0 }}", "division by zero")]
)
def test_an_expression_that_cannot_be_evaluated_is_a_fault(expression: str, word: str) -> None:
    result = preflight({"web1": {"faiss_install__prefix": expression}})
    assert result["failed"] and "web1" in result["msg"]
    # From ansible-core 2.19 on an expression that fails stays as it is, and no such text is a value.
    assert word in result["msg"] or expression in result["msg"]


def test_a_variable_that_a_play_will_define_is_left_to_it() -> None:
    assert not preflight({"web1": {"faiss_install__prefix": "/opt/{{ later }}"}}).get("failed")

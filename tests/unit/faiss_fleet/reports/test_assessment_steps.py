# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands that can be copied, for hosts and groups that exist."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.faiss_fleet.reports.assessed import FLEET, assessed, commands, kind, section, text


def test_commands_name_the_inventory_and_hosts_that_exist() -> None:
    found = assessed(FLEET)
    rendered = "".join(found.render())
    names = {name for record in FLEET for name in (record["host"]["name"], *record["host"]["groups"])}
    limits = 0
    for words in commands(rendered):
        known = ("ansible", "ansible-playbook", "images/portable-python", "faiss-fleet", "DIGEST=$(skopeo")
        assert words[0] in known, words
        if "--limit" in words:
            limit = words[words.index("--limit") + 1]
            assert words[words.index("-i") + 1] == "inventory/prod"
            if limit.startswith("@"):
                hosts = found.limit_files[limit.rpartition("/")[2]]
                assert hosts
                assert set(hosts) <= names
                limits += 1
            else:
                assert limit == "NEW_HOSTS" or set(limit.split(",")) <= names
    assert limits > 3


def test_a_group_that_is_just_the_class_stands_for_it() -> None:
    made = [kind("debian12") for _each in range(6)]
    for number, record in enumerate(made):
        record["host"] = {"name": f"web{number}", "groups": ["prod", "web"]}
    other = kind("alpine")
    other["host"] = {"name": "db", "groups": ["prod"]}
    assert "ansible all -i inventory/prod --limit web -m faiss_search_test " in text(*made, other)


@pytest.mark.parametrize(
    "system, command",
    [
        ({"id": "centos", "version": "7"}, "yum install -y podman"),
        ({"id": "rocky", "version": "9.4"}, "dnf install -y podman"),
        ({"id": "pop", "id_like": "ubuntu debian", "version": "22.04"}, "apt-get install -y podman"),
        ({"id": "alpine", "version": "3.20"}, "apk add podman"),
        ({"id": "sles", "version": "15.6"}, "zypper --non-interactive install podman"),
        ({"id": None, "version": None}, None),
    ],
)
def test_an_engine_is_installed_by_the_package_manager_of_the_host(system: dict[str, Any], command: str | None) -> None:
    record = kind("alpine", cause="engine_missing", remedy="Install one.")
    record["facts"]["os"] = {"name": None, **system}
    rendered = text(record)
    if command is None:
        assert "Install an engine, podman or docker, with the package manager of these hosts." in rendered
        return
    assert f"ansible.builtin.command -a '{command}' --become" in rendered
    others = {"yum", "dnf", "apt-get", "apk", "zypper"} - {command.split(" ")[0]}
    assert others.isdisjoint(re.findall(r"[a-z-]+", section(rendered, "Classes of hosts")))

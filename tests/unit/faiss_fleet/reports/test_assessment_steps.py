# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands that can be copied, for hosts and groups that exist."""

from __future__ import annotations

from tests.unit.faiss_fleet.reports.assessed import FLEET, assessed, commands, kind, text


def test_commands_name_the_inventory_and_hosts_that_exist() -> None:
    found = assessed(FLEET)
    rendered = "".join(found.render())
    names = {name for record in FLEET for name in (record["host"]["name"], *record["host"]["groups"])}
    limits = 0
    for words in commands(rendered):
        assert words[0] in ("ansible", "ansible-playbook", "images/portable-python"), words
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

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What each other way takes on the hosts of a class."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.faiss_fleet.reports.assessed import commands, kind, section, text


@pytest.mark.parametrize(
    "engines, base",
    [
        ([], "python:3.12-slim-bookworm"),
        ([{"name": "docker", "version": "20.10.5+dfsg1", "answers": True}], "python:3.11-slim-bullseye"),
        ([{"name": "docker", "version": "26.1.5", "answers": True}], "python:3.12-slim-bookworm"),
    ],
)
def test_other_ways_say_what_each_takes_on_these_hosts(engines: list[dict[str, Any]], base: str) -> None:
    made = kind("centos7-py313")
    made["facts"]["engines"] = [{"path": "/usr/bin/x", "rootless": False, "error": None, **one} for one in engines]
    rendered = section(text(made), "Classes of hosts")
    ways = rendered.partition("**Other ways, and what each would take here.**")[2].partition("**Steps**")[0]
    assert "`yum install devtoolset-11-gcc-c++`" in ways, "the compiler that a build takes on CentOS 7"
    assert "asks for GLIBC_2.17 at most" in ways
    assert "CMake: need 3.17, have none (missing)" in ways
    assert ("`yum install podman`" in ways) == (not engines)
    audits = [words for words in commands(ways) if words[0] == "ansible-playbook"]
    asked = [json.loads(words[words.index("-e") + 1]) for words in audits]
    assert [one["faiss_install__strategies"] for one in asked] == [["node"], ["node"], ["container"]]
    assert [one.get("faiss_install__node_build") for one in asked] == ["controller", "host", None]
    assert asked[2]["faiss_install__container_base"] == {"image": f"docker.io/library/{base}@$DIGEST"}


def test_what_the_ways_take_is_said_once_for_classes_that_are_alike() -> None:
    one, other = kind("centos7-py313"), kind("centos7-py313")
    other["host"] = {"name": "other", "groups": []}
    other["facts"]["cpu"]["isa_level"] = "x86-64-v2"
    rendered = section(text(one, other), "Classes of hosts")
    assert rendered.count("**Other ways, and what each would take here.**") == 1
    assert "**Other ways** take the same as for class 1, with `--limit" in rendered

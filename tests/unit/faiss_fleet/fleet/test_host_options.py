# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The options of a host are those that the roles' tasks hand to their actions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import stages
from faiss_fleet.fleet.host_options import APART, ROLES, Resolver

ROOT = Path(__file__).resolve().parents[4]


def defaults() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for role in ROLES:
        found |= yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    return found


class Templates:
    """Jinja without Ansible, that counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, value: Any, variables: Mapping[str, Any]) -> Any:
        self.asked.append(value)
        return jinja2.Template(value).render(**variables)


def test_each_role_gets_what_its_task_hands_over() -> None:
    found = Resolver(defaults(), Templates()).of({})
    tasks = {role: yaml.safe_load((ROOT / f"roles/{role}/tasks/main.yml").read_text("utf-8"))[0] for role in ROLES}
    assert set(found.facts) == set(tasks["glibc_facts"]["glibc_facts"])
    given = tasks["faiss_install"]["faiss_install"]
    extra = {name.removeprefix("faiss_install__") for name in found.install.options.extra}
    assert extra - {"workload", "asked", "test_seconds"} == set(given["options"])
    assert set(given) - {"facts", "options"} == set(APART)
    own = {*stages.FOUND, "policy", "strategies", "if_lost"}
    assert set(found.backend) == set(tasks["vector_backend"]["vector_backend"]) - own


def test_defaults_that_name_each_other_are_worked_out() -> None:
    found = Resolver(defaults(), Templates()).of({"faiss_install__prefix": "/srv/ff", "other": 1})
    assert found.facts["prefix"] == "/srv/ff" and found.install.options.prefix == "/srv/ff"


def test_values_have_their_types() -> None:
    found = Resolver(defaults(), Templates()).of({"vector_backend__backups_kept": "7", "faiss_install__keep": "no"})
    assert found.backend["backups_kept"] == 7 and found.install.options.extra["faiss_install__keep"] is False


def test_hosts_that_say_the_same_are_worked_out_once() -> None:
    templates = Templates()
    resolver = Resolver(defaults(), templates)
    first = resolver.of({"inventory_hostname": "a", "faiss_install__policy": "first"})
    asked = len(templates.asked)
    assert resolver.of({"inventory_hostname": "b", "faiss_install__policy": "first"}) is first
    assert len(templates.asked) == asked


def test_a_template_is_worked_out_with_the_hosts_own_variables() -> None:
    resolver = Resolver(defaults(), Templates())
    name = {"vector_backend__path": "/etc/{{ app }}/backend.json"}
    paths = [resolver.of({**name, "app": app}).backend["path"] for app in ("a", "b")]
    assert paths == ["/etc/a/backend.json", "/etc/b/backend.json"]


def test_a_value_that_is_none_of_its_type_is_refused() -> None:
    with pytest.raises(FleetError, match="backups_kept"):
        Resolver(defaults(), Templates()).of({"vector_backend__backups_kept": "many"})

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Remedies by a host's facts."""

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.causes import for_host

CENTOS = {"arch": "aarch64", "os": {"id": "centos", "version": "7", "name": "CentOS Linux 7 (Core)"}}


@pytest.mark.parametrize(
    "facts, expected",
    [
        (CENTOS, ("yum", "aarch64")),
        ({"arch": "x86_64", "os": {"id": "pop", "version": "22.04", "id_like": "ubuntu debian"}}, ("apt", "x86_64")),
        ({"arch": "", "os": {"id": None, "version": None}}, (None, None)),
        ({}, (None, None)),
        (None, (None, None)),
    ],
)
def test_family_and_arch_follow_from_the_facts(facts: dict[str, Any] | None, expected: tuple[str, str]) -> None:
    assert for_host.family_and_arch(facts) == expected


def test_a_remedy_names_the_commands_of_that_host() -> None:
    text = for_host.remedy_for("missing_shared_lib", CENTOS, "libgomp.so.1: cannot open shared object file")
    assert "`yum install libgomp`" in text
    assert "apt" not in text


def test_a_remedy_without_facts_names_all() -> None:
    assert "apt-get install libgomp1" in for_host.remedy_for("missing_shared_lib", None, "libgomp.so.1: cannot open")

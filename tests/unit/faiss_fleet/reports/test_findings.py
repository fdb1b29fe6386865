# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a run found out, class by class of hosts."""

from __future__ import annotations

import copy
from typing import Any

from faiss_fleet.reports import findings
from faiss_fleet.reports.findings import Findings
from tests.unit.faiss_fleet.reports.assessed import FLEET, kind


def twin(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {**copy.deepcopy(record), "host": {"name": name, "groups": ["web"]}}


def test_every_host_is_in_one_class_or_told_nothing() -> None:
    found = Findings(FLEET)
    assert sum(len(each.hosts) for each in found.classes) + len(found.without_facts) == len(FLEET)
    sizes = [len(each.hosts) for each in found.classes]
    assert sizes == sorted(sizes, reverse=True)
    assert {silent.state for silent in found.away} == {"unreachable"}


def test_equal_hosts_are_one_class_with_the_first_as_its_example() -> None:
    first = kind("centos7-py313")
    (found,) = Findings([first, twin(first, "b")]).classes
    assert found.hosts == [first["host"]["name"], "b"] == found.native_hosts
    assert found.example is first and found.groups["web"] == 1


def test_a_machine_of_several_names_counts_once() -> None:
    first = kind("centos7-py313")
    other = twin(first, "b")
    other["host"]["same_machine_as"] = first["host"]["name"]
    whole = Findings([first, other])
    (found,) = whole.classes
    assert found.hosts == [first["host"]["name"]] and found.states["native"] == 1
    assert whole.further == {"b": first["host"]["name"]} and whole.groups["web"] == 0


def test_a_need_is_kept_once_with_how_many_hosts_have_it() -> None:
    first = kind("centos7-py313")
    (found,) = Findings([first, twin(first, "b")]).classes
    chain, seen = next(iter(found.chains.items()))
    assert chain.release == "faiss-cpu 1.15.1" and chain.need.startswith("GLIBC")
    assert (seen.hosts, seen.host) == (2, first["host"]["name"])


def test_speed_is_counted_by_what_the_application_gets() -> None:
    record = kind("centos7-py313")
    native, js = (test["indexes"][0]["p50_ms"] for test in record["verification"])
    (found,) = Findings([record]).classes
    assert found.speedups == [js / native]
    record["verification"][0]["loader"] = {"p50_ms": 2 * native}
    (found,) = Findings([record]).classes
    assert found.speedups == [js / (2 * native)]


def test_a_failed_host_is_an_obstacle_with_its_remedy() -> None:
    record = kind("full-disk")
    (found,) = Findings([record]).classes
    assert list(found.causes) == ["disk_full"] and found.causes["disk_full"].hosts == [record["host"]["name"]]
    assert found.native_hosts == [] and any(ending.ok is False for ending in found.endings)


def test_what_was_asked_for_is_told_from_what_came_to_nothing() -> None:
    asked = findings.Findings([kind("alpine", strategies=["wheel", "conda", "js"])]).classes[0].scope()
    assert asked is not None
    assert (asked.not_asked, asked.bare, asked.blocked) == (["existing", "container", "node"], ["conda"], ["wheel"])
    old = kind("alpine")
    del old["strategies"]
    assert findings.Findings([old]).classes[0].scope() is None


def test_texts_without_end_are_bounded() -> None:
    records = [twin(kind("debian12"), f"h{number}") for number in range(findings.EXAMPLES + 50)]
    for number, record in enumerate(records):
        record["facts"]["gaps"] = [{"fact": "x", "reason": f"reason {number}"}]
    (found,) = Findings(records).classes
    assert len(found.gaps) == findings.EXAMPLES and len(found.hosts) == len(records)


def test_the_middle_of_nothing_is_none() -> None:
    assert findings.middle([]) is None and findings.middle([3.0, 1.0, 2.0]) == 2.0

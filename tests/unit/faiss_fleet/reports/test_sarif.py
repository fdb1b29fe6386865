# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts that are not native as findings."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft4Validator, FormatChecker

from faiss_fleet.reports import sarif
from tests import sarif_schema
from tests.sample_records import RUN
from tests.unit.faiss_fleet.reports.exported import fleet, text_of, waived


@pytest.mark.parametrize("hostile", [False, True])
def test_sarif_has_a_result_for_each_host_that_is_not_native(hostile: bool) -> None:
    hosts = fleet(hostile)
    document = json.loads(text_of(sarif.render, hosts))
    assert document["version"] == "2.1.0"
    [run] = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert sorted(rule["id"] for rule in rules) == sorted({result["ruleId"] for result in run["results"]})
    assert run["tool"]["driver"]["informationUri"] == f"pkg:generic/faiss-fleet@{RUN.version}"
    assert len(run["results"]) == sum(host["state"] != "native" for host in hosts)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("warning", "error")
        assert result["message"]["text"]
        location = result["locations"][0]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "inventory/prod/hosts.yml"
        assert location["logicalLocations"][0]["name"]
        assert result["suppressions"] == []


def test_a_waived_result_is_suppressed_until_the_waiver_has_expired() -> None:
    hosts = fleet()
    old = [host for host in hosts if host["cause"] == "musl"]
    assert old
    for until, holds in (("2026-11-22", True), ("2026-11-21", False)):
        for host in old:
            host["host"]["waivers"] = [waived("musl", until)]
        [run] = json.loads(text_of(sarif.render, hosts))["runs"]
        text = f"until {until}, storage team: replaced in January"
        suppressed = [result for result in run["results"] if result["suppressions"]]
        assert [result["ruleId"] for result in suppressed] == ["musl"] * len(old) * holds
        for result in suppressed:
            assert result["suppressions"] == [
                {"kind": "external", "status": "accepted", "justification": f"Waived {text}"}
            ]
        told = [result for result in run["results"] if f"The waiver has expired: {text}." in result["message"]["text"]]
        assert len(told) == (0 if holds else len(old))


@pytest.mark.parametrize("hostile", [False, True])
def test_the_standards_own_schema_accepts_it(hostile: bool) -> None:
    hosts = fleet(hostile)
    for host in hosts[::2]:
        host["host"]["waivers"] = [waived(str(host["cause"]), "2027-01-01")]
    validator = Draft4Validator(sarif_schema.load(), format_checker=FormatChecker())
    document = json.loads(text_of(sarif.render, hosts))
    assert [error.message for error in validator.iter_errors(document)] == []
    results = document["runs"][0]["results"]
    assert {len(result["suppressions"]) for result in results} == {0, 1}
    results[0]["suppressions"] = [{"kind": "accepted"}]
    assert not validator.is_valid(document)

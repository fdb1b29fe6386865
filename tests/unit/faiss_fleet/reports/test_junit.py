# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts as test suites, for CI."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import junitparser
import pytest

from faiss_fleet.records import checks
from faiss_fleet.reports import junit
from tests.unit.faiss_fleet.reports.exported import fleet, text_of


@pytest.mark.parametrize("hostile", [False, True])
def test_junit_has_a_case_for_each_host_and_check_with_its_time(hostile: bool) -> None:
    hosts = fleet(hostile)
    root = ElementTree.fromstring(text_of(junit.render, hosts))
    [suite] = root
    cases = list(root.iter("testcase"))
    assert len(cases) == int(root.attrib["tests"]) == 60 * len(checks.KEYS)  # with blocked_by in it, for the backend
    for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert len(list(root.iter(tag))) == int(root.attrib[count]) == int(suite.attrib[count]) > 0
    assert not list(root.iter("script"))
    backends = [case for case in cases if case.attrib["name"] == junit.BACKEND]
    spent = [sum(each["seconds"] for each in (*host["attempts"], *host["verification"]) if "seconds" in each)
             for host in hosts]  # fmt: skip
    assert [float(case.attrib["time"]) for case in backends] == pytest.approx(spent, abs=0.001)
    assert float(suite.attrib["time"]) == pytest.approx(sum(spent), abs=0.1) and max(spent) > 1
    for case, host in zip(backends, hosts, strict=True):
        expected = {"native": "system-out", "fallback": "failure"}.get(host["state"], "error")
        assert [child.tag for child in case] == [expected]
        if not hostile:
            assert case.attrib["classname"] == host["host"]["name"]
    by_glibc = [
        any(reason["check"] == "glibc" for each in host["plan"] for reason in each["reasons"]) for host in hosts
    ]
    place = next(at for at, host in enumerate(hosts) if host["state"] == "fallback" and by_glibc[at])
    [glibc] = [case for case in cases if case.attrib["name"] == "glibc"][place]
    assert glibc.tag == "failure" and "needs" in glibc.attrib["message"]


def test_junit_is_read_by_what_ci_reads_it_with(tmp_path: Path) -> None:
    hosts = fleet(hostile=True)
    file = tmp_path / "junit.xml"
    file.write_text(text_of(junit.render, hosts), encoding="utf-8")
    read = junitparser.JUnitXml.fromfile(str(file))
    before = (read.tests, read.failures, read.errors, read.skipped)
    times = [case.time for suite in read for case in suite if case.name == junit.BACKEND]
    read.update_statistics()
    assert before == (read.tests, read.failures, read.errors, read.skipped)
    assert len(times) == 60 and max(times) > 1
    assert len({(case.classname, case.name) for suite in read for case in suite}) == read.tests

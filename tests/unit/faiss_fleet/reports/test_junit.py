# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts as test suites, for CI."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import junitparser
import pytest

from faiss_fleet.records import checks
from faiss_fleet.reports import junit
from tests.sample_records import records
from tests.unit.faiss_fleet.reports.exported import fleet, text_of, waived


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
    told = [sum(float(case.attrib.get("time", 0)) for case in cases[at : at + len(checks.KEYS)])
            for at in range(0, len(cases), len(checks.KEYS))]  # fmt: skip
    assert told == pytest.approx(spent, abs=0.002)
    assert float(suite.attrib["time"]) == pytest.approx(sum(spent), abs=0.1) and max(spent) > 1
    assert all(("time" in case.attrib) == (seconds > 0) for case, seconds in zip(backends, spent, strict=True))
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
    took = read.time
    read.update_statistics()  # it counts the cases, and adds their times up
    assert before == (read.tests, read.failures, read.errors, read.skipped)
    assert read.time == pytest.approx(took, abs=0.1) and took > 60
    assert len(times) == 60 and 0 < sum(time is None for time in times) < 20
    assert len({(case.classname, case.name) for suite in read for case in suite}) == read.tests


def test_the_check_that_an_attempt_failed_on_has_its_seconds_and_what_has_no_time_says_none() -> None:
    hosts = list(records(13))
    cases = junitparser.JUnitXml.fromstring(text_of(junit.render, hosts).encode())
    times = {(case.classname, case.name): case.time for suite in cases for case in suite}
    full = next(host for host in hosts if host["cause"] == "disk_full")
    name, [attempt] = full["host"]["name"], full["attempts"]
    assert times[name, "install"] == pytest.approx(attempt["seconds"], abs=0.001)
    assert times[name, junit.BACKEND] == pytest.approx(full["verification"][0]["seconds"], abs=0.001)
    assert times[name, "glibc"] is None
    [gone] = [host["host"]["name"] for host in hosts if host["state"] == "unreachable"]
    assert {seconds for (host, _check), seconds in times.items() if host == gone} == {None}


def test_a_waived_host_is_skipped_with_its_checks_and_fails_again_when_the_waiver_has_expired() -> None:
    hosts = fleet()
    old = [host for host in hosts if host["cause"] == "musl"]
    assert old
    for until, tag in (("2026-11-22", "skipped"), ("2026-11-21", "failure")):
        for host in old:
            host["host"]["waivers"] = [waived("musl", until)]
        root = ElementTree.fromstring(text_of(junit.render, hosts))
        cases = [case for case in root.iter("testcase") if case.attrib["classname"] == old[0]["host"]["name"]]
        ended = {case.attrib["name"]: case[0] for case in cases if len(case)}
        assert {name: element.tag for name, element in ended.items()} == {junit.BACKEND: tag, "platform_tag": tag}
        said = ended[junit.BACKEND].attrib["message"] + str(ended[junit.BACKEND].text)
        assert old[0]["because"] in said
        assert (f"until {until}, storage team: replaced in January" in said) and ("has expired" in said) == (
            tag == "failure"
        )
        for tag_, count in (("failure", "failures"), ("skipped", "skipped")):
            assert len(list(root.iter(tag_))) == int(root.attrib[count])
    # Another cause is not waived by it.
    full = next(host for host in hosts if host["cause"] == "disk_full")
    full["host"]["waivers"] = [waived("musl", "2027-01-01")]
    root = ElementTree.fromstring(text_of(junit.render, hosts))
    [case] = [case for case in root.iter("testcase")
              if (case.attrib["classname"], case.attrib["name"]) == (full["host"]["name"], junit.BACKEND)]  # fmt: skip
    assert case[0].tag == "failure"

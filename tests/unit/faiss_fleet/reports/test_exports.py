# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reports for machines: each has every host, is well-formed, and holds hostile text as text."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pandas
import pyarrow
import pyarrow.compute
import pytest
from pyarrow import parquet as reader
from referencing import Registry, Resource

from faiss_fleet.records import checks
from faiss_fleet.reports import csv as csv_report
from faiss_fleet.reports import html, json_document, junit, markdown, parquet, prometheus, sarif
from faiss_fleet.reports.inventory_lines import InventoryLines
from faiss_fleet.reports.summary import Summary
from tests import promtool
from tests.sample_records import RUN, records

ROOT = Path(__file__).resolve().parents[4]
HOSTILE = '"]]></x>\x1b[31m\x00\x7f\x9b\u202e\ufffe & <script>alert(1)</script> \\" {a="b"}\nnext'


def fleet(hostile: bool = False) -> list[dict[str, Any]]:
    hosts = list(records(60))
    if hostile:
        for host in hosts:
            host["host"]["name"] += HOSTILE
            host["because"] = host["remedy"] = HOSTILE
            host["host"]["groups"] = [HOSTILE]
    return hosts


def text_of(renderer: Any, hosts: list[dict[str, Any]]) -> str:
    run = {**asdict(RUN), "inventory": list(RUN.inventory)}
    given = {"summary": Summary(run, hosts), "records": map(json.dumps, hosts), "good": {}}
    return "".join(renderer(*(given[name] for name in inspect.signature(renderer).parameters)))


@pytest.mark.parametrize(
    "renderer", [json_document.render, json_document.lines, junit.render, sarif.render, prometheus.render]
)
def test_no_control_character_reaches_a_terminal(renderer: Any) -> None:
    text = text_of(renderer, fleet(hostile=True))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_json_document_is_valid_and_whole() -> None:
    hosts = fleet()
    document = json.loads(text_of(json_document.render, hosts))
    schemas = [json.loads((ROOT / "reports" / f"{name}.schema.json").read_text()) for name in ("run", "host-record")]
    registry = Registry().with_resource(schemas[1]["$id"], Resource.from_contents(schemas[1]))
    jsonschema.Draft202012Validator(schemas[0], registry=registry).validate(document)
    assert document["hosts"] == hosts
    assert [json.loads(line) for line in text_of(json_document.lines, hosts).splitlines()] == hosts
    assert json.loads(text_of(json_document.render, []))["hosts"] == []


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


def check_mode(hosts: list[dict[str, Any]]) -> Summary:
    for host in hosts:
        host["verification"] = []
        if host["decision"]:
            host["decision"]["predicted"] = True
    return Summary({**asdict(RUN), "check_mode": True}, hosts)


def test_no_format_shows_what_check_mode_predicts_as_verified() -> None:
    hosts = [host for host in fleet() if host["state"] in ("native", "fallback")]
    summary = check_mode(hosts)
    root = ElementTree.fromstring("".join(junit.render(summary)))
    backends = [case for case in root.iter("testcase") if case.attrib["name"] == junit.BACKEND]
    messages = [case[0].attrib["message"] for case in backends if case[0].tag == "skipped"]
    assert len(messages) == len(hosts) and all(message.startswith("predicted ") for message in messages)
    [run] = json.loads("".join(sarif.render(summary)))["runs"]
    assert {result["level"] for result in run["results"]} == {"note"}
    assert all(": predicted fallback. " in result["message"]["text"] for result in run["results"])
    metrics = "".join(prometheus.render(summary))
    assert "\nfaiss_fleet_host_native{" not in metrics
    assert metrics.count('mode="predicted"') > len(hosts) and 'mode="verified"' not in metrics
    rows = list(csv.DictReader(io.StringIO("".join(csv_report.render(summary)))))
    assert {row["state"] for row in rows} == {"predicted native", "predicted fallback"}
    assert {row["predicted"] for row in rows} == {"true"}
    file = io.BytesIO()
    parquet.write(summary, hosts, file)
    table = reader.read_table(io.BytesIO(file.getvalue()))
    assert set(table.column("state").to_pylist()) == {"predicted native", "predicted fallback"}
    text = "".join(markdown.render(summary))
    assert "| native |" not in text and "| predicted native |" in text
    page = "".join(html.render(summary, map(json.dumps, hosts)))
    assert "FAISS runs here, verified" not in page and "predicted to run here, not verified" in page
    assert '"predicted":["native","fallback"]' in page


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


@pytest.mark.parametrize("hostile", [False, True])
def test_prometheus_lines_are_well_formed(hostile: bool) -> None:
    text = text_of(prometheus.render, fleet(hostile))
    label = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
    sample = re.compile(rf"[a-z_0-9]+(?:\{{{label}(?:,{label})*\}})? -?[0-9.e+-]+")
    names = []
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            names.append(line.split()[2])
        elif not line.startswith("#"):
            assert sample.fullmatch(line), line
            assert re.split(r"[{ ]", line)[0] == names[-1]
    assert len(set(names)) == len(names)
    native = [line for line in text.splitlines() if line.startswith("faiss_fleet_host_native{")]
    assert len(native) == 60
    if not hostile:
        assert all(re.fullmatch(r'faiss_fleet_host_native\{host="[^"]+"\} [01]', line) for line in native)
        info = [line for line in text.splitlines() if line.startswith("faiss_fleet_host_info{")]
        assert len(info) == 60 and any('libc="glibc 2.17"' in line for line in info)


@pytest.mark.parametrize("hostile", [False, True])
def test_promtool_finds_nothing_to_say(hostile: bool) -> None:
    done = subprocess.run(
        [promtool.path(), "check", "metrics"],
        input=text_of(prometheus.render, fleet(hostile)).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    broken = subprocess.run([promtool.path(), "check", "metrics"], input=b"bad{ 1\n", capture_output=True, check=False)
    assert broken.returncode


def test_sarif_leads_to_the_line_of_the_inventory_that_names_a_host(tmp_path: Path) -> None:
    prod = tmp_path / "prod"
    (prod / "group_vars").mkdir(parents=True)
    (prod / "group_vars" / "web.yml").write_text("web01: here it is a variable\n")
    (prod / "hosts.yml").write_text(
        "all:\n  hosts:\n    # db01:\n    web01:\n      ansible_host: db01\n    n[01:03].x.org:\n"
    )
    (prod / "more.ini").write_text("[old-1]\nold-1 ansible_port=22 # web01\n")
    found = InventoryLines(["a,b,", "prod"], ["web01", "n02.x.org", "old-1", "not-there"], tmp_path)
    assert found.of("web01") == ("prod/hosts.yml", 4)
    assert found.of("n02.x.org") == ("prod/hosts.yml", 6)
    assert found.of("old-1") == ("prod/more.ini", 2)
    assert found.of("not-there") == ("prod/hosts.yml", 1)
    assert InventoryLines(["elsewhere"], ["web01"], tmp_path).of("web01") == ("elsewhere", 1)
    assert InventoryLines(["/etc", "../x"], ["web01"], tmp_path).of("web01") == ("inventory", 1)


def test_parquet_has_a_typed_row_a_host_with_nested_columns() -> None:
    hosts = fleet(hostile=True)
    file = io.BytesIO()
    parquet.write(Summary(asdict(RUN), hosts), hosts, file)
    table = reader.read_table(io.BytesIO(file.getvalue()))
    assert table.column("host").to_pylist() == [host["host"]["name"] for host in hosts]
    assert set(checks.KEYS) < set(table.column_names)
    assert set(table.column("check_glibc").to_pylist()) == {"pass", "blocked", "unknown"}
    assert table.schema.field("p95_ms").type == "double"
    assert str(table.schema.field("finished").type) == "timestamp[ms, tz=UTC]"
    assert table.column("groups").to_pylist() == [host["host"]["groups"] for host in hosts]
    for column, key in (("plan", "plan"), ("tried", "attempts"), ("verification", "verification")):
        for row, host in zip(table.column(column).to_pylist(), hosts, strict=True):
            assert len(row) == len(host[key])
            for one, there in zip(row, host[key], strict=True):
                assert {name: there[name] for name in one if name in there and name not in ("reasons", "indexes")} == {
                    name: value for name, value in one.items() if name in there and name not in ("reasons", "indexes")
                }
    candidates = pyarrow.compute.list_flatten(table.column("plan")).combine_chunks()
    reasons = pyarrow.compute.list_flatten(candidates.field("reasons"))
    assert "GLIBC_2.27" in reasons.field("need").to_pylist()
    frame = pandas.read_parquet(io.BytesIO(file.getvalue()))
    assert str(frame.finished.dtype) == "datetime64[ms, UTC]" and frame.plan[0][0]["reasons"][0]["symbols"][0] == "powf"
    empty = io.BytesIO()
    parquet.write(Summary(asdict(RUN)), [], empty)
    assert reader.read_table(io.BytesIO(empty.getvalue())).num_rows == 0

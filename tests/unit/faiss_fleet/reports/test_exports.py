# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reports for machines: each has every host, is well-formed, and holds hostile text as text."""

from __future__ import annotations

import inspect
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pyarrow import parquet as reader
from referencing import Registry, Resource

from faiss_fleet.records import checks
from faiss_fleet.reports import json_document, junit, parquet, prometheus, sarif
from faiss_fleet.reports.summary import Summary
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
def test_junit_has_a_case_a_host(hostile: bool) -> None:
    hosts = fleet(hostile)
    root = ElementTree.fromstring(text_of(junit.render, hosts))
    cases = list(root.iter("testcase"))
    assert len(cases) == int(root.attrib["tests"]) == 60
    assert (
        len(list(root.iter("failure"))) == int(root.attrib["failures"]) == sum(h["state"] == "fallback" for h in hosts)
    )
    assert len(list(root.iter("error"))) == sum(h["state"] in ("failed", "unreachable") for h in hosts)
    assert not list(root.iter("script"))
    if not hostile:
        assert [case.attrib["name"] for case in cases] == [host["host"]["name"] for host in hosts]


@pytest.mark.parametrize("hostile", [False, True])
def test_sarif_has_a_result_for_each_host_that_is_not_native(hostile: bool) -> None:
    hosts = fleet(hostile)
    document = json.loads(text_of(sarif.render, hosts))
    assert document["version"] == "2.1.0"
    [run] = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert len(run["results"]) == sum(host["state"] != "native" for host in hosts)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("warning", "error")
        assert result["message"]["text"]
        location = result["locations"][0]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "inventory/prod"
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
    assert sum(line.startswith("faiss_fleet_host_native{") for line in text.splitlines()) == 60


def test_parquet_has_a_row_a_host_and_a_column_a_check() -> None:
    hosts = fleet(hostile=True)
    file = io.BytesIO()
    parquet.write(Summary(asdict(RUN), hosts), file)
    table = reader.read_table(io.BytesIO(file.getvalue()))
    assert table.column("host").to_pylist() == [host["host"]["name"] for host in hosts]
    assert set(checks.KEYS) < set(table.column_names)
    assert set(table.column("check_glibc").to_pylist()) == {"pass", "blocked", "unknown"}
    assert table.schema.field("p95_ms").type == "double"
    empty = io.BytesIO()
    parquet.write(Summary(asdict(RUN)), empty)
    assert reader.read_table(io.BytesIO(empty.getvalue())).num_rows == 0

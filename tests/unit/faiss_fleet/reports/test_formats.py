# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What every format keeps to."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from typing import Any

import pytest
from pyarrow import parquet as reader

from faiss_fleet.reports import csv as csv_report
from faiss_fleet.reports import html, json_document, junit, markdown, parquet, prometheus, sarif
from faiss_fleet.reports.summary import Summary
from tests.sample_records import RUN
from tests.unit.faiss_fleet.reports.exported import fleet, text_of


@pytest.mark.parametrize(
    "renderer", [json_document.render, json_document.lines, junit.render, sarif.render, prometheus.render]
)
def test_no_control_character_reaches_a_terminal(renderer: Any) -> None:
    text = text_of(renderer, fleet(hostile=True))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


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
    parquet.write(summary, parquet.Nested.of(hosts), file)
    table = reader.read_table(io.BytesIO(file.getvalue()))
    assert set(table.column("state").to_pylist()) == {"predicted native", "predicted fallback"}
    text = "".join(markdown.render(summary))
    assert "| native |" not in text and "| predicted native |" in text
    page = "".join(html.render(summary, map(json.dumps, hosts)))
    assert "FAISS runs here, verified" not in page and "predicted to run here, not verified" in page
    assert '"predicted":["native","fallback"]' in page

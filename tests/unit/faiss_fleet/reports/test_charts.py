# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Charts have the figures of the run, as a drawing and as a table, and nothing of a host runs in them."""

from __future__ import annotations

import copy
from dataclasses import asdict
from xml.etree import ElementTree

import pytest

from faiss_fleet.reports import charts
from faiss_fleet.reports.summary import Summary
from faiss_fleet.store.history import RunTotals
from tests.sample_records import RUN, records


@pytest.fixture(scope="module")
def summary() -> Summary:
    return Summary(asdict(RUN), records(120))


def test_each_chart_is_a_drawing_and_its_table(summary: Summary) -> None:
    found = {chart.key: chart for chart in charts.charts(summary)}
    assert {"glibc", "qps"} <= set(found)
    for chart in found.values():
        ElementTree.fromstring(str(chart.drawing))
        assert chart.lines and all(len(cells) == len(chart.series) for _label, cells in chart.lines)
        assert "<script" not in chart.drawing and "style=" not in chart.drawing


def test_hosts_are_counted_by_c_library_oldest_first(summary: Summary) -> None:
    chart = next(chart for chart in charts.charts(summary) if chart.key == "glibc")
    labels = [label for label, _cells in chart.lines]
    assert labels.index("glibc 2.17") < labels.index("glibc 2.34") < labels.index("glibc 2.36")
    figures = [cell.replace(",", "") for _label, cells in chart.lines for cell in cells]
    assert sum(map(int, filter(str.isdigit, figures))) == sum(row["libc"] is not None for row in summary.rows)


def test_runs_before_make_a_trend(summary: Summary) -> None:
    assert "trend" not in {chart.key for chart in charts.charts(summary)}
    earlier = [RunTotals("20261115T101112Z-5a3f1e", "2026-11-15T10:11:12Z", False, {"native": 3})]
    assert "trend" in {chart.key for chart in charts.charts(summary, earlier)}


def test_a_hosts_text_is_text_in_a_drawing() -> None:
    record = copy.deepcopy(next(records(1)))
    record["facts"]["libc"]["version"] = "<script>alert(1)</script>"
    found = charts.charts(Summary(asdict(RUN), [record]))
    assert found and not any("<script" in chart.drawing for chart in found)


def test_nothing_measured_is_no_chart() -> None:
    assert charts.charts(Summary(asdict(RUN), [])) == []

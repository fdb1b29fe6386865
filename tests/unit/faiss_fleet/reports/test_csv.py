# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""summary.csv in the hands of a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas
import pytest

from faiss_fleet.records.columns import KEYS
from faiss_fleet.reports import csv as csv_report
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile
from tests.unit.faiss_fleet.reports.exported import waived


def table(*made: dict[str, Any]) -> list[dict[str, str]]:
    text = "".join(csv_report.render(hostile.summary(*made)))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_every_host_has_a_row_and_every_column_a_key() -> None:
    made = list(records(30))
    found = table(*made)
    assert [row["host"] for row in found] == [record["host"]["name"] for record in made]
    assert [row["state"] for row in found] == [record["state"] for record in made]
    assert list(found[0]) == list(KEYS)


@pytest.mark.parametrize("formula", hostile.FORMULAS, ids=json.dumps)
def test_nothing_a_host_said_becomes_a_formula(formula: str) -> None:
    row = table(hostile.host(formula, system=formula, because=formula, remedy=formula))[0]
    for key in ("host", "groups", "os", "because", "remedy"):
        assert row[key][:1] not in ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "")


def test_figures_stay_figures() -> None:
    row = table(next(records(1)))[0]
    assert float(row["p95_ms"]) > 0
    assert row["setting_changed"] in ("true", "false")


def test_a_hostile_host_is_one_row_of_plain_characters() -> None:
    text = "".join(csv_report.render(hostile.summary(hostile.everything())))
    assert text.count("\r\n") == 2
    assert text.replace("\r\n", "").isprintable()
    assert len(table(hostile.everything())) == 1


def test_no_cell_is_longer_than_a_spreadsheet_takes() -> None:
    row = table(hostile.everything())[0]
    assert max(map(len, row.values())) < 32_767


def test_pandas_reads_versions_as_text_and_figures_as_numbers(tmp_path: Path) -> None:
    made = [hostile.host("web-1"), hostile.host("web-2"), *records(13)]
    for record, glibc in zip(made, ("2.17", "2.30"), strict=False):
        record["facts"]["libc"].update(family="glibc", version=glibc)
        record["host"]["groups"] = ["web servers", "a;b"]
    file = tmp_path / "summary.csv"
    file.write_text("".join(csv_report.render(hostile.summary(*made))), encoding="utf-8", newline="")
    table = pandas.read_csv(file)
    assert list(table.glibc[:2]) == ["glibc 2.17", "glibc 2.30"]  # 2.30 alone would be 2.3
    assert list(table.host[:2]) == ["web-1", "web-2"]
    assert [str(groups).split(";") for groups in table.groups[:2]] == [["web servers", "a%3Bb"]] * 2
    assert not any(text.startswith("'") for column in table for text in map(str, table[column]))
    for name in ("qps", "p50_ms", "p95_ms", "recall", "js_p95_ms", "attempts", "free_mb"):
        assert pandas.api.types.is_numeric_dtype(table[name]), name
    assert table.predicted.dtype == bool
    assert {name for name in table if name.startswith("check_")} == {key for key in KEYS if key.startswith("check_")}
    assert set(table.check_glibc) <= {"pass", "blocked", "unknown"}


def test_a_number_is_not_taken_for_a_formula() -> None:
    rows = table(hostile.host("10"), hostile.host("1e5"))
    assert [row["host"] for row in rows] == ["10", "1e5"]


def test_a_waiver_is_in_its_columns_while_it_holds(tmp_path: Path) -> None:
    made = list(records(13))
    full, other = next(each for each in made if each["cause"] == "disk_full"), made[0]
    file = tmp_path / "summary.csv"
    for until, holds in (("2026-11-22", True), ("2026-11-21", False)):
        full["host"]["waivers"] = other["host"]["waivers"] = [waived("disk_full", until)]
        file.write_text("".join(csv_report.render(hostile.summary(*made))), encoding="utf-8", newline="")
        table = pandas.read_csv(file, index_col="host")
        assert table.waived.dtype == bool
        assert list(table.index[table.waived]) == [full["host"]["name"]] * holds
        texts = [] if table.waiver.isna().all() else list(table.waiver.dropna())
        assert texts == [f"until {until}, storage team: replaced in January"] * holds

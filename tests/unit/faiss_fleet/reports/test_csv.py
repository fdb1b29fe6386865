# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""summary.csv in the hands of a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from faiss_fleet.records.columns import KEYS
from faiss_fleet.reports import csv as csv_report
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile


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


def test_text_that_looks_like_a_number_stays_text_and_groups_can_be_split() -> None:
    made = [hostile.host("10"), hostile.host("1e5")]
    for record, glibc in zip(made, ("2.17", "2.30"), strict=True):
        record["facts"]["libc"].update(family="glibc", version=glibc)
        record["host"]["groups"] = ["web servers", "a;b"]
    rows = table(*made)
    assert [row["glibc"] for row in rows] == ["'2.17", "'2.30"]  # pandas reads 2.30 as 2.3
    assert [row["host"] for row in rows] == ["'10", "'1e5"]
    assert [row["libc"] for row in rows] == ["glibc 2.17", "glibc 2.30"]
    assert [row["groups"].split(";") for row in rows] == [["web servers", "a%3Bb"]] * 2
    for row in rows:
        with pytest.raises(ValueError):
            float(row["glibc"])

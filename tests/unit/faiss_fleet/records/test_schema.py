# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What does not fit the schema is named and taken out; the rest of the record stays."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from faiss_fleet.records import schema
from tests.sample_records import records


@pytest.fixture
def record() -> dict[str, Any]:
    return copy.deepcopy(next(records(1)))


def test_a_valid_record_has_no_faults_and_stays_as_it_is(record: dict[str, Any]) -> None:
    before = copy.deepcopy(record)
    assert schema.faults(record) == [] == schema.repair(record) and record == before


@pytest.mark.parametrize(
    "part, value, kept, word",
    [
        pytest.param("plan", "wheel", [], "plan: wheel is not a list", id="no list"),
        pytest.param("facts", {"libc": 5}, None, "facts", id="an object of other content"),
        pytest.param("cause", 5, None, "cause: 5 is not", id="no text"),
    ],
)
def test_a_part_that_does_not_fit_is_taken_out(
    record: dict[str, Any], part: str, value: Any, kept: Any, word: str
) -> None:
    record[part] = value
    assert schema.faults(record)
    told = schema.repair(record)
    assert any(word in sentence for sentence in told) and record[part] == kept
    assert schema.faults(record) == []


def test_one_bad_entry_costs_that_entry_alone(record: dict[str, Any]) -> None:
    good = list(record["plan"])
    record["plan"].insert(0, {"id": 7})
    (told, *_more) = schema.repair(record)
    assert told.startswith("plan/0") and record["plan"] == good


def test_a_part_that_no_record_has_goes(record: dict[str, Any]) -> None:
    record["surprise"] = "x" * 1000
    assert schema.repair(record) == ["surprise: not a part of a host record"] and "surprise" not in record


def test_a_long_fault_is_cut(record: dict[str, Any]) -> None:
    record["because"] = ["x" * 5000]
    assert max(map(len, schema.faults(record))) < 400


def test_a_record_without_its_host_cannot_be_repaired(record: dict[str, Any]) -> None:
    del record["host"]
    schema.repair(record)
    assert schema.faults(record) == ['record: "host" is a required property']

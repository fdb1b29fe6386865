# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The generator of sample fleets keeps to the schema."""

from __future__ import annotations

from pathlib import Path

from faiss_fleet.records import journal as runs
from faiss_fleet.records import schema as record_schema
from faiss_fleet.records.build import STATES
from tests.sample_records import KINDS, RUN, records, write_run


def test_every_record_is_valid() -> None:
    for record in records(60):
        assert record_schema.faults(record) == []
        assert [error for error in record["errors"] if error["stage"] == "record"] == []


def test_the_same_seed_gives_the_same_fleet() -> None:
    assert list(records(30, seed=7)) == list(records(30, seed=7))
    assert list(records(30, seed=7)) != list(records(30, seed=8))


def test_a_small_fleet_has_each_kind_and_each_state() -> None:
    assert {record["state"] for record in records(len(KINDS))} == set(STATES)


def test_a_written_run_needs_no_settling(tmp_path: Path) -> None:
    directory = write_run(tmp_path, 20)
    before = (directory / runs.RECORDS).read_bytes()
    runs.settle(directory)
    assert (directory / runs.RECORDS).read_bytes() == before
    assert runs.read_run(directory)[0] == RUN

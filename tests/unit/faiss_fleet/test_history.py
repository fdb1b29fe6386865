# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What reports learn of earlier runs, and that nothing is in their way where there are none."""

from __future__ import annotations

from pathlib import Path

from faiss_fleet import history
from faiss_fleet.store import Store
from faiss_fleet.store.intake import STORE
from tests import sample_records

LATER = "20261129T101112Z-5a3f1e"


def filled(reports: Path) -> list[dict[str, object]]:
    """A store of two runs; in the later one no host was reached."""
    first = list(sample_records.records(26))
    second = [
        {**record, "run": {**record["run"], "id": LATER}, "state": "unreachable", "cause": "unreachable"}
        for record in first
    ]
    with Store.open(reports / STORE) as store:
        store.add_records([*second, *first])
    return first


def test_runs_come_oldest_first_with_their_totals(tmp_path: Path) -> None:
    records = filled(tmp_path)
    runs = history.trend(tmp_path)
    assert [run.id for run in runs] == [sample_records.RUN.id, LATER]
    assert runs[0].states["native"] == sum(record["state"] == "native" for record in records)
    assert runs[0].hosts == runs[1].hosts == 26
    assert runs[1].states == {"unreachable": 26}


def test_the_last_good_line_is_of_the_newest_run_that_had_an_answer(tmp_path: Path) -> None:
    records = filled(tmp_path)
    names = [record["host"]["name"] for record in records]  # type: ignore[index]
    found = history.last_good(tmp_path, names)
    assert set(found) == {
        record["host"]["name"]
        for record in records
        if record["state"] in ("native", "fallback")  # type: ignore[index]
    }
    assert {line.run for line in found.values()} == {sample_records.RUN.id}  # type: ignore[attr-defined]
    assert history.last_good(tmp_path, names, before=sample_records.RUN.id) == {}


def test_no_store_and_a_broken_one_are_no_history_and_are_not_made(tmp_path: Path) -> None:
    assert history.trend(tmp_path) == [] and history.last_good(tmp_path, ["web1"]) == {}
    assert not list(tmp_path.iterdir())
    (tmp_path / STORE).write_bytes(b"no database" * 100)
    assert history.trend(tmp_path) == [] and history.last_good(tmp_path, ["web1"]) == {}

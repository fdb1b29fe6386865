# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs by their names, compared, exported and removed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from faiss_fleet.cli import operations
from faiss_fleet.errors import FleetError
from faiss_fleet.store.queries import Store
from tests.sample_records import RUN, records

LATER = "20261129T101112Z-aaaaaa"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two runs of three hosts, a week apart."""
    fleet = list(records(3))
    again = copy.deepcopy(fleet)
    for record in again:
        record["run"].update(id=LATER, started="2026-11-29T10:11:12Z", finished="2026-11-29T10:12:12Z")
    with Store.open(tmp_path / "history.sqlite") as opened:
        opened.add_records([*fleet, *again])
        yield opened


@pytest.mark.parametrize(
    "name, found", [("latest", LATER), ("previous", RUN.id), ("20261122", RUN.id), (LATER, LATER), (LATER[:12], LATER)]
)
def test_a_run_has_several_names(store: Store, name: str, found: str) -> None:
    assert operations.run_id(store, name) == found


@pytest.mark.parametrize("name, words", [("2026", "more than one run"), ("1999", "no run"), ("", "no run")])
def test_a_name_of_no_run_or_of_several_is_refused(store: Store, name: str, words: str) -> None:
    with pytest.raises(FleetError, match=words):
        operations.run_id(store, name)


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.sqlite") as empty, pytest.raises(FleetError, match="holds no run yet"):
        operations.run_id(empty, "latest")


def test_two_runs_of_one_inventory_are_compared(store: Store) -> None:
    found = operations.diff(store, "previous", "latest")
    assert (found.before, found.after, found.empty) == (RUN.id, LATER, True)


def test_runs_of_two_inventories_are_not(store: Store) -> None:
    other = copy.deepcopy(next(records(1)))
    other["run"].update(id="20261130T101112Z-bbbbbb", inventory=["inventory/other"])
    store.add_records([other])
    with pytest.raises(FleetError, match="their hosts are not the same"):
        operations.diff(store, RUN.id, "latest")
    with pytest.raises(FleetError, match="can be compared with"):
        operations.diff(store, "previous", "latest")


def test_a_run_is_exported_whole(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert operations.export(store, "json", "latest", tmp_path, file)
    assert len(json.loads(file.read_text())["hosts"]) == 3
    assert not operations.export(store, "json", "latest", tmp_path, file)


def test_a_file_that_cannot_be_written_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="Name another file"):
        operations.export(store, "json", "latest", tmp_path, tmp_path / "absent" / "run.json")


@pytest.mark.parametrize(
    "text, found",
    [("90d", timedelta(90)), ("2w", timedelta(14)), ("36h", timedelta(hours=36)), ("5m", timedelta(minutes=5))],
)
def test_an_age_is_read(text: str, found: timedelta) -> None:
    assert operations.age(text) == found


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5h", "123456d", "1 d"])
def test_an_age_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FleetError, match="a number and a unit"):
        operations.age(text)


def test_pruning_removes_folders_of_runs_alone(store: Store, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    for name in (RUN.id, LATER, "notes"):
        (reports / name).mkdir(parents=True)
    assert operations.prune(store, reports, 1, None, files=True, dry=True) == [RUN.id]
    assert (reports / RUN.id).is_dir()
    assert operations.prune(store, reports, 1, None, files=True, dry=False) == [RUN.id]
    assert sorted(path.name for path in reports.iterdir()) == [LATER, "notes"]

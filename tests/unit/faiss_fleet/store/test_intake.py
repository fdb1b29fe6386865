# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs are taken in once, and again when they have changed; what cannot be is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.records import journal
from faiss_fleet.store.intake import put_back, take_in
from faiss_fleet.store.queries import Store
from tests.sample_records import RUN, write_run


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "history.sqlite") as opened:
        yield opened


def test_a_run_is_taken_in_once_and_again_when_it_has_changed(store: Store, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    directory = write_run(reports, 3)
    assert take_in(store, reports) == {RUN.id: 3}
    assert take_in(store, reports) == {}
    lines = (directory / journal.RECORDS).read_bytes().splitlines(keepends=True)
    (directory / journal.RECORDS).write_bytes(b"".join([*lines, lines[0]]))
    assert take_in(store, reports) == {RUN.id: 4} and store.runs()[0].hosts == 3


def test_what_is_no_run_is_passed_over(store: Store, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    write_run(reports / "notes", 1)
    (reports / "20261122T101112Z-abcdef").mkdir()
    (reports / "20261122T101112Z-5a3f1e").symlink_to(reports / "notes" / RUN.id)
    assert take_in(store, reports) == {} == take_in(store, tmp_path / "absent")


def test_a_record_that_no_store_takes_is_named_with_its_file(store: Store, tmp_path: Path) -> None:
    directory = write_run(tmp_path / "reports", 1)
    (directory / journal.RECORDS).write_text('{"host": {"name": "a", "groups": []}}\n')
    with pytest.raises(FleetError, match=r"records\.jsonl cannot be taken into the store"):
        take_in(store, tmp_path / "reports")


def test_records_that_cannot_be_read_are_named(store: Store, tmp_path: Path) -> None:
    file = write_run(tmp_path / "reports", 1) / journal.RECORDS
    file.unlink()
    for made in (file.mkdir, lambda: file.symlink_to(file)):  # found and not opened, not even found
        made()
        with pytest.raises(FleetError, match=r"records\.jsonl cannot be read: .* Make it readable for this user"):
            take_in(store, tmp_path / "reports")
        file.unlink() if file.is_symlink() else file.rmdir()


def test_a_run_of_the_store_comes_back_to_disk_as_it_was(store: Store, tmp_path: Path) -> None:
    before = write_run(tmp_path / "reports", 3)
    take_in(store, tmp_path / "reports")
    directory = put_back(store, RUN.id, tmp_path / "other")
    found, expected = (
        {each["host"]["name"]: each for each in journal.read_records(one)} for one in (directory, before)
    )
    assert found == expected and journal.read_run(directory)[0].id == RUN.id
    with pytest.raises(FleetError, match="is no run"):
        put_back(store, "20200101T000000Z-abcdef", tmp_path / "other")

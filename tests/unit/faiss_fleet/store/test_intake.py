# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs are taken in once, and again when they have changed; what cannot be is named."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.records import journal, schema
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


def runs_beside(reports: Path, change: Callable[[Path], None]) -> Path:
    """A run that is changed, and a later one that is as it should be. Returns the records of the first."""
    file = write_run(reports, 3) / journal.RECORDS
    later = reports / f"20261123{RUN.id[8:]}"
    shutil.copytree(file.parent, later)
    (later / journal.RECORDS).write_text(file.read_text().replace(RUN.id, later.name))
    change(file)
    return file


def altered(part: str, key: str, value: Any) -> Callable[[Path], None]:
    """Changes one field of the first record; None removes it."""

    def change(file: Path) -> None:
        lines = file.read_text().splitlines(keepends=True)
        record = json.loads(lines[0])
        place = record[part] if part else record
        place.pop(key) if value is None else place.update({key: value})
        file.write_text("".join([json.dumps(record) + "\n", *lines[1:]]))

    return change


@pytest.mark.parametrize(
    "change, said, left",
    [
        pytest.param(altered("run", "started", None), "line 1", 2, id="no start"),
        pytest.param(altered("run", "started", 5), "line 1", 2, id="a start that is a number"),
        pytest.param(altered("run", "check_mode", "no"), "line 1", 2, id="a mode that is a text"),
        pytest.param(altered("run", "inventory", None), "line 1", 2, id="no inventory"),
        pytest.param(altered("run", "finished", []), "line 1", 2, id="an end that is a list"),
        pytest.param(altered("", "run", []), "line 1", 2, id="a run that is a list"),
        pytest.param(altered("host", "name", 5), "line 1", 2, id="a name that is a number"),
        pytest.param(altered("host", "groups", None), ": host: ", 2, id="no groups"),
        pytest.param(altered("", "state", "fine"), ": state: ", 2, id="a state that is none"),
        pytest.param(altered("", "verification", "x"), ": verification: ", 3, id="no list"),
        pytest.param(altered("", "facts", None), ": record: .facts. is a required", 3, id="no facts"),
        pytest.param(altered("", "facts", {"libc": 5}), ": facts", 3, id="facts of another kind"),
        pytest.param(altered("", "because", 5), ": because: 5", 3, id="a reason that is a number"),
    ],
)
def test_one_field_that_is_not_as_it_should_be_is_warned_of_and_all_else_is_read(
    store: Store, tmp_path: Path, change: Callable[[Path], None], said: str, left: int
) -> None:
    file = runs_beside(tmp_path / "reports", change)
    warned: list[str] = []
    taken = take_in(store, tmp_path / "reports", warned.append)
    assert taken == {RUN.id: left, f"20261123{RUN.id[8:]}": 3}
    (text,) = warned
    assert text.startswith(str(file)) and re.search(said, text), text
    # What is in the store can be read by every reader.
    for run in taken:
        assert len(list(store.lines(run))) == taken[run]
        assert all(schema.faults(record) == [] for record in store.records(run))
        assert store.comparable_run(run) in (None, RUN.id) and store.runs()[-1].started


def test_a_run_that_no_store_takes_is_warned_of_and_the_others_are_read(store: Store, tmp_path: Path) -> None:
    file = runs_beside(tmp_path / "reports", lambda _file: None)
    text = file.read_text()
    assert '"p95_ms":' in text
    file.write_text(re.sub(r'"p95_ms":[0-9.]+', '"p95_ms":1' + "0" * 400, text))
    warned: list[str] = []
    assert take_in(store, tmp_path / "reports", warned.append) == {f"20261123{RUN.id[8:]}": 3}
    assert len(warned) == 1 and f"{file} cannot be taken into the store: OverflowError" in warned[0]
    # It is tried again, and said again, until it is restored.
    assert take_in(store, tmp_path / "reports", warned.append) == {} and len(warned) == 2
    file.write_text(text)
    assert take_in(store, tmp_path / "reports", warned.append) == {RUN.id: 3} and len(warned) == 2


def test_records_that_cannot_be_read_are_named(store: Store, tmp_path: Path) -> None:
    file = runs_beside(tmp_path / "reports", lambda file: file.unlink())
    warned: list[str] = []
    for made in (file.mkdir, lambda: file.symlink_to(file)):  # found and not opened, not even found
        made()
        take_in(store, tmp_path / "reports", warned.append)
        file.unlink() if file.is_symlink() else file.rmdir()
    assert len(warned) == 2 and store.runs()[0].hosts == 3
    assert all(re.search(r"records\.jsonl cannot be read: .* Make it readable for this user", text) for text in warned)


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

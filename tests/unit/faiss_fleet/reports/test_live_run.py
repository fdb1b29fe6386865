# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Whether an audit goes on is told by a lock, which ends with its process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faiss_fleet.records import journal
from faiss_fleet.reports import live_run
from tests.sample_records import records, write_run


def hold(directory: Path, line: Any) -> None:
    held = live_run.Hold(directory)
    line.send("held")
    if line.poll(60) and line.recv() == "release":
        held.release()
        line.send("released")
        line.poll(60)


@contextmanager
def holder(directory: Path) -> Iterator[tuple[Any, Any]]:
    """Another process that has the lock, and the line to it."""
    fork = multiprocessing.get_context("fork")
    line, end = fork.Pipe()
    process = fork.Process(target=hold, args=(directory, end))
    process.start()
    try:
        assert line.recv() == "held"
        yield process, line
    finally:
        process.kill()
        process.join()


def test_the_lock_of_another_process_says_that_the_run_goes_on(tmp_path: Path) -> None:
    assert not live_run.is_live(tmp_path)
    with holder(tmp_path) as (_process, line):
        assert live_run.is_live(tmp_path)
        line.send("release")
        assert line.recv() == "released" and not live_run.is_live(tmp_path)


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, _line):
        process.kill()
        process.join()
        assert (tmp_path / live_run.LOCK).exists() and not live_run.is_live(tmp_path)


def test_a_directory_that_cannot_be_locked_is_no_error(tmp_path: Path) -> None:
    live_run.Hold(tmp_path / "absent").release()
    assert not live_run.is_live(tmp_path / "absent")


def test_each_host_has_its_newest_record_and_the_file_stays(tmp_path: Path) -> None:
    directory = write_run(tmp_path, 3)
    path = directory / journal.RECORDS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[0].replace(b'"because":"', b'"because":"again: ')]))
    before = path.read_bytes()
    found = list(live_run.records_so_far(directory)())
    names = [record["host"]["name"] for record in records(3)]
    assert [record["host"]["name"] for record in found] == [names[1], names[2], names[0]]
    assert found[-1]["because"].startswith("again: ") and path.read_bytes() == before

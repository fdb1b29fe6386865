# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A run's records on disk, also after a crash."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faiss_fleet import reports
from faiss_fleet.errors import FleetError
from faiss_fleet.records import journal as runs
from faiss_fleet.records.journal import Journal
from tests.sample_records import RUN, records, write_run

ROOT = Path(__file__).resolve().parents[4]


WRITER = """
import os, signal, sys
from pathlib import Path
from faiss_fleet.records.journal import Journal
from tests.sample_records import RUN, records
journal = Journal.begin(Path(sys.argv[1]), RUN)
made = list(records(5))
journal.expect({record["host"]["name"]: record["host"]["groups"] for record in made})
for record in made[:3]:
    journal.append(record)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal.begin(tmp_path, RUN)
    made.expect({record["host"]["name"]: record["host"]["groups"] for record in records(5)})
    return made


def names(directory: Path) -> list[str]:
    return [record["host"]["name"] for record in runs.read_records(directory)]


def test_each_line_is_synced_before_the_next(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(runs.os, "fsync", lambda file: synced.append(os.fstat(file).st_size) or sync(file))
    for record in records(3):
        journal.append(record)
        assert synced[-1] == (journal.directory / runs.RECORDS).stat().st_size
    assert len(synced) == 3


def test_a_killed_process_loses_nothing_that_it_finished(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    directory = tmp_path / RUN.id
    expected = list(records(5))
    assert list(runs.read_records(directory)) == expected[:3]
    summary, _ = reports.render(directory)
    assert summary.hosts == 5
    assert [row["cause"] for row in summary.rows[3:]] == ["interrupted", "interrupted"]


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_torn_last_line_costs_that_host_alone(tmp_path: Path, kept: int) -> None:
    directory = write_run(tmp_path, 4)
    lines = (directory / runs.RECORDS).read_bytes().splitlines(keepends=True)
    (directory / runs.RECORDS).write_bytes(b"".join(lines[:3]) + lines[3][:kept])
    assert len(names(directory)) == 3
    runs.settle(directory)
    settled = list(runs.read_records(directory))
    assert len(settled) == 4
    assert settled[3]["cause"] == "interrupted"
    assert settled[:3] == list(records(4))[:3]


@pytest.mark.parametrize("junk", [b"\n", b"null\n", b"[]\n", b'{"host": 3}\n', b"\xff\xfe\n", b"\x00" * 4096 + b"\n"])
def test_a_line_that_is_no_record_is_passed_over(tmp_path: Path, junk: bytes) -> None:
    directory = write_run(tmp_path, 3)
    content = (directory / runs.RECORDS).read_bytes()
    (directory / runs.RECORDS).write_bytes(junk + content)
    runs.settle(directory)
    assert (directory / runs.RECORDS).read_bytes() == content


def test_the_last_line_of_a_host_counts(journal: Journal) -> None:
    first, second = records(2)
    journal.append(first)
    journal.append({**first, "because": "a second thought"})
    journal.append(second)
    journal.finish(runs.Cleaner())
    found = list(runs.read_records(journal.directory))
    assert found[0]["because"] == "a second thought"
    assert names(journal.directory) == list(journal.hosts)


def test_a_write_that_fails_leaves_the_file_as_it_was(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = records(2)
    journal.append(first)
    before = (journal.directory / runs.RECORDS).read_bytes()
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr("faiss_fleet.records.journal.os.write", lambda file, data: write(file, data[:10]))
        with pytest.raises(OSError, match="No space"):
            journal.append(second)
    assert (journal.directory / runs.RECORDS).read_bytes() == before
    journal.append(second)
    assert len(names(journal.directory)) == 2


def test_lines_are_ascii_whatever_a_host_is_called(journal: Journal) -> None:
    record = next(records(1))
    odd = "a\u2028b\u202ec\x85d"
    journal.append({**record, "host": {"name": odd, "groups": []}})
    content = (journal.directory / runs.RECORDS).read_bytes()
    assert content.isascii()
    assert content.count(b"\n") == 1
    assert names(journal.directory) == [odd]


@pytest.mark.parametrize("name", ["../x", "20261122T101112Z", "/etc", "", "latest/.."])
def test_a_run_is_found_by_its_id_alone(tmp_path: Path, name: str) -> None:
    with pytest.raises(FleetError, match="is not a run id"):
        runs.find(tmp_path, name)


def test_a_run_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    write_run(tmp_path, 1)
    with pytest.raises(FleetError, match=RUN.id):
        runs.find(tmp_path, "20200101T000000Z-abcdef")


def test_a_second_run_of_the_same_id_is_refused(journal: Journal) -> None:
    with pytest.raises(FleetError, match="no other run has this id"):
        Journal.begin(journal.directory.parent, RUN)


def test_a_reports_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(FleetError, match="Nothing was changed on any host"):
        runs.refuse_unwritable(tmp_path / "reports")


def test_latest_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    with pytest.raises(FleetError, match="Move it away"):
        runs.refuse_unwritable(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"run": {}, "hosts": []}), "[" * 100_000])
def test_a_broken_run_json_is_named(tmp_path: Path, content: str) -> None:
    directory = write_run(tmp_path, 1)
    (directory / runs.RUN).write_text(content)
    with pytest.raises(FleetError, match=r"run\.json cannot be read"):
        runs.read_run(directory)


@pytest.mark.parametrize(
    "key, value, said",
    [
        ("started", None, "it has no 'started'"),
        ("started", 5, "its started cannot be 5"),
        ("inventory", "x", "its i"),
    ],
)
def test_a_field_of_run_json_that_is_not_as_it_should_be_is_named(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    directory = write_run(tmp_path, 1)
    data = json.loads((directory / runs.RUN).read_text())
    data["run"].pop(key) if value is None else data["run"].update({key: value})
    (directory / runs.RUN).write_text(json.dumps(data))
    with pytest.raises(FleetError, match=rf"run\.json cannot be read: {said}"):
        runs.read_run(directory)


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert runs.write_atomically(pipe, ["a,", "b"])
        assert os.read(reader, 10) == b"a,b"
    finally:
        os.close(reader)
    assert pipe.is_fifo() and os.listdir(tmp_path) == ["pipe"]


KILLED = """
import os, sys
from pathlib import Path
from faiss_fleet.records import journal

def write(file):
    file.write(b"half of a long page")
    file.flush()
    os.kill(os.getpid(), 9)

journal.written_whole(Path(sys.argv[1]), write)
"""


def test_what_a_killed_writer_left_is_gone_after_the_next_one(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("before")
    assert subprocess.run([sys.executable, "-c", KILLED, page], cwd=ROOT, check=False).returncode == -9
    assert page.read_text() == "before" and len(os.listdir(tmp_path)) == 2
    assert runs.write_atomically(page, ["after"]) is True
    assert page.read_text() == "after" and os.listdir(tmp_path) == ["index.html"]
    assert runs.write_atomically(page, ["after"]) is False and os.listdir(tmp_path) == ["index.html"]


def test_writers_of_one_file_at_once_leave_the_whole_text_of_one_and_nothing_beside(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    texts = [str(number) * 1_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: [runs.write_atomically(page, [text]) for _ in range(20)], texts))
    assert page.read_text() in texts and os.listdir(tmp_path) == ["index.html"]


def test_a_writer_that_is_interrupted_when_its_file_is_in_place_leaves_the_next_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, replace = tmp_path / "index.html", Path.replace
    beside = tmp_path / ".index.html.faiss-fleet"

    def interrupted(self: Path, target: Path) -> None:
        replace(self, target)
        beside.write_text("of the next writer")
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.write_atomically(page, ["whole"])
    assert page.read_text() == "whole" and beside.read_text() == "of the next writer"


def test_a_link_where_the_file_is_written_beside_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / ".index.html.faiss-fleet").symlink_to("precious")
    with pytest.raises(OSError, match="symbolic links"):
        runs.write_atomically(tmp_path / "index.html", ["page"])
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_file_system_without_locks_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(runs.fcntl, "flock", flock)
    page = tmp_path / "index.html"
    assert [runs.write_atomically(page, [text]) for text in ("one", "two", "two")] == [True, True, False]
    assert page.read_text() == "two" and os.listdir(tmp_path) == ["index.html"]


def test_a_file_system_that_gives_a_file_another_number_each_time_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs.os.path, "samestat", lambda one, other: False)
    assert runs.write_atomically(tmp_path / "index.html", ["page"])
    assert (tmp_path / "index.html").read_text() == "page"


LATEST = """
import os, sys
from pathlib import Path
from faiss_fleet.records import journal
Path.replace = lambda self, target: os.kill(os.getpid(), 9)
journal.point_latest(Path(sys.argv[1]))
"""


def test_a_process_that_is_killed_as_it_points_latest_leaves_nothing_after_the_next_one(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    runs.point_latest(first)
    assert subprocess.run([sys.executable, "-c", LATEST, second], cwd=ROOT, check=False).returncode == -9
    assert os.readlink(tmp_path / "latest") == "first"
    runs.point_latest(second)
    assert os.readlink(tmp_path / "latest") == "second" and os.listdir(tmp_path) == ["latest"]


def test_lines_that_are_no_records_are_kept_aside_when_a_run_is_settled(tmp_path: Path) -> None:
    directory = write_run(tmp_path, 3)
    whole = (directory / runs.RECORDS).read_bytes()
    (directory / runs.RECORDS).write_bytes(whole + b'{"x":1}\n' + b"[" * 100_000 + b"\ngarbage\n\xff\xfe\n")
    assert runs.settle(directory) is False
    assert (directory / runs.RECORDS).read_bytes() == whole
    assert (directory / runs.DAMAGED).read_bytes().endswith(b"garbage\n\xff\xfe\n")


def test_what_another_process_tore_costs_the_next_host_nothing(journal: Journal) -> None:
    made = list(records(3))
    journal.append(made[0])
    with (journal.directory / runs.RECORDS).open("ab") as file:
        file.write(b'{"schema": 1, "host": {"na')  # of a batch that was killed as it wrote
    for record in made[1:]:
        journal.append(record)
    assert names(journal.directory) == [record["host"]["name"] for record in made]
    assert [journal.read(name) for name in names(journal.directory)] == made

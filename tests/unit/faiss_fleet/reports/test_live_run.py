# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Whether an audit goes on is told by a lock, which ends with its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from faiss_fleet.records import journal
from faiss_fleet.reports import live_run
from tests.sample_records import records, write_run

HOLDER = """
import sys
from pathlib import Path
from faiss_fleet.reports.live_run import Hold
hold = Hold(Path(sys.argv[1]))
print("held", flush=True)
if sys.stdin.readline() == "release\\n":
    hold.release()
    print("released", flush=True)
    sys.stdin.readline()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[4]
    made = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert made.stdout and made.stdout.readline() == "held\n"
    return made


def test_the_lock_of_another_process_says_that_the_run_goes_on(tmp_path: Path) -> None:
    assert not live_run.is_live(tmp_path)
    with holder(tmp_path) as process:
        assert process.stdin and process.stdout
        assert live_run.is_live(tmp_path)
        process.stdin.write("release\n")
        process.stdin.flush()
        assert process.stdout.readline() == "released\n"
        assert not live_run.is_live(tmp_path)
        process.stdin.close()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait()
        assert (tmp_path / live_run.LOCK).exists() and not live_run.is_live(tmp_path)


def test_a_directory_that_cannot_be_locked_is_no_error(tmp_path: Path) -> None:
    live_run.Hold(tmp_path / "absent").release()
    assert not live_run.is_live(tmp_path / "absent")


def test_each_host_has_its_newest_record_and_the_file_stays(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 3)
    path = folder / journal.RECORDS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[0].replace(b'"because":"', b'"because":"again: ')]))
    before = path.read_bytes()
    found = list(live_run.records_so_far(folder)())
    names = [record["host"]["name"] for record in records(3)]
    assert [record["host"]["name"] for record in found] == [names[1], names[2], names[0]]
    assert found[-1]["because"].startswith("again: ") and path.read_bytes() == before

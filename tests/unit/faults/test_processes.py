# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Jobs of the fault suite end with it, and take down what they have set up."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import signals
from tests.faults import processes

ROOT = Path(__file__).resolve().parents[3]


def twice(number: int) -> int:
    return 2 * number


def fails() -> None:
    raise RuntimeError("the hosts are not well")


def long(directory: str, name: str) -> None:
    """Has something set up, and a process of its own, until it is ended."""
    place = Path(directory, name)
    try:
        place.mkdir()
        subprocess.run(["sleep", "300"], check=False)
    finally:
        time.sleep(0.2)  # as taking down hosts takes a while
        place.rmdir()


def everything(directory: str) -> None:
    processes.side_by_side([(long, (directory, str(number))) for number in range(processes.WIDTH + 1)])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_answers_come_in_the_order_of_the_jobs() -> None:
    assert processes.side_by_side([(twice, (number,)) for number in range(4)]) == [0, 2, 4, 6]


def test_a_job_that_fails_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not well"):
        processes.side_by_side([(long, (str(tmp_path), "one")), (fails, ())])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_what_ends_the_suite_ends_its_jobs_and_what_they_set_up(tmp_path: Path, number: signal.Signals) -> None:
    code = f"from tests.unit.faults import test_processes; test_processes.everything({str(tmp_path)!r})"
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL, preexec_fn=signals.as_in_a_terminal
    )
    until(lambda: len(list(tmp_path.iterdir())) == processes.WIDTH == len(sleeping(parent.pid)))
    begun = descendants(parent.pid)
    parent.send_signal(number)
    assert parent.wait(60) != 0
    until(lambda: list(tmp_path.iterdir()) == [])
    until(lambda: not any(map(runs, begun)))


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *descendants(int(child))]
    return found


def sleeping(pid: int) -> list[int]:
    return [one for one in descendants(pid) if Path(f"/proc/{one}/cmdline").read_bytes().startswith(b"sleep")]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

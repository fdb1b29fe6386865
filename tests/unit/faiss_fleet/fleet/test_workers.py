# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Jobs in processes: what they return, what ends them, and that none outlives the one that waits for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faiss_fleet.artefacts import limits
from faiss_fleet.fleet.workers import Job, Workers

ROOT = Path(__file__).resolve().parents[4]


def late() -> str:
    try:
        with limits.within(0.2):
            time.sleep(30)
    except limits.OutOfTime:
        return "cut"
    return "not cut"


def fails() -> None:
    raise OSError("no room")


def slow() -> None:
    with limits.within(0.1):
        time.sleep(30)


def test_each_job_is_yielded_once_with_its_result_or_its_error() -> None:
    jobs = [
        Job("good", lambda: {"words": ["é", 1, None]}),
        Job("late", late),
        Job("bad", fails),
        Job("slow", slow),
        Job("odd", lambda: {"bytes": b"x"}),
        Job("killed", lambda: os.kill(os.getpid(), signal.SIGKILL)),
        Job("large", lambda: "x" * 3_000_000),
    ]
    found = {job.name: (job.result, job.error) for job in Workers(2).run(jobs)}
    assert len(found.pop("large")[0]) == 3_000_000
    assert found == {
        "good": ({"words": ["é", 1, None]}, None),
        "late": ("cut", None),
        "bad": (None, "OSError: no room"),
        "slow": (None, "OutOfTime: 0.1 s are over"),
        "odd": ({"bytes": "b'x'"}, None),
        "killed": (None, "its process ended without an answer (exit status -9)"),
    }


def test_no_more_than_its_width_run_at_a_time() -> None:
    workers, most = Workers(3), 0

    def look() -> None:
        nonlocal most
        most = max(most, len(workers.running))

    jobs = (Job(str(number), lambda: time.sleep(0.02)) for number in range(9))
    for _job in workers.run(jobs, look):
        look()
    assert 1 <= most <= 3


def test_what_is_running_is_ended_with_the_one_that_waits(tmp_path: Path) -> None:
    def sleeps() -> None:
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        for _job in Workers(2).run([Job("quick", lambda: time.sleep(0.5)), Job("long", sleeps)]):
            raise KeyboardInterrupt
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


@pytest.mark.parametrize("killed", ["the process that waits", "the one above it"])
def test_no_job_outlives_a_process_that_was_killed(tmp_path: Path, killed: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"import os, sys, time\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from faiss_fleet.fleet.workers import Job, Workers\n"
        f"place = {str(tmp_path)!r}\n"
        "def sleeps():\n"
        "    open(place + '/job', 'w').write(str(os.getpid()))\n"
        "    time.sleep(120)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    open(place + '/waits', 'w').write(str(os.getpid()))\n"
        "    list(Workers(1).run([Job('', sleeps)]))\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "time.sleep(120)\n"
    )
    above = subprocess.Popen([sys.executable, str(program)])
    try:
        job = _pid(tmp_path / "job")
        os.kill(_pid(tmp_path / "waits") if killed == "the process that waits" else above.pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while _runs(job) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _runs(job)
    finally:
        above.kill()
        above.wait()


def test_where_there_is_no_room_for_a_process_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from multiprocessing.context import ForkProcess

    start, count = ForkProcess.start, 0

    def starts(process: ForkProcess) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        start(process)

    monkeypatch.setattr(ForkProcess, "start", starts)
    jobs = [Job(name, lambda: time.sleep(0.1)) for name in "abc"]
    found = {job.name: job.error for job in Workers(3).run(jobs)}
    assert found["a"] is None and found["c"] is None
    assert found["b"] is not None and "no process could be started for it" in found["b"]


class Ansible:
    """As a worker of ansible-core 2.19 handles a signal: in a process that it forked, that raises a TypeError."""

    pid = None

    def handle(self, number: int, _frame: object) -> None:
        os.killpg(self.pid, number)  # type: ignore[arg-type]


def test_a_job_ends_by_a_signal_whatever_handler_it_has_inherited_and_tidies_up(tmp_path: Path) -> None:
    def tries_again() -> None:
        (tmp_path / "pid").write_text(str(os.getpid()))
        for _ in range(5):
            try:
                time.sleep(20)
            except Exception:  # as a connection takes everything for a lost line
                continue
            finally:
                time.sleep(1.5)  # longer than children have that are ended from above
                (tmp_path / "tidied").touch()

    before = signal.signal(signal.SIGTERM, Ansible().handle)
    try:
        jobs = [Job("quick", lambda: _pid(tmp_path / "pid")), Job("long", tries_again)]
        with pytest.raises(KeyboardInterrupt):
            for _job in Workers(2).run(jobs):
                raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (tmp_path / "tidied").exists() and not _runs(_pid(tmp_path / "pid"))


def _pid(path: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()):
            return int(text)
        time.sleep(0.02)
    raise AssertionError(f"{path} was not written")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

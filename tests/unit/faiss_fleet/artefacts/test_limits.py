# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from faiss_fleet.artefacts import limits as time_limit

# A child with a grandchild in a session of its own, as the search test has one; neither heeds SIGTERM.
DEAF = (
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    "open(sys.argv[1], 'w').write(str(child.pid))\n"
    "time.sleep(600)\n"
)


def gone(pid: int) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    started = time.monotonic()
    with pytest.raises(time_limit.OutOfTime), time_limit.within(1.5):
        subprocess.run([sys.executable, "-c", DEAF, str(noted)], check=False)
    assert time.monotonic() - started < 10
    assert gone(int(noted.read_text()))


def test_what_catches_every_exception_does_not_catch_it() -> None:
    def stubborn() -> None:
        for _ in range(3):
            try:
                time.sleep(60)
            except Exception:  # as a connection that tries again
                continue

    with pytest.raises(time_limit.OutOfTime), time_limit.within(0.1):
        stubborn()


def test_what_ends_in_time_leaves_no_alarm_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit.within(30):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is before


def test_no_limit_is_no_alarm() -> None:
    with time_limit.within(0):
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_tasks_own_time_limit_that_comes_first_counts_and_a_later_one_goes_on() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with time_limit.within(30):
            time.sleep(0.3)
        assert heard == [signal.SIGALRM]
        signal.setitimer(signal.ITIMER_REAL, 40)
        with time_limit.within(30):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 30
        assert 30 < signal.getitimer(signal.ITIMER_REAL)[0] <= 40
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_thread_has_no_alarm_and_is_not_disturbed() -> None:
    ran: list[bool] = []

    def work() -> None:
        with time_limit.within(0.01):
            time.sleep(0.05)
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [True]


def test_descendants_are_found_whatever_a_process_is_called(tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 (b"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(program), "600"])
    try:
        assert process.pid in time_limit.descendants(os.getpid())
    finally:
        process.kill()
        process.wait()


def test_what_prints_without_end_is_ended_long_before_its_time(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    script = "echo $$ > $0; exec cat /dev/zero"
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(time_limit.TooMuch), time_limit.within(60, most_read=20_000_000):
        subprocess.run(["sh", "-c", script, str(noted)], capture_output=True, check=False)
    assert gone(int(noted.read_text()))
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0 and signal.getsignal(signal.SIGALRM) is before


def test_what_reads_less_than_it_may_goes_on() -> None:
    with time_limit.within(60, most_read=20_000_000):
        said = subprocess.run(["head", "-c", "10000000", "/dev/zero"], capture_output=True, check=True).stdout
        time.sleep(1.2)  # two looks at what was read
    assert len(said) == 10_000_000

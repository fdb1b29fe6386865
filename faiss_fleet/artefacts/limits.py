# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A limit on the wall time of a block, also of one that waits for a transfer, a module or a program that hangs.

What a thread has read bounds what a host may answer: one that prints without end would take memory until its time is
over.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

# Between asking what runs for the block to end, and ending it.
GRACE = 1.0
# Bytes that a call to a host may read. Facts, figures and logs of builds are at most some MB, and so is what Ansible
# reads to make a module.
MOST_READ = 32_000_000
TOO_MUCH = f"more than {MOST_READ // 1_000_000} MB"
# Seconds between two looks at what was read.
LOOK = 0.5


class OutOfTime(BaseException):
    """Not an Exception, as Ansible's own time limit is none: its connections take every Exception for a lost line, and
    try again."""


class TooMuch(OutOfTime):
    """The block read more than it may."""


@contextlib.contextmanager
def within(seconds: float, most_read: int = 0) -> Iterator[None]:
    """Raises OutOfTime in the block when its time is over; what the block had started by then is ended. 0: no limit.

    most_read: bytes that the block may read, from files and from what it started; TooMuch beyond them. 0: no limit.

    By the alarm of the process, which Ansible uses for a task's ``timeout`` as well: where that one comes first, it
    counts. Outside of the main thread, where no alarm can be set, the block has no limit.
    """
    pending = signal.getitimer(signal.ITIMER_REAL)[0]
    if seconds <= 0 or 0 < pending <= seconds or threading.current_thread() is not threading.main_thread():
        yield
        return

    done, too_much = threading.Event(), threading.Event()

    def over(number: int, frame: FrameType | None) -> None:
        end_children()
        if too_much.is_set():
            raise TooMuch(f"more than {most_read} bytes were read")
        raise OutOfTime(f"{seconds:g} s are over")

    def watch(thread: int) -> None:
        before = bytes_read(thread)
        while not done.wait(LOOK):
            if bytes_read(thread) - before > most_read:
                too_much.set()
                signal.setitimer(signal.ITIMER_REAL, 0.001)
                return

    watcher = threading.Thread(target=watch, args=(threading.get_native_id(),), daemon=True)
    started = time.monotonic()
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    if most_read:
        watcher.start()
    try:
        yield
    finally:
        done.set()
        if most_read:
            watcher.join()  # it may be about to set the alarm
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if pending:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, pending - (time.monotonic() - started)))


def bytes_read(thread: int) -> int:
    """What a thread of this process has read so far, of files, pipes and sockets; 0 where the kernel does not count."""
    try:
        counters = Path(f"/proc/self/task/{thread}/io").read_text(encoding="ascii")
        return int(counters.partition("rchar:")[2].split()[0])
    except (OSError, IndexError, ValueError):
        return 0


def end_children() -> None:
    """Ends every process below this one: asked first, so that each may tidy up."""
    found = descendants(os.getpid())
    _send(found, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while any(map(_runs, found)) and time.monotonic() < deadline:
        time.sleep(0.02)
    _send(found, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Processes below one, children before grandchildren."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        status = _status(int(entry.name))
        if status is not None:
            below.setdefault(status[1], []).append(int(entry.name))
    found, queue = [], [pid]
    for parent in queue:
        found += below.get(parent, [])
        queue += below.get(parent, [])
    return found


def _status(pid: int) -> tuple[str, int] | None:
    """(state, parent) of a process; None when it is gone."""
    try:
        # After the last bracket: a process may have brackets in its name.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return fields[0], int(fields[1])
    except (OSError, IndexError, ValueError):
        return None


def _runs(pid: int) -> bool:
    status = _status(pid)
    return status is not None and status[0] != "Z"


def _send(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)

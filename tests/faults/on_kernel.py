# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What only a kernel does, for one host or the controller alone: kills for memory, a clock that is set, a quota."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.faults.model import Inject, Seat

SOURCE = Path(__file__).with_name("preload.c")
LIBRARY, SAYS = "/usr/lib/faults.so", "/etc/faults"
# Where a kernel has the controller for memory: of version 1, then of version 2 in a hybrid layout and alone.
GROUPS = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    (Path("/sys/fs/cgroup/unified"), "memory.max"),
    (Path("/sys/fs/cgroup"), "memory.max"),
)
# Seconds by which a clock is set, one after the other: two days ahead, back to the year 2001, and right again.
JUMPS = (2 * 86400, -25 * 365 * 86400, 0)


def starved(megabytes: int) -> Inject:
    """The host's sessions in a cgroup of so much memory: the kernel kills what wants more."""

    def inject(seat: Seat) -> None:
        pid = seat.fleet.sshd(seat.host)
        top, limit = next((top, limit) for top, limit in GROUPS if (top / "cgroup.procs").exists())
        group = top / f"faiss-fleet-faults-{os.getpid()}-{seat.host}"
        before = _group_of(pid, top)
        group.mkdir()
        (group / limit).write_text(str(megabytes << 20))
        (group / "cgroup.procs").write_text(str(pid))

        def back() -> None:
            deadline = time.monotonic() + 10
            while True:
                for process in (group / "cgroup.procs").read_text().split():
                    with contextlib.suppress(OSError):
                        (before / "cgroup.procs").write_text(process)
                with contextlib.suppress(OSError):
                    group.rmdir()
                    return
                if time.monotonic() > deadline:
                    raise OSError(f"{group} is still in use")
                time.sleep(0.1)

        seat.undo(back)

    return inject


def _group_of(pid: int, top: Path) -> Path:
    """The cgroup of a process below the place where its controller is mounted."""
    wanted = "memory" if top.name == "memory" else ""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _number, controllers, place = line.split(":", 2)
        if controllers == wanted:
            return top / place.lstrip("/")
    return top


def compiled(place: Path) -> Path:
    """The library that is loaded before the C library, made in this directory."""
    made = place / "faults.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", str(made), str(SOURCE)], check=True, capture_output=True)
    return made


def preloaded(says: Mapping[str, str]) -> Inject:
    """Every program of the host is told this by the library; see preload.c. For hosts with this machine's glibc."""

    def inject(seat: Seat) -> None:
        made = compiled(seat.fleet.controller.base)
        seat.directory(SAYS)
        for name, text in says.items():
            seat.write(f"{SAYS}/{name}", text + "\n")
        seat.write(LIBRARY, made.read_bytes(), 0o755)
        made.unlink()
        seat.write("/etc/ld.so.preload", LIBRARY + "\n")

    return inject


def clock_of_host(seat: Seat, done: threading.Event) -> None:
    """Sets the clock of the host while it is audited, again and again."""
    number = 0
    while not done.wait(1.0):
        seat.path(f"{SAYS}/clock").write_text(f"{JUMPS[number % len(JUMPS)]}\n")
        number += 1


@contextlib.contextmanager
def clock_of_controller(base: Path) -> Iterator[dict[str, str]]:
    """The environment of a controller whose clock is set every second, in turn to one of JUMPS."""
    place = base / "clock"
    place.mkdir()
    over = threading.Event()

    def jump() -> None:
        number = 0
        while not over.wait(1.0):
            (place / "clock").write_text(f"{JUMPS[number % len(JUMPS)]}\n")
            number += 1

    thread = threading.Thread(target=jump, daemon=True)
    thread.start()
    try:
        yield {"LD_PRELOAD": str(compiled(place)), "FAULTS_DIRECTORY": str(place)}
    finally:
        over.set()
        thread.join()
        shutil.rmtree(place)

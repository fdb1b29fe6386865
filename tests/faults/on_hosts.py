# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How the faults of hosts are injected: each function returns what the table calls with the host's seat."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.fleet import PREFIX, SETTING, Done
from tests.faults.model import Inject, Look, Seat

CANARY = "/canary"  # appears on a host only when something ran that must not


def all_of(*steps: Inject) -> Inject:
    def inject(seat: Seat) -> None:
        for step in steps:
            step(seat)

    return inject


def tmpfs(place: str, options: str) -> Inject:
    return lambda seat: seat.mount(place, "-t", "tmpfs", "-o", options, "tmpfs")


def full(place: str, leave: int = 0) -> Inject:
    """A small file system at a place, with what was there, and no room left."""

    def inject(seat: Seat) -> None:
        inside = seat.directory(place)
        beside = seat.fleet.controller.base / f"was-{seat.host}"
        shutil.copytree(inside, beside, symlinks=True)
        seat.mount(place, "-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs")
        shutil.copytree(beside, inside, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(beside)
        try:
            with (inside / ".filler").open("wb") as file:
                while True:
                    file.write(b"\0" * 4096)
                    file.flush()
        except OSError:
            pass
        if leave:
            os.truncate(inside / ".filler", max(0, (inside / ".filler").stat().st_size - leave))

    return inject


def read_only(place: str) -> Inject:
    def inject(seat: Seat) -> None:
        root = seat.fleet.farm.hosts[seat.host].root
        seat.mount(place, "--bind", f"{root}{place}")
        seat.fleet.enter("mount", "-o", "remount,ro,bind", f"{root}{place}")

    return inject


def replaced(path: str, make: Callable[[Path], object]) -> Inject:
    return lambda seat: seat.replace(path, make) and None


def written(path: str, data: bytes | str, mode: int = 0o644, uid: int = 0) -> Inject:
    return lambda seat: seat.write(path, data, mode, uid) and None


def link(path: str, target: str, uid: int = 0) -> Inject:
    def make(place: Path) -> None:
        place.symlink_to(target)
        os.lchown(place, uid, uid)

    return replaced(path, make)


def directory(path: str, mode: int = 0o755, uid: int = 0) -> Inject:
    def make(place: Path) -> None:
        place.mkdir()
        place.chmod(mode)
        os.chown(place, uid, uid)

    return replaced(path, make)


def mode(path: str, bits: int, uid: int = 0) -> Inject:
    return lambda seat: seat.mode(path, bits, uid)


def sparse(path: str, size: int) -> Inject:
    def make(place: Path) -> None:
        with place.open("wb") as file:
            file.truncate(size)

    return replaced(path, make)


def immutable(path: str) -> Inject:
    """Where the file system of the hosts has the attribute, as ext4 and xfs do."""

    def inject(seat: Seat) -> None:
        real = seat.fleet.upper(seat.host) / path.lstrip("/")
        subprocess.run(["chattr", "+i", str(real)], check=True, capture_output=True)
        seat.undo(lambda: subprocess.run(["chattr", "-i", str(real)], check=True, capture_output=True))

    return inject


def limited(**limits: int) -> Inject:
    """Limits of every process of the host's later sessions."""

    def inject(seat: Seat) -> None:
        pid = str(seat.fleet.sshd(seat.host))
        for name, value in limits.items():
            before = subprocess.run(
                ["prlimit", f"--pid={pid}", f"--{name}", "--raw", "--noheadings", "--output=SOFT"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.strip()
            # The soft limit alone: without CAP_SYS_RESOURCE a hard one cannot be raised again.
            subprocess.run(["prlimit", f"--pid={pid}", f"--{name}={value}:"], check=True)
            back = ["prlimit", f"--pid={pid}", f"--{name}={before}:"]
            seat.undo(lambda back=back: subprocess.run(back, check=True))  # type: ignore[misc]

    return inject


def damaged(pattern: str, change: Callable[[Path], object]) -> Inject:
    """A file of the installed prefix is changed behind the manifest's back."""

    def inject(seat: Seat) -> None:
        found = sorted(seat.path(PREFIX).glob(f"wheel/*/{pattern}"))
        assert found, f"no {pattern} in the prefix"
        change(found[0])

    return inject


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def zero(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(b"\0" * 65536)


def other_users(program: str) -> Inject:
    """A program of an unprivileged user that says who ran it, in the place of one that a probe looks for."""
    script = f"#!/bin/sh\nid -u >> {CANARY}\necho Python 3.9.1\n"

    def inject(seat: Seat) -> None:
        place = seat.write(program, script, 0o755, 1000)
        os.chown(place.parent, 1000, 1000)
        seat.undo(lambda: seat.path(CANARY).unlink(missing_ok=True))

    return inject


def not_run(seat: Seat, record: dict[str, Any], done: Done) -> str | None:
    return "root ran another user's program" if seat.path(CANARY).exists() else None


def planted_prefix(base: str) -> Inject:
    """The prefix's directory was made first by another user, who can put what he likes into it."""

    def inject(seat: Seat) -> None:
        place = seat.directory(base)
        os.chown(place, 1000, 1000)
        planted = place / "wheel"
        planted.mkdir()
        os.chown(planted, 1000, 1000)

    return inject


def in_setting(change: Callable[[dict[str, Any]], object]) -> Inject:
    def inject(seat: Seat) -> None:
        content = json.loads(seat.path(SETTING).read_text())
        change(content)
        seat.write(SETTING, json.dumps(content))

    return inject


def untouched(path: str, data: bytes) -> Look:
    """A file that the audit must not have followed a link to."""
    return lambda seat, record, done: None if seat.path(path).read_bytes() == data else f"{path} was overwritten"


def says(*words: str) -> Look:
    """All of these words are in what the record gives as the reason and the remedy."""

    def look(seat: Seat, record: dict[str, Any], done: Done) -> str | None:
        text = " ".join(str(record.get(name) or "") for name in ("because", "remedy"))
        text += " ".join(str(gap) for gap in (record.get("facts") or {}).get("gaps") or ())
        missing = [word for word in words if word not in text]
        return f"neither reason nor remedy says {', '.join(missing)}: {text[:300]}" if missing else None

    return look


def within(seconds: float) -> Look:
    def look(seat: Seat, record: dict[str, Any], done: Done) -> str | None:
        used = float((record.get("facts") or {}).get("seconds") or 0)
        return f"the facts took {used:g} s of CPU" if used > seconds else None

    return look


def kill_modules(seat: Seat, done: threading.Event) -> None:
    """kill -9 for the first module that works on the host, as an administrator or a watchdog does."""
    root = str(seat.fleet.farm.hosts[seat.host].root)
    while not done.is_set():
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "root") == root:
                    line = (entry / "cmdline").read_bytes()
                    if b"python" in line.split(b"\0")[0] and seat.path("/root/.ansible").exists():
                        os.kill(int(entry.name), 9)
                        seat.memory["killed"] = line.decode("utf-8", "replace")
                        return
            except OSError:
                continue
        time.sleep(0.005)


def emptied(seat: Seat) -> None:
    """An empty directory where the prefix was: what a cleaner that spares directories leaves."""
    (prefix,) = [path for path in seat.path(f"{PREFIX}/wheel").iterdir() if path.is_dir()]
    shutil.rmtree(prefix)
    prefix.mkdir()


def crowd(seat: Seat) -> None:
    place = seat.directory("/opt/crowd")
    for number in range(30_000):
        (place / f"d{number}").mkdir()


def hang(*programs: str) -> Inject:
    """Programs that never answer. bash starts them, as sh may be one of them."""
    return all_of(*(written(path, "#!/bin/bash\nwhile :; do sleep 1; done\n", 0o755) for path in programs))

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the controller keeps between runs: one writer at a time, and never a half-written file."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import FleetError

CHUNK = 1 << 20
POLL = 0.1
# Names of scratch directories, each followed by a hyphen, and how old one is before it may be nobody's.
SCRATCH = ("addon", "fetch", "image", "look", "repodata", "resolve", "stage", "unpack", "wheel")
# What they begin with where others have theirs as well.
OURS = "faiss-fleet-"
SETTLED = 60.0
# By the system's number of an error.
CAUSES = {28: "disk_full", 122: "disk_full", 13: "permission_denied", 1: "permission_denied", 30: "read_only"}


@contextlib.contextmanager
def once(path: Path, timeout: float = 1800.0) -> Iterator[None]:
    """Holds ``path`` + ``.lock`` while the block runs: of several processes that want the same thing, one makes it.

    The kernel frees the lock when a process dies, so a killed run never leaves it held.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as exc:
        raise _unusable(lock.parent, exc) from exc
    with open(lock, "r+", encoding="utf-8") as handle:
        _wait(handle.fileno(), lock, timeout)
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        try:
            yield
        finally:
            fcntl.flock(handle.fileno(), fcntl.LOCK_UN)


def _wait(descriptor: int, lock: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = lock.read_text(encoding="utf-8").strip() or "unknown"
                raise FleetError(
                    f"{lock} has been held by process {holder} for {timeout:.0f} s, so this run cannot go on. See what "
                    f"that process waits for (ps -fp {holder}), end it if it hangs, and run again.",
                    cause="timeout",
                    remedy=f"End process {holder} if it hangs, and run again.",
                ) from None
            time.sleep(POLL)


@contextlib.contextmanager
def scratch(directory: Path, kind: str) -> Iterator[Path]:
    """A directory ``directory``/<kind>-... to work in, which goes with the block; what killed runs left there goes
    first.

    The directory is locked while it is used. The kernel frees the lock when a process dies, so one that is free and not
    quite new is nobody's.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        sweep(directory, kinds=SCRATCH if kind in SCRATCH else (kind,))
        place = Path(tempfile.mkdtemp(dir=directory, prefix=f"{kind}-"))
    except OSError as exc:
        raise _unusable(directory, exc) from exc
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(descriptor)


def temporary(kind: str) -> contextlib.AbstractContextManager[Path]:
    """``scratch`` in the place for temporary files (TMPDIR)."""
    return scratch(Path(tempfile.gettempdir()), OURS + kind)


def sweep(directory: Path, now: float | None = None, kinds: Iterable[str] = SCRATCH) -> list[Path]:
    """Removes the scratch directories there that no process uses any more; returns them."""
    swept = []
    for kind in kinds:
        for place in directory.glob(f"{kind}-*"):
            if place.is_symlink() or not place.is_dir() or not _is_stale(place, time.time() if now is None else now):
                continue
            shutil.rmtree(place, ignore_errors=True)
            swept.append(place)
    return swept


def _is_stale(place: Path, now: float) -> bool:
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        # One that was made a moment ago may not be locked yet.
        if now - os.fstat(descriptor).st_mtime < SETTLED:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of ``path`` when the block ends, and goes when the block fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
            os.fchmod(handle.fileno(), 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def write(path: Path, data: bytes) -> None:
    """Replaces ``path`` by ``data`` in one step; readers see the old file or the new one."""
    try:
        with replaced(path) as handle:
            handle.write(data)
    except OSError as exc:
        raise _unusable(path.parent, exc) from exc


def readable(value: Any) -> bytes:
    """The spelling of a JSON value for people: a line an entry, with its keys in order."""
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def write_json(path: Path, value: Any) -> None:
    write(path, readable(value))


def read_json(path: Path) -> Any | None:
    """The value kept at ``path``; None when there is none, or none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    except OSError as exc:
        raise _unusable(path.parent, exc) from exc


def sha256(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value from which digests are taken."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(value: Any) -> str:
    """sha256 of a JSON value's one spelling, whatever the order of its keys."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _unusable(directory: Path, exc: OSError) -> FleetError:
    if directory == Path(tempfile.gettempdir()):
        remedy = "Make room in it, or set TMPDIR to another directory of the controller that this user can write to."
        text = f"The controller's directory for temporary files, {directory}, cannot be used: {exc}. {remedy}"
        return FleetError(text, CAUSES.get(exc.errno or 0, "unknown"), remedy, fault="controller")
    return unusable(f"{directory} cannot be used: {exc}", exc)


def unusable(what: str, exc: OSError) -> FleetError:
    """The error for a file of the controller's cache, or one beside it, that could not be read or written."""
    return FleetError(
        f"The controller's cache {what}. Make room or give this user write access "
        "there, or set faiss_install__cache to another directory.",
        cause=CAUSES.get(exc.errno or 0, "unknown"),
        remedy="Set faiss_install__cache to a directory of the controller with room that this user can write to.",
        fault="controller",
    )

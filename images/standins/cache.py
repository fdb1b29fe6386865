# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where downloads and built root file systems are kept, named by what they are made of."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent
CHUNK = 1 << 20


def directory(*parts: str) -> Path:
    """A directory of the cache, made when it is not there. FAISS_FLEET_STANDINS moves the whole cache."""
    base = os.environ.get("FAISS_FLEET_STANDINS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) if base else Path(cache) / "faiss-fleet-standins"
    path = path.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def digest_of(texts: Iterable[str], files: Iterable[Path]) -> str:
    """Twelve hex digits that change when a text, a file's name or a file's content does."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for path in sorted(files):
        digest.update(str(path.relative_to(IMAGES)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """One process at a time makes the thing of that name; the kernel frees the lock of a process that died."""
    with (directory("locks") / name).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A directory that is gone afterwards. Inside the cache, for /tmp may be small or mounted noexec."""
    path = Path(tempfile.mkdtemp(dir=directory("work")))
    # 0755, for it becomes the root of a file system.
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)

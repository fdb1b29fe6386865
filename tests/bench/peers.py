# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Other tools that benchmarks put beside this project, each in an environment of its own, by locked hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "faiss-fleet" / "bench"


class Absent(Exception):
    """Why there are no figures of it."""


def installed(command: str, python: str, lock: str, build_lock: str = "") -> Path:
    """Path of its command, installed where it is not yet. Absent says why it cannot be.

    lock: file under requirements/ with all of it. build_lock: what its dependencies are built with, where they come as
    source only.
    """
    locks = [REQUIREMENTS / name for name in (build_lock, lock) if name]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in locks) + python.encode()).hexdigest()[:16]
    directory = CACHE / f"{command}-{digest}"
    binary, done = directory / "bin" / command, directory / "installed"
    if done.exists():
        return binary
    shutil.rmtree(directory, ignore_errors=True)
    pip = [str(directory / "bin" / "pip"), "install", "--quiet", "--require-hashes"]
    steps: list[Sequence[str]] = [[python, "-m", "venv", str(directory)]]
    # One after the other, so that what builds its dependencies is checked by hash too.
    isolation = ["--no-build-isolation"] if build_lock else []
    steps += [[*pip, *isolation, "-r", str(path)] for path in locks]
    for step in steps:
        ended = subprocess.run(step, capture_output=True, text=True)
        if ended.returncode:
            said = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")] or ["it gave no reason"]
            raise Absent(f"it cannot be installed: {said[0]}")
    done.touch()
    return binary

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says who starts a run, and from which commit of the project."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 10


def user(environ: Mapping[str, str]) -> str | None:
    """Return the user's name, 'root (sudo by alice)' where sudo changed it; None where the system has none."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return None
    by = environ.get("SUDO_USER")
    return f"{name} (sudo by {by})" if by and by != name else name


def commit(root: Path = ROOT) -> str | None:
    """Return the checkout's commit, with -dirty where tracked files differ from it; None where git has no answer."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None

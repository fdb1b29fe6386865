# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Keeps what tests write in memory where there is enough: a disk takes more of the processor."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# Bytes that must be available. A directory may take half of what is.
ENOUGH = 8 << 30


def mount(directory: Path) -> bool:
    """Whether what is written to the directory, which is empty, lies in memory from now on, until ``unmount``."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    available = next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), 0)
    if os.geteuid() or available < ENOUGH:
        return False
    options = f"size={available // 2},mode=0755"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "faiss-fleet", str(directory)], capture_output=True, check=False
    )
    return mounted.returncode == 0


def unmount(directory: Path) -> None:
    """Gives the memory back, once the last process that uses it has ended."""
    if directory.is_mount():
        subprocess.run(["umount", "--lazy", str(directory)], check=True)

#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a level of compression costs and saves: this environment's FAISS and NumPy, packed as a prefix is.

    tests/bench/bench_packing.py [LEVEL...]    default: 4 5 6

Prints each level's processor seconds and bytes, and both as ratios to the last level's; the least time of three.
"""

from __future__ import annotations

import sys
import sysconfig
import tarfile
import tempfile
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.artefacts import packing

PACKAGES = ("faiss", "faiss_cpu.libs", "numpy", "numpy.libs")


def packed(archive: Path, level: int) -> tuple[float, int]:
    """Processor seconds and bytes of one archive."""
    site = Path(sysconfig.get_path("platlib"))
    started = time.process_time()
    with packing.new_archive(archive, tarfile.PAX_FORMAT, level) as tar:
        for package in PACKAGES:
            tar.add(site / package, package)
    return time.process_time() - started, archive.stat().st_size


def main() -> int:
    levels = [int(value) for value in sys.argv[1:]] or [4, 5, 6]
    with tempfile.TemporaryDirectory() as directory:
        found = {level: min(packed(Path(directory) / "a.tar.gz", level) for _ in range(3)) for level in levels}
    seconds, size = found[levels[-1]]
    print(f"level  seconds  MB      seconds, bytes to those of level {levels[-1]}")
    for level, (took, length) in found.items():
        print(f"{level:5}  {took:7.2f}  {length / 1e6:6.1f}  {took / seconds:.2f}, {length / size:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

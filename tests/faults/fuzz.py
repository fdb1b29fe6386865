#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Fuzzes what reads what others wrote, with Hypothesis: no traceback, no hang, bounded memory. The seed is kept.

    python -m tests.faults.fuzz                  every target, as many examples as the table says
    python -m tests.faults.fuzz --share 0.01     a hundredth of them
    python -m tests.faults.fuzz elf cpuinfo      these targets

Each target runs in a process of its own. An example may take 200 MB of addresses and two seconds of the processor.
"""

from __future__ import annotations

import argparse
import resource
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.faults.fuzz_targets import ROOT, TARGETS, Target

MEMORY = 200 << 20
SECONDS = 2.0
SEED = 20261128


class TooLong(BaseException):
    """An example took longer than it may."""


def one(target: Target, share: float, started_at: int) -> None:
    """Runs a target in this process."""
    strategy, read = target.make()

    def late(_number: int, _frame: Any) -> None:
        raise TooLong(f"longer than {SECONDS:g} s")

    signal.signal(signal.SIGPROF, late)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]

    @seed(started_at)
    @settings(
        max_examples=max(20, int(target.examples * share)),
        deadline=None,
        database=None,
        # Not made smaller: that takes minutes, and the value and the seed tell enough.
        phases=[Phase.generate],
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(value: Any) -> None:
        # Of the example alone: Hypothesis has tables of its own.
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, hard))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            read(value)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))

    run()


def fuzz(name: str, share: float, started_at: int = SEED) -> tuple[str | None, float]:
    """What went wrong, or None, and the seconds it took; in a process of its own."""
    argv = [sys.executable, "-m", "tests.faults.fuzz", "--one", name, "--share", str(share), "--seed", str(started_at)]
    begun = time.monotonic()
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "it did not end within 900 s", time.monotonic() - begun
    said = (done.stdout + done.stderr).strip()
    return (said[-3000:] or f"exit status {done.returncode}") if done.returncode else None, time.monotonic() - begun


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/faults/fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="TARGET", help=f"of: {', '.join(one.name for one in TARGETS)}")
    parser.add_argument("--share", type=float, default=1.0, help="of the examples")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    by_name = {target.name: target for target in TARGETS}
    if options.one:
        try:
            one(by_name[options.one], options.share, options.seed)
        except BaseException:
            traceback.print_exc()
            return 1
        return 0
    failed = 0
    for name in options.names or by_name:
        wrong, seconds = fuzz(name, options.share, options.seed)
        failed += wrong is not None
        print(f"{name:14} {'NO' if wrong else 'yes':4} {seconds:6.1f} s  {by_name[name].what}", flush=True)
        if wrong:
            print(wrong)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

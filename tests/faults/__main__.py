# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Injects faults into hosts, wire and controller, and prints what survived.

    python -m tests.faults                    every fault (`make faults`)
    python -m tests.faults --sample 10        so many of them, by the seed (a step of `make test`)
    python -m tests.faults host content       these groups
    python -m tests.faults --only "full /etc" these faults

Exit status 1 means that a fault did something that must never happen.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.faults import judge, runner
from tests.faults.fleet import OLD, Fleet
from tests.faults.table import CONTROLLER_FAULTS, GROUPS, HOST_FAULTS

WAYS = ("ordinary",)
SEED = 20261128


def table(results: list[runner.Result]) -> list[str]:
    lines = [f"{'FAULT':52} {'WAY':9} {'SURVIVED':9} CHECKED"]
    for result in results:
        lines += runner.line(result)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"one of: {', '.join(GROUPS)}")
    parser.add_argument("--only", action="append", metavar="NAME", help="these faults")
    parser.add_argument("--sample", type=int, metavar="N", help="so many faults, chosen by the seed")
    parser.add_argument("--seeds", type=int, metavar="N", help="moments of a kill (default: as the table says)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--way", action="append", choices=WAYS, help="default: every way there is")
    options = parser.parse_args()
    chosen = [fault for fault in HOST_FAULTS if fault.group in (options.groups or GROUPS)]
    if options.only:
        chosen = [fault for fault in chosen if fault.name in options.only]
    own = [fault for fault in CONTROLLER_FAULTS if fault.group in (options.groups or GROUPS)]
    if options.only:
        own = [fault for fault in own if fault.name in options.only]
    started = time.monotonic()
    results: list[runner.Result] = []
    wide = 8
    if options.sample:
        chosen, wide = runner.sample(chosen, options.seed, options.sample), options.sample // 2
    for way in options.way or WAYS:
        if own:
            with Fleet({"c1": OLD, "c2": OLD}, way, options.seed) as fleet:
                results += runner.on_controller(fleet, own, options.seeds)
        if chosen:
            with Fleet(runner.banks(min(wide, max(2, len(chosen)))), way, options.seed) as fleet:
                results += runner.HostFaults(fleet, chosen).run()
    print("\n".join(table(results)))
    failed = sum(bool(result.wrong) for result in results)
    print(f"\n{len(results) - failed} of {len(results)} faults survived, {time.monotonic() - started:.0f} s.")
    print(f"Checked: {'; '.join(f'{name}: {what}' for name, what in judge.CHECKS.items())}.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

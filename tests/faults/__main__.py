# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Injects faults into hosts, wire and controller, and prints what survived.

    python -m tests.faults                    every fault, on every way, and the fuzzing (`make faults`)
    python -m tests.faults --sample 10        so many of them, by the seed (a step of `make test`)
    python -m tests.faults host content       these groups; fuzz is one as well
    python -m tests.faults --only "full /etc" these faults
    python -m tests.faults --way ordinary     on this way alone

Exit status 1 means that a fault did something that must never happen.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from tests.faults import fuzz_targets, jobs, judge, processes, runner
from tests.faults.fleet import WAYS, Fleet
from tests.faults.runner import Result
from tests.faults.table import CONTROLLER_FAULTS, GROUPS, HOST_FAULTS

SEED = 20261128
LONG = 12  # faults of the controller that are run in two halves
SAMPLE = ("SIGKILL", "SIGTERM")  # of the controller's; the others of a sample are faults of hosts


def sample(way: str, count: int, seed: int) -> list[Result]:
    """So many faults that lie on different hosts, in one audit and one more that heals; and two of the controller."""
    chosen = runner.sample(HOST_FAULTS, seed, count - len(SAMPLE))
    own = [fault for fault in CONTROLLER_FAULTS if fault.name in SAMPLE]
    with Fleet(runner.one_bank(chosen), way, seed) as fleet:
        return [*runner.HostFaults(fleet, chosen).run(), *runner.on_controller(fleet, own, 1, warm=True)]


def everything(options: argparse.Namespace) -> list[Result]:
    """Hosts and controller side by side: the one waits while the other computes."""
    groups = options.groups or [*GROUPS, "fuzz"]

    def wanted(fault: object) -> bool:
        name, group = getattr(fault, "name", ""), getattr(fault, "group", "")
        return group in groups and (not options.only or name in options.only)

    ways = options.way or list(WAYS)
    chosen: list[processes.Job] = []
    for way in ways:
        # What has to do with no way of an audit runs once, on the one that an audit takes when nothing is said.
        own = [fault for fault in CONTROLLER_FAULTS if wanted(fault) and (fault.both_ways or way == ways[-1])]
        others = [fault.name for fault in HOST_FAULTS if wanted(fault)]
        # What waits comes first, while the other job computes.
        if others:
            chosen.append((jobs.hosts, (way, others, options.seed)))
        # One after the other, the longest list would end long after all else.
        for part in (own[::2], own[1::2]) if len(own) > LONG else (own,) if own else ():
            most = max(fault.seeds for fault in part)
            seeds = options.seeds or max(1, -(-most // len(ways)))
            seed = options.seed + ways.index(way) * seeds
            chosen.append((jobs.controller, (way, [fault.name for fault in part], seed, seeds)))
    if "fuzz" in groups and not options.only:
        # Short jobs come last, so that both processors are at work until the end.
        chosen += [(jobs.fuzzing, (target.name, options.share, options.seed)) for target in fuzz_targets.TARGETS]
    return [result for results in processes.side_by_side(chosen) for result in results]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"one of: {', '.join(GROUPS)}, fuzz")
    parser.add_argument("--only", action="append", metavar="NAME", help="these faults")
    parser.add_argument("--sample", type=int, metavar="N", help="so many faults, chosen by the seed")
    parser.add_argument("--seeds", type=int, metavar="N", help="moments of a kill (default: as the table says)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--share", type=float, default=1.0, help="of the fuzzing's examples")
    parser.add_argument("--way", action="append", choices=list(WAYS), help="default: every way there is")
    options = parser.parse_args()
    if os.geteuid():
        parser.error("hosts are made of namespaces, mounts and chroots, which are root's: start it as root")
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.sample:
            results = sample((options.way or list(WAYS))[-1], options.sample, options.seed)
        else:
            results = everything(options)
    except KeyboardInterrupt:
        print("Ended by a signal. The hosts are gone.", file=sys.stderr)
        return 130
    print(f"{'FAULT':52} {'WAY':9} {'SURVIVED':9} CHECKED")
    for result in results:
        print("\n".join(runner.line(result)))
    failed = sum(bool(result.wrong) for result in results)
    print(f"\n{len(results) - failed} of {len(results)} faults survived, {time.monotonic() - started:.0f} s.")
    print(*(f"{name}: {what}" for name, what in judge.CHECKS.items()), sep="\n")
    return int(failed > 0 or not results)


if __name__ == "__main__":
    sys.exit(main())

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What `make faults` runs side by side, each in a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from tests.faults import fuzz, runner
from tests.faults.fleet import NEW, NO_PYTHON, OLD, Fleet
from tests.faults.runner import Result
from tests.faults.table import CONTROLLER_FAULTS, HOST_FAULTS

WIDE = 12  # faults in one audit; as many hosts are healing meanwhile
PAIRS = 4  # of hosts for faults of the controller, which one audit heals together

Names = Sequence[str]


@contextlib.contextmanager
def started(fleet: Fleet) -> Iterator[Fleet]:
    """The fleet, whose hosts end also where a signal comes while it is being set up."""
    try:
        with fleet:
            yield fleet
    finally:
        fleet.farm.__exit__(None, None, None)


def hosts(way: str, names: Names, seed: int) -> list[Result]:
    """The faults of hosts by these names, on two banks of hosts."""
    chosen = [fault for fault in HOST_FAULTS if fault.name in names]
    least = 4 if any(fault.recipe == NEW for fault in chosen) else 2  # every fourth host of a bank is a new one
    with started(Fleet(runner.banks(min(WIDE, max(least, len(chosen)))), way, seed)) as fleet:
        return runner.HostFaults(fleet, chosen).run()


def controller(way: str, names: Names, seed: int, seeds: int | None) -> list[Result]:
    """The faults of the controller by these names, each on two hosts."""
    chosen = [fault for fault in CONTROLLER_FAULTS if fault.name in names]
    pairs = {f"c{number}": OLD for number in range(1, 2 * PAIRS + 1)}
    with started(Fleet({**pairs, "c-bare": NO_PYTHON}, way, seed)) as fleet:
        return runner.on_controller(fleet, chosen, seeds)


def fuzzing(name: str, share: float, seed: int) -> list[Result]:
    """One target of the fuzzing."""
    wrong, seconds = fuzz.fuzz(name, share, seed)
    found = [("fuzz", wrong)] if wrong else []
    result = Result("fuzz", name, "-", found, ("no traceback", "2 s", "200 MB"), seconds)
    runner.say("\n".join(runner.line(result)))
    return [result]

# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs the faults of hosts, many in one audit: while one half of the fleet has faults, the other half is healing."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults import judge
from tests.faults.fleet import EVERY_FORMAT, NEW, NO_PYTHON, OLD, USUAL_FORMATS, Done, Fleet
from tests.faults.judge import CHECKS, Expected
from tests.faults.model import ControllerFault, Fault, Seat


@dataclass
class Result:
    """How one fault ended: what was wrong, by check."""

    group: str
    name: str
    way: str
    wrong: list[tuple[str, str]] = field(default_factory=list)
    checked: tuple[str, ...] = tuple(CHECKS)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


def line(result: Result) -> list[str]:
    """One line of the table, and one for each thing that was wrong."""
    survived = "NO" if result.wrong else "yes"
    first = f"{result.group + ': ' + result.name:52} {result.way:9} {survived:9} {', '.join(result.checked)}"
    return [first, *(f"    {check}: {what}"[:1500] for check, what in result.wrong)]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def tuple_of(value: str | tuple[str | None, ...] | None) -> tuple[str | None, ...]:
    return value if isinstance(value, tuple) else (value,)


def banks(wide: int, bare: bool = True) -> dict[str, str]:
    """The hosts: two banks of the same shape, mostly old ones."""
    hosts = {}
    for bank in "ab":
        for number in range(1, wide + 1):
            hosts[f"{bank}{number}"] = NEW if number % 4 == 0 else OLD
        if bare:
            hosts[f"{bank}-bare"] = NO_PYTHON
    return hosts


def one_bank(faults: Sequence[Fault]) -> dict[str, str]:
    """One host for each fault, of the recipe that it wants; old and new ones take turns where it wants none."""
    return {f"a{place}": fault.recipe or (NEW if place % 3 == 2 else OLD) for place, fault in enumerate(faults)}


def rounds(faults: Sequence[Fault], fleet: Fleet) -> Iterator[dict[str, Fault]]:
    """Who has which fault in which audit. Those that wait come together and first, while another job computes."""
    recipes = {name: host.recipe for name, host in fleet.farm.hosts.items()}
    left = sorted(faults, key=lambda fault: not fault.waits)
    bank = "a"
    while left:
        given: dict[str, Fault] = {}
        seats = [name for name in recipes if name.startswith(bank)]
        for fault in list(left):
            if given and fault.waits != next(iter(given.values())).waits:
                break
            fits = [
                name
                for name in seats
                if fault.recipe == recipes[name] or (fault.recipe is None and recipes[name] != NO_PYTHON)
            ]
            if fits:
                given[fits[0]] = fault
                seats.remove(fits[0])
                left.remove(fault)
        if not given:
            raise ValueError(f"no host for {left[0].name}")
        yield given
        bank = "b" if bank == "a" and any(name.startswith("b") for name in recipes) else "a"


class HostFaults:
    """One pass over the table on one way."""

    def __init__(self, fleet: Fleet, faults: Sequence[Fault]) -> None:
        self.fleet, self.faults = fleet, faults
        self.results = {fault.name: Result(fault.group, fault.name, fleet.way) for fault in faults}

    def run(self) -> list[Result]:
        plan = list(rounds(self.faults, self.fleet))
        used = {host for given in plan for host in given}
        self._converge(sorted(used))
        healing: dict[str, Fault] = {}
        for given in [*plan, {}]:
            if not given and not healing:
                break
            self._audit(given, healing)
            healing = given
        return list(self.results.values())

    def _converge(self, hosts: Iterable[str]) -> None:
        """One host of each recipe is audited; the others of that recipe get what this leaves on it."""
        first: dict[str, str] = {}
        for host in hosts:
            first.setdefault(self.fleet.farm.hosts[host].recipe, host)
        done = self.fleet.first_run(first.values())
        expected = {host: self._healed(host, None) for host in done.hosts}
        wrong = judge.judge(self.fleet, done, expected, judge.status_of(expected))
        if wrong:
            raise RuntimeError(f"The hosts are not well before any fault: {wrong}")
        for host in hosts:
            self.fleet.converge_as(first[self.fleet.farm.hosts[host].recipe], host)

    def _healed(self, host: str, fault: Fault | None) -> Expected:
        bare = self.fleet.farm.hosts[host].recipe == NO_PYTHON
        if bare or (fault and fault.healed == "fallback"):
            return Expected(("fallback",), ("python_missing",) if bare else (None,))
        configuration, paths = judge.baseline(self.fleet, host)
        return Expected(("native",), (None,), fault.keeps if fault else (), configuration, paths)

    def _audit(self, given: dict[str, Fault], healing: dict[str, Fault]) -> None:
        fleet = self.fleet
        expected = {host: self._healed(host, fault) for host, fault in healing.items()}
        seats: dict[str, Seat] = {}
        variables = {}
        for host, fault in given.items():
            if fault.fresh:
                fleet.erase(host)
            seat = seats[host] = Seat(fleet, host, fleet.seed)
            try:
                if fault.inject:
                    fault.inject(seat)
            except (OSError, subprocess.CalledProcessError, AssertionError) as error:
                self.results[fault.name].wrong.append(("injection", f"{error} {getattr(error, 'stderr', '') or ''}"))
            configuration, paths = judge.baseline(fleet, host)
            variables[host] = dict(fault.variables)
            expected[host] = Expected(
                tuple_of(fault.state),
                tuple_of(fault.cause),
                fault.keeps,
                configuration,
                paths,  # type: ignore[arg-type]
                goes_on=fault.goes_on,
            )
        done = self._run(given, seats, [*given, *healing], variables)
        wrong = judge.judge(fleet, done, expected, judge.status_of(expected))
        for host, fault in given.items():
            result = self.results[fault.name]
            result.seconds += done.seconds / max(1, len(expected))
            result.wrong += [(check, what) for name, check, what in wrong if name == host]
            record = next((one for one in done.records if one["host"]["name"] == host), {})
            if fault.look:
                what = fault.look(seats[host], record, done)
                result.wrong += [("verdict", what)] if what else []
        for host, fault in healing.items():
            self.results[fault.name].wrong += [
                ("next run", f"{check}: {what}") for name, check, what in wrong if name == host
            ]
        common = [(check, what) for name, check, what in wrong if not name]
        for fault in given.values() or healing.values():
            self.results[fault.name].wrong += common
        for host, seat in seats.items():
            if given[host].goes_on:
                fleet.end_processes(host)
            try:
                seat.heal()
            except (OSError, subprocess.CalledProcessError) as error:
                self.results[given[host].name].wrong.append(("injection", f"it could not be healed: {error}"))
        say(f"audit of {len(given)} faults and {len(healing)} hosts that heal: {done.seconds:.0f} s")
        for fault in healing.values():
            say("\n".join(line(self.results[fault.name])))

    def _run(
        self, given: dict[str, Fault], seats: dict[str, Seat], hosts: list[str], variables: dict[str, dict[str, object]]
    ) -> Done:
        over = threading.Event()
        threads = [
            threading.Thread(target=fault.during, args=(seats[host], over), daemon=True)
            for host, fault in given.items()
            if fault.during
        ]
        for thread in threads:
            thread.start()
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: [thread.join(10) for thread in threads])
            stack.callback(over.set)
            return self.fleet.run(hosts, variables)


def sample(faults: Sequence[Fault], seed: int, count: int) -> list[Fault]:
    """So many faults, of every group when there is room, the same for one seed."""
    chosen = random.Random(seed)
    by_group: dict[str, list[Fault]] = {}
    for fault in faults:
        if not fault.waits and not fault.special and fault.recipe != NO_PYTHON:
            by_group.setdefault(fault.group, []).append(fault)
    for group in by_group.values():
        chosen.shuffle(group)
    found: list[Fault] = []
    while len(found) < count and any(by_group.values()):
        for group in by_group.values():
            if group and len(found) < count:
                found.append(group.pop())
    return found


def on_controller(
    fleet: Fleet, faults: Sequence[ControllerFault], seeds: int | None = None, warm: bool = False
) -> list[Result]:
    """Each fault with its own audits, once for each of its seeds, on a pair of hosts; one audit heals all pairs.

    warm: the hosts were audited before.
    """
    from tests.faults.case import Case, heal, pairs

    seats = pairs(fleet)
    hosts = [host for pair in seats for host in pair]
    if not warm:
        fleet.first_run(hosts[:1])
        for host in hosts:
            fleet.converge_as(hosts[0], host)
    # How long such an audit takes on this machine: within that time it is killed.
    fleet.erase(hosts[1])
    begun = time.monotonic()
    fleet.run(hosts[:2])
    usual = time.monotonic() - begun
    results = [Result(fault.group, fault.name, fleet.way, checked=tuple(CHECKS)) for fault in faults]
    rounds = [
        (fault, result, fleet.seed + number)
        for fault, result in zip(faults, results, strict=True)
        for number in range(min(fault.seeds, seeds or fault.seeds))
    ]
    for start in range(0, len(rounds), len(seats)):
        cases = []
        for pair, (fault, result, seed) in zip(seats, rounds[start : start + len(seats)], strict=False):
            # Content and secrets are searched for in every format; of what ends a controller, one more tells nothing.
            fleet.controller.formats = USUAL_FORMATS if fault.group == "controller" else EVERY_FORMAT
            started = time.monotonic()
            cases.append(Case(fleet, result, seed, usual, pair))
            try:
                fault.run(cases[-1])
            except Exception as error:  # a fault of the suite is told beside those of the product
                result.wrong.append(("injection", "".join(traceback.format_exception(error))[-1200:]))
            result.seconds += time.monotonic() - started
        started = time.monotonic()
        heal(fleet, cases)
        say(f"hosts of {len(cases)} faults healed in {time.monotonic() - started:.0f} s")
        later = {id(result) for _, result, _ in rounds[start + len(seats) :]}
        for result in {id(case.result): case.result for case in cases}.values():
            if id(result) not in later:
                say(f"{result.seconds:.0f} s\n" + "\n".join(line(result)))
    return results

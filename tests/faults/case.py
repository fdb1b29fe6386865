# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One fault of the controller with its two hosts, and what every one of them does: audit and judge."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults import judge
from tests.faults.fleet import NO_PYTHON, OLD, USUAL_FORMATS, Done, Fleet
from tests.faults.judge import Expected
from tests.faults.runner import Result

ANY = ("native", "fallback", "failed", "unreachable")


class _AnyCause(tuple[Any, ...]):
    def __contains__(self, _: object) -> bool:
        return True


ANY_CAUSE = _AnyCause()


class Case:
    """One fault of the controller with its pair of hosts: the first is converged, the second new."""

    def __init__(self, fleet: Fleet, result: Result, seed: int, seconds: float, pair: Sequence[str]) -> None:
        self.fleet, self.result = fleet, result
        self.random = random.Random(seed)
        self.seconds = seconds  # of a usual audit of two such hosts
        self.hosts = list(pair)
        self.converged, self.new = self.hosts
        self.by_roles = {self.new} if random.Random(f"{result.name} {seed}").random() < 0.5 else set()
        fleet.by_roles = self.by_roles
        self.afterwards: Callable[[], None] = lambda: None  # called once the hosts have healed
        # One without a Python, where there is one: only such a host needs what comes along.
        self.bare = next((name for name, host in fleet.farm.hosts.items() if host.recipe == NO_PYTHON), None)

    @property
    def base(self) -> Path:
        return self.fleet.controller.base

    def wrong(self, check: str, what: str) -> None:
        self.result.wrong.append((check, what))

    def begin(self) -> None:
        """The second host has never seen an audit."""
        self.fleet.erase(self.new)

    def expected(self, states: Mapping[str, tuple[Any, Any]], keeps: tuple[str, ...] = ()) -> dict[str, Expected]:
        found = {}
        for host, (state, cause) in states.items():
            configuration, paths = judge.baseline(self.fleet, host)
            states_ = state if isinstance(state, tuple) else (state,)
            causes = cause if isinstance(cause, tuple) else (cause,)
            found[host] = Expected(states_, causes, keeps, configuration, paths)
        return found

    def audit(
        self,
        states: Mapping[str, tuple[Any, Any]],
        *arguments: str,
        status: tuple[int | None, ...] | None = None,
        keeps: tuple[str, ...] = (),
        judged: bool = True,
        **options: Any,
    ) -> Done:
        expected = self.expected(states, keeps)
        done = self.fleet.run(list(states), options.pop("variables", None), *arguments, **options)
        if judged:
            self.judge(done, expected, status or judge.status_of(expected))
        return done

    def judge(self, done: Done, expected: Mapping[str, Expected], status: tuple[int | None, ...]) -> None:
        for host, check, what in judge.judge(self.fleet, done, dict(expected), status):
            self.wrong(check, f"{host} {what}".strip())

    def both(self, state: Any = "native", cause: Any = None) -> dict[str, tuple[Any, Any]]:
        return {host: (state, cause) for host in self.hosts}


def pairs(fleet: Fleet) -> list[tuple[str, str]]:
    """The hosts for faults of the controller, two by two."""
    old = [name for name, host in fleet.farm.hosts.items() if host.recipe == OLD]
    return list(zip(old[::2], old[1::2], strict=False))


def heal(fleet: Fleet, cases: Sequence[Case]) -> None:
    """The next run of the hosts of several cases, with nothing in its way, has all native.

    What is wrong with no single host is told of all cases.
    """
    hosts = [host for case in cases for host in case.hosts]
    expected = {host: wanted for case in cases for host, wanted in case.expected(case.both()).items()}
    fleet.by_roles = {host for case in cases for host in case.by_roles}
    # Every format was written under the faults; what it takes to write them once more tells nothing.
    done = fleet.run(hosts, environment={"FAISS_FLEET_FORMATS": USUAL_FORMATS})
    for host, check, what in judge.judge(fleet, done, expected, (0,)):
        for case in cases:
            if not host or host in case.hosts:
                case.wrong("next run", f"{check}: {host} {what}")
    for case in cases:
        case.afterwards()


Run = Callable[[Case], None]
